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
        var output: [UInt8] = []
        write(to: &output, layout, level: level)
        return String(decoding: output, as: UTF8.self)
    }

    /// Appends ``text(_:level:)`` as UTF-8.
    package func write(to output: inout [UInt8], _ layout: JSONLayout = .compact, level: Int = 0) {
        switch self {
        case .null: output.append("null")
        case .bool(let value): output.append(value ? "true" : "false")
        case .number(let value): output.append(contentsOf: value.text.utf8)
        case .string(let value): Self.write(value, to: &output, layout)
        case .array(let elements):
            output.append("[")
            for (index, element) in elements.enumerated() {
                Self.separate(index, level + 1, layout, in: &output)
                element.write(to: &output, layout, level: level + 1)
            }
            Self.end("]", isEmpty: elements.isEmpty, level, layout, in: &output)
        case .object(let object):
            output.append("{")
            for (index, member) in object.members.enumerated() {
                Self.separate(index, level + 1, layout, in: &output)
                Self.write(member.key, to: &output, layout)
                output.append(layout == .compact ? ":" : ": ")
                member.value.write(to: &output, layout, level: level + 1)
            }
            Self.end("}", isEmpty: object.isEmpty, level, layout, in: &output)
        }
    }

    /// Writes what is before an element or a member.
    private static func separate(_ index: Int, _ level: Int, _ layout: JSONLayout, in output: inout [UInt8]) {
        if index > 0 { output.append(layout == .spaced || layout == .python ? ", " : ",") }
        if layout == .pretty { newLine(level, in: &output) }
    }

    private static func end(
        _ bracket: StaticString, isEmpty: Bool, _ level: Int, _ layout: JSONLayout, in output: inout [UInt8]
    ) {
        if layout == .pretty, !isEmpty { newLine(level, in: &output) }
        output.append(bracket)
    }

    private static func newLine(_ level: Int, in output: inout [UInt8]) {
        output.append(0x0A)
        for _ in 0..<level { output.append("  ") }
    }

    /// Appends a string with its quotes.
    package static func write(_ string: String, to output: inout [UInt8], _ layout: JSONLayout = .compact) {
        output.append(0x22)
        let start = output.count
        output.append(contentsOf: string.utf8)
        // Nearly every string has nothing to escape and is copied whole.
        if !output[start...].allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
            output.removeSubrange(start...)
            for scalar in string.unicodeScalars { write(scalar, to: &output, layout) }
        }
        output.append(0x22)
    }

    private static func write(_ scalar: Unicode.Scalar, to output: inout [UInt8], _ layout: JSONLayout) {
        switch scalar {
        case "\"": output.append("\\\"")
        case "\\": output.append("\\\\")
        case "\n": output.append("\\n")
        case "\r": output.append("\\r")
        case "\t": output.append("\\t")
        case "\u{8}" where layout == .python: output.append("\\b")
        case "\u{C}" where layout == .python: output.append("\\f")
        case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}": escape(scalar, to: &output)
        case "\u{A0}"... where layout == .python: escape(scalar, to: &output)
        default: output.append(contentsOf: String(scalar).utf8)
        }
    }

    private static func escape(_ scalar: Unicode.Scalar, to output: inout [UInt8]) {
        for unit in String(scalar).utf16 {
            let hex = String(unit, radix: 16)
            output.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - hex.utf8.count))\(hex)".utf8)
        }
    }
}

extension [UInt8] {
    /// Appends text that is part of the program, as UTF-8.
    package mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }
}
