package import LeaseModel

/// Writes of the queue that did not get through for the same reason.
package struct FailureRow: Sendable, Hashable {
    package let site: String
    package let verb: Mutation.Verb
    package let state: MutationState
    package let reason: String?
    /// How many there are.
    package let count: Int
    /// When the last of them came to this.
    package let lastAt: Timestamp
    /// What is known of that one.
    package let message: String?

    /// What orders rows that agree in all else.
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
