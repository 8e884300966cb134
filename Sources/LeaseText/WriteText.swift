package import LeaseModel
package import Leasehold
package import Output

/// Describes a write: what it does, and its state.
package struct WriteText {
    package let mutation: Mutation
    package let time: TimeText

    package init(mutation: Mutation, time: TimeText) {
        self.mutation = mutation
        self.time = time
    }

    /// The write's title: `Extend "conf"`.
    package var title: String {
        let verb = mutation.verb.rawValue
        return verb.prefix(1).uppercased() + verb.dropFirst() + " \"\(mutation.leaseName)\""
    }

    /// What it changes: `end -> Tue 1 Dec 20:42`.
    package var change: String {
        switch mutation.verb {
        case .create: return "create: \(period)"
        case .delete: return "delete"
        case .update, .extend:
            return fields.map { field, value in "\(ChangeText.label(field)) -> \(text(value))" }.joined(separator: "; ")
        }
    }

    /// What it will do, as a clause: `extend conf to Tue 1 Dec 20:42`.
    package var clause: String {
        switch mutation.verb {
        case .create: "create \(mutation.leaseName), \(period)"
        case .delete: "delete \(mutation.leaseName)"
        case .update: "change \(mutation.leaseName): \(change)"
        case .extend: "extend \(mutation.leaseName): \(change)"
        }
    }

    /// The result, once it has been executed: `now ends Sun 29 Nov 01:45`.
    package var outcome: String {
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
    package var fields: [(name: String, value: JSONValue)] { LeaseFields(mutation.body).named }

    /// The period of a lease that is to be created.
    package var period: String {
        guard let draft = try? LeaseDraft(body: mutation.body) else { return "as queued" }
        if mutation.state == .waiting, let terms = mutation.waiting {
            return WaitingText(mutation, terms, time: time).period(of: draft)
        }
        switch draft.start {
        case .now: return "from now to \(time.zoned(draft.endsAt))"
        case .at(let start): return time.period(from: start, to: draft.endsAt)
        }
    }

    /// A value for people. Times are in their zone.
    package func text(_ value: JSONValue?) -> String {
        guard let value, value != .null else { return "-" }
        if let moment = value.stringValue.flatMap(Timestamp.init(parsing:)) { return time.moment(moment) }
        return value.plain
    }

    /// Its state, and the reason: `BLOCKED: changed by someone else since`.
    package var standing: String { mutation.state.rawValue.uppercased() + (why.map { ": \($0)" } ?? "") }

    /// The reason for its state.
    package var why: String? {
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
        case (.waiting, _): mutation.waiting?.roomAt == nil ? "there is no room yet" : "there is room later"
        default: mutation.reason
        }
    }
}

/// The outcome of a write, for people: what has changed, or that the write is queued.
package struct WriteOutcome {
    package let result: WriteResult

    package init(result: WriteResult) { self.result = result }

    private var mutation: Mutation { result.mutation }
    private var name: String { result.lease?.lease.name ?? mutation.leaseName }

    /// The page on standard output: the sentence, what a new lease reserves, its id, and what to do next. It is empty
    /// for a refused write, which is reported on standard error.
    package func page(_ style: OutputStyle) -> TextPage {
        var page = TextPage(style)
        guard let line = line(style) else { return page }
        page.line(line)
        guard mutation.verb == .create, let id = mutation.leaseID ?? mutation.localID else { return page }
        if let lease = result.lease?.lease {
            for reservation in lease.reservations {
                let text = ReservationText(reservation: reservation)
                page.line([text.what, text.requirement].filter { !$0.isEmpty }.joined(separator: "    "), indent: 2)
            }
        }
        page.line(id)
        if let lease = result.lease?.lease, lease.status != .active, !lease.status.isEnd, isDone {
            page.line("Wait for it: leasehold wait \(ShellWord.quoted(name))")
        }
        return page
    }

    /// Whether the sentence already says what a note says.
    package func says(_ note: String) -> Bool { result.isFound && mutation.verb == .delete && mutation.message == note }

    private var isDone: Bool { [.accepted, .settled].contains(mutation.state) }

    /// The outcome in a sentence; `nil` if the rest of the page says it.
    package func line(_ style: OutputStyle) -> String? {
        let text = WriteText(mutation: mutation, time: style.time)
        guard isDone else {
            if mutation.state == .waiting {
                return "\(name) waits for room, as write \(mutation.id): \(text.period)"
            }
            guard [.queued, .sending, .unknown].contains(mutation.state) || mutation.reason == "cloud" else {
                return nil
            }
            return "Queued as write \(mutation.id), not sent yet: \(text.clause)"
        }
        if result.isFound { return found(style) }
        switch mutation.verb {
        case .create: return "Created \(name)\(standing(style))"
        case .extend:
            guard let end = result.lease?.lease.endsAt ?? moment(mutation.body["end_date"]) else { return nil }
            let before = moment(mutation.base["end_date"]).map { ", before \(style.time.moment($0))" } ?? ""
            return "Extended \(name): now ends \(style.time.zoned(end))\(before)"
        case .update:
            return "Changed \(mutation.base["name"]?.stringValue ?? name): \(text.outcome)"
        case .delete: return "DELETED \(name)\(mutation.leaseID.map { " (\($0))" } ?? "")"
        }
    }

    private func standing(_ style: OutputStyle) -> String {
        guard let lease = result.lease?.lease else { return "" }
        return ", \(lease.status.rawValue): \(style.time.period(from: lease.startsAt, to: lease.endsAt))"
    }

    private func found(_ style: OutputStyle) -> String? {
        if mutation.verb == .delete { return mutation.message }
        return "Nothing was created: \(name) is there already\(standing(style))"
    }

    private func moment(_ value: JSONValue?) -> Timestamp? { value?.stringValue.flatMap(Timestamp.init(parsing:)) }
}

extension LeaseStatus {
    /// Whether nothing more will happen to the lease.
    fileprivate var isEnd: Bool { self == .terminated || self == .error }
}

extension Mutation {
    /// What will happen to a write if nobody does anything, and how to cancel it.
    package var outlook: String {
        let what = "Write \(id) (\(verb.rawValue) \"\(leaseName)\")"
        switch state {
        case .queued:
            return "\(what) stays queued, and the next sync sends it. To cancel it: leasehold queue cancel \(id)"
        case .sending, .unknown:
            return """
                \(what) was under way: it is not known yet whether the server has carried it out. `leasehold sync` \
                finds out. To give it up: leasehold queue cancel \(id) --give-up
                """
        case .waiting:
            return """
                \(what) waits for room, and each sync looks for it. To cancel it: leasehold queue cancel \(id)
                """
        case .blocked, .parked:
            return "\(what) waits for you: leasehold queue show \(id). To cancel it: leasehold queue cancel \(id)"
        case .accepted, .settled: return "\(what) has been carried out."
        case .rejected: return "\(what) was refused: leasehold queue show \(id)"
        case .cancelled where unconfirmed != nil:
            return "\(what) is forgotten. If the server has carried it out, the next sync shows the lease."
        case .cancelled, .expired, .superseded: return "\(what) is \(state.rawValue): it will not be sent."
        }
    }
}
