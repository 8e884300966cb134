import LeaseModel

/// A reservation as `openstack reservation lease create --reservation` takes it:
/// `resource_type=physical:host,min=1,max=2,resource_properties=["==", "$node_type", "compute_skylake"]`.
enum ReservationArgument {
    /// The fields that Blazar takes as numbers.
    private static let numbers: Set<String> = ["min", "max", "amount", "vcpus", "memory_mb", "disk_gb"]

    /// Reads the text; what Blazar demands of a type and a person may leave out is filled in.
    ///
    /// - Throws: ``CommandError`` naming what cannot be read.
    static func parse(_ text: String) throws(CommandError) -> JSONObject {
        var fields = try fields(text)
        guard let type = fields["resource_type"]?.stringValue else {
            throw .usage("--reservation needs resource_type=…, for example resource_type=physical:host,min=1,max=1.")
        }
        let resourceType = ResourceType(named: type)
        fields["resource_type"] = .string(resourceType.rawValue)
        for (name, value) in defaults(of: resourceType).members where fields[name] == nil { fields[name] = value }
        if fields["max"] == nil, let least = fields["min"] { fields["max"] = least }
        return fields
    }

    /// Reads the text as it is.
    ///
    /// - Throws: ``CommandError`` naming what cannot be read.
    static func fields(_ text: String) throws(CommandError) -> JSONObject {
        let given = try NamedArguments(text, option: "--reservation")
        var fields: JSONObject = [:]
        for name in given.names {
            let value = given[name] ?? ""
            guard numbers.contains(name) else {
                fields[name] = .string(value)
                continue
            }
            guard let number = Int(value) else {
                throw .usage("--reservation: \(name) takes a whole number, not '\(value)'.")
            }
            fields[name] = JSONValue(number)
        }
        return fields
    }

    /// What OpenStack's client sends where a person says nothing; without it Blazar answers "Missing parameter …".
    private static func defaults(of type: ResourceType) -> JSONObject {
        switch type {
        case .host: ["min": 1, "hypervisor_properties": "", "resource_properties": ""]
        case .device: ["min": 1, "resource_properties": ""]
        case .floatingIP: ["amount": 1]
        case .instance: ["amount": 1, "affinity": "None", "resource_properties": ""]
        case .flavor: ["amount": 1, "affinity": "None"]
        case .network: ["network_properties": "", "resource_properties": ""]
        default: [:]
        }
    }
}
