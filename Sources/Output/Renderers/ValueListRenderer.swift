import LeaseModel

/// Only the values, one row per line, separated by spaces.
struct ValueListRenderer: ListRenderer {
    mutating func row(_ cells: [Cell], to sink: inout some TextSink) throws(OutputError) {
        try sink.write(cells.map(ValueText.text).joined(separator: " ") + "\n")
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {}
}

enum ValueText {
    /// The value on one line, with control characters escaped. A missing value is `None`, as in OpenStack's client: an
    /// empty word would shift those after it by one place.
    static func text(_ cell: Cell) -> String { cell.plainText?.escapedForTerminal ?? "None" }
}
