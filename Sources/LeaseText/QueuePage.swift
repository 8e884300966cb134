package import LeaseModel
package import Output

/// A queued write, as shown to a person who has to decide about it.
package struct QueuePage {
    package let mutation: Mutation
    package let attempts: [MutationAttempt]
    /// The cloud that the write was requested with.
    package let cloud: String?
    /// The names of the sites.
    private let sites: [Int64: String]

    package init(
        mutation: Mutation, attempts: [MutationAttempt], cloud: String?, sites: [Int64: String] = [:]
    ) {
        self.mutation = mutation
        self.attempts = attempts
        self.cloud = cloud
        self.sites = sites
    }

    private var id: Int64 { mutation.id }

    package func page(_ style: OutputStyle) -> TextPage {
        var page = TextPage(style)
        let time = style.time
        let text = WriteText(mutation: mutation, time: time)
        page.line(
            "\(text.title)   \(text.standing)",
            right: "(write \(id)\(cloud.map { ", \($0)" } ?? ", \(mutation.site)"))")
        addFields(text, to: &page)
        // The message about a conflict only refers to this page.
        if let message = mutation.message, !message.isEmpty, mutation.reason != "conflict",
            attempts.last?.message != message
        {
            page.line(message, indent: 2)
        }
        addRequests(time, to: &page)
        let decisions = decisions(text)
        if !decisions.isEmpty {
            page.line([.queued, .unknown, .waiting].contains(mutation.state) ? "What you can do:" : "Decide:")
            page.columns(decisions)
        }
        return page
    }

    private func addFields(_ text: WriteText, to page: inout TextPage) {
        let zone = text.time.zone
        switch mutation.verb {
        case .create:
            page.line(text.clause, indent: 2)
            for part in mutation.body["reservations"]?.arrayValue ?? [] {
                guard let fields = part.objectValue else { continue }
                page.line(ReservationText(requesting: fields).all, indent: 4)
            }
            guard let terms = mutation.waiting, mutation.state.isPending else { break }
            for line in WaitingText(mutation, terms, time: text.time).alternatives(sites) { page.line(line, indent: 2) }
        case .delete: break
        case .update, .extend:
            let comparison = comparison(text)
            var rows = comparison.rows
            if comparison.hasTimes { rows[0][rows[0].count - 1] += "   (\(zone.abbreviation(at: mutation.createdAt)))" }
            page.columns(rows)
        }
    }

    /// The fields of a change: before, as queued, and on the server if that is different. The first row has the titles.
    package func comparison(_ text: WriteText) -> (rows: [[String]], hasTimes: Bool) {
        let (base, theirs) = (LeaseFields(mutation.base), mutation.theirs.map { LeaseFields($0) })
        var rows = [["", "before", "yours"] + (theirs == nil ? [] : ["on the server"])]
        var hasTimes = false
        for (field, mine) in text.fields {
            let known = base.value(named: field)
            hasTimes = hasTimes || mine.stringValue.flatMap(Timestamp.init(parsing:)) != nil
            rows.append(
                [field, text.text(known), text.text(mine)]
                    + (theirs.map { [text.text($0.value(named: field) ?? known)] } ?? []))
        }
        return (rows, hasTimes)
    }

    private func addRequests(_ time: TimeText, to page: inout TextPage) {
        var terms = "Queued \(time.moment(mutation.createdAt, .seconds))."
        if mutation.state == .queued, mutation.attempts > 0 {
            terms += " Next attempt \(time.moment(mutation.nextAttemptAt, .seconds))."
        }
        if let limit = mutation.notAfter, mutation.waiting == nil {
            terms += " Not sent after \(time.moment(limit))."
        }
        if let limit = mutation.retryUntil { terms += " Tried again until \(time.moment(limit))." }
        guard !attempts.isEmpty else {
            page.line("Sent: nothing yet. \(terms)")
            return
        }
        page.line(terms)
        page.line("Sent:")
        page.columns(
            attempts.map { attempt in
                var outcome = attempt.outcome ?? "no answer yet"
                if let message = attempt.message { outcome += ": \(message)" }
                if let request = attempt.requestID { outcome += " (request \(request))" }
                return [time.moment(attempt.startedAt, .seconds), outcome]
            })
    }

    /// The commands for deciding about the write, and the effect of each.
    private func decisions(_ text: WriteText) -> [[String]] {
        let queue = "leasehold queue"
        switch (mutation.state, mutation.reason) {
        case (.blocked, "conflict"):
            return [
                ["\(queue) resolve \(id) mine", effect(ofMine: text)],
                ["\(queue) resolve \(id) theirs", effect(ofTheirs: text)],
            ]
        case (.blocked, "ambiguous"):
            return [
                ["\(queue) resolve \(id) --adopt LEASE-ID", "it became that lease"],
                ["\(queue) resolve \(id) --create-again", "it became none of them: send it again"],
                ["\(queue) cancel \(id) --give-up", "forget it; the leases stay"],
            ]
        case (.waiting, _):
            return [["leasehold sync", "look for room now"], ["\(queue) cancel \(id)", "cancel it"]]
        case (.blocked, _), (.parked, _):
            return [
                ["\(queue) retry \(id)", "try it again at the next sync"],
                ["\(queue) cancel \(id)", "cancel it"],
            ]
        case (.rejected, _):
            return [["\(queue) retry \(id)", "try it again at the next sync"]]
        case (.queued, _):
            return [["leasehold sync", "send it now"], ["\(queue) cancel \(id)", "cancel it"]]
        case (.unknown, _), (.sending, _):
            return [
                ["leasehold sync", "find out"], ["\(queue) cancel \(id) --give-up", "forget it, not knowing"],
            ]
        default: return []
        }
    }

    /// The effect of deciding for the queued values.
    package func effect(ofMine text: WriteText) -> String { effect(of: mutation.body, text, keeps: false) }

    /// The effect of deciding for what is on the server.
    package func effect(ofTheirs text: WriteText) -> String { effect(of: mutation.theirs ?? [:], text, keeps: true) }

    /// The effect of a decision.
    private func effect(of values: JSONObject, _ text: WriteText, keeps: Bool) -> String {
        guard mutation.verb != .delete else { return keeps ? "leave the lease" : "delete it all the same" }
        func moment(_ object: JSONObject?) -> Timestamp? {
            object?["end_date"]?.stringValue.flatMap(Timestamp.init(parsing:))
        }
        guard let end = moment(values) else {
            return keeps ? "leave it as it is on the server" : "change it as you asked"
        }
        guard !keeps else { return "leave its end at \(text.time.moment(end))" }
        guard let theirs = moment(mutation.theirs) else { return "end it \(text.time.moment(end))" }
        let seconds = end.seconds(since: theirs)
        let difference = TimeText.duration(seconds: Int64(clamping: seconds.magnitude))
        return "end it \(text.time.moment(end)) (\(difference) \(seconds < 0 ? "earlier" : "later"))"
    }
}

/// A write as a row of `queue list`.
package struct QueueRow: Sendable {
    package let mutation: Mutation
    package var attempts: [MutationAttempt]

    package init(mutation: Mutation, attempts: [MutationAttempt] = []) {
        self.mutation = mutation
        self.attempts = attempts
    }

    package static let columns: [Column<QueueRow>] = [
        Column("id", heading: "WRITE") { .number(Int($0.mutation.id)) },
        Column("verb") { .text($0.mutation.verb.rawValue) },
        Column("lease") { .text($0.mutation.leaseName) },
        Column("state") { .status($0.mutation.state.rawValue) },
        Column("reason") { .text($0.mutation.reason) },
        Column("attempts", dropPriority: 2) { .number($0.mutation.attempts) },
        Column("next_attempt_at", dropPriority: 4, heading: "NEXT TRY") { row in
            row.mutation.state == .queued ? .time(row.mutation.nextAttemptAt) : .missing
        },
        Column("request_id", dropPriority: 1, role: .identifier, heading: "REQUEST") { .text($0.mutation.requestID) },
        Column("site", dropPriority: 3, role: .context) { .text($0.mutation.site) },
        Column("message") { .text($0.mutation.message) },
        Column("lease_id", visibility: .structured) { .text($0.mutation.leaseID ?? $0.mutation.localID) },
        Column("local_id", visibility: .structured) { .text($0.mutation.localID) },
        Column("created_at", visibility: .structured) { .time($0.mutation.createdAt) },
        Column("updated_at", visibility: .structured) { .time($0.mutation.updatedAt) },
        Column("body", visibility: .structured) { .json(.object($0.mutation.body)) },
    ]

    /// The columns of `queue list` on a terminal: what each write will do, and why it waits.
    package static func terminalColumns(_ time: TimeText) -> [Column<QueueRow>] {
        columns.flatMap { column -> [Column<QueueRow>] in
            switch column.key {
            case "reason", "attempts", "request_id": return []
            case "message":
                return [
                    Column(column.key, heading: "WHAT") { row in
                        let text = WriteText(mutation: row.mutation, time: time)
                        let change: String? =
                            switch row.mutation.verb {
                            case .create: text.period
                            case .delete: nil
                            case .update, .extend: text.change
                            }
                        return .text([text.why, change].compactMap { $0 }.joined(separator: "; "))
                    }
                ]
            default: return column.visibility == .always ? [column] : []
            }
        }
    }

    /// The columns of the waiting writes in `show`.
    package static let section = columns.filter {
        ["id", "verb", "state", "reason", "attempts", "next_attempt_at", "message"].contains($0.key)
    }

    /// The columns that `queue show` adds.
    package static let details: [Column<QueueRow>] =
        columns.map { column in
            Column<QueueRow>(column.key, isShrinkable: column.isShrinkable, cell: column.cell)
        } + [
            Column("late_start") { .text($0.mutation.verb == .create ? $0.mutation.lateStart.rawValue : nil) },
            Column("not_after") { .time($0.mutation.notAfter) },
            Column("retry_until") { .time($0.mutation.retryUntil) },
            Column("waiting") { $0.mutation.waiting.map { .json(.object($0.summary)) } ?? .missing },
            Column("conflict") { row in
                guard let theirs = row.mutation.theirs else { return .missing }
                let (base, mine) = (LeaseFields(row.mutation.base), LeaseFields(row.mutation.body))
                return .json(
                    .array(
                        LeaseFields(theirs).named.map { field, theirs in
                            [
                                "field": .string(field), "base": base.value(named: field) ?? .null,
                                "mine": mine.value(named: field) ?? .null, "theirs": theirs,
                            ]
                        }))
            },
            Column("requests") { row in
                .json(
                    .array(
                        row.attempts.map {
                            [
                                "started_at": .string($0.startedAt.iso8601),
                                "finished_at": JSONValue($0.finishedAt?.iso8601), "outcome": JSONValue($0.outcome),
                                "request_id": JSONValue($0.requestID), "message": JSONValue($0.message),
                                "sent": .object($0.sent),
                            ]
                        }))
            },
        ]
}

extension Mutation {
    /// The summary of a waiting write in a lease's row.
    package var summary: JSONObject {
        var object: JSONObject = [
            "id": JSONValue(Int(id)), "verb": .string(verb.rawValue), "state": .string(state.rawValue),
            "reason": JSONValue(reason), "message": JSONValue(message), "body": .object(body),
        ]
        if let waiting { object["waiting"] = .object(waiting.summary) }
        return object
    }
}
