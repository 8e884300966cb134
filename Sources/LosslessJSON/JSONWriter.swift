/// How JSON is laid out.
public enum JSONLayout: Sendable {
    /// No white space: `{"a":[1,2]}`.
    case compact
    /// A space after commas and colons: `{"a": [1, 2]}`.
    case spaced
    /// Exactly as Python's `json.dumps` writes it: spaced, and everything beyond ASCII escaped.
    case python
    /// One member per line, indented by two spaces per level.
    case pretty
}

extension JSONValue {
    /// This value as JSON text.
    ///
    /// Control characters are escaped so that the text is safe to show on a terminal. Everything else stays UTF-8
    /// unless the layout says otherwise.
    ///
    /// - Parameters:
    ///   - layout: how to lay the text out.
    ///   - level: the nesting level of this value in a pretty layout; lines after the first are indented to that level.
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
        case .string(let value): Self.write(value, to: &output, layout: layout)
        case .array(let elements):
            Self.write(elements, brackets: ("[", "]"), to: &output, layout: layout, level: level) { element, output in
                element.write(to: &output, layout: layout, level: level + 1)
            }
        case .object(let object):
            Self.write(object.members, brackets: ("{", "}"), to: &output, layout: layout, level: level) {
                member, output in
                Self.write(member.key, to: &output, layout: layout)
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
            if index > 0 { output += layout == .spaced || layout == .python ? ", " : "," }
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

    private static func write(_ string: String, to output: inout String, layout: JSONLayout) {
        output += "\""
        // Nearly every string has nothing to escape and is copied whole.
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
            case "\u{8}" where layout == .python: output += "\\b"
            case "\u{C}" where layout == .python: output += "\\f"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}": escape(scalar, to: &output)
            case "\u{A0}"... where layout == .python: escape(scalar, to: &output)
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }

    private static func escape(_ scalar: Unicode.Scalar, to output: inout String) {
        for unit in String(scalar).utf16 {
            let hex = String(unit, radix: 16)
            output += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }
    }
}
