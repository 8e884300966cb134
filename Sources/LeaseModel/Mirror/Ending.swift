/// How a lease that its site no longer lists ended, as far as it was seen.
public enum Ending: String, Sendable, Hashable {
    /// It ran to its end, and was taken from the list after.
    case asPlanned = "as planned"
    /// It was given back, or cancelled, before its end.
    case early
    /// What was seen fits both.
    case unknown
}

extension Departure {
    /// How the lease ended, given the last state in which it was listed.
    ///
    /// It is told by what was seen alone: that it had ended, that it was still there at its end, or that it was gone
    /// before. A status that Blazar only passes through says nothing, as its end may be about to change, and neither
    /// does a lease that failed.
    public func ending(of lease: BlazarLease) -> Ending {
        if lease.status == .terminated || lease.hasEnded { return .asPlanned }
        guard reason != .outOfScope else { return .unknown }
        switch lease.status {
        case .pending, .active, .starting, .terminating:
            if after >= lease.endsAt { return .asPlanned }
            return before <= lease.endsAt ? .early : .unknown
        case .deleting: return after < lease.endsAt ? .early : .asPlanned
        default: return .unknown
        }
    }
}

extension BlazarLease {
    /// When Blazar carried out an event of that type, and nothing else: it stamps an event when its status changes.
    func moment(of type: String) -> Timestamp? {
        events.last { $0.eventType == type && $0.status == .done }?.updatedAt
    }

    /// When it really began, if Blazar has said so.
    public var startedAt: Timestamp? { moment(of: "start_lease") }
    /// When it really ended, if Blazar has said so.
    public var endedAt: Timestamp? { moment(of: "end_lease") }

    fileprivate var hasEnded: Bool { events.contains { $0.eventType == "end_lease" && $0.status == .done } }
}

extension LeaseVersion {
    /// How the lease ended; `nil` for a state in which it was listed.
    public var ending: Ending? { departure?.ending(of: lease) }
}

extension MirroredLease {
    /// How the lease ended; `nil` while its site lists it.
    public var ending: Ending? { departure?.ending(of: lease) }
}
