/// A reservation to request, of one of the types in `chi.lease` or any other type.
public enum ReservationRequest: Sendable, Hashable {
    /// Whole hosts.
    case node(count: Int, properties: ResourceProperties)
    /// Edge devices (Chameleon).
    case device(count: Int, properties: ResourceProperties)
    /// Floating IPs of a network.
    case floatingIP(networkID: String, amount: Int)
    /// Instances of a Nova flavor.
    case flavor(flavorID: String, amount: Int)
    /// A network with that name, created when the lease starts (Chameleon).
    case network(name: String, description: String, properties: ResourceProperties)
    /// Any other reservation, as Blazar accepts it.
    case other(JSONObject)

    /// The type of resource.
    public var resourceType: ResourceType {
        switch self {
        case .node: .host
        case .device: .device
        case .floatingIP: .floatingIP
        case .flavor: .flavor
        case .network: .network
        case .other(let fields): ResourceType(rawValue: fields["resource_type"]?.stringValue ?? "")
        }
    }

    /// The reservation as the body of a POST has it, with the same members that python-chi sends.
    public var json: JSONObject {
        var fields: JSONObject = ["resource_type": .string(resourceType.rawValue)]
        switch self {
        case .node(let count, let properties):
            fields["resource_properties"] = .string(properties.text)
            fields["hypervisor_properties"] = ""
            fields["min"] = JSONValue(count)
            fields["max"] = JSONValue(count)
        case .device(let count, let properties):
            fields["min"] = JSONValue(count)
            fields["max"] = JSONValue(count)
            fields["resource_properties"] = .string(properties.text)
        case .floatingIP(let networkID, let amount):
            fields["network_id"] = .string(networkID)
            fields["amount"] = JSONValue(amount)
        case .flavor(let flavorID, let amount):
            fields["flavor_id"] = .string(flavorID)
            fields["amount"] = JSONValue(amount)
            fields["affinity"] = .null
        case .network(let name, let description, let properties):
            fields["network_name"] = .string(name)
            fields["network_description"] = .string(description)
            fields["resource_properties"] = .string(properties.text)
            fields["network_properties"] = ""
        case .other(let given): return given
        }
        return fields
    }

    /// Decodes a reservation from the body of a POST. One that does not fit a type exactly is kept unchanged as
    /// `other`.
    public init(json fields: JSONObject) {
        self = .other(fields)
        let properties = fields["resource_properties"]?.stringValue
            .flatMap { try? ResourceProperties(parsing: $0) }
        let typed: ReservationRequest? =
            switch (resourceType, properties) {
            case (.host, let properties?):
                fields["min"]?.intValue.map { .node(count: $0, properties: properties) }
            case (.device, let properties?):
                fields["min"]?.intValue.map { .device(count: $0, properties: properties) }
            case (.floatingIP, _):
                .floatingIP(
                    networkID: fields["network_id"]?.stringValue ?? "", amount: fields["amount"]?.intValue ?? 0)
            case (.flavor, _):
                .flavor(flavorID: fields["flavor_id"]?.stringValue ?? "", amount: fields["amount"]?.intValue ?? 0)
            case (.network, let properties?):
                .network(
                    name: fields["network_name"]?.stringValue ?? "",
                    description: fields["network_description"]?.stringValue ?? "", properties: properties)
            case (.host, nil), (.device, nil), (.network, nil), (.instance, _), (.other, _): nil
            }
        if let typed, typed.json == fields { self = typed }
    }

    /// Its rank in python-chi's order: devices, nodes, floating IPs, flavors, networks; then everything else.
    private var rank: Int {
        switch self {
        case .device: 0
        case .node: 1
        case .floatingIP: 2
        case .flavor: 3
        case .network: 4
        case .other: 5
        }
    }

    /// The same reservations in the order in which python-chi sends them. Those of one type keep their order.
    public static func ordered(_ requests: [ReservationRequest]) -> [ReservationRequest] {
        requests.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element)
    }

    /// The same request with all required values as strings, since Blazar accepts nothing else, and a warning for each
    /// value that was converted.
    public func withTextValues() -> (request: ReservationRequest, warnings: [String]) {
        switch self {
        case .node(let count, let properties):
            let texts = properties.withTextValues()
            return (.node(count: count, properties: texts.properties), texts.warnings)
        case .device(let count, let properties):
            let texts = properties.withTextValues()
            return (.device(count: count, properties: texts.properties), texts.warnings)
        case .network(let name, let description, let properties):
            let texts = properties.withTextValues()
            return (.network(name: name, description: description, properties: texts.properties), texts.warnings)
        case .other(var fields):
            let given = fields["resource_properties"]?.stringValue.flatMap { try? ResourceProperties(parsing: $0) }
            guard let texts = given?.withTextValues(), !texts.warnings.isEmpty else { return (self, []) }
            fields["resource_properties"] = .string(texts.properties.text)
            return (.other(fields), texts.warnings)
        case .floatingIP, .flavor: return (self, [])
        }
    }
}

extension ReservationRequest {
    /// Makes a request for what a reservation of a lease was for.
    ///
    /// Fields that Blazar adds (ids, status, times, what it made) are left out. A reservation with no such fields, as
    /// in the body of a POST, stays as it is.
    ///
    /// - Parameter fields: the reservation, as Blazar lists it or accepts it.
    /// - Throws: ``DraftError`` if the reservation does not say what it was for. That is so for Chameleon's networks,
    ///   and for flavor reservations of a release that does not report the flavor.
    public init(repeating fields: JSONObject) throws(DraftError) {
        guard let type = fields["resource_type"]?.stringValue, !type.isEmpty else {
            throw DraftError(field: "resource_type", problem: "is missing in a reservation")
        }
        guard fields["id"] != nil || fields["status"] != nil else {
            self = .other(fields)
            return
        }
        var request: JSONObject = ["resource_type": .string(type)]
        for name in Self.names(ResourceType(rawValue: type), fields) {
            guard let value = fields[name], !Self.isStandard(name, value) else { continue }
            request[name] = value
        }
        switch ResourceType(rawValue: type) {
        case .flavor:
            // The listed flavor_id is the flavor that Blazar made. The one asked for is kept as text.
            let kept = fields["resource_properties"]?.stringValue.flatMap { try? JSONValue(parsing: $0) }
            guard let flavor = kept?["id"]?.stringValue else {
                throw DraftError(
                    field: "flavor_id", problem: "of a flavor reservation is not reported by the server: give --flavor")
            }
            request["flavor_id"] = .string(flavor)
        case .network where request["network_name"]?.stringValue == nil:
            throw DraftError(
                field: "network_name",
                problem: "of a network reservation is not reported by the server: add it to the file or give --network")
        case .host, .device, .floatingIP, .instance, .network, .other: break
        }
        self = .other(request)
    }

    /// The fields that Blazar accepts for a type. For an unknown type, all but those that every reservation has.
    private static func names(_ type: ResourceType, _ fields: JSONObject) -> [String] {
        switch type {
        case .host, .device:
            ["min", "max", "resource_properties", "hypervisor_properties", "before_end", "on_start"]
        case .floatingIP: ["network_id", "amount", "required_floatingips"]
        case .instance: ["vcpus", "memory_mb", "disk_gb", "amount", "affinity", "resource_properties"]
        case .flavor: ["amount", "affinity"]
        case .network: ["network_name", "network_description", "resource_properties", "network_properties"]
        case .other:
            fields.keys.filter { name in
                ![
                    "id", "lease_id", "resource_id", "resource_type", "status", "missing_resources",
                    "resources_changed", "created_at", "updated_at",
                ].contains(name)
            }
        }
    }

    /// Whether it is Blazar's default value.
    private static func isStandard(_ name: String, _ value: JSONValue) -> Bool {
        switch name {
        case "before_end", "on_start": value == "default" || value.isNull
        case "required_floatingips": value == [] || value.isNull
        default: false
        }
    }
}

// Names that people use, resolved to the ids that Blazar needs among the resources that the site is known to have.
extension ReservationRequest {
    /// The name of the network from which python-chi takes floating IPs.
    public static let publicNetworkName = "public"

    /// The network that floating IPs come from: the external network called `public`, as in python-chi, or else the
    /// only external network.
    ///
    /// - Parameter networks: the networks of one site.
    /// - Returns: the network's id.
    /// - Throws: ``DraftError`` for the field `network_id` if there is no such network or there are several.
    public static func publicNetworkID(among networks: [CatalogResource]) throws(DraftError) -> String {
        let external = networks.filter { $0.fields["router:external"]?.boolValue == true }
        let named = external.filter { $0.name == publicNetworkName }
        let likely = named.isEmpty ? external : named
        guard likely.count < 2 else {
            let all = likely.map { "\($0.id) (\($0.name ?? "no name"))" }.sorted().joined(separator: ", ")
            throw DraftError(field: "network_id", problem: "is unclear: there are several public networks: \(all)")
        }
        guard let network = likely.first else {
            throw DraftError(
                field: "network_id",
                problem: "is not known: there is no public network among the \(networks.count) in the local database")
        }
        return network.id
    }

    /// The id of the flavor with that name. A flavor's id is accepted too.
    ///
    /// - Parameters:
    ///   - name: the name or an id.
    ///   - flavors: the flavors of one site.
    /// - Returns: the flavor's id.
    /// - Throws: ``DraftError`` for the field `name` if there is no such flavor or there are several.
    public static func flavorID(
        named name: String, among flavors: [CatalogResource]
    ) throws(DraftError) -> String {
        if flavors.contains(where: { $0.id == name }) { return name }
        let found = flavors.filter { $0.name == name }
        guard found.count < 2 else {
            throw DraftError(
                field: "name",
                problem: "is that of several flavors: \(found.map(\.id).sorted().joined(separator: ", ")); use an id")
        }
        guard let flavor = found.first else {
            let known = flavors.compactMap(\.name).sorted().prefix(20).joined(separator: ", ")
            throw DraftError(
                field: "name",
                problem: "'\(name)' is not a flavor in the local database"
                    + (known.isEmpty ? ", which has none" : ": there are \(known)"))
        }
        return flavor.id
    }
}
