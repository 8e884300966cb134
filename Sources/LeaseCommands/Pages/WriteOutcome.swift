import LeaseModel
import Leasehold
import Output

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
