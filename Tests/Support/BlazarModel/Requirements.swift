import LeaseModel

/// One condition on a resource: `node_type == compute_skylake`.
struct Requirement {
    let key: String
    let comparison: String
    let value: String

    private static let comparisons: Set<String> = ["==", "=", "!=", ">=", "<=", ">", "<"]

    /// Parses the requirements of a reservation, as Blazar's `convert_requirements` does.
    ///
    /// - Throws: what Blazar answers if they are malformed.
    static func parse(_ given: JSONValue) throws(Refusal) -> [Requirement] {
        guard let text = given.stringValue else { return try convert(given) }
        guard !text.isEmpty else { return [] }
        guard let value = try? JSONValue(parsing: text) else { throw malformed(given) }
        return try convert(value)
    }

    private static func malformed(_ value: JSONValue) -> Refusal {
        .harmless(400, "Malformed requirements " + value.pythonString)
    }

    private static func convert(_ value: JSONValue) throws(Refusal) -> [Requirement] {
        switch value {
        case .string: throw malformed(value)
        case .array(let elements):
            if let condition = condition(elements) { return [condition] }
            if elements.count > 1, elements[0] == "and" {
                // Only the first condition of a nested "and" counts.
                var conditions: [Requirement] = []
                for element in elements.dropFirst() {
                    guard let first = try parse(element).first else { throw malformed(value) }
                    conditions.append(first)
                }
                return conditions
            }
            guard elements.isEmpty else { throw malformed(value) }
            return []
        case .object(let object) where object.count <= 1: throw malformed(value)
        // Blazar takes the length or the first element of these, which have neither.
        default: throw .obscured
        }
    }

    private static func condition(_ elements: [JSONValue]) -> Requirement? {
        guard elements.count == 3, let comparison = elements[0].stringValue, let key = elements[1].stringValue,
            let value = elements[2].stringValue, comparisons.contains(comparison), key.hasPrefix("$"), key.count > 1,
            !value.isEmpty
        else { return nil }
        return Requirement(
            key: String(key.dropFirst()), comparison: comparison == "=" ? "==" : comparison, value: value)
    }

    /// Whether the comparison holds between a resource's value and the required one.
    func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch comparison {
        case "==": left == right
        case "!=": left != right
        case ">=": left >= right
        case "<=": left <= right
        case ">": left > right
        default: left < right
        }
    }
}

/// A resource, as conditions see it.
struct Candidate {
    /// A column of the resource's table, which the database compares.
    enum Column {
        case number(Int)
        case text(String)
    }

    let id: String
    let columns: [String: Column]
    /// The properties that an administrator added, which are compared as text.
    let properties: [(name: String, value: String)]

    /// The resources that meet every condition; `table` is Blazar's name for the table of added properties, in its
    /// error.
    static func matching(
        _ requirements: [Requirement], among candidates: [Candidate], table: String, dialect: Dialect
    ) throws(Refusal) -> [String] {
        var left = candidates
        for requirement in requirements {
            let isColumn = candidates.contains { $0.columns[requirement.key] != nil }
            let isProperty = candidates.contains { $0.properties.contains { $0.name == requirement.key } }
            guard isColumn || isProperty else {
                throw dialect == .chameleon
                    ? .fatal(500, "\(requirement.key) \(table) was not found")
                    : .fatal(500, "BlazarDBNotFound: A database error occurred")
            }
            left = left.filter { $0.meets(requirement) }
        }
        return left.map(\.id)
    }

    private func meets(_ requirement: Requirement) -> Bool {
        switch columns[requirement.key] {
        // MariaDB reads a text as the number that it begins with, and compares texts without regard to case.
        case .number(let value)?: return requirement.holds(Double(value), Self.number(requirement.value))
        case .text(let value)?: return requirement.holds(value.lowercased(), requirement.value.lowercased())
        case nil:
            guard let property = properties.first(where: { $0.name == requirement.key }) else { return false }
            return requirement.holds(property.value, requirement.value)
        }
    }

    private static func number(_ text: String) -> Double {
        var end = text.endIndex
        while end > text.startIndex {
            if let value = Double(text[..<end]), value.isFinite { return value }
            end = text.index(before: end)
        }
        return 0
    }
}
