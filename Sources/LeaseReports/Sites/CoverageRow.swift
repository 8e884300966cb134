package import LeaseModel

/// Since when and how closely a scope has been watched.
package struct CoverageRow: Sendable, Hashable {
    package let scope: Scope
    /// When the first complete list was requested; `nil` if there is none.
    package let completeFrom: Timestamp?
    /// When the last one was.
    package let lastSync: Timestamp?
    /// The number of complete lists.
    package let syncs: Int
    /// The number of attempts that failed or returned a suspect list.
    package let failed: Int
    /// The number of pauses between complete lists, and since the last one, that were longer than the limit.
    package let gaps: Int
    /// The longest pause between two complete lists, or since the last one; `nil` before the first.
    package let longestGap: Range<Timestamp>?

    /// Summarizes the attempts to read a scope.
    ///
    /// - Parameters:
    ///   - scope: the scope.
    ///   - lists: when its complete lists were requested, earliest first.
    ///   - runs: the attempts, including those of other scopes.
    ///   - pause: the longest pause, in seconds, that does not count as a gap.
    ///   - now: the current time, which ends the pause since the last list.
    package init(_ scope: Scope, lists: [Timestamp], runs: [SyncRun], pause: Int64, now: Timestamp) {
        // An attempt that got no token has no scope, only the name of its cloud.
        let own = runs.filter { $0.scopeID == scope.id || ($0.scopeID == nil && scope.clouds.contains($0.cloud)) }
        // If a clock was set back, a list may seem to lie in the future.
        let pauses = zip(lists, lists.dropFirst() + [now]).filter { $0 < $1 }.map { $0..<$1 }
        self.scope = scope
        completeFrom = lists.first
        lastSync = lists.last
        syncs = lists.count
        failed = own.count { $0.outcome == .failed || $0.outcome == .suspect }
        gaps = pauses.count { $0.upperBound.seconds(since: $0.lowerBound) > pause }
        longestGap = pauses.max {
            $0.upperBound.seconds(since: $0.lowerBound) < $1.upperBound.seconds(since: $1.lowerBound)
        }
    }
}

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
