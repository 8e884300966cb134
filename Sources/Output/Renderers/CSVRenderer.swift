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

    mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
        header(to: &output)
        line(cells, to: &output)
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {
        var output: [UInt8] = []
        header(to: &output)
        try sink.write(output)
    }

    private mutating func header(to output: inout [UInt8]) {
        guard !hasHeader else { return }
        hasHeader = true
        line(heads.map { .text($0.key) }, to: &output)
    }

    private func line(_ cells: [Cell], to output: inout [UInt8]) {
        let start = output.count
        for (index, cell) in cells.enumerated() {
            if index > 0 { output.append(",") }
            append(cell, to: &output)
        }
        // A single empty field would be an empty line, which readers skip.
        if output.count == start, cells.count == 1 { output.append("\"\"") }
        output.append("\n")
    }

    private func append(_ cell: Cell, to output: inout [UInt8]) {
        let start = output.count
        guard cell.writePlainText(to: &output) else { return }
        if isSpreadsheetSafe, !cell.isNumeric, start < output.count, Self.beginsFormula(output[start]) {
            output.insert(UInt8(ascii: "'"), at: start)
        }
        let field = output[start...]
        let needsQuotes =
            field.isEmpty || field.first == UInt8(ascii: " ") || field.last == UInt8(ascii: " ")
            || field.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
        guard needsQuotes else { return }
        let quoted = field.flatMap { $0 == UInt8(ascii: "\"") ? [$0, $0] : [$0] }
        output.replaceSubrange(start..., with: [UInt8(ascii: "\"")] + quoted + [UInt8(ascii: "\"")])
    }

    private static func beginsFormula(_ byte: UInt8) -> Bool {
        switch UnicodeScalar(byte) {
        case "=", "+", "-", "@", "\t", "\r", "\n": true
        default: false
        }
    }
}
