/// The requirements of a reservation on its hosts, devices or networks: a list of conditions that must all hold.
///
/// ```swift
/// let skylake: ResourceProperties = [ResourceCondition("node_type", .equal, "compute_skylake")]
/// print(skylake)  // ["==", "$node_type", "compute_skylake"]
/// ```
///
/// Blazar's language has comparisons and `and`, and nothing else. Every release answers "Malformed requirements" to
/// `or` and `not` (`blazar/utils/plugins.py`, `convert_requirements`), and looks only at the first condition of an
/// `and` inside an `and`. So this type is flat: a nested requirement is read as the one list that its author meant.
public struct ResourceProperties: Sendable, Hashable {
    /// The conditions. Without any, nothing is required.
    public private(set) var conditions: [ResourceCondition]
    /// Whether a single condition is written inside an `and`, as python-chi writes conditions that a user gave.
    private var isJoined: Bool

    /// Makes requirements from conditions. A single condition is written without an `and`.
    public init(_ conditions: [ResourceCondition] = []) {
        self.conditions = conditions
        isJoined = conditions.count > 1
    }

    /// Whether nothing is required.
    public var isEmpty: Bool { conditions.isEmpty }

    // MARK: - Reading and writing

    /// The deepest nesting that is accepted.
    private static let deepest = 16

    /// Parses requirements from the text that Blazar accepts: `["==", "$node_type", "compute_skylake"]`. An empty text
    /// requires nothing.
    ///
    /// - Throws: ``DraftError`` explaining what Blazar would only call "Malformed requirements".
    public init(parsing text: String) throws(DraftError) {
        guard !text.isEmpty else {
            self.init()
            return
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            throw .properties("are \(error.description): \(text)")
        }
        try self.init(json: value)
    }

    /// Decodes requirements from JSON.
    ///
    /// - Throws: ``DraftError`` explaining what Blazar would only call "Malformed requirements".
    public init(json value: JSONValue) throws(DraftError) {
        guard case .array(let parts) = value else {
            throw .properties("are \(value.text(.python)), which is not a list")
        }
        conditions = []
        isJoined = parts.first == "and"
        guard !parts.isEmpty else { return }
        try read(parts, depth: 0)
    }

    private mutating func read(_ parts: [JSONValue], depth: Int) throws(DraftError) {
        guard depth < Self.deepest else { throw .properties("are nested more than \(Self.deepest) deep") }
        guard parts.first == "and" else {
            conditions.append(try ResourceCondition(json: parts))
            return
        }
        guard parts.count > 1 else { throw .properties("have an 'and' without conditions") }
        for part in parts.dropFirst() {
            guard let inner = part.arrayValue else {
                throw .properties("have \(part.text(.python)) where a condition belongs")
            }
            try read(inner, depth: depth + 1)
        }
    }

    /// These requirements as JSON.
    public var json: JSONValue {
        let parts = conditions.map(\.json)
        return isJoined || parts.count > 1 ? .array(["and"] + parts) : parts.first ?? []
    }

    /// These requirements as Blazar accepts them, written as python-chi writes them.
    public var text: String { json.text(.python) }

    // MARK: - Combining

    /// Adds conditions to requirements that a user gave, as python-chi does. Given requirements are always written
    /// inside an `and`; a single condition without them is not.
    public static func combining(
        _ given: ResourceProperties?, with conditions: [ResourceCondition]
    ) -> ResourceProperties {
        var result = ResourceProperties((given?.conditions ?? []) + conditions)
        if given?.isEmpty == false { result.isJoined = true }
        return result
    }

    /// The same requirements with all values as strings, and a warning for each value that was converted. Blazar
    /// answers "Malformed requirements" to a number.
    public func withTextValues() -> (properties: ResourceProperties, warnings: [String]) {
        var result = self
        var warnings: [String] = []
        for (index, condition) in conditions.enumerated() where condition.value.stringValue == nil {
            result.conditions[index].value = .string(condition.textValue)
            warnings.append(
                "The \(condition.value.kind) \(condition.value.text()) that $\(condition.property) is compared with "
                    + "was sent as the string \"\(condition.textValue)\": Blazar accepts only strings.")
        }
        return (result, warnings)
    }

    // MARK: - Evaluation

    /// Whether a host or device with these properties meets every condition; `nil` if it lacks a property that decides
    /// this.
    ///
    /// In Blazar a host without the property does not match, and a property that no host has is an error.
    public func matches(_ properties: JSONObject) -> Bool? {
        let verdicts = conditions.map { $0.matches(properties) }
        if verdicts.contains(false) { return false }
        return verdicts.contains(nil) ? nil : true
    }

    /// The value that a property must equal (`==`); `nil` if there is no such condition, or several with different
    /// values.
    public func requiredValue(of property: String) -> String? {
        let values = Set(
            conditions.filter { $0.property == property && [.equal, .same].contains($0.comparison) }
                .map(\.textValue))
        return values.count == 1 ? values.first : nil
    }
}

extension ResourceProperties: ExpressibleByArrayLiteral, CustomStringConvertible {
    public init(arrayLiteral conditions: ResourceCondition...) { self.init(conditions) }

    public var description: String { text }
}

/// One condition on a resource: `node_type == compute_skylake`.
public struct ResourceCondition: Sendable, Hashable {
    /// How a property is compared. The raw value is what Blazar accepts.
    public enum Comparison: String, Sendable, Hashable, CaseIterable {
        case equal = "=="
        /// The same as `==`. Blazar accepts both.
        case same = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// The property's name, without the `$` that Blazar puts before it.
    public var property: String
    /// How it is compared.
    public var comparison: Comparison
    /// The value to compare with. Blazar accepts only strings: see ``ResourceProperties/withTextValues()``.
    public var value: JSONValue

    /// Makes a condition.
    public init(_ property: String, _ comparison: Comparison, _ value: JSONValue) {
        self.property = property
        self.comparison = comparison
        self.value = value
    }

    /// Decodes a condition: `["==", "$node_type", "compute_skylake"]`.
    ///
    /// - Throws: ``DraftError`` explaining what Blazar would only call "Malformed requirements".
    init(json parts: [JSONValue]) throws(DraftError) {
        let text = JSONValue.array(parts).text(.python)
        guard let sign = parts.first?.stringValue, let comparison = Comparison(rawValue: sign) else {
            let given = parts.first?.text(.python) ?? "nothing"
            throw .properties(
                "begin with \(given) in \(text): Blazar takes ==, !=, <, <=, >, >= and 'and', nothing else")
        }
        guard parts.count == 3 else {
            throw .properties("have \(parts.count - 1) parts after the '\(sign)' in \(text): a property and a value")
        }
        guard let name = parts[1].stringValue, name.hasPrefix("$"), name.utf8.count > 1 else {
            throw .properties("name the property \(parts[1].text(.python)) in \(text): write it with a $ before it")
        }
        switch parts[2] {
        case .string(let value) where !value.isEmpty: break
        case .number, .bool: break
        default: throw .properties("compare \(name) with \(parts[2].text(.python)): give a string to compare with")
        }
        self.init(String(name.dropFirst()), comparison, parts[2])
    }

    /// This condition as Blazar accepts it.
    public var json: JSONValue { .array([.string(comparison.rawValue), .string("$" + property), value]) }

    /// The value as Blazar stores it: a boolean as Python writes it, a number as its digits.
    public var textValue: String {
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "True" : "False"
        default: value.text()
        }
    }
}

// MARK: - Evaluation

extension ResourceCondition {
    /// Whether a host or device with these properties meets the condition; `nil` if it lacks the property.
    ///
    /// This follows Blazar's `host_get_all_by_queries`. Properties that an administrator added are compared as text,
    /// character by character, so "64" is greater than "128". The columns of the host table are compared by the
    /// database: numbers as numbers, and text without regard to case.
    public func matches(_ properties: JSONObject) -> Bool? {
        guard let present = properties[property], !present.isNull else { return nil }
        if let number = present.doubleValue { return holds(number, Self.leadingNumber(of: textValue)) }
        if let flag = present.boolValue { return holds(flag ? 1 : 0, Self.leadingNumber(of: textValue)) }
        let text = present.stringValue ?? present.text(.python)
        if Self.textColumns.contains(property) {
            return holds(Letters(text.lowercased()), Letters(textValue.lowercased()))
        }
        return holds(Letters(text), Letters(textValue))
    }

    /// The columns of Blazar's host table that hold text.
    private static let textColumns: Set<String> = [
        "id", "hypervisor_type", "hypervisor_hostname", "service_name", "cpu_info", "status", "availability_zone",
        "trust_id",
    ]

    private func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch comparison {
        case .equal, .same: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }

    /// The number at the beginning of a text, as MariaDB reads it; 0 if there is none.
    private static func leadingNumber(of text: String) -> Double {
        let digits = text.drop(while: \.isWhitespace).prefix { "+-.0123456789eE".contains($0) }
        var end = digits.endIndex
        while end > digits.startIndex {
            if let number = Double(digits[..<end]), number.isFinite { return number }
            end = digits.index(before: end)
        }
        return 0
    }

    /// A text that sorts as in Python, by code points.
    private struct Letters: Comparable {
        let scalars: [UInt32]
        init(_ text: String) { scalars = text.unicodeScalars.map(\.value) }
        static func < (left: Letters, right: Letters) -> Bool { left.scalars.lexicographicallyPrecedes(right.scalars) }
    }
}

extension DraftError {
    /// An error about a requirement; `problem` follows "resource_properties".
    static func properties(_ problem: String) -> DraftError {
        DraftError(field: "resource_properties", problem: problem)
    }
}
