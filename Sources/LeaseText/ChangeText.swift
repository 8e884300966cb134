package import LeaseModel
package import Output

/// Describes observed changes of a lease.
package struct ChangeText {
    package let time: TimeText

    package init(time: TimeText) { self.time = time }

    /// Something that happened, and when.
    package struct Event {
        package let moment: Timestamp
        /// Whether Blazar recorded the time. If not, it is the time of the observation that found the change.
        package let isExact: Bool
        /// The earliest possible time, if the time is not exact.
        package let after: Timestamp?
        package let words: String
    }

    /// Describes a change.
    ///
    /// - Parameters:
    ///   - change: the change.
    ///   - includesEchoes: whether to include changes that follow from another one: the status of events and
    ///     reservations.
    /// - Returns: one event for each field that is worth mentioning.
    package func events(of change: LeaseChange, includesEchoes: Bool = false) -> [Event] {
        switch change.kind {
        case .new: return [event(change, nil, created(change))]
        case .vanished: return [event(change, nil, gone(change))]
        case .changed, .ended:
            return change.fields.filter { includesEchoes ? !$0.isStamp : !$0.isEcho }.map { field in
                event(change, field, words(for: field))
            }
        }
    }

    /// Describes a change, or one field of it.
    package func words(of change: LeaseChange, _ field: LeaseChange.Field?) -> String {
        if let field { return words(for: field) }
        return change.kind == .vanished ? gone(change) : created(change)
    }

    private func event(_ change: LeaseChange, _ field: LeaseChange.Field?, _ words: String) -> Event {
        let effect = change.effect(of: field)
        return Event(
            moment: effect.moment ?? change.observedAt, isExact: effect.moment != nil,
            after: effect.moment == nil ? effect.after : nil, words: words)
    }

    private func created(_ change: LeaseChange) -> String {
        let word = change.effect().moment != nil && change.after == nil ? "created" : "seen"
        return "\(word), \(change.lease.status.rawValue); ends \(time.moment(change.lease.endsAt))"
    }

    private func gone(_ change: LeaseChange) -> String {
        let ending = change.ending.map { $0 == .unknown ? "" : " (\($0.rawValue))" } ?? ""
        switch change.removal?.reason {
        case .deleted: return "deleted\(ending)"
        case .outOfScope: return "no longer visible to this project"
        case .unlisted, nil: return "no longer listed\(ending)"
        }
    }

    private func words(for field: LeaseChange.Field) -> String {
        if field.name == "status" { return "\(text(field.old)) -> \(text(field.new))" }
        var line = "\(Self.label(field.name)) \(text(field.old)) -> \(text(field.new))"
        if ["end_date", "start_date"].contains(field.name), let old = moment(field.old), let new = moment(field.new) {
            let seconds = new.seconds(since: old)
            line += "  (\(seconds < 0 ? "-" : "+")\(TimeText.duration(seconds: Int64(clamping: seconds.magnitude))))"
        }
        return line
    }

    /// A field's name for people.
    package static func label(_ name: String) -> String {
        switch name {
        case "end_date": return "end"
        case "start_date": return "start"
        default:
            guard let open = name.firstIndex(of: "["), let close = name.firstIndex(of: "]"), open < close else {
                return name.replacing("_", with: " ")
            }
            let kind = name[..<open].hasSuffix("s") ? name[..<open].dropLast() : name[..<open]
            let id = name[name.index(after: open)..<close].prefix(8)
            let field = name[name.index(after: close)...].drop { $0 == "." }
            return "\(kind) \(id)\(field.isEmpty ? "" : ": \(field)")"
        }
    }

    private func moment(_ value: JSONValue?) -> Timestamp? { value?.stringValue.flatMap(Timestamp.init(parsing:)) }

    /// A value for people. Times are in the reader's zone.
    package func text(_ value: JSONValue?) -> String {
        guard let value, value != .null else { return "-" }
        if let moment = moment(value) { return time.moment(moment) }
        if let object = value.objectValue { return object["id"]?.stringValue.map { String($0.prefix(8)) } ?? "…" }
        return value.plain
    }
}

extension LeaseChange.Field {
    /// Whether the field only says that something else has changed.
    package var isStamp: Bool { name.hasSuffix("updated_at") }

    /// Whether the change follows from another one that is shown: the status of events and of reservations.
    package var isEcho: Bool {
        if isStamp || name.hasPrefix("events[") { return true }
        guard name.hasPrefix("reservations[") else { return false }
        return [".status", ".resource_id", ".lease_id", ".created_at"].contains { name.hasSuffix($0) }
    }
}

/// An observed change: of a field of a lease, or that a lease appeared or was removed.
package struct ChangeRow: Sendable {
    package let change: LeaseChange
    package let field: LeaseChange.Field?
    /// When the site was last synced.
    package let syncedAt: Timestamp?

    /// One row for each changed field, or one for a lease that appeared or was removed.
    package static func rows(of change: LeaseChange, syncedAt: Timestamp?) -> [ChangeRow] {
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
        Column("removal", visibility: .structured) { .text($0.change.removal?.reason.rawValue) },
        Column("synced_at", visibility: .structured) { .time($0.syncedAt) },
    ]
}

extension ChangeRow {
    /// The columns of `changes` on a terminal.
    package static func terminalColumns(_ time: TimeText) -> [Column<ChangeRow>] {
        let text = ChangeText(time: time)
        return [
            Column("observed_at", heading: "SEEN") { .time($0.change.observedAt) },
            Column("lease_name", heading: "LEASE") { .text($0.change.lease.name) },
            Column("site", dropPriority: 1, role: .context) { .text($0.change.site) },
            Column("change", heading: "WHAT") { .text(text.words(of: $0.change, $0.field)) },
        ]
    }

    /// Whether the row only repeats what others say.
    package var isEcho: Bool { field?.isEcho ?? (change.kind == .changed) }

    /// The columns of the history in `show`.
    package static let section = columns.filter {
        ["observed_at", "change", "field", "from", "to", "after"].contains($0.key)
    }

    /// The same columns for programs.
    package var summary: JSONValue { .object(JSONObject(Self.section.map { ($0.key, $0.cell(self).json) })) }
}

extension LeaseChange {
    /// The change on one line, for people who watch.
    package func line(_ time: TimeText) -> String {
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
    package var plain: String { stringValue ?? text(.spaced) }
}
