/// What a renderer knows of a column.
struct ColumnHead: Sendable, Hashable {
    let key: String
    let title: String
    let isShrinkable: Bool

    init(key: String, title: String? = nil, isShrinkable: Bool = true) {
        self.key = key
        self.title = title ?? key
        self.isShrinkable = isShrinkable
    }
}

/// Writes the rows of a list in one format, each as it comes.
protocol ListRenderer {
    /// Takes a row: as many cells as there are columns.
    mutating func row(_ cells: [Cell], to sink: inout some TextSink) throws(OutputError)
    /// Writes what remains to be written after the last row.
    mutating func end(to sink: inout some TextSink) throws(OutputError)
}
