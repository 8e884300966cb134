import LeaseModel

/// Only the values, one row per line, separated by spaces.
struct ValueListRenderer: ListRenderer {
    mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { output.append(" ") }
            ValueText.write(cell, to: &output)
        }
        output.append("\n")
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {}
}

enum ValueText {
    /// The value on one line, with control characters escaped. A missing value is `None`, as in OpenStack's client: an
    /// empty word would shift those after it by one place.
    static func text(_ cell: Cell) -> String { cell.plainText?.escapedForTerminal ?? "None" }

    /// Appends ``text(_:)`` as UTF-8.
    static func write(_ cell: Cell, to line: inout [UInt8]) {
        let start = line.count
        guard cell.writePlainText(to: &line) else { return line.append("None") }
        // Nearly every value has nothing to escape.
        guard !line[start...].allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return }
        let escaped = String(decoding: line[start...], as: UTF8.self).escapedForTerminal
        line.replaceSubrange(start..., with: escaped.utf8)
    }
}
