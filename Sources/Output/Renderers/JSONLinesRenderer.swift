import LeaseModel

/// One JSON object per line, for log processors and `jq` (https://github.com/ndjson/ndjson-spec).
struct JSONLinesRenderer: ListRenderer {
    let heads: [ColumnHead]

    mutating func row(_ cells: [Cell], to sink: inout some TextSink) throws(OutputError) {
        let object = JSONObject(zip(heads, cells).map { ($0.key, $1.json) })
        try sink.write(JSONValue.object(object).text() + "\n")
    }

    mutating func end(to sink: inout some TextSink) throws(OutputError) {}
}
