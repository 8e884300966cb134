/// Writes a list of rows in the chosen format and with the chosen columns.
///
/// Rows are pushed one by one, so that a hundred thousand leases from a cursor never have to be in memory together.
/// JSON, YAML, CSV and plain values are written row by row. A table stores the texts of its cells, and a sorted list
/// its cells.
package struct ListOutput<Row> {
    private let columns: [@Sendable (Row) -> Cell]
    private let sortColumns: [(value: @Sendable (Row) -> Cell, isDescending: Bool)]
    private var renderer: any ListRenderer
    /// The row that is being written, and its text.
    private var cells: [Cell] = []
    private var text: [UInt8] = []
    /// Rows waiting to be sorted; unused without sort columns.
    private var waiting: [(keys: [Cell.SortValue], cells: [Cell])] = []
    /// The maximum number of rows to write; `nil` for all.
    private let limit: Int?
    /// The number of rows so far.
    package private(set) var count = 0

    package init(selection: ColumnSelection<Row>, style: OutputStyle, limit: Int? = nil) {
        columns = selection.columns.map(\.cell)
        sortColumns = selection.sortColumns.map { ($0.column.cell, $0.isDescending) }
        self.limit = limit
        let heads = selection.columns.map { ColumnHead($0, isOwnChoice: selection.isOwnChoice) }
        renderer =
            switch style.format {
            case .table where style.isForTerminal: TerminalTable(heads: heads, style: style)
            case .table: TableRenderer(heads: heads, style: style)
            case .json: JSONListRenderer(heads: heads)
            case .ndjson: JSONLinesRenderer(heads: heads)
            case .html: HTMLListRenderer(heads: heads, style: style)
            case .yaml: YAMLListRenderer(heads: heads)
            case .csv: CSVRenderer(heads: heads, isSpreadsheetSafe: style.isSpreadsheetSafe)
            case .value: ValueListRenderer()
            }
    }

    /// Writes a row, or stores it if all rows are needed first.
    package mutating func write(_ row: Row, to sink: inout some TextSink) throws(OutputError) {
        count += 1
        guard sortColumns.isEmpty else {
            waiting.append((sortColumns.map { Cell.SortValue($0.value(row)) }, columns.map { $0(row) }))
            return
        }
        if let limit, count > limit { return }
        cells.removeAll(keepingCapacity: true)
        for cell in columns { cells.append(cell(row)) }
        try render(cells, to: &sink)
    }

    /// Writes the rest. Nothing may be written afterward.
    package mutating func finish(to sink: inout some TextSink) throws(OutputError) {
        let rows = waiting
        waiting = []
        for index in sortedIndices(of: rows.map(\.keys)).prefix(limit ?? rows.count) {
            try render(rows[index].cells, to: &sink)
        }
        try renderer.end(to: &sink)
        try sink.flush()
    }

    private mutating func render(_ cells: [Cell], to sink: inout some TextSink) throws(OutputError) {
        text.removeAll(keepingCapacity: true)
        try renderer.row(cells, to: &text)
        if !text.isEmpty { try sink.write(text) }
    }

    /// Writes all rows.
    package static func write(
        _ rows: some Sequence<Row>, selection: ColumnSelection<Row>, style: OutputStyle, to sink: inout some TextSink
    ) throws(OutputError) {
        var output = ListOutput(selection: selection, style: style)
        for row in rows { try output.write(row, to: &sink) }
        try output.finish(to: &sink)
    }

    private func sortedIndices(of keys: [[Cell.SortValue]]) -> [Int] {
        keys.indices.sorted { left, right in
            for (index, sortColumn) in sortColumns.enumerated() {
                let (first, second) = (keys[left][index], keys[right][index])
                if first.isMissing || second.isMissing {
                    // Missing values come last in both directions, so that they do not fill the first screen.
                    if first.isMissing != second.isMissing { return second.isMissing }
                    continue
                }
                let (lower, upper) = sortColumn.isDescending ? (second, first) : (first, second)
                if Cell.SortValue.precedes(lower, upper) { return true }
                if Cell.SortValue.precedes(upper, lower) { return false }
            }
            // Equal rows keep their order.
            return left < right
        }
    }
}
