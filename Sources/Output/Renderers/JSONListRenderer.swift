import LeaseModel

/// An array of objects, written row by row in the layout of `JSONLayout.pretty`.
struct JSONListRenderer: ListRenderer {
    /// The text before each column's value: its key, quoted, and the layout around it.
    private let prefixes: [[UInt8]]
    private var isEmpty = true

    init(heads: [ColumnHead]) {
        prefixes = heads.enumerated().map { index, head in
            Array("\(index == 0 ? "" : ",")\n    \(JSONValue.string(head.key).text()): ".utf8)
        }
    }

    mutating func row(_ cells: [Cell], to output: inout [UInt8]) {
        // This is written piece by piece, because an object for each row would cost more than its text.
        output.append(isEmpty ? "[\n  {" : ",\n  {")
        isEmpty = false
        for (prefix, cell) in zip(prefixes, cells) {
            output.append(contentsOf: prefix)
            cell.writeJSON(to: &output, .pretty, level: 2)
        }
        output.append(prefixes.isEmpty ? "}" : "\n  }")
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {
        try sink.write(isEmpty ? "[]\n" : "\n]\n")
    }
}
