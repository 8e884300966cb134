/// What somebody knows of one reservation among those of a lease: python-chi's `get_node_reservation` and
/// `get_device_reservation`.
public struct ReservationCriteria: Sendable, Hashable {
    /// What it is for; `nil` for anything.
    public var resourceType: ResourceType?
    /// How many of them it is for, no fewer and no more.
    public var count: Int?
    /// Conditions that are among those it asks for.
    public var conditions: [ResourceCondition]

    /// Makes criteria.
    public init(resourceType: ResourceType? = nil, count: Int? = nil, conditions: [ResourceCondition] = []) {
        self.resourceType = resourceType
        self.count = count
        self.conditions = conditions
    }

    /// Whether a reservation meets all of them.
    public func matches(_ reservation: Reservation) -> Bool {
        if let resourceType, reservation.resourceType != resourceType { return false }
        if let count {
            let counts = [reservation.minimumCount, reservation.maximumCount, reservation.amount].compactMap { $0 }
            guard !counts.isEmpty, counts.allSatisfy({ $0 == count }) else { return false }
        }
        guard !conditions.isEmpty else { return true }
        let text = reservation.resourceProperties ?? ""
        guard let asked = try? ResourceProperties(parsing: text) else { return false }
        return conditions.allSatisfy { wanted in asked.conditions.contains { wanted.saysTheSame(as: $0) } }
    }
}

extension ResourceCondition {
    /// Whether two conditions ask for the same, `=` being `==` and a number being its text.
    fileprivate func saysTheSame(as other: ResourceCondition) -> Bool {
        func normal(_ comparison: Comparison) -> Comparison { comparison == .same ? .equal : comparison }
        return property == other.property && normal(comparison) == normal(other.comparison)
            && textValue == other.textValue
    }
}
