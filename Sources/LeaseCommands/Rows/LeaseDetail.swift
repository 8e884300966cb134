import LeaseModel
import Output

/// A lease and everything known about it, as the result of `show`.
struct LeaseDetail: Sendable {
    let row: LeaseRow
    /// Its observed changes, the oldest first; `nil` if they were not read.
    var changes: [LeaseChange]?
    private var lease: MirroredLease { row.mirrored }

    /// The fields in every format. Those that a table shows in separate sections are only for programs.
    static let columns: [Column<LeaseDetail>] =
        (LeaseRow.columns.filter { $0.key == "id" } + LeaseRow.columns.filter { !["id", "resources"].contains($0.key) })
        .map { column in
            let isForPrograms = ["reservations", "events", "queued", "queue", "mine", "extra"].contains(column.key)
            return Column(
                column.key, visibility: isForPrograms ? .structured : .always, isShrinkable: column.isShrinkable
            ) { column.cell($0.row) }
        } + [
            Column("history", visibility: .structured) { detail in
                guard let changes = detail.changes else { return .missing }
                return .json(.array(changes.flatMap { ChangeRow.rows(of: $0, syncedAt: nil) }.map(\.summary)))
            }
        ]

    /// Writes the sections that a table shows below the fields: reservations, events, queued writes and history.
    func writeSections(_ style: OutputStyle, to sink: inout some TextSink) throws {
        try section("Reservations", lease.lease.reservations, ReservationRow.section, style, to: &sink)
        try section("Events", lease.lease.events, Self.eventColumns, style, to: &sink)
        try section("Queue", lease.pending.map { QueueRow(mutation: $0) }, QueueRow.section, style, to: &sink)
        let history = (changes ?? []).flatMap { ChangeRow.rows(of: $0, syncedAt: nil) }
        try section("History", history, ChangeRow.section, style, to: &sink)
    }

    private func section<Row>(
        _ title: String, _ rows: [Row], _ columns: [Column<Row>], _ style: OutputStyle, to sink: inout some TextSink
    ) throws {
        guard !rows.isEmpty else { return }
        try sink.write("\n\(title)\n")
        // A column without any values is left out.
        let telling = columns.filter { column in rows.contains { !column.cell($0).isMissing } }
        try ListOutput.write(
            rows, selection: ColumnSelection(from: telling, format: .table), style: style, to: &sink)
    }

    private static let eventColumns: [Column<LeaseEvent>] = [
        Column("event_type") { .text($0.eventType) },
        Column("time") { .time($0.time) },
        Column("status") { .status($0.status.rawValue) },
        Column("updated_at") { .time($0.updatedAt) },
    ]
}
