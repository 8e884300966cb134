/// One condition on a resource: `node_type == compute_skylake`.
public struct ResourceCondition: Sendable, Hashable {
    /// How a property is compared. The raw value is what Blazar takes.
    public enum Comparison: String, Sendable, Hashable, CaseIterable {
        case equal = "=="
        /// The same as `==`; Blazar takes both.
        case same = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// The property's name, without the `$` that Blazar writes before it.
    public var property: String
    /// How it is compared.
    public var comparison: Comparison
    /// What it is compared with. Blazar takes a text only: see ``ResourceProperties/withTextValues()``.
    public var value: JSONValue

    /// Makes a condition.
    public init(_ property: String, _ comparison: Comparison, _ value: JSONValue) {
        self.property = property
        self.comparison = comparison
        self.value = value
    }

    /// Reads a condition: `["==", "$node_type", "compute_skylake"]`.
    ///
    /// - Throws: ``DraftError`` saying what Blazar would call "Malformed requirements".
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
        default: throw .properties("compare \(name) with \(parts[2].text(.python)): give it a text to compare with")
        }
        self.init(String(name.dropFirst()), comparison, parts[2])
    }

    /// This condition as Blazar takes it.
    public var json: JSONValue { .array([.string(comparison.rawValue), .string("$" + property), value]) }

    /// The value as Blazar keeps one: Python's text of a boolean, a number's digits.
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
    /// Whether a host or device with these properties meets the condition; `nil` if it does not have the property.
    ///
    /// As Blazar's `host_get_all_by_queries` does: what an administrator added is compared as text, letter by letter,
    /// so that "64" is more than "128"; the columns of the hosts' table are compared by the database, numbers as
    /// numbers and text without regard to case.
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

    /// Those columns of Blazar's hosts that hold text.
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

    /// The number that a text begins with, as MariaDB takes it; 0 if there is none.
    private static func leadingNumber(of text: String) -> Double {
        let digits = text.drop(while: \.isWhitespace).prefix { "+-.0123456789eE".contains($0) }
        var end = digits.endIndex
        while end > digits.startIndex {
            if let number = Double(digits[..<end]), number.isFinite { return number }
            end = digits.index(before: end)
        }
        return 0
    }

    /// A text in Python's order, by code points.
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
