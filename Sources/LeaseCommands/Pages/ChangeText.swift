import LeaseModel
import Output

/// Describes observed changes of a lease.
struct ChangeText {
    let time: TimeText

    /// Something that happened, and when.
    struct Event {
        let moment: Timestamp
        /// Whether Blazar recorded the time. If not, it is the time of the observation that found the change.
        let isExact: Bool
        /// The earliest possible time, if the time is not exact.
        let after: Timestamp?
        let words: String
    }

    /// Describes a change.
    ///
    /// - Parameters:
    ///   - change: the change.
    ///   - includesEchoes: whether to include changes that follow from another one: the status of events and
    ///     reservations.
    /// - Returns: one event for each field that is worth mentioning.
    func events(of change: LeaseChange, includesEchoes: Bool = false) -> [Event] {
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
    func words(of change: LeaseChange, _ field: LeaseChange.Field?) -> String {
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
    static func label(_ name: String) -> String {
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
    func text(_ value: JSONValue?) -> String {
        guard let value, value != .null else { return "-" }
        if let moment = moment(value) { return time.moment(moment) }
        if let object = value.objectValue { return object["id"]?.stringValue.map { String($0.prefix(8)) } ?? "…" }
        return value.plain
    }
}

extension LeaseChange.Field {
    /// Whether the field only says that something else has changed.
    var isStamp: Bool { name.hasSuffix("updated_at") }

    /// Whether the change follows from another one that is shown: the status of events and of reservations.
    var isEcho: Bool {
        if isStamp || name.hasPrefix("events[") { return true }
        guard name.hasPrefix("reservations[") else { return false }
        return [".status", ".resource_id", ".lease_id", ".created_at"].contains { name.hasSuffix($0) }
    }
}
