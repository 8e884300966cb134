package import LeaseModel
package import Output

/// Describes how a lease is kept.
package struct KeepText {
    private let rule: KeepRule
    private let now: Timestamp
    private let time: TimeText

    package init(rule: KeepRule, now: Timestamp, time: TimeText) {
        self.rule = rule
        self.now = now
        self.time = time
    }

    /// The whole in a sentence: `mylease is kept until Sat 5 Dec 10:00: window opens Sun 29 Nov 10:00`.
    package var sentence: String {
        let until = time.moment(rule.until)
        switch rule.ending {
        case nil: return "\(rule.leaseName) is kept until \(until): \(standing)"
        case .reached: return "\(rule.leaseName) is kept: it lasts until \(until)"
        case .stopped: return "\(rule.leaseName) is no longer kept" + detail
        case .gone: return "\(rule.leaseName) is no longer kept" + detail
        case .missed: return "\(rule.leaseName) could not be kept until \(until)" + detail
        }
    }

    /// What is next, or how it ended.
    package var standing: String {
        if let ending = rule.ending { return ending.rawValue + detail }
        guard rule.leaseID != nil else { return rule.message ?? "waits until the lease has been created" }
        if let message = rule.message {
            let retry = rule.retryAt.map { " Tried again after \(time.moment($0))." } ?? ""
            return "could not be extended. \(message)\(retry)"
        }
        if let write = rule.mutationID { return "extension under way (leasehold queue show \(write))" }
        if let opensAt = rule.opensAt, opensAt >= now { return "window opens \(time.moment(opensAt))" }
        return "the next sync extends it"
    }

    /// Why it ended.
    private var detail: String {
        if let message = rule.message { return ": \(message)" }
        // It was last looked at before the window opened, or else something would have been in the way.
        guard rule.ending == .missed else { return "" }
        return rule.opensAt.map { ": no sync ran after \(time.moment($0)), when an extension was first possible" }
            ?? ": no sync ran while it could be extended"
    }
}

extension KeepText {
    /// The line about a sync's news.
    package static func line(_ news: KeepNews, now: Timestamp, time: TimeText) -> String {
        if let end = news.end, let newEnd = news.newEnd {
            return "\(news.rule.leaseName): end \(time.moment(end)) -> \(time.moment(newEnd))"
        }
        let text = KeepText(rule: news.rule, now: now, time: time)
        return news.rule.ending == nil ? "\(news.rule.leaseName): \(text.standing)" : text.sentence
    }
}

/// A rule as a row of `keep list`.
package struct KeepRow: Sendable {
    private let rule: KeepRule
    /// The lease's end, if the lease is known.
    private let end: Timestamp?
    private let text: KeepText

    package init(rule: KeepRule, end: Timestamp?, now: Timestamp, time: TimeText) {
        self.rule = rule
        self.end = end
        text = KeepText(rule: rule, now: now, time: time)
    }

    package static let columns: [Column<KeepRow>] = [
        Column("name") { .text($0.rule.leaseName) },
        Column("state") { .status($0.rule.ending?.rawValue ?? "keeping") },
        Column("end_date", dropPriority: 3, heading: "ENDS") { .time($0.end) },
        Column("until") { .time($0.rule.until) },
        Column("window_opens_at", dropPriority: 4, heading: "WINDOW OPENS") {
            $0.rule.ending == nil ? .time($0.rule.opensAt) : .missing
        },
        Column("message") { .text($0.text.standing) },
        Column("site", dropPriority: 2, role: .context) { .text($0.rule.site) },
        Column("lease_id", dropPriority: 1, role: .identifier) { .text($0.rule.leaseID ?? $0.rule.localID) },
        Column("min_step", visibility: .structured) { .duration(seconds: $0.rule.minStepSeconds) },
        Column("write", visibility: .structured) { row in
            row.rule.mutationID.map { .number(Int($0)) } ?? .missing
        },
        Column("failures", visibility: .structured) { .number($0.rule.failures) },
        Column("retry_at", visibility: .structured) { .time($0.rule.retryAt) },
        Column("created_at", visibility: .structured) { .time($0.rule.createdAt) },
        Column("ended_at", visibility: .structured) { .time($0.rule.endedAt) },
    ]
}

extension KeepRule {
    /// The rule as JSON, for programs.
    package var summary: JSONObject {
        [
            "name": .string(leaseName), "lease_id": JSONValue(leaseID ?? localID),
            "state": .string(ending?.rawValue ?? "keeping"), "until": .string(until.iso8601),
            "window_opens_at": JSONValue(opensAt?.iso8601), "message": JSONValue(message),
            "retry_at": JSONValue(retryAt?.iso8601),
        ]
    }
}
