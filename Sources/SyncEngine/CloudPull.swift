package import LeaseModel
package import LeaseStore
package import SyncPlanner

/// How to pull.
package struct PullOptions: Sendable, Hashable {
    /// Whether a person has said that a list which lacks much is right.
    package var confirmsDeletes = false
    /// Whether a person has said that a cloud which leads to another project than before is right.
    package var confirmsProject = false
    /// Whether to read hosts, flavors, networks and names as well.
    package var readsResources = true
    /// How long the server may still be working on a request whose answer was lost, in seconds.
    package var quietPeriodSeconds: Int64 = 300
    /// How many missing leases are asked for at once.
    package var concurrency = 4
    /// How many leases are decoded and written together. Ids are random, so every batch writes most pages of their
    /// indexes again: small batches write a multiple of the database. A lease takes about 15 kB of memory meanwhile.
    var leasesPerBatch = 1_500

    package init() {}

    package var rules: QueueRules { QueueRules(quietPeriodSeconds: quietPeriodSeconds) }
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

    /// How often to read again because another program was writing meanwhile.
    private static var mostAttempts: Int { 5 }

    /// Reads the cloud. Whatever goes wrong is in the report, and recorded.
    package func run() async -> SyncReport {
        let scope: Scope
        do {
            scope = try await findScope()
        } catch {
            return failed(error, run: nil, scope: nil, counts: SyncCounts(), startedAt: connection.now())
        }
        var first: RunTicket?
        var state = PullState(scope: scope, startedAt: connection.now())
        for attempt in 1...Self.mostAttempts {
            do {
                if try await read(&state) { break }
                // What the other one saw may be older than the moment at which this one was asked for.
                let isFresh = try endSuperseded(state, since: first ?? state.run)
                guard !isFresh, attempt < Self.mostAttempts else { return superseded(state, isFresh: isFresh) }
            } catch {
                return failed(error, run: state.run, scope: scope, counts: state.counts, startedAt: state.startedAt)
            }
            first = first ?? state.run
            state = PullState(scope: scope, startedAt: connection.now())
        }
        if options.readsResources {
            let reader = ResourceReader(connection: connection, seesAllProjects: scope.seesAllProjects)
            state.warnings += await reader.read(into: store, scope: scope.id, progress: progress)
        }
        return SyncReport(
            cloud: connection.name, site: scope.site, failure: nil, message: nil, counts: state.counts,
            isFirst: scope.listedAt == nil, warnings: state.warnings)
    }

    /// Reads the list and writes what it says.
    ///
    /// - Returns: `false` if another run wrote meanwhile, so that this one's answer does not count.
    private func read(_ state: inout PullState) async throws(PullFailure) -> Bool {
        let (scope, startedAt) = (state.scope.id, state.startedAt)
        state.run = try storing { store throws(StoreError) in
            try store.beginRun(cloud: connection.reference.description, scope: scope, at: startedAt)
        }
        let spool = try await readList(&state)
        guard try await write(spool, &state) else { return false }
        let gone = try await confirmMissing(&state)
        return try await complete(gone, &state)
    }
}
