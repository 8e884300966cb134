/// A resource of a site as its service describes it: a host, a network, a project.
///
/// What all kinds have in common is a property. Everything else stays in ``fields`` under the service's own names, so
/// that a site's own properties (`node_type`, `gpu.gpu`, `machine_name`, …) can be filtered by and shown.
public struct CatalogResource: Sendable, Hashable {
    /// The kind of resource.
    public var kind: ResourceKind
    /// The service's identifier, unique within its kind at a site.
    public var id: String
    /// Its name, if its kind has names.
    public var name: String?
    /// The whole object as the service returned it, including id and name.
    public var fields: JSONObject

    /// Makes a resource from its parts.
    public init(kind: ResourceKind, id: String, name: String? = nil, fields: JSONObject = [:]) {
        self.kind = kind
        self.id = id
        self.name = name
        self.fields = fields
    }

    /// Decodes a resource from its service's JSON; `nil` if it has no id.
    ///
    /// A numeric id is kept as its digits: Blazar's hosts had numeric ids before they had UUIDs.
    public init?(kind: ResourceKind, json object: JSONObject) {
        let idValue = object["id"]
        guard let id = idValue?.stringValue ?? idValue?.intValue.map(String.init), !id.isEmpty else { return nil }
        let names = kind.nameKeys.lazy.compactMap { object[$0]?.stringValue }.filter { !$0.isEmpty }
        self.init(kind: kind, id: id, name: names.first, fields: object)
    }

    /// The project it belongs to, if its service reports one.
    public var projectID: String? { (fields["project_id"] ?? fields["tenant_id"])?.stringValue }
}

/// The kind of a ``CatalogResource``. The raw value is stored.
public enum ResourceKind: String, Sendable, Hashable, CaseIterable {
    /// A host registered with Blazar (`/v1/os-hosts`).
    case host = "host"
    /// An edge device registered with Blazar (`/v1/devices`; Chameleon).
    case device = "device"
    /// A network segment registered with Blazar (`/v1/networks`; Chameleon).
    case networkSegment = "network_segment"
    /// A floating IP registered with Blazar (`/v1/floatingips`).
    case reservableFloatingIP = "reservable_floating_ip"
    /// A Nova flavor.
    case flavor = "flavor"
    /// How many instances of a Nova flavor are free, and when (`/v1/flavor-instances/availability`; Chameleon).
    case flavorInstances = "flavor_instances"
    /// A Neutron network.
    case network = "network"
    /// A Neutron floating IP.
    case floatingIP = "floating_ip"
    /// A Keystone project.
    case project = "project"
    /// A Keystone user.
    case user = "user"

    /// The members that may hold the name, the preferred one first.
    var nameKeys: [String] {
        switch self {
        case .host: ["node_name", "hypervisor_hostname", "service_name"]
        case .reservableFloatingIP, .floatingIP: ["floating_ip_address"]
        case .device, .networkSegment, .flavor, .flavorInstances, .network, .project, .user: ["name"]
        }
    }

    /// The fields that may hold a resource's type, the preferred one first; empty if the kind has no types.
    package var typeKeys: [String] {
        switch self {
        case .host: ["node_type", "hypervisor_type"]
        case .device: ["machine_name", "device_type"]
        case .reservableFloatingIP, .networkSegment, .flavor, .flavorInstances, .network, .floatingIP, .project, .user:
            []
        }
    }

    /// The fields that resources of the kind are grouped by, the preferred one first; empty if they are not grouped.
    package var groupKeys: [String] {
        switch self {
        case .host: ["node_type"]
        case .device: typeKeys
        case .reservableFloatingIP: ["floating_network_id"]
        case .networkSegment, .flavor, .flavorInstances, .network, .floatingIP, .project, .user: []
        }
    }
}

extension ResourceType {
    /// The list that shows what a reservation of the type holds, and when; `nil` if there is none.
    package var listedKind: ResourceKind? {
        switch self {
        case .host, .instance, .flavor: .host
        case .device: .device
        case .floatingIP: .reservableFloatingIP
        case .network: .networkSegment
        case .other: nil
        }
    }

    /// The lists that a reservation of the type changes: what it holds, and what its project is given for it.
    package var changedKinds: Set<ResourceKind> {
        let given: Set<ResourceKind> =
            switch self {
            case .host, .device, .other: []
            case .floatingIP: [.floatingIP]
            case .instance, .flavor: [.flavor, .flavorInstances]
            case .network: [.network]
            }
        return given.union(listedKind.map { [$0] } ?? [])
    }
}

/// A property that a reservation can require of hosts or devices, from `/v1/os-hosts/properties?detail=True`.
public struct CatalogProperty: Sendable, Hashable {
    /// The kind of resource that has it.
    public var resourceKind: ResourceKind
    /// Its name: `node_type`, `architecture.smt_size`.
    public var name: String
    /// The values that occur, in the server's order; empty if the server does not report them.
    public var values: [String]
    /// Whether the property is for operators only; `nil` if the server does not say.
    public var isPrivate: Bool?
    /// All other fields the server sent, unchanged.
    public var extra: JSONObject

    /// Makes a property from its parts.
    public init(
        resourceKind: ResourceKind, name: String, values: [String] = [], isPrivate: Bool? = nil,
        extra: JSONObject = [:]
    ) {
        self.resourceKind = resourceKind
        self.name = name
        self.values = values
        self.isPrivate = isPrivate
        self.extra = extra
    }

    /// Decodes a property from an element of `resource_properties`; `nil` if it has no name.
    public init?(resourceKind: ResourceKind, json object: JSONObject) {
        var fields = FieldReader(object)
        guard let name = fields.string("property"), !name.isEmpty else { return nil }
        self.init(
            resourceKind: resourceKind, name: name,
            values: (fields.array("values") ?? []).map { $0.stringValue ?? $0.text() },
            isPrivate: fields.bool("private"))
        extra = fields.remainder
    }
}

/// An allocation: a period for which a reservation holds a resource, as Blazar's allocation lists have it.
public struct Allocation: Sendable, Hashable {
    /// The kind of resource that is held.
    public var resourceKind: ResourceKind
    /// Blazar's identifier of the resource.
    public var resourceID: String
    /// The reservation that holds it.
    public var reservationID: String
    /// The lease that the reservation belongs to.
    public var leaseID: String
    /// When it begins.
    public var startsAt: Timestamp
    /// When it ends.
    public var endsAt: Timestamp
    /// The lease's project. A site may hide it from members; Chameleon does.
    public var projectID: String?
    /// The lease's name. A site may hide it from members.
    public var leaseName: String?
    /// All other fields the server sent, unchanged.
    public var extra: JSONObject

    /// Makes an allocation from its parts.
    public init(
        resourceKind: ResourceKind, resourceID: String, reservationID: String, leaseID: String, startsAt: Timestamp,
        endsAt: Timestamp, projectID: String? = nil, leaseName: String? = nil, extra: JSONObject = [:]
    ) {
        self.resourceKind = resourceKind
        self.resourceID = resourceID
        self.reservationID = reservationID
        self.leaseID = leaseID
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.projectID = projectID
        self.leaseName = leaseName
        self.extra = extra
    }

    /// Decodes an allocation from an element of `reservations` in `/v1/os-hosts/allocations` and the like.
    ///
    /// - Returns: `nil` if an id or a date is missing or invalid.
    public init?(resourceKind: ResourceKind, resourceID: String, json object: JSONObject) {
        var fields = FieldReader(object)
        guard let reservationID = fields.string("id"), let leaseID = fields.string("lease_id"),
            let startsAt = fields.time("start_date"), let endsAt = fields.time("end_date")
        else { return nil }
        self.init(
            resourceKind: resourceKind, resourceID: resourceID, reservationID: reservationID, leaseID: leaseID,
            startsAt: startsAt, endsAt: endsAt, projectID: fields.string("project_id"),
            leaseName: fields.string("lease_name"))
        extra = fields.remainder
    }
}

/// A Nova flavor: the size of an instance.
public struct Flavor: Sendable, Hashable, Identifiable {
    /// Nova's identifier. A flavor made for a flavor or instance reservation has the reservation's id.
    public var id: String
    /// Its name.
    public var name: String
    /// Its description.
    public var details: String?
    /// Virtual processors.
    public var vcpus: Int?
    /// Memory in MiB.
    public var ramMiB: Int?
    /// The root disk in GiB.
    public var diskGiB: Int?
    /// Its extra specs, as far as Nova shows them.
    public var extraSpecs: JSONObject

    /// Makes a flavor from a resource of the catalog.
    public init(_ resource: CatalogResource) {
        id = resource.id
        name = resource.name ?? resource.id
        details = resource.fields["description"]?.stringValue
        vcpus = resource.fields["vcpus"]?.intValue
        ramMiB = resource.fields["ram"]?.intValue
        diskGiB = resource.fields["disk"]?.intValue
        extraSpecs = resource.fields["extra_specs"]?.objectValue ?? [:]
    }

    /// The reservation that it was made for, if any.
    ///
    /// Blazar names the reservation in an extra spec, and gives the flavor the reservation's id.
    public var reservationID: String? { extraSpecs["aggregate_instance_extra_specs:reservation"]?.stringValue }

    /// Whether it was made for this reservation.
    public func belongs(to reservation: Reservation) -> Bool {
        guard [.flavor, .instance].contains(reservation.resourceType) else { return false }
        return reservationID == reservation.id || id == reservation.id
    }
}

/// What is known about a site's resources, by kind.
public struct SiteCatalog: Sendable, Hashable {
    private var listed: [ResourceKind: [CatalogResource]]
    /// The kinds for which the site has no list.
    public let notOffered: Set<ResourceKind>

    /// Makes a catalog.
    ///
    /// - Parameters:
    ///   - listed: the resources of each kind that the site reported.
    ///   - notOffered: the kinds for which the site has no list.
    public init(listed: [ResourceKind: [CatalogResource]] = [:], notOffered: Set<ResourceKind> = []) {
        self.listed = listed
        self.notOffered = notOffered
    }

    /// The resources of a kind; `nil` if the site does not report them or has not been asked.
    public subscript(kind: ResourceKind) -> [CatalogResource]? { listed[kind] }

    /// The names of all properties that resources of a kind have.
    func propertyNames(_ kind: ResourceKind) -> Set<String> {
        (listed[kind] ?? []).reduce(into: []) { $0.formUnion($1.fields.keys) }
    }

    /// All values of a property among resources of a kind.
    func values(of property: String, _ kind: ResourceKind) -> Set<String> {
        Set((listed[kind] ?? []).compactMap { $0.fields[property] }.map { $0.stringValue ?? $0.text(.python) })
    }
}

/// A site's answer to the request for one kind of resource.
public struct ResourceListing: Sendable, Hashable {
    /// What kind of answer it was.
    public enum Outcome: String, Sendable, Hashable {
        /// A list.
        case listed
        /// 403: this user may not read the list.
        case forbidden
        /// The site has no such list.
        case notOffered = "not_offered"
        /// An error. What was known before is kept.
        case failed
    }

    /// The kind asked for.
    public let kind: ResourceKind
    /// The scope that asked.
    public let scopeID: Int64
    /// What kind of answer it was.
    public let outcome: Outcome
    /// The server's own words, if it refused or failed.
    public let message: String?

    /// Makes a listing from its parts.
    public init(kind: ResourceKind, scopeID: Int64, outcome: Outcome, message: String?) {
        self.kind = kind
        self.scopeID = scopeID
        self.outcome = outcome
        self.message = message
    }
}

/// A resource as stored in the mirror.
public struct MirroredResource: Sendable, Hashable {
    /// The resource as last seen.
    public let resource: CatalogResource
    /// The name of its site.
    public let site: String
    /// The allocations that hold it now or later; empty if the site does not report them.
    public let allocations: [Allocation]
    /// When the list that contains it was read, here or by the owner of an imported database.
    public let syncedAt: Timestamp?

    /// Makes a mirrored resource from its parts.
    public init(resource: CatalogResource, site: String, allocations: [Allocation], syncedAt: Timestamp?) {
        self.resource = resource
        self.site = site
        self.allocations = allocations
        self.syncedAt = syncedAt
    }
}

extension ResourceKind {
    /// The plural of the kind's name.
    package var plural: String {
        switch self {
        case .host: "hosts"
        case .device: "devices"
        case .networkSegment: "network segments"
        case .reservableFloatingIP: "reservable floating IPs"
        case .flavor: "flavors"
        case .flavorInstances: "counts of free instances"
        case .network: "networks"
        case .floatingIP: "floating IPs"
        case .project: "projects"
        case .user: "users"
        }
    }
}
