package import LeaseModel

/// A span of time whose end may be known only as a bound.
package struct HeldTime: Sendable, Hashable {
    /// The longest possible span.
    package let span: Range<Timestamp>
    /// Up to when the span is certain; its end if all of it is.
    package let certainUntil: Timestamp

    init(_ span: Range<Timestamp>, certainUntil: Timestamp? = nil) {
        self.span = span
        self.certainUntil = certainUntil.map { min(max($0, span.lowerBound), span.upperBound) } ?? span.upperBound
    }
}

/// A part of a lease's time, and what the lease reserved then.
struct HeldPart: Sendable {
    let time: HeldTime
    let reservations: [HeldReservation]

    init(_ time: HeldTime, _ reservations: [HeldReservation]) {
        self.time = time
        self.reservations = reservations
    }
}

extension LeaseUsage {
    /// The time for which the lease held its resources; `nil` if it never did. See "Held" in docs/reports.md.
    package var held: HeldTime? {
        guard startsAt < endsAt, status != .error || hasStarted, !hasNeverStarted else { return nil }
        let isDeleted = removal?.reason == .deleted
        let end = isDeleted ? min(endsAt, removal?.before ?? endsAt) : endsAt
        guard startsAt < end else { return nil }
        return HeldTime(startsAt..<end, certainUntil: certainUntil)
    }

    /// The time for which the lease held its resources, divided where its reservations changed; empty if it never held
    /// any. Between the bounds of such a change the earlier reservations count, as an estimate.
    var heldParts: [HeldPart] {
        guard let held else { return [] }
        let end = held.span.upperBound
        var parts: [HeldPart] = []
        var start = held.span.lowerBound
        for earlier in earlierReservations where earlier.changedBefore > start && start < end {
            let until = min(earlier.changedBefore, end)
            let certain = min(earlier.lastSeenAt, held.certainUntil)
            parts.append(HeldPart(HeldTime(start..<until, certainUntil: certain), earlier.reservations))
            start = until
        }
        if start < end {
            parts.append(HeldPart(HeldTime(start..<end, certainUntil: held.certainUntil), reservations))
        }
        return parts
    }

    /// Up to when the lease is known to have held its resources.
    private var certainUntil: Timestamp {
        // When it failed is not known.
        if status == .error { return startsAt }
        if status == .terminated, removal == nil { return endsAt }
        return removal?.after ?? lastSeenAt
    }

    /// Whether it was still waiting to start when it should have ended.
    var hasNeverStarted: Bool {
        (status == .pending || status == .creating) && (removal?.after ?? lastSeenAt) >= endsAt
    }

    /// Whether it was deleted before it started.
    var wasCancelled: Bool { removal?.reason == .deleted && (removal.map { $0.before <= startsAt } ?? false) }
}
