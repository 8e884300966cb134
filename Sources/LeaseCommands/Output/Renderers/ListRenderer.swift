/// What a renderer knows of a column.
struct ColumnHead: Sendable, Hashable {
    let key: String
    let title: String
    let isShrinkable: Bool
    /// As ``Column/leftOut``.
    let leftOut: Int?

    init(key: String, title: String? = nil, isShrinkable: Bool = true, leftOut: Int? = nil) {
        self.key = key
        self.title = title ?? key
        self.isShrinkable = isShrinkable
        self.leftOut = leftOut
    }
}

/// Writes the rows of a list in one format, each as it comes.
protocol ListRenderer {
    /// Takes a row: as many cells as there are columns.
    mutating func row(_ cells: [Cell], to sink: inout some TextSink) throws(OutputError)
    /// Writes what remains to be written after the last row.
    mutating func end(to sink: inout some TextSink) throws(OutputError)
}
