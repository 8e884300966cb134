import LeaseModel

// The real cloud is written in Python: its bodies come from `json.dumps`, and its error texts quote values with
// `str()`.
extension JSONValue {
    /// This value as `json.dumps` writes it: spaces after commas and colons, everything beyond ASCII escaped.
    var pythonBytes: [UInt8] { Array(text(.python).utf8) }

    /// This value as JSON without white space, like some of Neutron's answers.
    var compactBytes: [UInt8] { Self.escapingNonASCII(text(.compact)) }

    private static func escapingNonASCII(_ text: String) -> [UInt8] {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return Array(text.utf8) }
        var bytes: [UInt8] = []
        for unit in text.utf16 {
            guard unit >= 0x80 else {
                bytes.append(UInt8(unit))
                continue
            }
            let hex = String(unit, radix: 16)
            bytes.append(contentsOf: "\\u".utf8)
            bytes.append(contentsOf: String(repeating: "0", count: 4 - hex.count).utf8)
            bytes.append(contentsOf: hex.utf8)
        }
        return bytes
    }

    /// Whether Python treats this value as true.
    var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .number(let value): value.doubleValue != 0
        case .string(let value): !value.isEmpty
        case .array(let value): !value.isEmpty
        case .object(let value): !value.isEmpty
        }
    }

    /// This value as Python's `str()` writes it: a string bare, anything else as in source code.
    var pythonString: String { stringValue ?? pythonLiteral }

    /// This value as Python's `repr()` writes it.
    var pythonLiteral: String {
        switch self {
        case .null: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .number(let value): return value.text
        case .string(let value): return Self.quoted(value)
        case .array(let elements): return "[" + elements.map(\.pythonLiteral).joined(separator: ", ") + "]"
        case .object(let object):
            let members = object.members.map { Self.quoted($0.key) + ": " + $0.value.pythonLiteral }
            return "{" + members.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var literal = quote
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": literal += "\\\\"
            case "\n": literal += "\\n"
            case "\r": literal += "\\r"
            case "\t": literal += "\\t"
            case "'" where quote == "'": literal += "\\'"
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + quote
    }

    /// This value as Python's `int(str())` reads it: a whole number, or a string that is one.
    var pythonInteger: Int? {
        switch self {
        case .number(let value): Int(value.text)
        case .string(let value): Int(value)
        default: nil
        }
    }
}
