import LeaseModel
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
        case .queued, .sending, .unknown, .accepted, .settled, .cancelled, .superseded: .success
        case .rejected: ["invalid", "gone", "conflict"].contains(reason) ? .data : .refused
        case .blocked: reason == "cloud" ? .success : reason == "auth" ? .refused : .data
        case .parked: .unavailable
        case .expired: .notFinished
        }
    }
}
