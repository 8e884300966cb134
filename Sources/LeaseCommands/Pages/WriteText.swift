import LeaseModel
import Leasehold
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

/// The outcome of a write, for people: what has changed, or that the write is queued.
struct WriteOutcome {
    let result: WriteResult
    private var mutation: Mutation { result.mutation }
    private var name: String { result.lease?.lease.name ?? mutation.leaseName }

    /// The page on standard output: the sentence, what a new lease reserves, its id, and what to do next. It is empty
    /// for a refused write, which is reported on standard error.
    func page(_ style: OutputStyle) -> TextPage {
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
    func says(_ note: String) -> Bool { result.isFound && mutation.verb == .delete && mutation.message == note }

    private var isDone: Bool { [.accepted, .settled].contains(mutation.state) }

    /// The outcome in a sentence; `nil` if the rest of the page says it.
    func line(_ style: OutputStyle) -> String? {
        let text = WriteText(mutation: mutation, time: style.time)
        guard isDone else {
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

/// The result of a write, as shown by `create`, `extend`, `update` and `delete`.
package struct WriteRow: Sendable {
    let result: WriteResult
    var mutation: Mutation { result.mutation }
    private var draft: LeaseDraft? { try? LeaseDraft(body: mutation.body) }
    /// The lease after the write. While the write waits, the lease as it will be.
    private var lease: BlazarLease? {
        guard let lease = result.lease?.lease else { return nil }
        return mutation.verb == .create || mutation.state.isFinal ? lease : lease.applying(mutation.body)
    }
    private var isDeleted: Bool {
        if result.lease?.removal != nil { return true }
        return mutation.verb == .delete && [.accepted, .settled].contains(mutation.state)
    }

    static let columns: [Column<WriteRow>] = [
        Column("id", isShrinkable: false) { .text($0.mutation.leaseID ?? $0.mutation.localID) },
        Column("name") { .text($0.lease?.name ?? $0.mutation.leaseName) },
        Column("status") { row in
            if row.isDeleted { return .status(LeaseStatus.deleted.rawValue) }
            return row.lease.map { .status($0.status.rawValue) } ?? .missing
        },
        Column("state") { .status($0.mutation.state.rawValue) },
        Column("reason") { .text($0.mutation.reason) },
        Column("message") { .text($0.mutation.message ?? $0.result.pause) },
        Column("start_date") { row in
            row.lease.map { .time($0.startsAt) } ?? .json(row.mutation.body["start_date"] ?? .null)
        },
        Column("end_date") { row in
            row.lease.map { .time($0.endsAt) } ?? .time(row.draft?.endsAt)
        },
        Column("site") { .text($0.mutation.site) },
        Column("mutation") { row in row.mutation.id == 0 ? .missing : .number(Int(row.mutation.id)) },
        Column("verb", visibility: .structured) { .text($0.mutation.verb.rawValue) },
        Column("local_id", visibility: .structured) { .text($0.mutation.localID) },
        Column("queued", visibility: .structured) { .bool($0.mutation.state.isPending) },
        Column("deleted", visibility: .structured) { .bool($0.isDeleted) },
        Column("request_id", visibility: .structured) { .text($0.mutation.requestID) },
        Column("reservations", visibility: .structured) { row in
            .json(
                row.lease.map { .array($0.reservations.map { .object($0.json(times: .iso8601)) }) }
                    ?? row.mutation.body["reservations"] ?? [])
        },
        Column("warnings", visibility: .structured) { row in
            .json(.array(row.result.warnings.map { .object($0.json) }))
        },
    ]
}

extension Mutation {
    /// The exit status of a command that requested this write.
    var status: ExitStatus {
        switch state {
        case .queued, .sending, .unknown, .accepted, .settled, .cancelled, .superseded: .success
        case .rejected: ["invalid", "gone", "conflict"].contains(reason) ? .data : .refused
        case .blocked: reason == "cloud" ? .success : reason == "auth" ? .refused : .data
        case .parked: .unavailable
        case .expired: .notFinished
        }
    }
}

/// Explains why a write was refused for lack of free resources. The server's own message, which contains the query that
/// found nothing, is stored with the write.
struct LackOfRoom {
    let error: CommandError

    /// `nil` for a write that was not refused for this reason.
    init?(_ result: WriteResult, _ time: TimeText) {
        let mutation = result.mutation
        guard mutation.state == .rejected, mutation.reason == "capacity", mutation.id != 0 else { return nil }
        let text = WriteText(mutation: mutation, time: time)
        let draft = mutation.verb == .create ? try? LeaseDraft(body: mutation.body) : nil
        var sentences: [String] = []
        if let draft {
            let wanted = draft.reservations.map { fields in
                let text = ReservationText(requesting: fields)
                return text.what + (text.requirement.isEmpty ? "" : " (\(text.requirement))")
            }
            sentences.append(
                "\(mutation.site) has no room for \(wanted.joined(separator: " and ")) \(text.period).")
        } else {
            sentences.append("\(mutation.site) has no room for this: \(text.clause).")
        }
        sentences += result.warnings.map(\.message)
        var error = CommandError(
            code: "capacity", message: sentences.joined(separator: " "), status: mutation.status)
        let isPossible = !result.warnings.contains { $0.field.hasSuffix("resource_properties") }
        if isPossible, let draft, let search = Self.search(draft, now: time.now) {
            error.hints.append("When free: \(search)")
        }
        error.hints.append(
            "Not \(draft == nil ? "done" : "created"); kept as write \(mutation.id) (the server's words: "
                + "leasehold queue show \(mutation.id)).")
        self.error = error
    }

    /// The command that finds out when hosts are free; `nil` unless the write asks for hosts of one kind.
    private static func search(_ draft: LeaseDraft, now: Timestamp?) -> String? {
        guard draft.reservations.count == 1, let now else { return nil }
        let wanted = ReservationText(requesting: draft.reservations[0]).reservation
        guard wanted.resourceType == .host else { return nil }
        let start = if case .at(let moment) = draft.start { moment } else { now }
        let minutes = max(1, (draft.endsAt.seconds(since: start) + 59) / 60)
        var words = "leasehold find-slot"
        if let type = wanted.requiredValue(of: "node_type") {
            words += " --node-type \(ShellWord.quoted(type))"
        } else if let properties = wanted.resourceProperties, !properties.isEmpty, properties != "[]" {
            words += " --resource-properties \(ShellWord.quoted(properties))"
        }
        let length = DurationText.text(seconds: minutes * 60)
        return "\(words) --count \(wanted.minimumCount ?? 1) --duration \(length)"
    }
}
