package import LeaseModel

/// A stretch of time, of which the end may be known as a bound only.
package struct HeldTime: Sendable, Hashable {
    /// The whole stretch: what was held at most.
    package let span: Range<Timestamp>
    /// Up to when it is known for sure; the end of the span if all of it is.
    package let certainUntil: Timestamp

    init(_ span: Range<Timestamp>, certainUntil: Timestamp? = nil) {
        self.span = span
        self.certainUntil = certainUntil.map { min(max($0, span.lowerBound), span.upperBound) } ?? span.upperBound
    }
}

/// A stretch of a lease's time, and what it reserved then.
struct HeldPart: Sendable {
    let time: HeldTime
    let reservations: [HeldReservation]

    init(_ time: HeldTime, _ reservations: [HeldReservation]) {
        self.time = time
        self.reservations = reservations
    }
}

extension LeaseUsage {
    /// The time for which the lease held its resources; `nil` if it never did.
    ///
    /// What it rests on is in docs/reports.md under "Held".
    package var held: HeldTime? {
        guard startsAt < endsAt, status != .error || hasStarted, !hasNeverStarted else { return nil }
        let isDeleted = removal?.reason == .deleted
        let end = isDeleted ? min(endsAt, removal?.before ?? endsAt) : endsAt
        guard startsAt < end else { return nil }
        return HeldTime(startsAt..<end, certainUntil: certainUntil)
    }

    /// The time for which the lease held its resources, divided where what it reserves was changed; empty if it never
    /// held any. Within the bounds of such a change what was reserved before counts, as an estimate.
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

    /// Up to when it is known that the lease held what it held.
    private var certainUntil: Timestamp {
        // When it failed is not known.
        if status == .error { return startsAt }
        if status == .terminated, removal == nil { return endsAt }
        return removal?.after ?? lastSeenAt
    }

    /// Whether it was still waiting for its start when it should have ended.
    var hasNeverStarted: Bool {
        (status == .pending || status == .creating) && (removal?.after ?? lastSeenAt) >= endsAt
    }

    /// Whether it was deleted before it had started.
    var wasCancelled: Bool { removal?.reason == .deleted && (removal.map { $0.before <= startsAt } ?? false) }
}

/// A number of things, which may be an estimate.
struct UnitCount: Equatable {
    let count: Int
    let isEstimated: Bool
}

extension HeldReservation {
    /// Whether it is of machines, whose hours are node-hours: hosts, and the devices of Chameleon's edge.
    package var isOfNodes: Bool { resourceType == .host || resourceType == .device }

    /// How many units it holds; `nil` if nobody knows.
    var units: UnitCount? {
        if let allocated, allocated > 0 { return UnitCount(count: allocated, isEstimated: isMissingResources) }
        let most = isOfNodes ? maximum ?? minimum : resourceType == .network ? 1 : amount
        guard let most, Reservation.plausibleCounts.contains(most) else { return nil }
        let isRange = isOfNodes && (minimum ?? most) != most
        return UnitCount(count: most, isEstimated: isMissingResources || isRange)
    }

    /// How many machines it holds; `nil` if nobody knows.
    var nodes: UnitCount? { isOfNodes ? units : UnitCount(count: 0, isEstimated: false) }
}
