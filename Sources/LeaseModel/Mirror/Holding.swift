/// Whether a lease held what it reserves at a moment, as far as is known.
public enum Holding: String, Sendable, Hashable {
    /// It was seen at or after the moment, and nothing speaks against it.
    case held = "yes"
    /// It may have: it vanished around the moment, failed, or was not seen to start.
    case maybe
    /// The moment is later than what was last seen of it: this is what was planned.
    case planned
}

extension MirroredLease {
    /// Whether the lease held what it reserves at a moment: from its start on, and before its end.
    ///
    /// - Parameter moment: the moment.
    /// - Returns: how sure that is; `nil` if it did not.
    public func holding(at moment: Timestamp) -> Holding? {
        guard lease.startsAt <= moment, moment < lease.endsAt else { return nil }
        if let departure, moment > departure.after {
            // Out of our sight it may go on.
            guard moment < departure.before || departure.reason == .outOfScope else { return nil }
            return .maybe
        }
        if departure == nil, moment > lastSeenAt { return .planned }
        switch lease.status {
        case .terminated, .deleting, .terminating:
            if let ended = lease.endedAt { return moment < ended ? .held : nil }
            return lastSeenAt >= lease.endsAt ? .held : .maybe
        case .starting, .active, .updating: return .held
        default: return .maybe
        }
    }
}
