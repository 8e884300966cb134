/// One reservation of a lease.
///
/// What every reservation has is a property; what its type adds is in ``fields`` under Blazar's own names, with typed
/// access to the common ones.
public struct Reservation: Sendable, Hashable, Identifiable {
    /// Blazar's identifier: what an instance is launched with, and the id of a flavor reservation's flavor.
    public var id: String
    /// The lease it belongs to.
    public var leaseID: String?
    /// Blazar's identifier of the type-specific part.
    public var resourceID: String?
    /// What it is for.
    public var resourceType: ResourceType
    /// Where it is in its life.
    public var status: ReservationStatus
    /// Whether Blazar could not replace a resource that failed.
    public var isMissingResources: Bool?
    /// Whether Blazar replaced a resource.
    public var areResourcesChanged: Bool?
    /// When it was made.
    public var createdAt: Timestamp?
    /// When Blazar last changed it.
    public var updatedAt: Timestamp?
    /// What its type adds (`min`, `max`, `amount`, `resource_properties`, `network_id`, …), kept as it came.
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

    /// Reads a reservation from the object that Blazar gives for one; `nil` if it has no id.
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

    /// Makes the reservation that a request asks for, as long as Blazar has not given one.
    ///
    /// - Parameters:
    ///   - request: the reservation as a POST carries it.
    ///   - id: what it is known by meanwhile.
    ///   - leaseID: what its lease is known by meanwhile.
    ///   - status: how it stands.
    public init(requesting request: JSONObject, id: String, leaseID: String?, status: ReservationStatus) {
        var fields = request
        let type = fields.remove("resource_type")?.stringValue ?? ""
        self.init(
            id: id, leaseID: leaseID, resourceType: ResourceType(rawValue: type), status: status, fields: fields)
    }

    /// This reservation as Blazar writes it.
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

    /// Listed by id, since Blazar keeps no order.
    static func precedes(_ left: Reservation, _ right: Reservation) -> Bool { left.id < right.id }
}

// MARK: - Common fields of the types

extension Reservation {
    /// The numbers of resources that can be meant. A server or a file may say anything; what is beyond counts as not known.
    public static let plausibleCounts = 0...1_000_000

    /// The fewest hosts or devices that would do; `nil` if no plausible number says so.
    public var minimumCount: Int? { count("min") }
    /// The most hosts or devices wanted; Blazar gives between the two. `nil` if no plausible number says so.
    public var maximumCount: Int? { count("max") }
    /// How many floating IPs or instances; `nil` if no plausible number says so.
    public var amount: Int? { count("amount") }

    private func count(_ field: String) -> Int? {
        fields[field]?.intValue.flatMap { Self.plausibleCounts.contains($0) ? $0 : nil }
    }

    /// The requirement on the resource, as Blazar's text: `["==", "$node_type", "compute_skylake"]`.
    public var resourceProperties: String? { fields["resource_properties"]?.stringValue }
    /// The requirement on the hypervisor, as Blazar's text.
    public var hypervisorProperties: String? { fields["hypervisor_properties"]?.stringValue }
    /// The network of floating IPs.
    public var networkID: String? { fields["network_id"]?.stringValue }
    /// The flavor: for a flavor or instance reservation, that which Blazar made (its id is the reservation's).
    public var flavorID: String? { fields["flavor_id"]?.stringValue }

    /// The value that the requirement asks of a property by `==`, for example of `node_type`; `nil` if none is asked, or
    /// more than one, or the requirement cannot be read.
    public func requiredValue(of property: String) -> String? {
        guard let text = resourceProperties, let properties = try? ResourceProperties(parsing: text) else { return nil }
        return properties.requiredValue(of: property)
    }

    /// The name of the flavor that it asks for, or the machine name of the devices; `nil` for other types, and where it
    /// does not say.
    public var flavorOrMachine: String? {
        resourceProperties.flatMap { resourceType.flavorOrMachine(in: $0) }
    }
}

extension ResourceType {
    /// What ``Reservation/flavorOrMachine`` is, by the text of `resource_properties`.
    ///
    /// Of a flavor reservation Blazar keeps the whole flavor that was asked for in that text; the `flavor_id` beside it is
    /// that of the flavor which it made for the reservation (Blazar 18, `resource_properties` of a lease as listed).
    package func flavorOrMachine(in properties: String) -> String? {
        switch self {
        case .flavor: (try? JSONValue(parsing: properties))?["name"]?.stringValue
        case .device: (try? ResourceProperties(parsing: properties))?.requiredValue(of: "machine_name")
        case .host, .floatingIP, .instance, .network, .other: nil
        }
    }
}
