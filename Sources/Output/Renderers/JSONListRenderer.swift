import LeaseModel

/// An array of objects, written row by row in the layout of `JSONLayout.pretty`.
struct JSONListRenderer: ListRenderer {
    /// The text before each column's value: its key, quoted, and the layout around it.
    private let prefixes: [String]
    private var isEmpty = true

    init(heads: [ColumnHead]) {
        prefixes = heads.enumerated().map { index, head in
            (index == 0 ? "\n    " : ",\n    ") + JSONValue.string(head.key).text() + ": "
        }
    }

    mutating func row(_ cells: [Cell], to sink: inout some TextSink) throws(OutputError) {
        // This is written piece by piece, because an object for each row would cost more than its text.
        var text = isEmpty ? "[\n  {" : ",\n  {"
        isEmpty = false
        for (prefix, cell) in zip(prefixes, cells) {
            text += prefix
            if case .json(let value) = cell {
                text += value.text(.pretty, level: 2)
            } else {
                text += cell.json.text()
            }
        }
        try sink.write(text + (prefixes.isEmpty ? "}" : "\n  }"))
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {
        try sink.write(isEmpty ? "[]\n" : "\n]\n")
    }
}
