/// Writes a list of rows in the chosen format and with the chosen columns.
///
/// Rows are pushed one by one, so that a hundred thousand leases from a cursor never have to be in memory together.
/// JSON, YAML, CSV and plain values are written row by row. A table stores the texts of its cells, and a sorted list
/// its cells.
package struct ListOutput<Row> {
    private let selection: ColumnSelection<Row>
    private var renderer: any ListRenderer
    /// Rows waiting to be sorted; unused without sort columns.
    private var waiting: [(keys: [Cell], cells: [Cell])] = []
    /// The maximum number of rows to write; `nil` for all.
    private let limit: Int?
    /// The number of rows so far.
    package private(set) var count = 0

    package init(selection: ColumnSelection<Row>, style: OutputStyle, limit: Int? = nil) {
        self.selection = selection
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
        if let limit, count > limit, selection.sortColumns.isEmpty { return }
        let cells = selection.columns.map { $0.cell(row) }
        if selection.sortColumns.isEmpty {
            try renderer.row(cells, to: &sink)
        } else {
            waiting.append((selection.sortColumns.map { $0.column.cell(row) }, cells))
        }
    }

    /// Writes the rest. Nothing may be written afterward.
    package mutating func finish(to sink: inout some TextSink) throws(OutputError) {
        let rows = waiting
        waiting = []
        for index in sortedIndices(of: rows.map(\.keys)).prefix(limit ?? rows.count) {
            try renderer.row(rows[index].cells, to: &sink)
        }
        try renderer.end(to: &sink)
        try sink.flush()
    }

    /// Writes all rows.
    package static func write(
        _ rows: some Sequence<Row>, selection: ColumnSelection<Row>, style: OutputStyle, to sink: inout some TextSink
    ) throws(OutputError) {
        var output = ListOutput(selection: selection, style: style)
        for row in rows { try output.write(row, to: &sink) }
        try output.finish(to: &sink)
    }

    private func sortedIndices(of keys: [[Cell]]) -> [Int] {
        keys.indices.sorted { left, right in
            for (index, sortColumn) in selection.sortColumns.enumerated() {
                let (first, second) = (keys[left][index], keys[right][index])
                if first.isMissing || second.isMissing {
                    // Missing values come last in both directions, so that they do not fill the first screen.
                    if first.isMissing != second.isMissing { return second.isMissing }
                    continue
                }
                let (lower, upper) = sortColumn.isDescending ? (second, first) : (first, second)
                if Cell.precedes(lower, upper) { return true }
                if Cell.precedes(upper, lower) { return false }
            }
            // Equal rows keep their order.
            return left < right
        }
    }
}
