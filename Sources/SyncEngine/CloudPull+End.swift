import LeaseModel
import LeaseStore

/// How a pull ends, and what is recorded of it.
extension CloudPull {
    func complete(
        _ gone: [(key: Int64, reason: Departure.Reason)], _ state: inout PullState
    ) async throws(PullFailure) -> Bool {
        guard let run = state.run else { return false }
        let finished = state
        let result = try storing { store throws(StoreError) in
            try store.completeRun(
                run, scope: finished.scope, gone: gone, counts: finished.counts,
                serverDate: finished.serverDate, requestID: finished.requestID, startedAt: finished.startedAt,
                at: connection.now())
        }
        guard let result else { return false }
        state.counts = result.counts
        if !result.changes.isEmpty { await progress(.changed(cloud: connection.name, changes: result.changes)) }
        return true
    }

    /// Records that the run's answer does not count.
    ///
    /// - Returns: whether the mirror is nevertheless as fresh as the given run would have made it.
    func endSuperseded(_ state: PullState, since first: RunTicket?) throws(PullFailure) -> Bool {
        guard let run = state.run, let first else { return false }
        return try storing { store throws(StoreError) in
            try store.endRun(
                run, outcome: .superseded, message: "Another sync wrote meanwhile.", requestID: state.requestID,
                counts: state.counts, at: connection.now())
            return try store.hasCompletedRun(after: first, scope: state.scope.id)
        }
    }

    func superseded(_ state: PullState, isFresh: Bool) -> SyncReport {
        let warning =
            "Other programs kept syncing cloud \(connection.name) at the same time. "
            + "The database holds what they saw, which may be a little older than this command."
        return SyncReport(
            cloud: connection.name, site: state.scope.site, failure: nil, message: nil, counts: state.counts,
            isFirst: false, warnings: state.warnings + (isFresh ? [] : [warning]))
    }

    func failed(
        _ failure: PullFailure, run: RunTicket?, scope: Scope?, counts: SyncCounts, startedAt: Timestamp
    ) -> SyncReport {
        var warnings: [String] = []
        do throws(StoreError) {
            let run =
                if let run { run } else {
                    try store.beginRun(cloud: connection.reference.description, scope: scope?.id, at: startedAt)
                }
            try store.endRun(
                run, outcome: failure.outcome, message: failure.message, requestID: failure.requestID, counts: counts,
                at: connection.now())
        } catch {
            if failure.failure != .database { warnings.append("The failure could not be recorded: \(error.message)") }
        }
        return SyncReport(
            cloud: connection.name, site: scope?.site ?? connection.name, failure: failure.failure,
            message: failure.message, requestID: failure.requestID, retryAfter: failure.retryAfter,
            counts: counts, isFirst: scope?.listedAt == nil, warnings: warnings)
    }

    func storing<Value>(
        _ body: (LeaseStore) throws(StoreError) -> Value
    ) throws(PullFailure) -> Value {
        do {
            return try body(store)
        } catch {
            throw PullFailure(error)
        }
    }
}
