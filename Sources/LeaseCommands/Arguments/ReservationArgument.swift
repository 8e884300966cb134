import LeaseModel

/// A reservation in the syntax of `openstack reservation lease create --reservation`:
/// `resource_type=physical:host,min=1,max=2,resource_properties=["==", "$node_type", "compute_skylake"]`.
enum ReservationArgument {
    /// The fields that Blazar takes as numbers.
    private static let numbers: Set<String> = ["min", "max", "amount", "vcpus", "memory_mb", "disk_gb"]

    /// Parses the text, and adds the defaults of fields that Blazar requires and the user may omit.
    ///
    /// - Throws: ``CommandError`` that names the part that cannot be parsed.
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

    /// Parses the text without adding defaults.
    ///
    /// - Throws: ``CommandError`` that names the part that cannot be parsed.
    static func fields(_ text: String) throws(CommandError) -> JSONObject {
        let given = try NamedArguments(text, option: "--reservation")
        var fields: JSONObject = [:]
        for name in given.names { fields[name] = try value(given[name] ?? "", of: name) }
        return fields
    }

    /// The fields that Blazar takes as lists.
    private static let lists: Set<String> = ["required_floatingips"]

    private static func value(_ text: String, of name: String) throws(CommandError) -> JSONValue {
        if numbers.contains(name) {
            guard let number = Int(text) else {
                throw .usage("--reservation: \(name) takes a whole number, not '\(text)'.")
            }
            return JSONValue(number)
        }
        let isList = lists.contains(name)
        // Requirements are lists too, but Blazar takes them as text.
        guard isList || (text.hasPrefix("[") && !name.hasSuffix("_properties")) else { return .string(text) }
        if text.hasPrefix("[") {
            if let list = try? JSONValue(parsing: text), list.arrayValue != nil { return list }
            // A list whose quotes were removed by the shell.
            guard isList, text.hasSuffix("]") else {
                if !isList { return .string(text) }
                throw .usage(
                    "--reservation: \(name) takes a list such as [\"172.24.4.2\",\"172.24.4.5\"], not '\(text)'.")
            }
            return elements(text.dropFirst().dropLast())
        }
        return elements(text[...])
    }

    private static func elements(_ text: Substring) -> JSONValue {
        let parts = text.split { $0 == "," || $0.isWhitespace }.map { part in
            String(part).trimmingQuotes
        }
        return .array(parts.filter { !$0.isEmpty }.map(JSONValue.string))
    }

    /// Adds changes of reservations to the changes of a lease.
    ///
    /// - Throws: ``CommandError`` that names the part that cannot be parsed.
    static func add(
        _ texts: [String], to fields: JSONObject, isForced: Bool
    ) throws(CommandError) -> JSONObject {
        guard !texts.isEmpty else { return fields }
        var elements: [JSONValue] = []
        for text in texts {
            var change = try Self.fields(text)
            guard change["id"] != nil || isForced else {
                throw .usage(
                    "--reservation needs id=…, the reservation to change. `leasehold reservations` lists them.")
            }
            if let type = change["resource_type"]?.stringValue {
                change["resource_type"] = .string(ResourceType(named: type).rawValue)
            }
            elements.append(.object(change))
        }
        var fields = fields
        fields["reservations"] = .array(elements)
        return fields
    }

    /// The values that OpenStack's client sends for omitted fields. Without them Blazar answers "Missing parameter …".
    private static func defaults(of type: ResourceType) -> JSONObject {
        switch type {
        case .host: ["min": 1, "hypervisor_properties": "", "resource_properties": ""]
        case .device: ["min": 1, "resource_properties": ""]
        case .floatingIP: ["amount": 1]
        case .instance: ["amount": 1, "affinity": "None", "resource_properties": ""]
        case .flavor: ["amount": 1, "affinity": "None"]
        case .network: ["network_properties": "", "resource_properties": ""]
        case .other: [:]
        }
    }
}

extension String {
    /// The text without the quotes around it.
    fileprivate var trimmingQuotes: String {
        guard count >= 2, let first, first == last, first == "\"" || first == "'" else { return self }
        return String(dropFirst().dropLast())
    }
}
