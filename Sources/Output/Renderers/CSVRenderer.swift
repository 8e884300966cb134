import LeaseModel

/// Comma-separated values, quoted according to RFC 4180. The first line has the columns' keys. Lines end with LF, so
/// that a shell's `read` and `for` get the values unchanged.
///
/// If requested, text that a spreadsheet would run as a formula gets an apostrophe before it, because a lease's name
/// may be chosen by a stranger (OWASP, "CSV Injection").
struct CSVRenderer: ListRenderer {
    let heads: [ColumnHead]
    private var hasHeader = false

    /// Whether to protect formulas.
    private let isSpreadsheetSafe: Bool

    init(heads: [ColumnHead], isSpreadsheetSafe: Bool = false) {
        self.heads = heads
        self.isSpreadsheetSafe = isSpreadsheetSafe
    }

    mutating func row(_ cells: [Cell], to sink: inout some TextSink) throws(OutputError) {
        try header(to: &sink)
        try sink.write(Self.line(cells.map(field)))
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {
        try header(to: &sink)
    }

    private mutating func header(to sink: inout some TextSink) throws(OutputError) {
        guard !hasHeader else { return }
        hasHeader = true
        try sink.write(Self.line(heads.map { Self.quoted($0.key) }))
    }

    private static func line(_ fields: [String]) -> String {
        // A single empty field would be an empty line, which readers skip.
        (fields == [""] ? "\"\"" : fields.joined(separator: ",")) + "\n"
    }

    private func field(_ cell: Cell) -> String {
        guard let text = cell.plainText else { return "" }
        return Self.quoted(cell.isNumeric || !isSpreadsheetSafe ? text : Self.neutralised(text))
    }

    private static func neutralised(_ text: String) -> String {
        switch text.unicodeScalars.first {
        case "=", "+", "-", "@", "\t", "\r", "\n": "'" + text
        default: text
        }
    }

    private static func quoted(_ text: String) -> String {
        let needsQuotes =
            text.isEmpty || text.utf8.first == UInt8(ascii: " ") || text.utf8.last == UInt8(ascii: " ")
            || text.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
        guard needsQuotes else { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { result += "\"" }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }
}
