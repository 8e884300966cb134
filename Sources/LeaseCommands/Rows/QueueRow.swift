import LeaseModel
import Output

/// A write as a row of `queue list`.
package struct QueueRow: Sendable {
    let mutation: Mutation
    var attempts: [MutationAttempt] = []

    static let columns: [Column<QueueRow>] = [
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
    static func terminalColumns(_ time: TimeText) -> [Column<QueueRow>] {
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
    static let section = columns.filter {
        ["id", "verb", "state", "reason", "attempts", "next_attempt_at", "message"].contains($0.key)
    }

    /// The columns that `queue show` adds.
    static let details: [Column<QueueRow>] =
        columns.map { column in
            Column<QueueRow>(column.key, isShrinkable: column.isShrinkable, cell: column.cell)
        } + [
            Column("late_start") { .text($0.mutation.verb == .create ? $0.mutation.lateStart.rawValue : nil) },
            Column("not_after") { .time($0.mutation.notAfter) },
            Column("retry_until") { .time($0.mutation.retryUntil) },
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
    var summary: JSONObject {
        [
            "id": JSONValue(Int(id)), "verb": .string(verb.rawValue), "state": .string(state.rawValue),
            "reason": JSONValue(reason), "message": JSONValue(message), "body": .object(body),
        ]
    }
}
