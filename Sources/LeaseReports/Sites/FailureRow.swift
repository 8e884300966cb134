public import LeaseModel

/// Writes of the queue that did not get through for the same reason.
public struct FailureRow: Sendable, Hashable {
    public let site: String
    public let verb: Mutation.Verb
    public let state: MutationState
    public let reason: String?
    /// How many there are.
    public let count: Int
    /// When the last of them came to this.
    public let lastAt: Timestamp
    /// What is known of that one.
    public let message: String?

    /// What orders rows that agree in all else.
    private var key: String { "\(verb.rawValue) \(state.rawValue) \(reason ?? "")" }

    private struct Key: Hashable {
        let site: String
        let verb: Mutation.Verb
        let state: MutationState
        let reason: String?
    }

    /// Counts the failures in a queue, the most frequent first.
    public static func rows(of queue: [Mutation], period: Range<Timestamp>) -> [FailureRow] {
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
