import LeaseModel
import Output

/// Describes a write: what it does, and its state.
struct WriteText {
    let mutation: Mutation
    let time: TimeText

    /// The write's title: `Extend "conf"`.
    var title: String {
        let verb = mutation.verb.rawValue
        return verb.prefix(1).uppercased() + verb.dropFirst() + " \"\(mutation.leaseName)\""
    }

    /// What it changes: `end -> Tue 1 Dec 20:42`.
    var change: String {
        switch mutation.verb {
        case .create: return "create: \(period)"
        case .delete: return "delete"
        case .update, .extend:
            return fields.map { field, value in "\(ChangeText.label(field)) -> \(text(value))" }.joined(separator: "; ")
        }
    }

    /// What it will do, as a clause: `extend conf to Tue 1 Dec 20:42`.
    var clause: String {
        switch mutation.verb {
        case .create: "create \(mutation.leaseName), \(period)"
        case .delete: "delete \(mutation.leaseName)"
        case .update: "change \(mutation.leaseName): \(change)"
        case .extend: "extend \(mutation.leaseName): \(change)"
        }
    }

    /// The result, once it has been executed: `now ends Sun 29 Nov 01:45`.
    var outcome: String {
        switch mutation.verb {
        case .create: return "created"
        case .delete: return "deleted"
        case .update, .extend:
            let fields = LeaseFields(mutation.body)
            var parts: [String] = []
            if let name = fields.lease["name"] { parts.append("now called \(text(name))") }
            if let start = fields.lease["start_date"] { parts.append("now starts \(text(start))") }
            if let end = fields.lease["end_date"] { parts.append("now ends \(text(end))") }
            parts += fields.reservations.flatMap { id, fields in
                fields.members.map { "reservation \(id.prefix(8)): \($0.key) is now \(text($0.value))" }
            }
            return parts.isEmpty ? "changed" : parts.joined(separator: "; ")
        }
    }

    /// The fields that it changes, and their new values.
    var fields: [(name: String, value: JSONValue)] { LeaseFields(mutation.body).named }

    /// The period of a lease that is to be created.
    var period: String {
        guard let draft = try? LeaseDraft(body: mutation.body) else { return "as queued" }
        switch draft.start {
        case .now: return "from now to \(time.zoned(draft.endsAt))"
        case .at(let start): return time.period(from: start, to: draft.endsAt)
        }
    }

    /// A value for people. Times are in their zone.
    func text(_ value: JSONValue?) -> String {
        guard let value, value != .null else { return "-" }
        if let moment = value.stringValue.flatMap(Timestamp.init(parsing:)) { return time.moment(moment) }
        return value.plain
    }

    /// Its state, and the reason: `BLOCKED: changed by someone else since`.
    var standing: String { mutation.state.rawValue.uppercased() + (why.map { ": \($0)" } ?? "") }

    /// The reason for its state.
    var why: String? {
        switch (mutation.state, mutation.reason) {
        case (.blocked, "conflict"): "changed by someone else since"
        case (.blocked, "auth"): "the cloud does not accept the login"
        case (.blocked, "ambiguous"): "more than one lease may be it"
        case (.blocked, "cloud"): "its cloud is not among those that are configured"
        case (.rejected, "capacity"): "too little is free"
        case (.rejected, "policy"): "the site's policy forbids it"
        case (.rejected, "budget"): "the project's budget does not allow it"
        case (.rejected, "gone"): "the lease was deleted"
        case (.unknown, _): "whether the server carried it out is not known yet"
        case (.sending, _): "its request is on its way"
        case (.parked, _): "it keeps failing"
        default: mutation.reason
        }
    }
}
