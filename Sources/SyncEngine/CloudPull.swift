import BlazarClient
import Foundation
package import LeaseModel
package import LeaseStore
import OpenStackClient
import SyncPlanner

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

    package init() {}

    var rules: QueueRules { QueueRules(quietPeriodSeconds: quietPeriodSeconds) }
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

    /// How many leases are decoded and written together. Ids are random, so every batch writes most pages of their
    /// indexes again: small batches write a multiple of the database. A batch takes about 10 kB of memory a lease.
    private static var batch: Int { 4_000 }

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

    // MARK: - Who asks

    private func findScope() async throws(PullFailure) -> Scope {
        let identity: TokenIdentity
        do {
            identity = try await connection.session.identity()
        } catch {
            throw PullFailure(error)
        }
        let before = try storing { store throws(StoreError) in try store.scope(ofCloud: connection.name) }
        if let before, before.projectID != identity.projectID, before.authURL == identity.authURL,
            !identity.isProjectConfigured, !options.confirmsProject
        {
            throw PullFailure(
                failure: .suspect,
                message: """
                    The credentials of cloud \(connection.name) were for project \(before.projectName) \
                    (\(before.projectID)) and are now for \(identity.projectName) (\(identity.projectID)), which the \
                    configuration does not name. Nothing was changed; if that is right, run \
                    `leasehold sync --os-cloud \(connection.name) --confirm-project`.
                    """)
        }
        return try storing { store throws(StoreError) in
            try store.scope(
                for: ScopeIdentity(
                    cloud: connection.name, site: connection.name, authURL: identity.authURL,
                    region: identity.region, projectID: identity.projectID, projectName: identity.projectName,
                    userID: identity.userID, userName: identity.userName,
                    seesAllProjects: identity.seesAllProjects || connection.cloud.wantsAllProjects))
        }
    }

    // MARK: - The list

    private func readList(_ state: inout PullState) async throws(PullFailure) -> SliceSpool {
        state.ledger = try storing { [scope = state.scope.id] store throws(StoreError) in
            try store.pullLedger(scope: scope)
        }
        var spool = SliceSpool(folder: (store.path as NSString).deletingLastPathComponent)
        do throws(LeaseListFailure) {
            var reader = try await connection.blazar.leases()
            while case .batch(let slices) = try await next(&reader, &state) {
                for slice in slices {
                    state.counts.bytes += slice.bytes.count
                    if state.ledger.observe(id: slice.id, digest: slice.digest) != .unchanged {
                        do {
                            try spool.append(slice)
                        } catch {
                            throw LeaseListFailure.notAsked(spoolError(error))
                        }
                    }
                }
                await progress(
                    .reading(
                        cloud: connection.name, bytes: state.counts.bytes, totalBytes: nil,
                        leases: state.ledger.listedCount))
            }
        } catch {
            throw PullFailure(error)
        }
        state.counts.listed = state.ledger.listedCount
        return spool
    }

    private func next(
        _ reader: inout LeaseListReader, _ state: inout PullState
    ) async throws(LeaseListFailure) -> LeaseListStep {
        let step = try await reader.next()
        if case .end(let summary) = step {
            state.counts.bytes = summary.byteCount
            state.serverDate = summary.serverDate
            state.requestID = summary.requestID
        }
        return step
    }

    private func spoolError(_ error: any Error) -> ServiceError {
        ServiceError(
            kind: .configuration,
            message: """
                The list of cloud \(connection.name) cannot be kept beside the database \(store.path) while it is read \
                (\(error.localizedDescription)). Nothing was changed; make room on the disk and try again.
                """)
    }

    // MARK: - Writing

    /// Decodes and writes what is new or different, decoding the next batch while one is being written.
    private func write(_ spool: consuming SliceSpool, _ state: inout PullState) async throws(PullFailure) {
        var spool = spool
        let total = spool.count
        guard total > 0 else { return }
        var done = 0
        do {
            try spool.rewind()
            var current = Self.decode(try spool.next(Self.batch))
            while !current.isEmpty {
                let following = try spool.next(Self.batch)
                async let decoded = Self.decode(following)
                let changes = try apply(current, &state)
                done += current.count
                await progress(.writing(cloud: connection.name, done: done, of: total))
                if !changes.isEmpty { await progress(.changed(cloud: connection.name, changes: changes)) }
                current = await decoded
            }
        } catch let error as PullFailure {
            throw error
        } catch {
            throw PullFailure(spoolError(error))
        }
    }

    private func apply(
        _ decoded: [Result<ObservedLease, LeaseDecodingError>], _ state: inout PullState
    ) throws(PullFailure) -> [LeaseChange] {
        var leases: [ObservedLease] = []
        for result in decoded {
            switch result {
            case .success(let observed):
                guard state.scope.seesAllProjects || observed.lease.projectID == state.scope.projectID else {
                    throw foreign(observed.lease, state.scope)
                }
                leases.append(observed)
            case .failure(let error):
                state.warnings.append(
                    "A lease of cloud \(connection.name) cannot be read and was left as it was: \(error).")
            }
        }
        let (scope, run, startedAt) = (state.scope, state.run ?? 0, state.startedAt)
        let changes = try storing { store throws(StoreError) in
            try store.apply(leases, scope: scope, run: run, at: startedAt)
        }
        for change in changes ?? [] { state.counts.count(change.kind) }
        return changes ?? []
    }

    private func foreign(_ lease: Lease, _ scope: Scope) -> PullFailure {
        PullFailure(
            failure: .suspect,
            message: """
                The list of cloud \(connection.name) holds the lease \(lease.id) of project \(lease.projectID), though \
                the token is for project \(scope.projectName) (\(scope.projectID)). Nothing was deleted; check the \
                credentials, or set leasehold_all_projects: true for this cloud in clouds.yaml if that is right.
                """)
    }

    private static func decode(
        _ slices: [(bytes: [UInt8], digest: UInt64)]
    ) -> [Result<ObservedLease, LeaseDecodingError>] {
        slices.map { slice in
            do throws(LeaseDecodingError) {
                guard let value = try? JSONValue(parsing: slice.bytes), let object = value.objectValue else {
                    throw LeaseDecodingError(leaseID: nil, field: "the object", problem: "is not JSON")
                }
                return .success(ObservedLease(lease: try Lease(json: object), digest: slice.digest))
            } catch {
                return .failure(error)
            }
        }
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

    private func storing<Value>(
        _ body: (LeaseStore) throws(StoreError) -> Value
    ) throws(PullFailure) -> Value {
        do {
            return try body(store)
        } catch {
            throw PullFailure(error)
        }
    }
}

/// What a pull knows so far.
struct PullState: Sendable {
    let scope: Scope
    let startedAt: Timestamp
    var run: Int64?
    var ledger = PullLedger()
    var counts = SyncCounts()
    var serverDate: Timestamp?
    var requestID: String?
    var warnings: [String] = []

    init(scope: Scope, startedAt: Timestamp) {
        self.scope = scope
        self.startedAt = startedAt
    }
}
