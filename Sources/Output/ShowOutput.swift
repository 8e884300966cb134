import LeaseModel

/// Writes one result with all its fields, like `openstack … show`.
package struct ShowOutput<Row> {
    private let fields: [(head: ColumnHead, cell: Cell)]
    private let style: OutputStyle

    /// - Parameters:
    ///   - row: the result.
    ///   - selection: its fields. Sorting has no effect here.
    ///   - style: the format, width and zone.
    package init(_ row: Row, selection: ColumnSelection<Row>, style: OutputStyle) {
        fields = selection.columns.map { (ColumnHead(key: $0.key, title: $0.title), $0.cell(row)) }
        self.style = style
    }

    /// Writes the result.
    package func write(to sink: inout some TextSink) throws(OutputError) {
        let cells = fields.map(\.cell)
        switch style.format {
        case .table: try FieldTable(fields: fields, style: style).write(to: &sink)
        case .json: try sink.write(object.text(.pretty) + "\n")
        case .ndjson: try sink.write(object.text() + "\n")
        case .html:
            var renderer = HTMLListRenderer(
                heads: ["Field", "Value"].map { ColumnHead(key: $0, title: $0) }, style: style)
            var output: [UInt8] = []
            for field in fields { renderer.row([.text(field.head.title), field.cell], to: &output) }
            try sink.write(output)
            try renderer.end(to: &sink)
        case .yaml: try sink.write(YAMLText.document(object))
        case .csv:
            var renderer = CSVRenderer(heads: fields.map(\.head), isSpreadsheetSafe: style.isSpreadsheetSafe)
            var output: [UInt8] = []
            renderer.row(cells, to: &output)
            try sink.write(output)
            try renderer.end(to: &sink)
        case .value:
            for cell in cells { try sink.write(ValueText.text(cell) + "\n") }
        }
        try sink.flush()
    }

    private var object: JSONValue { .object(JSONObject(fields.map { ($0.head.key, $0.cell.json) })) }
}
