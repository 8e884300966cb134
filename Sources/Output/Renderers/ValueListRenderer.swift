import LeaseModel

/// Bare values, a row a line, with a space between them.
struct ValueListRenderer: ListRenderer {
    mutating func row(_ cells: [Cell], to sink: inout some TextSink) throws(OutputError) {
        try sink.write(cells.map(ValueText.text).joined(separator: " ") + "\n")
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {}
}

enum ValueText {
    /// The value on one line, control characters escaped. What is missing is `None`, as OpenStack's client writes it:
    /// an empty word would move those behind it one place forward.
    static func text(_ cell: Cell) -> String { cell.plainText?.escapedForTerminal ?? "None" }
}
