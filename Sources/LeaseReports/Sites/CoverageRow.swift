package import LeaseModel

/// From when on, and how closely, a scope was watched.
package struct CoverageRow: Sendable, Hashable {
    package let scope: Scope
    /// When the first whole list was asked for; `nil` if none ever came.
    package let completeFrom: Timestamp?
    /// When the last one was.
    package let lastSync: Timestamp?
    /// How many whole lists were read.
    package let syncs: Int
    /// How many attempts failed, or brought nothing to believe.
    package let failed: Int
    /// How many pauses between whole lists, and since the last one, were longer than asked for.
    package let gaps: Int
    /// The longest pause between two whole lists, or since the last one; `nil` before the first.
    package let longestGap: Range<Timestamp>?

    /// Looks through the attempts to read a scope.
    ///
    /// - Parameters:
    ///   - scope: the scope.
    ///   - lists: when its whole lists were asked for, the first one first.
    ///   - runs: the attempts, those of other scopes too.
    ///   - pause: from how many seconds on a pause counts as a gap.
    ///   - now: the time, up to which the pause since the last list lasts.
    package init(_ scope: Scope, lists: [Timestamp], runs: [SyncRun], pause: Int64, now: Timestamp) {
        // An attempt that got no token does not know its scope, only the cloud that was asked for.
        let own = runs.filter { $0.scopeID == scope.id || ($0.scopeID == nil && scope.clouds.contains($0.cloud)) }
        // A clock that was put back may have read a list later than now.
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
