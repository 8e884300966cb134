package import LeaseModel

/// A reservation in the syntax of `openstack reservation lease create --reservation`:
/// `resource_type=physical:host,min=1,max=2,resource_properties=["==", "$node_type", "compute_skylake"]`.
package enum ReservationArgument {
    /// The fields that Blazar takes as numbers.
    private static let numbers: Set<String> = ["min", "max", "amount", "vcpus", "memory_mb", "disk_gb"]

    /// Parses the text, and adds the defaults of fields that Blazar requires and the user may omit.
    ///
    /// - Throws: ``ArgumentProblem`` that names the part that cannot be parsed.
    package static func parse(_ text: String) throws(ArgumentProblem) -> JSONObject {
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
    /// - Throws: ``ArgumentProblem`` that names the part that cannot be parsed.
    static func fields(_ text: String) throws(ArgumentProblem) -> JSONObject {
        let given = try NamedArguments(text, option: "--reservation")
        var fields: JSONObject = [:]
        for name in given.names { fields[name] = try value(given[name] ?? "", of: name) }
        return fields
    }

    /// The fields that Blazar takes as lists.
    private static let lists: Set<String> = ["required_floatingips"]

    private static func value(_ text: String, of name: String) throws(ArgumentProblem) -> JSONValue {
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
    /// - Throws: ``ArgumentProblem`` that names the part that cannot be parsed.
    package static func add(
        _ texts: [String], to fields: JSONObject, isForced: Bool
    ) throws(ArgumentProblem) -> JSONObject {
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

/// The value of an option that takes `NAME=VALUE,NAME=VALUE`, for example `amount=2,node_type=compute_skylake`.
struct NamedArguments {
    /// The option, for messages.
    let option: String
    private var values: [(name: String, value: String)]

    /// Parses a text. Commas inside brackets, braces and quotes belong to the value.
    ///
    /// - Parameters:
    ///   - text: the text as typed.
    ///   - option: the option, for messages.
    ///   - known: the accepted names; `nil` for any.
    /// - Throws: ``ArgumentProblem`` for a part without a name, a repeated name, or an unknown one.
    init(_ text: String, option: String, known: [String]? = nil) throws(ArgumentProblem) {
        self.option = option
        values = []
        var parts = Self.split(text)
        // People put the amount first: 2,node_type=compute_skylake.
        if let known, known.contains("amount"), let first = parts.first, Int(first.trimmed) != nil {
            values.append(("amount", first.trimmed))
            parts.removeFirst()
        }
        for part in parts {
            guard let equals = part.firstIndex(of: "="), equals != part.startIndex else {
                let example = known?.first ?? "name"
                throw .usage("\(option) takes NAME=VALUE,..., such as \(example)=…; '\(part)' is not of that form.")
            }
            let name = String(part[..<equals]).trimmed
            if let known, !known.contains(name) {
                let suggestion = Suggestion.nearest(to: name, in: known).map { " Did you mean '\($0)'?" } ?? ""
                throw .usage(
                    "\(option) has no '\(name)'.\(suggestion) It takes \(known.joined(separator: ", ")).")
            }
            guard self[name] == nil else { throw .usage("\(option) has '\(name)' twice.") }
            values.append((name, String(part[part.index(after: equals)...]).trimmed))
        }
    }

    /// The names, in the order in which they were typed.
    var names: [String] { values.map(\.name) }

    /// The value with this name.
    subscript(name: String) -> String? { values.first { $0.name == name }?.value }

    /// The value of the first of these synonyms that was given.
    func text(_ names: String...) -> String? { names.lazy.compactMap { self[$0] }.first }

    /// The value as a whole number of at least 1.
    func count(_ names: String...) throws(ArgumentProblem) -> Int? {
        for name in names {
            guard let value = self[name] else { continue }
            guard let number = Int(value), number > 0 else {
                throw .usage("\(option): \(name) takes a whole number, 1 or more, not '\(value)'.")
            }
            return number
        }
        return nil
    }

    /// Splits at commas outside brackets and quotes.
    private static func split(_ text: String) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        var isQuoted = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case "[", "{": if !isQuoted { depth += 1 }
            case "]", "}": if !isQuoted { depth -= 1 }
            case "," where depth == 0 && !isQuoted:
                parts.append(part)
                part = ""
                continue
            default: break
            }
            part.append(character)
        }
        return parts + [part]
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
