/// Which reservation of a lease is meant: what python-chi's `get_node_reservation` and `get_device_reservation` take.
/// Everything that is set must hold.
public struct ReservationQuery: Sendable, Hashable {
    /// Of this type; `nil` for any.
    public var resourceType: ResourceType?
    /// For exactly so many.
    public var count: Int?
    /// With these conditions, and no others, in whatever order.
    public var resourceProperties: ResourceProperties?
    /// With these values asked of properties by `==`.
    public var requiredValues: [String: String]

    /// Makes a query.
    public init(
        resourceType: ResourceType? = nil, count: Int? = nil, resourceProperties: ResourceProperties? = nil,
        requiredValues: [String: String] = [:]
    ) {
        self.resourceType = resourceType
        self.count = count
        self.resourceProperties = resourceProperties
        self.requiredValues = requiredValues
    }

    /// A reservation of nodes.
    public static func node(
        count: Int? = nil, resourceProperties: ResourceProperties? = nil, nodeType: String? = nil,
        architecture: String? = nil
    ) -> ReservationQuery {
        ReservationQuery(
            resourceType: .host, count: count, resourceProperties: resourceProperties,
            requiredValues: given(["node_type": nodeType, "architecture.platform_type": architecture]))
    }

    /// A reservation of edge devices.
    public static func device(
        count: Int? = nil, machineName: String? = nil, deviceModel: String? = nil, deviceName: String? = nil
    ) -> ReservationQuery {
        ReservationQuery(
            resourceType: .device, count: count,
            requiredValues: given(["machine_name": machineName, "model": deviceModel, "name": deviceName]))
    }

    private static func given(_ values: [String: String?]) -> [String: String] { values.compactMapValues { $0 } }

    /// Whether the reservation is one that is meant.
    ///
    /// A requirement is read and compared condition by condition. python-chi looks for the wanted values anywhere in its
    /// text, and so takes `compute_skylake_r740` for a `compute_skylake`.
    public func matches(_ reservation: Reservation) -> Bool {
        if let resourceType, reservation.resourceType != resourceType { return false }
        if let count, !Self.counts(of: reservation).allSatisfy({ $0 == count }) { return false }
        guard requiredValues.allSatisfy({ reservation.requiredValue(of: $0.key) == $0.value }) else { return false }
        guard let resourceProperties else { return true }
        let present = reservation.resourceProperties.flatMap { try? ResourceProperties(parsing: $0) }
        return present.map { Set($0.conditions) } == Set(resourceProperties.conditions)
    }

    /// How many a reservation is for, by all the names that Blazar's plugins have for that.
    private static func counts(of reservation: Reservation) -> [Int?] {
        let names = ["min", "max", "min_count", "max_count", "amount"]
        return names.compactMap { reservation.fields[$0] }.map { $0.intValue ?? $0.stringValue.flatMap { Int($0) } }
    }
}
