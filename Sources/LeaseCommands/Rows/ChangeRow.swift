import LeaseModel
package import Output

/// An observed change: of a field of a lease, or that a lease appeared or was removed.
package struct ChangeRow: Sendable {
    let change: LeaseChange
    let field: LeaseChange.Field?
    /// When the site was last synced.
    let syncedAt: Timestamp?

    /// One row for each changed field, or one for a lease that appeared or was removed.
    static func rows(of change: LeaseChange, syncedAt: Timestamp?) -> [ChangeRow] {
        // Blazar updates this time stamp at every change, so it is not worth a row.
        let fields = change.fields.filter { !$0.name.hasSuffix("updated_at") }
        guard change.kind == .changed || change.kind == .ended, !fields.isEmpty else {
            return [ChangeRow(change: change, field: nil, syncedAt: syncedAt)]
        }
        return fields.map { ChangeRow(change: change, field: $0, syncedAt: syncedAt) }
    }

    private var effect: ChangeEffect { change.effect(of: field) }

    private static func cell(_ value: JSONValue?) -> Cell { value.map(Cell.json) ?? .missing }
}

extension ChangeRow: Tabular {
    package static let columns: [Column<ChangeRow>] = [
        Column("observed_at", heading: "SEEN") { .time($0.change.observedAt) },
        Column("change") { .text($0.change.kind.rawValue) },
        Column("lease_name", title: "lease") { .text($0.change.lease.name) },
        Column("field") { .text($0.field?.name) },
        Column("from") { Self.cell($0.field?.old) },
        Column("to") { row in
            row.field.map { Self.cell($0.new) } ?? .status(row.change.lease.status.rawValue)
        },
        Column("after", title: "not before", dropPriority: 1) { .time($0.change.after) },
        Column("effective_at", title: "effective", dropPriority: 2) { .time($0.effect.moment) },
        Column("ending", dropPriority: 4) { .text($0.change.ending?.rawValue) },
        Column("site", dropPriority: 3, role: .context) { .text($0.change.site) },
        Column("lease_id", visibility: .structured, isShrinkable: false) { .text($0.change.lease.id) },
        Column("effective_after", visibility: .structured) { .time($0.effect.after) },
        Column("effective_before", visibility: .structured) { .time($0.effect.before) },
        Column("departure", visibility: .structured) { .text($0.change.removal?.reason.rawValue) },
        Column("synced_at", visibility: .structured) { .time($0.syncedAt) },
    ]
}

extension ChangeRow {
    /// The columns of `changes` on a terminal.
    static func terminalColumns(_ time: TimeText) -> [Column<ChangeRow>] {
        let text = ChangeText(time: time)
        return [
            Column("observed_at", heading: "SEEN") { .time($0.change.observedAt) },
            Column("lease_name", heading: "LEASE") { .text($0.change.lease.name) },
            Column("site", dropPriority: 1, role: .context) { .text($0.change.site) },
            Column("change", heading: "WHAT") { .text(text.words(of: $0.change, $0.field)) },
        ]
    }

    /// Whether the row only repeats what others say.
    var isEcho: Bool { field?.isEcho ?? (change.kind == .changed) }

    /// The columns of the history in `show`.
    static let section = columns.filter { ["observed_at", "change", "field", "from", "to", "after"].contains($0.key) }

    /// The same columns for programs.
    var summary: JSONValue { .object(JSONObject(Self.section.map { ($0.key, $0.cell(self).json) })) }
}

extension LeaseChange {
    /// The change on one line, for people who watch.
    func line(_ time: TimeText) -> String {
        let said = fields.filter { ["status", "end_date", "start_date", "name"].contains($0.name) }.map {
            "\($0.name) \($0.old?.plain ?? "-") → \($0.new?.plain ?? "-")"
        }
        let detail: String
        switch kind {
        case .new, .vanished:
            detail = "\(lease.status), \(time.full(lease.startsAt)) to \(time.full(lease.endsAt))"
        case .changed, .ended:
            let others = fields.filter { !$0.name.hasSuffix("updated_at") }.count - said.count
            detail = (said + (others > 0 ? ["\(others) more"] : [])).joined(separator: ", ")
        }
        let label = kind.rawValue + String(repeating: " ", count: max(0, 8 - kind.rawValue.count))
        return "\(label) \(site)  \(lease.name)  \(lease.id)  \(detail)".escapedForTerminal
    }
}

extension JSONValue {
    /// The value for people: strings have no quotes.
    var plain: String { stringValue ?? text(.spaced) }
}
