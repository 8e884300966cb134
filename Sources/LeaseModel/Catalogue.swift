/// A thing of a site that leases and people refer to, as its service describes it: a host, a network, a project.
///
/// What every kind has is a property; everything else the service said stays in ``fields`` under its own names, so
/// that a site's own properties (`node_type`, `gpu.gpu`, `machine_name`, …) are there to filter and to show.
public struct CatalogueResource: Sendable, Hashable {
    /// What it is.
    public var kind: ResourceKind
    /// The service's identifier; unique among its kind at a site.
    public var id: String
    /// What people call it, if its kind has a name.
    public var name: String?
    /// The whole object as the service gave it, `id` and name included.
    public var fields: JSONObject

    /// Makes a resource from its parts.
    public init(kind: ResourceKind, id: String, name: String? = nil, fields: JSONObject = [:]) {
        self.kind = kind
        self.id = id
        self.name = name
        self.fields = fields
    }

    /// Reads a resource from the object that its service gives for one; `nil` if it has no id.
    ///
    /// An id that is a number (Blazar's registered hosts had such ones before they had UUIDs) is kept as its digits.
    public init?(kind: ResourceKind, json object: JSONObject) {
        let idValue = object["id"]
        guard let id = idValue?.stringValue ?? idValue?.intValue.map(String.init), !id.isEmpty else { return nil }
        let names = kind.nameKeys.lazy.compactMap { object[$0]?.stringValue }.filter { !$0.isEmpty }
        self.init(kind: kind, id: id, name: names.first, fields: object)
    }

    /// The project it belongs to, if its service says so.
    public var projectID: String? { (fields["project_id"] ?? fields["tenant_id"])?.stringValue }
}

/// What kind of thing a ``CatalogueResource`` is. The raw value is stored.
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
    /// A Neutron network.
    case network = "network"
    /// A Neutron floating IP.
    case floatingIP = "floating_ip"
    /// A Keystone project.
    case project = "project"
    /// A Keystone user.
    case user = "user"

    /// The members that may hold what people call it, the best first.
    var nameKeys: [String] {
        switch self {
        case .host: ["node_name", "hypervisor_hostname", "service_name"]
        case .reservableFloatingIP, .floatingIP: ["floating_ip_address"]
        case .networkSegment: ["name"]
        case .device, .flavor, .network, .project, .user: ["name"]
        }
    }
}

/// A property by which a site's hosts or devices can be asked for, as `/v1/os-hosts/properties?detail=True` gives it.
public struct CatalogueProperty: Sendable, Hashable {
    /// What has it.
    public var resourceKind: ResourceKind
    /// Its name: `node_type`, `architecture.smt_size`.
    public var name: String
    /// The values that occur, in the server's order; empty if the server does not tell them.
    public var values: [String]
    /// Whether the site means it for operators only; `nil` if the server does not say.
    public var isPrivate: Bool?
    /// Every other field of the server's, kept as it came.
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

    /// Reads a property from an element of `resource_properties`; `nil` if it has no name.
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

/// A stretch of time for which a reservation holds a resource, as Blazar's allocation lists give it.
public struct Allocation: Sendable, Hashable {
    /// What is held.
    public var resourceKind: ResourceKind
    /// Blazar's identifier of what is held.
    public var resourceID: String
    /// The reservation that holds it.
    public var reservationID: String
    /// The lease of that reservation.
    public var leaseID: String
    /// When it begins.
    public var startsAt: Timestamp
    /// When it ends.
    public var endsAt: Timestamp
    /// Whose it is; a site may hide that from members (Chameleon does).
    public var projectID: String?
    /// The lease's name; a site may hide that from members.
    public var leaseName: String?
    /// Every other field of the server's, kept as it came.
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

    /// Reads an allocation from an element of `reservations` in `/v1/os-hosts/allocations` and its like.
    ///
    /// - Returns: `nil` if an id or a date is missing or not sound.
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
    /// Nova's identifier; that of a flavor or instance reservation is the reservation's.
    public var id: String
    /// Its name.
    public var name: String
    /// What its maker said of it.
    public var details: String?
    /// Virtual processors.
    public var vcpus: Int?
    /// Memory in MiB.
    public var ramMiB: Int?
    /// The root disk in GiB.
    public var diskGiB: Int?
    /// Its extra specs, as far as Nova shows them.
    public var extraSpecs: JSONObject

    /// The flavor that a resource of the catalogue is.
    public init(_ resource: CatalogueResource) {
        id = resource.id
        name = resource.name ?? resource.id
        details = resource.fields["description"]?.stringValue
        vcpus = resource.fields["vcpus"]?.intValue
        ramMiB = resource.fields["ram"]?.intValue
        diskGiB = resource.fields["disk"]?.intValue
        extraSpecs = resource.fields["extra_specs"]?.objectValue ?? [:]
    }

    /// The reservation that it was made for, if it was.
    ///
    /// Blazar names it in an extra spec, and makes the flavor's id the reservation's.
    public var reservationID: String? { extraSpecs["aggregate_instance_extra_specs:reservation"]?.stringValue }

    /// Whether it is the flavor of this reservation.
    public func belongs(to reservation: Reservation) -> Bool {
        guard [.flavor, .instance].contains(reservation.resourceType) else { return false }
        return reservationID == reservation.id || id == reservation.id
    }
}

/// What is known of the things that a site has, by kind.
public struct SiteCatalogue: Sendable, Hashable {
    private var listed: [ResourceKind: [CatalogueResource]]
    /// The kinds that the site has no list of.
    public let notOffered: Set<ResourceKind>

    /// Makes a catalogue.
    ///
    /// - Parameters:
    ///   - listed: the kinds that the site told of, with what it told.
    ///   - notOffered: the kinds that the site has no list of.
    public init(listed: [ResourceKind: [CatalogueResource]] = [:], notOffered: Set<ResourceKind> = []) {
        self.listed = listed
        self.notOffered = notOffered
    }

    /// What there is of a kind; `nil` if the site does not tell, or has not been asked.
    public subscript(kind: ResourceKind) -> [CatalogueResource]? { listed[kind] }

    /// The names under which the resources of a kind have properties.
    func propertyNames(_ kind: ResourceKind) -> Set<String> {
        (listed[kind] ?? []).reduce(into: []) { $0.formUnion($1.fields.keys) }
    }

    /// The values that occur for a property.
    func values(of property: String, _ kind: ResourceKind) -> Set<String> {
        Set((listed[kind] ?? []).compactMap { $0.fields[property] }.map { $0.stringValue ?? $0.text(.python) })
    }
}

/// What a site answered when asked for one kind of resource.
public struct ResourceListing: Sendable, Hashable {
    /// The answer.
    public enum Outcome: String, Sendable, Hashable {
        /// A list.
        case listed
        /// 403: not for this user.
        case forbidden
        /// The site has no such list.
        case notOffered = "not_offered"
        /// An error; what was known before is kept.
        case failed
    }

    /// The kind asked for.
    public let kind: ResourceKind
    /// The scope that asked.
    public let scopeID: Int64
    /// The answer.
    public let outcome: Outcome
    /// The server's words, where it refused or failed.
    public let message: String?

    /// Makes a listing from its parts.
    public init(kind: ResourceKind, scopeID: Int64, outcome: Outcome, message: String?) {
        self.kind = kind
        self.scopeID = scopeID
        self.outcome = outcome
        self.message = message
    }
}

/// A resource as the mirror has it.
public struct MirroredResource: Sendable, Hashable {
    /// The resource as last seen.
    public let resource: CatalogueResource
    /// The name of its site.
    public let site: String
    /// The reservations that hold it, or will; empty where the site does not tell.
    public let allocations: [Allocation]
    /// When the list that has it was read, here or by the owner of an imported database.
    public let syncedAt: Timestamp?

    /// Makes a mirrored resource from its parts.
    public init(resource: CatalogueResource, site: String, allocations: [Allocation], syncedAt: Timestamp?) {
        self.resource = resource
        self.site = site
        self.allocations = allocations
        self.syncedAt = syncedAt
    }
}
