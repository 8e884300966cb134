import LeaseModel

@testable import LeaseCommands
@testable import Output

/// A row with one column of each kind.
struct SampleRow: Tabular {
    var id = "5a7e0a3e-77a2-4d4c-9ec4-4e9d8f2f3d11"
    var name = "training"
    var amount: Int? = 2
    var startsAt: Timestamp? = Timestamp(parsing: "2026-11-22T17:14:00Z")
    var status = "ACTIVE"
    var isDegraded = false
    var length: Int64 = 7 * 86_400 - 3_600
    var reservations: JSONValue = [["id": "r1", "min": 1]]

    static let columns: [Column<SampleRow>] = [
        Column("id", isShrinkable: false) { .text($0.id) },
        Column("name") { .text($0.name) },
        Column("amount") { $0.amount.map { .number($0) } ?? .missing },
        Column("start_date", isShrinkable: false) { .time($0.startsAt) },
        Column("status", title: "Lease Status", isShrinkable: false) { .status($0.status) },
        Column("degraded", visibility: .structured) { .bool($0.isDegraded) },
        Column("length", visibility: .onRequest) { .duration(seconds: $0.length) },
        Column("reservations", visibility: .structured) { .json($0.reservations) },
    ]

    static let two = [
        SampleRow(),
        SampleRow(
            id: "91bd6e50-0000-4a55-8f3e-111111111111", name: "mit Ümläuten und 日本語", amount: 15,
            startsAt: nil, status: "ERROR", isDegraded: true, reservations: []),
    ]
}

/// One hour ahead of UTC, two from 29 March 2026 01:00 UTC to 25 October 2026 01:00 UTC.
let berlin = DisplayZone(name: "Europe/Berlin") { moment in
    let summer = 1_774_746_000..<1_792_890_000
    return summer.contains(Int(moment.secondsSince1970)) ? 7_200 : 3_600
}

/// The text of a list.
func listText(
    _ format: OutputFormat, of rows: [SampleRow] = SampleRow.two, columns: [String] = [], sort: [SortKey] = [],
    width: Int? = nil, color: Bool = false, zone: DisplayZone = .utc
) throws -> String {
    let selection = try ColumnSelection(from: SampleRow.columns, names: columns, sort: sort, format: format)
    let style = OutputStyle(format: format, width: width, usesColor: color, zone: zone)
    var sink = TextBuffer()
    try ListOutput.write(rows, selection: selection, style: style, to: &sink)
    return sink.text
}

/// The text of a single result.
func showText(
    _ format: OutputFormat, of row: SampleRow = SampleRow(), columns: [String] = [], width: Int? = nil,
    color: Bool = false, zone: DisplayZone = .utc
) throws -> String {
    let selection = try ColumnSelection(from: SampleRow.columns, names: columns, format: format)
    let style = OutputStyle(format: format, width: width, usesColor: color, zone: zone)
    var sink = TextBuffer()
    try ShowOutput(row, selection: selection, style: style).write(to: &sink)
    return sink.text
}
