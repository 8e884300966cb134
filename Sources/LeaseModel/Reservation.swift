/// One reservation of a lease.
///
/// What every reservation has is a property. What its type adds is in ``fields`` under Blazar's own names; the common
/// ones have typed accessors.
public struct Reservation: Sendable, Hashable, Identifiable {
    /// Blazar's identifier. Instances are launched with it, and the flavor of a flavor reservation has the same id.
    public var id: String
    /// The lease it belongs to.
    public var leaseID: String?
    /// Blazar's identifier of the type-specific part.
    public var resourceID: String?
    /// The type of resource.
    public var resourceType: ResourceType
    /// Its status.
    public var status: ReservationStatus
    /// Whether Blazar could not replace a failed resource.
    public var isMissingResources: Bool?
    /// Whether Blazar replaced a resource.
    public var areResourcesChanged: Bool?
    /// When it was created.
    public var createdAt: Timestamp?
    /// When Blazar last changed it.
    public var updatedAt: Timestamp?
    /// The fields that its type adds (`min`, `max`, `amount`, `resource_properties`, `network_id`, …), unchanged.
    public var fields: JSONObject

    /// Makes a reservation from its parts.
    public init(
        id: String, leaseID: String? = nil, resourceID: String? = nil, resourceType: ResourceType,
        status: ReservationStatus, isMissingResources: Bool? = nil, areResourcesChanged: Bool? = nil,
        createdAt: Timestamp? = nil, updatedAt: Timestamp? = nil, fields: JSONObject = [:]
    ) {
        self.id = id
        self.leaseID = leaseID
        self.resourceID = resourceID
        self.resourceType = resourceType
        self.status = status
        self.isMissingResources = isMissingResources
        self.areResourcesChanged = areResourcesChanged
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.fields = fields
    }

    /// Decodes a reservation from Blazar's JSON; `nil` if it has no id.
    public init?(json object: JSONObject) {
        var reader = FieldReader(object)
        guard let id = reader.string("id"), !id.isEmpty else { return nil }
        self.init(
            id: id, leaseID: reader.string("lease_id"), resourceID: reader.string("resource_id"),
            resourceType: ResourceType(rawValue: reader.text("resource_type")),
            status: ReservationStatus(rawValue: reader.text("status")),
            isMissingResources: reader.bool("missing_resources"),
            areResourcesChanged: reader.bool("resources_changed"), createdAt: reader.time("created_at"),
            updatedAt: reader.time("updated_at"))
        fields = reader.remainder
    }

    /// Makes a reservation from a request, for use until Blazar has created one.
    ///
    /// - Parameters:
    ///   - request: the reservation as the body of a POST has it.
    ///   - id: its identifier for now.
    ///   - leaseID: the identifier of its lease for now.
    ///   - status: its status.
    public init(requesting request: JSONObject, id: String, leaseID: String?, status: ReservationStatus) {
        var fields = request
        let type = fields.remove("resource_type")?.stringValue ?? ""
        self.init(
            id: id, leaseID: leaseID, resourceType: ResourceType(rawValue: type), status: status, fields: fields)
    }

    /// Encodes this reservation as Blazar writes it.
    public func json(times: TimeFormat = .blazar) -> JSONObject {
        var object: JSONObject = [
            "id": .string(id), "lease_id": JSONValue(leaseID), "resource_id": JSONValue(resourceID),
            "resource_type": .string(resourceType.rawValue), "status": .string(status.rawValue),
            "missing_resources": JSONValue(isMissingResources), "resources_changed": JSONValue(areResourcesChanged),
            "created_at": JSONValue(createdAt.map(times.record)), "updated_at": JSONValue(updatedAt.map(times.record)),
        ]
        object.merge(fields)
        return object
    }

    /// The order of a lease's reservations: by id. Blazar keeps no order.
    static func precedes(_ left: Reservation, _ right: Reservation) -> Bool { left.id < right.id }
}

// MARK: - Common fields

extension Reservation {
    /// The plausible numbers of resources. A server or a file may contain any number; others are treated as unknown.
    public static let plausibleCounts = 0...1_000_000

    /// The smallest acceptable number of hosts or devices; `nil` if there is no plausible number.
    public var minimumCount: Int? { count("min") }
    /// The largest requested number of hosts or devices. Blazar allocates between the two. `nil` if there is no
    /// plausible number.
    public var maximumCount: Int? { count("max") }
    /// The number of floating IPs or instances; `nil` if there is no plausible number.
    public var amount: Int? { count("amount") }

    private func count(_ field: String) -> Int? {
        fields[field]?.intValue.flatMap { Self.plausibleCounts.contains($0) ? $0 : nil }
    }

    /// The requirements on the resource, as Blazar's text: `["==", "$node_type", "compute_skylake"]`.
    public var resourceProperties: String? { fields["resource_properties"]?.stringValue }
    /// The requirements on the hypervisor, as Blazar's text.
    public var hypervisorProperties: String? { fields["hypervisor_properties"]?.stringValue }
    /// The network that the floating IPs come from.
    public var networkID: String? { fields["network_id"]?.stringValue }
    /// The flavor. For a flavor or instance reservation, it is the flavor that Blazar made, whose id is the
    /// reservation's.
    public var flavorID: String? { fields["flavor_id"]?.stringValue }

    /// The value that a property must equal (`==`), for example `node_type`; `nil` if there is no such condition, if
    /// there are several, or if the requirements cannot be parsed.
    public func requiredValue(of property: String) -> String? {
        guard let text = resourceProperties, let properties = try? ResourceProperties(parsing: text) else { return nil }
        return properties.requiredValue(of: property)
    }

    /// The name of the flavor or the machine name of the devices that it requires; `nil` for other types, or if it
    /// names none.
    public var flavorOrMachine: String? {
        resourceProperties.flatMap { resourceType.flavorOrMachine(in: $0) }
    }
}

extension ResourceType {
    /// The value of ``Reservation/flavorOrMachine``, read from the text of `resource_properties`.
    ///
    /// For a flavor reservation, Blazar stores the whole requested flavor in that text. The `flavor_id` beside it is
    /// the flavor that Blazar made for the reservation (Blazar 18, `resource_properties` of a lease as listed).
    package func flavorOrMachine(in properties: String) -> String? {
        switch self {
        case .flavor: (try? JSONValue(parsing: properties))?["name"]?.stringValue
        case .device: (try? ResourceProperties(parsing: properties))?.requiredValue(of: "machine_name")
        case .host, .floatingIP, .instance, .network, .other: nil
        }
    }
}
