import LeaseModel

/// One JSON object per line, for log processors and `jq` (https://github.com/ndjson/ndjson-spec).
struct JSONLinesRenderer: ListRenderer {
    /// The text before each column's value: its key, quoted, and what separates it from the value before.
    private let prefixes: [[UInt8]]

    init(heads: [ColumnHead]) {
        prefixes = heads.enumerated().map { index, head in
            Array("\(index == 0 ? "" : ",")\(JSONValue.string(head.key).text()):".utf8)
        }
    }

    mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
        output.append("{")
        for (prefix, cell) in zip(prefixes, cells) {
            output.append(contentsOf: prefix)
            cell.writeJSON(to: &output)
        }
        output.append("}\n")
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {}
}
