import LeaseModel

/// An array of objects, written as the rows come.
struct JSONListRenderer: ListRenderer {
    let heads: [ColumnHead]
    private var isEmpty = true

    init(heads: [ColumnHead]) { self.heads = heads }

    mutating func row(_ cells: [Cell], to sink: inout some TextSink) throws(OutputError) {
        let object = JSONValue.object(JSONObject(zip(heads, cells).map { ($0.key, $1.json) }))
        // A line break inside a string is escaped, so every one that is seen is layout.
        let text = object.text(.pretty).split(separator: "\n").joined(separator: "\n  ")
        try sink.write((isEmpty ? "[\n  " : ",\n  ") + text)
        isEmpty = false
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {
        try sink.write(isEmpty ? "[]\n" : "\n]\n")
    }
}
