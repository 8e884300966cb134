package import LeaseModel
package import LeaseStore

/// How to pull.
package struct PullOptions: Sendable, Hashable {
    /// Whether a person has said that a list which lacks much is right.
    package var confirmsDeletes = false
    /// Whether a person has said that a cloud which leads to another project than before is right.
    package var confirmsProject = false
    /// Whether to read hosts, flavors, networks and names as well.
    package var readsResources = true

    package init() {}
}

/// Reads one cloud into the mirror, once.
///
/// The rules that make it safe: a list counts only if it was read to its end; a lease that it lacks is asked for by
/// itself, and only Blazar's own 404 makes it deleted; an older answer never overwrites a newer one.
package struct CloudPull: Sendable {
    let store: LeaseStore
    let connection: CloudConnection
    let options: PullOptions
    let progress: @Sendable (SyncProgress) async -> Void

    package init(
        store: LeaseStore, connection: CloudConnection, options: PullOptions,
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) {
        self.store = store
        self.connection = connection
        self.options = options
        self.progress = progress
    }

    /// Reads the cloud. Whatever goes wrong is in the report, and recorded.
    package func run() async -> SyncReport {
        let startedAt = connection.now()
        let scope: Scope
        do {
            scope = try await findScope()
        } catch {
            return failed(error, run: nil, scope: nil, counts: SyncCounts(), startedAt: startedAt)
        }
        var state = PullState(scope: scope, startedAt: startedAt)
        do {
            state.run = try storing { store throws(StoreError) in
                try store.beginRun(cloud: connection.name, scope: scope.id, at: startedAt)
            }
            let spool = try await readList(&state)
            try await write(spool, &state)
            let gone = try await confirmMissing(&state)
            guard try await complete(gone, &state) else { return superseded(state) }
        } catch {
            return failed(error, run: state.run, scope: scope, counts: state.counts, startedAt: startedAt)
        }
        if options.readsResources {
            let reader = ResourceReader(connection: connection, seesAllProjects: scope.seesAllProjects)
            state.warnings += await reader.read(into: store, scope: scope.id, progress: progress)
        }
        return SyncReport(
            cloud: connection.name, site: scope.site, failure: nil, message: nil, counts: state.counts,
            isFirst: scope.listedAt == nil, warnings: state.warnings)
    }

    // MARK: - The end

    private func complete(
        _ gone: [(key: Int64, reason: Departure.Reason)], _ state: inout PullState
    ) async throws(PullFailure) -> Bool {
        let finished = state
        let result = try storing { store throws(StoreError) in
            try store.completeRun(
                finished.run ?? 0, scope: finished.scope, gone: gone, counts: finished.counts,
                serverDate: finished.serverDate, requestID: finished.requestID, startedAt: finished.startedAt,
                at: connection.now())
        }
        guard let result else { return false }
        state.counts = result.counts
        if !result.changes.isEmpty { await progress(.changed(cloud: connection.name, changes: result.changes)) }
        return true
    }

    private func superseded(_ state: PullState) -> SyncReport {
        if let run = state.run {
            _ = try? store.endRun(
                run, outcome: .superseded, message: "A later sync had finished first.", requestID: state.requestID,
                counts: state.counts, at: connection.now())
        }
        return SyncReport(
            cloud: connection.name, site: state.scope.site, failure: nil, message: nil, counts: state.counts,
            isFirst: false, warnings: state.warnings)
    }

    private func failed(
        _ failure: PullFailure, run: Int64?, scope: Scope?, counts: SyncCounts, startedAt: Timestamp
    ) -> SyncReport {
        var warnings: [String] = []
        do throws(StoreError) {
            let run =
                if let run { run } else {
                    try store.beginRun(cloud: connection.name, scope: scope?.id, at: startedAt)
                }
            try store.endRun(
                run, outcome: failure.outcome, message: failure.message, requestID: failure.requestID, counts: counts,
                at: connection.now())
        } catch {
            if failure.failure != .database { warnings.append("The failure could not be recorded: \(error.message)") }
        }
        return SyncReport(
            cloud: connection.name, site: scope?.site ?? connection.name, failure: failure.failure,
            message: failure.message, requestID: failure.requestID, retryAfterSeconds: failure.retryAfterSeconds,
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
