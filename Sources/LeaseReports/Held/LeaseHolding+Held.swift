public import LeaseModel

/// A stretch of time, of which the end may be known as a bound only.
public struct HeldTime: Sendable, Hashable {
    /// The whole stretch: what was held at most.
    public let span: Range<Timestamp>
    /// Up to when it is known for sure; the end of the span if all of it is.
    public let certainUntil: Timestamp

    init(_ span: Range<Timestamp>, certainUntil: Timestamp? = nil) {
        self.span = span
        self.certainUntil = certainUntil.map { min(max($0, span.lowerBound), span.upperBound) } ?? span.upperBound
    }
}

extension LeaseHolding {
    /// The time for which the lease held its resources; `nil` if it never did.
    ///
    /// What it rests on is in docs/reports.md under "Held".
    public var held: HeldTime? {
        guard status != .error, startsAt < endsAt, !hasNeverStarted else { return nil }
        guard let departure else { return HeldTime(startsAt..<endsAt) }
        switch departure.reason {
        case .outOfScope, .unlisted: return HeldTime(startsAt..<endsAt, certainUntil: departure.after)
        case .deleted:
            guard departure.before > startsAt else { return nil }
            return HeldTime(startsAt..<min(endsAt, departure.before), certainUntil: departure.after)
        }
    }

    /// Whether it was still waiting for its start when it should have ended.
    var hasNeverStarted: Bool {
        (status == .pending || status == .creating) && (departure?.after ?? lastSeenAt) >= endsAt
    }

    /// Whether it was deleted before it had started.
    var wasCancelled: Bool { departure?.reason == .deleted && (departure.map { $0.before <= startsAt } ?? false) }
}

/// A number of things, which may be an estimate.
struct UnitCount: Equatable {
    let count: Int
    let isEstimated: Bool
}

extension HeldReservation {
    /// Whether it is of machines, whose hours are node-hours: hosts, and the devices of Chameleon's edge.
    public var isOfNodes: Bool { resourceType == .host || resourceType == .device }

    /// How many units it holds; `nil` if nobody knows.
    var units: UnitCount? {
        if let allocated, allocated > 0 { return UnitCount(count: allocated, isEstimated: isMissingResources) }
        if isOfNodes {
            guard let most = maximum ?? minimum else { return nil }
            return UnitCount(count: most, isEstimated: isMissingResources || (minimum ?? most) != most)
        }
        if resourceType == .network { return UnitCount(count: 1, isEstimated: isMissingResources) }
        return amount.map { UnitCount(count: $0, isEstimated: isMissingResources) }
    }

    /// How many machines it holds; `nil` if nobody knows.
    var nodes: UnitCount? { isOfNodes ? units : UnitCount(count: 0, isEstimated: false) }
}
