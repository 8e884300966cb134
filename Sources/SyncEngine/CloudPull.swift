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
    /// indexes again: small batches write a multiple of the database. A lease takes about 15 kB of memory meanwhile.
    private static var batch: Int { 2_000 }

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
            try store.beginRun(cloud: connection.name, scope: scope, at: startedAt)
        }
        let spool = try await readList(&state)
        guard try await write(spool, &state) else { return false }
        let gone = try await confirmMissing(&state)
        return try await complete(gone, &state)
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
            throw PullFailure(error, cloud: connection.name)
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
    ///
    /// - Returns: `false` if another run wrote meanwhile.
    private func write(_ spool: consuming SliceSpool, _ state: inout PullState) async throws(PullFailure) -> Bool {
        var spool = spool
        let total = spool.count
        guard total > 0 else { return true }
        var done = 0
        do {
            try spool.rewind()
            var current = Self.decode(try spool.next(Self.batch))
            while !current.isEmpty {
                let following = try spool.next(Self.batch)
                async let decoded = Self.decode(following)
                guard let changes = try apply(current, &state) else { return false }
                done += current.count
                await progress(.writing(cloud: connection.name, done: done, of: total))
                if !changes.isEmpty { await progress(.changed(cloud: connection.name, changes: changes)) }
                current = await decoded
            }
            return true
        } catch let error as PullFailure {
            throw error
        } catch {
            throw PullFailure(spoolError(error))
        }
    }

    private func apply(
        _ decoded: [Result<ObservedLease, LeaseDecodingError>], _ state: inout PullState
    ) throws(PullFailure) -> [LeaseChange]? {
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
        guard var run = state.run else { return nil }
        let (scope, startedAt) = (state.scope, state.startedAt)
        let changes = try storing { store throws(StoreError) in
            try store.apply(leases, scope: scope, run: &run, at: startedAt)
        }
        state.run = run
        for change in changes ?? [] { state.counts.count(change.kind) }
        return changes
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
}

/// What a pull knows so far.
struct PullState: Sendable {
    let scope: Scope
    let startedAt: Timestamp
    var run: RunTicket?
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
