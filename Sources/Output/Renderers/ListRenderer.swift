/// What a renderer knows about a column.
struct ColumnHead: Sendable {
    let key: String
    let title: String
    let isShrinkable: Bool
    /// As ``Column/dropPriority``.
    let dropPriority: Int?
    /// The title above the column in a terminal's table.
    let heading: String
    /// Whether a terminal's table may shorten the values to a distinguishing beginning.
    let isIdentifier: Bool
    /// Whether a terminal's table omits the column if all its values are the same.
    let isContext: Bool
    /// Whether a terminal's table omits the column if it has no values.
    let isOptional: Bool

    /// A column with nothing special about it.
    init(key: String, title: String? = nil) {
        self.key = key
        self.title = title ?? key
        isShrinkable = true
        dropPriority = nil
        heading = self.title.uppercased()
        isIdentifier = false
        isContext = false
        isOptional = false
    }

    /// - Parameters:
    ///   - column: the column.
    ///   - isOwnChoice: whether the format chose it. A column that the user named is shown whole.
    init<Row>(_ column: Column<Row>, isOwnChoice: Bool) {
        key = column.key
        title = column.title
        isShrinkable = column.isShrinkable
        dropPriority = isOwnChoice ? column.dropPriority : nil
        heading = column.heading
        isIdentifier = isOwnChoice && column.role == .identifier
        isContext = isOwnChoice && column.role == .context
        isOptional = isOwnChoice
    }
}

/// Writes the rows of a list in one format, one after another.
protocol ListRenderer {
    /// Appends a row, as UTF-8. It has as many cells as there are columns.
    mutating func row(_ cells: [Cell], to output: inout [UInt8]) throws(OutputError)
    /// Writes what follows the last row.
    mutating func end(to sink: inout some TextSink) throws(OutputError)
}
