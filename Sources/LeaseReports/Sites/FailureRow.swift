package import LeaseModel

/// Writes that failed for the same reason.
package struct FailureRow: Sendable, Hashable {
    package let site: String
    package let verb: Mutation.Verb
    package let state: MutationState
    package let reason: String?
    /// The number of writes.
    package let count: Int
    /// When the last of them failed.
    package let lastAt: Timestamp
    /// The message of that write.
    package let message: String?

    /// Orders rows that are otherwise equal.
    private var key: String { "\(verb.rawValue) \(state.rawValue) \(reason ?? "")" }

    private struct Key: Hashable {
        let site: String
        let verb: Mutation.Verb
        let state: MutationState
        let reason: String?
    }

    /// Counts the failures in a queue, the most frequent first.
    package static func rows(of queue: [Mutation], period: Range<Timestamp>) -> [FailureRow] {
        let failed = queue.filter {
            [.rejected, .expired, .blocked, .parked].contains($0.state) && period.contains($0.updatedAt)
        }
        let groups = Dictionary(grouping: failed) {
            Key(site: $0.site, verb: $0.verb, state: $0.state, reason: $0.reason)
        }
        return groups.compactMap { key, mutations in
            mutations.max { ($0.updatedAt, $0.id) < ($1.updatedAt, $1.id) }.map { last in
                FailureRow(
                    site: key.site, verb: key.verb, state: key.state, reason: key.reason, count: mutations.count,
                    lastAt: last.updatedAt, message: last.message)
            }
        }.sorted { ($1.count, $0.site, $0.lastAt, $0.key) < ($0.count, $1.site, $1.lastAt, $1.key) }
    }
}
