/// A number of units, which may be an estimate.
package struct UnitCount: Sendable, Equatable {
    package let count: Int
    package let isEstimated: Bool

    package init(count: Int, isEstimated: Bool) {
        self.count = count
        self.isEstimated = isEstimated
    }
}

extension HeldReservation {
    /// Whether its hours are node-hours: hosts, and the devices of Chameleon's edge.
    package var isOfNodes: Bool { resourceType == .host || resourceType == .device }

    /// How many units it holds; `nil` if not known.
    package var units: UnitCount? {
        if let allocated, allocated > 0 { return UnitCount(count: allocated, isEstimated: isMissingResources) }
        let count = isOfNodes ? maximum ?? minimum : resourceType == .network ? 1 : amount
        guard let count, Reservation.plausibleCounts.contains(count) else { return nil }
        let isRange = isOfNodes && (minimum ?? count) != count
        return UnitCount(count: count, isEstimated: isMissingResources || isRange)
    }

    /// How many machines it holds; `nil` if not known.
    package var nodes: UnitCount? { isOfNodes ? units : UnitCount(count: 0, isEstimated: false) }
}
