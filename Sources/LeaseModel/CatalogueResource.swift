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
