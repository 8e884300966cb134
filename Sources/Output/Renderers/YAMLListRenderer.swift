package import LeaseModel
package import Yams

/// A sequence of mappings, written row by row. Each row is serialized as a sequence of one, and the concatenation of
/// such sequences is a single sequence.
struct YAMLListRenderer: ListRenderer {
    let heads: [ColumnHead]
    private var isEmpty = true

    init(heads: [ColumnHead]) { self.heads = heads }

    mutating func row(_ cells: [Cell], to output: inout [UInt8]) throws(OutputError) {
        let object = JSONValue.object(JSONObject(zip(heads, cells).map { ($0.key, $1.json) }))
        output.append(contentsOf: try YAMLText.document(.array([object])).utf8)
        isEmpty = false
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {
        if isEmpty { try sink.write("[]\n") }
    }
}

/// Converts between JSON values and YAML.
package enum YAMLText {
    /// The value as a YAML document without markers.
    static func document(_ value: JSONValue) throws(OutputError) -> String {
        do {
            // Lines are not folded, because a folded string is hard to read and to search for.
            return try Yams.serialize(node: node(value), width: -1, allowUnicode: true)
        } catch {
            throw .notRepresentable(String(describing: error))
        }
    }

    private static func node(_ value: JSONValue) -> Node {
        switch value {
        case .null: Node("null", Tag(.null))
        case .bool(let value): Node(value ? "true" : "false", Tag(.bool))
        case .number(let number): Node(number.text, Tag(number.intValue == nil ? .float : .int))
        // Yams quotes text that would be read as something else, such as "yes" or "2026-11-22".
        case .string(let text): .scalar(text.represented())
        case .array(let elements): .sequence(Node.Sequence(elements.map(node)))
        case .object(let object):
            .mapping(Node.Mapping(object.members.map { (.scalar($0.key.represented()), node($0.value)) }))
        }
    }

    /// The value of a YAML document. A plain scalar that can be read as a number, a boolean or null is one; everything
    /// else is text, including dates.
    package static func value(_ node: Node) -> JSONValue {
        switch node {
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string(scalar.string) }
            switch scalar.string {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE": return true
            case "false", "False", "FALSE": return false
            default:
                // A number is what JSON accepts as one.
                guard let number = try? JSONValue(parsing: scalar.string), case .number = number else {
                    return .string(scalar.string)
                }
                return number
            }
        case .sequence(let sequence): return .array(sequence.map(value))
        case .mapping(let mapping):
            return .object(JSONObject(mapping.compactMap { key, node in key.string.map { ($0, value(node)) } }))
        case .alias: return .null
        }
    }
}
