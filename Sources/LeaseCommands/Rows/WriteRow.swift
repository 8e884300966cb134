import LeaseModel
import LeaseText
import Leasehold
import Output

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
        case .queued, .sending, .unknown, .accepted, .settled, .waiting, .cancelled, .superseded: .success
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
