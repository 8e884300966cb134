/// A host that can be reserved by name: python-chi's `chi.hardware.Node`, as far as leases need it.
public struct HardwareNode: Sendable, Hashable {
    /// Its name (`node_name`), by which it is reserved.
    public var name: String
    /// Its node type (`node_type`).
    public var type: String?
    /// The identifier in the site's hardware catalog (`uid`).
    public var uid: String?
    /// The site.
    public var site: String?
    /// Its other properties, under the site's own names.
    public var properties: JSONObject

    /// Makes a node.
    public init(
        name: String, type: String? = nil, uid: String? = nil, site: String? = nil, properties: JSONObject = [:]
    ) {
        self.name = name
        self.type = type
        self.uid = uid
        self.site = site
        self.properties = properties
    }

    /// Makes a node from a mirrored host; `nil` if the host has no `node_name` to reserve it by.
    public init?(_ host: MirroredResource) {
        let fields = host.resource.fields
        guard let name = fields["node_name"]?.stringValue, !name.isEmpty else { return nil }
        self.init(
            name: name, type: fields["node_type"]?.stringValue, uid: fields["uid"]?.stringValue, site: host.site,
            properties: fields)
    }
}

/// An edge device that can be reserved by name: python-chi's `chi.hardware.Device`, as far as leases need it.
public struct HardwareDevice: Sendable, Hashable {
    /// Its name, by which it is reserved; unique at a site.
    public var name: String
    /// Its type: python-chi's `device_type`, Blazar's `machine_name`.
    public var type: String?
    /// Its identifier (`uid`; python-chi's `uuid`).
    public var uid: String?
    /// Its other properties, under the site's own names.
    public var properties: JSONObject

    /// Makes a device.
    public init(name: String, type: String? = nil, uid: String? = nil, properties: JSONObject = [:]) {
        self.name = name
        self.type = type
        self.uid = uid
        self.properties = properties
    }

    /// Makes a device from a mirrored one; `nil` if it has no name.
    public init?(_ device: MirroredResource) {
        guard let name = device.resource.name else { return nil }
        let fields = device.resource.fields
        self.init(
            name: name, type: fields["machine_name"]?.stringValue, uid: fields["uid"]?.stringValue, properties: fields)
    }
}

/// Which reservation of a lease to find: the arguments of python-chi's `get_node_reservation` and
/// `get_device_reservation`. A reservation must meet every condition that is set.
public struct ReservationQuery: Sendable, Hashable {
    /// With this type; `nil` for any.
    public var resourceType: ResourceType?
    /// For exactly this many resources.
    public var count: Int?
    /// With exactly these requirements, in any order.
    public var resourceProperties: ResourceProperties?
    /// With requirements that these properties equal (`==`) these values.
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

    /// Makes a query for a reservation of nodes.
    public static func node(
        count: Int? = nil, resourceProperties: ResourceProperties? = nil, nodeType: String? = nil,
        architecture: String? = nil
    ) -> ReservationQuery {
        ReservationQuery(
            resourceType: .host, count: count, resourceProperties: resourceProperties,
            requiredValues: given(["node_type": nodeType, "architecture.platform_type": architecture]))
    }

    /// Makes a query for a reservation of edge devices.
    public static func device(
        count: Int? = nil, machineName: String? = nil, deviceModel: String? = nil, deviceName: String? = nil
    ) -> ReservationQuery {
        ReservationQuery(
            resourceType: .device, count: count,
            requiredValues: given(["machine_name": machineName, "model": deviceModel, "name": deviceName]))
    }

    private static func given(_ values: [String: String?]) -> [String: String] { values.compactMapValues { $0 } }

    /// Whether a reservation matches.
    ///
    /// Requirements are parsed and compared condition by condition. python-chi instead searches the text for the
    /// values, so it takes `compute_skylake_r740` for a `compute_skylake`.
    public func matches(_ reservation: Reservation) -> Bool {
        if let resourceType, reservation.resourceType != resourceType { return false }
        if let count, !Self.counts(of: reservation).allSatisfy({ $0 == count }) { return false }
        guard requiredValues.allSatisfy({ reservation.requiredValue(of: $0.key) == $0.value }) else { return false }
        guard let resourceProperties else { return true }
        let present = reservation.resourceProperties.flatMap { try? ResourceProperties(parsing: $0) }
        return present.map { Set($0.conditions) } == Set(resourceProperties.conditions)
    }

    /// All counts of a reservation, under any of the names that Blazar's plugins use.
    private static func counts(of reservation: Reservation) -> [Int?] {
        let names = ["min", "max", "min_count", "max_count", "amount"]
        return names.compactMap { reservation.fields[$0] }.map { $0.intValue ?? $0.stringValue.flatMap { Int($0) } }
    }
}
