/// A reservation to be asked for, of one of the types that `chi.lease` knows, or any other.
public enum ReservationRequest: Sendable, Hashable {
    /// Whole hosts.
    case node(count: Int, properties: ResourceProperties)
    /// Edge devices (Chameleon).
    case device(count: Int, properties: ResourceProperties)
    /// Floating IPs of a network.
    case floatingIP(networkID: String, amount: Int)
    /// Instances of a Nova flavor.
    case flavor(flavorID: String, amount: Int)
    /// A network of that name, to be made when the lease starts (Chameleon).
    case network(name: String, description: String, properties: ResourceProperties)
    /// What Blazar takes, as it is.
    case other(JSONObject)

    /// What it is for.
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

    /// The reservation as a POST carries it: member for member what python-chi sends.
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

    /// Reads a reservation as a POST carries it. What does not fit one of the types exactly stays as it is.
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
            default: nil
            }
        if let typed, typed.json == fields { self = typed }
    }

    /// Where python-chi puts it in a lease: devices, nodes, floating IPs, flavors, networks; then everything else.
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

    /// The same reservations in the order in which python-chi sends them, those of one type as they were given.
    public static func ordered(_ requests: [ReservationRequest]) -> [ReservationRequest] {
        (0...5).flatMap { rank in requests.filter { $0.rank == rank } }
    }

    /// The same request with every value that is required of a resource a text, and a sentence for each that was none:
    /// Blazar takes no other.
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
