/// How JSON is laid out.
public enum JSONLayout: Sendable {
    /// No white space: `{"a":[1,2]}`.
    case compact
    /// As Python's `json.dumps` writes it: `{"a": [1, 2]}`.
    case spaced
    /// One member a line, two spaces a level.
    case pretty
}

extension JSONValue {
    /// This value as JSON text.
    ///
    /// Control characters are escaped, so that the text can be shown on a terminal; everything else stays UTF-8.
    ///
    /// - Parameters:
    ///   - layout: how it is laid out.
    ///   - level: how deep this value stands in a pretty layout: lines after the first are indented so much.
    /// - Returns: the text, without a line break at its end.
    public func text(_ layout: JSONLayout = .compact, level: Int = 0) -> String {
        var output = ""
        write(to: &output, layout: layout, level: level)
        return output
    }

    private func write(to output: inout String, layout: JSONLayout, level: Int) {
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .number(let value): output += value.text
        case .string(let value): Self.write(value, to: &output)
        case .array(let elements):
            Self.write(elements, brackets: ("[", "]"), to: &output, layout: layout, level: level) { element, output in
                element.write(to: &output, layout: layout, level: level + 1)
            }
        case .object(let object):
            Self.write(object.members, brackets: ("{", "}"), to: &output, layout: layout, level: level) {
                member, output in
                Self.write(member.key, to: &output)
                output += layout == .compact ? ":" : ": "
                member.value.write(to: &output, layout: layout, level: level + 1)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], brackets: (String, String), to output: inout String, layout: JSONLayout, level: Int,
        each: (Item, inout String) -> Void
    ) {
        output += brackets.0
        for (index, item) in items.enumerated() {
            if index > 0 { output += layout == .spaced ? ", " : "," }
            if layout == .pretty { newLine(to: &output, level: level + 1) }
            each(item, &output)
        }
        if layout == .pretty, !items.isEmpty { newLine(to: &output, level: level) }
        output += brackets.1
    }

    private static func newLine(to output: inout String, level: Int) {
        output += "\n"
        for _ in 0..<level { output += "  " }
    }

    private static func write(_ string: String, to output: inout String) {
        output += "\""
        // Nearly every string has nothing to escape, and is then copied whole.
        if string.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C }) {
            output += string
            output += "\""
            return
        }
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}":
                let hex = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
