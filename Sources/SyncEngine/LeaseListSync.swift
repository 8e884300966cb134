import BlazarClient
import Foundation
package import LeaseModel
package import LeaseStore
import LocalFiles
import OpenStackClient
import SyncPlanner

/// Pulls the leases of one cloud into the mirror, once.
///
/// Three rules make it safe. A list counts only if it was read to its end. Every lease missing from it is asked for,
/// and only Blazar's own 404 means that it was deleted. An older answer never overwrites a newer one.
package struct LeaseListSync: Sendable {
    let store: LeaseStore
    let connection: CloudConnection
    let options: SyncOptions
    let progress: @Sendable (SyncProgress) async -> Void

    package init(
        store: LeaseStore, connection: CloudConnection, options: SyncOptions,
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) {
        self.store = store
        self.connection = connection
        self.options = options
        self.progress = progress
    }

    /// How often to read the list at most, if another program keeps writing in the meantime.
    private static var maxAttempts: Int { 5 }

    /// Pulls the leases. Any failure is in the report, and is recorded.
    package func run() async -> SyncReport {
        let scope: Scope
        var state: ListSyncState
        do {
            state = try await begin()
            scope = state.scope
        } catch {
            return failed(error, run: nil, scope: nil, counts: SyncCounts(), startedAt: connection.now())
        }
        var first: RunTicket?
        for attempt in 1...Self.maxAttempts {
            do {
                if try await read(&state) { break }
                // What the other run saw may be older than this command.
                let isFresh = try endSuperseded(state, since: first ?? state.run)
                guard !isFresh, attempt < Self.maxAttempts else { return superseded(state, isFresh: isFresh) }
            } catch {
                return failed(error, run: state.run, scope: scope, counts: state.counts, startedAt: state.startedAt)
            }
            first = first ?? state.run
            state = ListSyncState(scope: scope, startedAt: connection.now())
        }
        if options.readsResources {
            let reader = ResourceReader(connection: connection, seesAllProjects: scope.seesAllProjects)
            state.warnings += await reader.read(into: store, scope: scope.id, progress: progress)
        }
        return SyncReport(
            cloud: connection.name, site: scope.site, failure: nil, message: nil, counts: state.counts,
            isFirst: scope.listedAt == nil, warnings: state.warnings)
    }

    /// Reads the list and writes its content to the mirror.
    ///
    /// - Returns: `false` if another run wrote in the meantime, so that this run's answer does not count.
    private func read(_ state: inout ListSyncState) async throws(CloudError) -> Bool {
        if state.run == nil {
            let (scope, startedAt) = (state.scope.id, state.startedAt)
            state.run = try storing { store throws(StoreError) in
                try store.beginRun(cloud: connection.reference.description, scope: scope, at: startedAt)
            }
        }
        let spool = try await readList(&state)
        guard try await write(spool, &state) else { return false }
        let gone = try await confirmMissing(&state)
        return try await complete(gone, &state)
    }
}

/// The state of a pull.
struct ListSyncState: Sendable {
    let scope: Scope
    let startedAt: Timestamp
    var run: RunTicket?
    var ledger = ListLedger()
    var counts = SyncCounts()
    var serverDate: Timestamp?
    var requestID: String?
    var warnings: [String] = []

    init(scope: Scope, startedAt: Timestamp) {
        self.scope = scope
        self.startedAt = startedAt
    }
}

extension LeaseListSync {
    /// Logs in, finds the scope of the token, and begins the run.
    ///
    /// A credential that names no project, such as a token, may lead to another project than before without anybody
    /// having intended it. A person must confirm that.
    func begin() async throws(CloudError) -> ListSyncState {
        let identity: TokenIdentity
        let found: ScopeIdentity
        do {
            identity = try await connection.session.identity()
            found = try connection.scopeIdentity(identity)
        } catch {
            throw CloudError(error)
        }
        let startedAt = connection.now()
        var before: Scope?
        let begun = try storing { store throws(StoreError) in
            try store.beginRun(for: found, at: startedAt) { last in
                before = last
                guard let last, last.projectID != found.projectID, last.isAtSite(of: found) else { return true }
                return identity.isProjectConfigured || options.confirmsProject
            }
        }
        if let begun {
            var state = ListSyncState(scope: begun.scope, startedAt: startedAt)
            state.run = begun.run
            return state
        }
        throw CloudError(
            failure: .suspect,
            message: """
                The credentials of cloud \(connection.name) were for project \(before?.projectName ?? "unknown") \
                (\(before?.projectID ?? "")) and are now for \(identity.projectName) (\(identity.projectID)), which the \
                configuration does not name. Nothing was changed. If the new project is right, run \
                `leasehold sync --os-cloud \(connection.reference) --confirm-project`.
                """)
    }
}

extension LeaseListSync {
    /// Reads the list to its end, keeping the slices that are new or changed. Nothing is written yet, because an
    /// incomplete list must not count.
    func readList(_ state: inout ListSyncState) async throws(CloudError) -> SliceSpool {
        state.ledger = try storing { [scope = state.scope.id] store throws(StoreError) in
            try store.pullLedger(scope: scope)
        }
        var spool = SliceSpool(folder: SliceSpool.folder(beside: store.files.main))
        do throws(LeaseListFailure) {
            var pager = LeasePager(allProjects: state.scope.seesAllProjects)
            while try await readPage(&pager, &spool, &state) {}
        } catch {
            throw CloudError(error, cloud: connection.name)
        }
        state.counts.listed = state.ledger.listedCount
        return spool
    }

    /// Reads a page to its end.
    ///
    /// - Returns: whether another page follows.
    private func readPage(
        _ pager: inout LeasePager, _ spool: inout SliceSpool, _ state: inout ListSyncState
    ) async throws(LeaseListFailure) -> Bool {
        var reader = try await ask(&pager)
        let (bytesBefore, listedBefore) = (state.counts.bytes, state.ledger.listedCount)
        while true {
            switch try await reader.next() {
            case .batch(let slices):
                for slice in slices {
                    state.counts.bytes += slice.bytes.count
                    switch state.ledger.observe(id: slice.id, digest: slice.digest) {
                    // If a lease is listed twice, the first one counts.
                    case .unchanged, .repeated: continue
                    case .new, .changed:
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
            case .end(let summary):
                state.counts.bytes = bytesBefore + summary.byteCount
                // Later pages are no older than the first, so its date is used.
                state.serverDate = state.serverDate ?? connection.confirmed(summary.serverDate, sent: state.startedAt)
                state.requestID = summary.requestID
                do {
                    return try pager.advance(after: summary, new: state.ledger.listedCount - listedBefore)
                } catch {
                    throw .notAList(error, requestLine: summary.requestLine, requestID: summary.requestID)
                }
            }
        }
    }

    /// Requests a page. If the server refuses `limit`, requests it once more without.
    private func ask(_ pager: inout LeasePager) async throws(LeaseListFailure) -> LeaseListReader {
        do {
            return try await connection.blazar.leases(query: pager.query)
        } catch {
            guard case .refused(let refusal) = error, refusal.status == 400, pager.simplify() else { throw error }
            return try await connection.blazar.leases(query: pager.query)
        }
    }

    func spoolError(_ error: any Error) -> ServiceError {
        let reason = (error as? FileProblem)?.clause ?? error.localizedDescription
        return ServiceError(
            kind: .configuration,
            message: """
                The list of cloud \(connection.name) cannot be kept beside the database \(store.path) while it is read \
                (\(reason)). Nothing was changed; make room on the disk and try again.
                """)
    }
}

extension LeaseListSync {
    /// Decodes and writes the new and changed leases. The next batch is decoded while one is being written.
    ///
    /// - Returns: `false` if another run wrote in the meantime.
    func write(_ spool: consuming SliceSpool, _ state: inout ListSyncState) async throws(CloudError) -> Bool {
        var spool = spool
        let total = spool.count
        guard total > 0 else { return true }
        var done = 0
        do {
            try spool.rewind()
            var current = Self.decode(try spool.next(options.leasesPerBatch))
            while !current.isEmpty {
                let following = try spool.next(options.leasesPerBatch)
                async let decoded = Self.decode(following)
                guard let changes = try apply(current, &state) else { return false }
                done += current.count
                await progress(.writing(cloud: connection.name, done: done, of: total))
                if !changes.isEmpty { await progress(.changed(cloud: connection.name, changes: changes)) }
                current = await decoded
            }
            return true
        } catch let error as CloudError {
            throw error
        } catch {
            throw CloudError(spoolError(error))
        }
    }

    private func apply(
        _ decoded: [Result<ObservedLease, LeaseDecodingError>], _ state: inout ListSyncState
    ) throws(CloudError) -> [LeaseChange]? {
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

    private func foreign(_ lease: BlazarLease, _ scope: Scope) -> CloudError {
        CloudError(
            failure: .suspect,
            message: """
                The list of cloud \(connection.name) holds the lease \(lease.id) of project \(lease.projectID), though \
                the token is for project \(scope.projectName) (\(scope.projectID)). Nothing was deleted. Check the \
                credentials. If they are for all projects, set leasehold_all_projects: true for this cloud in \
                clouds.yaml.
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
                return .success(ObservedLease(lease: try BlazarLease(json: object), digest: slice.digest))
            } catch {
                return .failure(error)
            }
        }
    }
}

extension LeaseListSync {
    /// Asks for each missing lease and returns those that were removed.
    ///
    /// All of them are asked for before any is marked: one inconsistent answer discredits the list, and thereby the
    /// other answers.
    func confirmMissing(
        _ state: inout ListSyncState
    ) async throws(CloudError) -> [(key: Int64, reason: Removal.Reason)] {
        let keys = state.ledger.missingKeys
        switch ListTrust.of(
            known: state.ledger.knownCount, listed: state.ledger.listedCount, missing: keys.count,
            ownDeletions: state.ledger.ownDeletionCount, isConfirmed: options.confirmsDeletes)
        {
        case .none: return []
        case .suspect(let reason):
            throw suspect(
                "\(reason). Nothing was deleted. If these leases are really gone, run "
                    + "`leasehold sync --os-cloud \(connection.reference) --confirm-deletes`.")
        case .confirmEach: break
        }
        let missing: [(key: Int64, id: String, projectID: String)]
        do throws(StoreError) {
            missing = try store.missing(keys: keys)
        } catch {
            throw CloudError(error)
        }
        var gone: [(key: Int64, reason: Removal.Reason)] = []
        var start = 0
        while start < missing.count {
            let group = missing[start..<min(start + max(1, options.concurrency), missing.count)]
            let answers = await ask(for: group.map(\.id))
            for (lease, answer) in zip(group, answers) {
                if let reason = try reason(of: lease, answer: answer.get(), scope: state.scope) {
                    gone.append((lease.key, reason))
                }
            }
            start = group.endIndex
            await progress(.confirming(cloud: connection.name, done: start, of: missing.count))
        }
        return gone
    }

    private func ask(for ids: [String]) async -> [Result<MissingLeaseAnswer, CloudError>] {
        await withTaskGroup(of: (Int, Result<MissingLeaseAnswer, CloudError>).self) { group in
            for (index, id) in ids.enumerated() {
                group.addTask { (index, await self.answer(for: id)) }
            }
            var answers: [Int: Result<MissingLeaseAnswer, CloudError>] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return ids.indices.compactMap { answers[$0] }
        }
    }

    private func answer(for id: String) async -> Result<MissingLeaseAnswer, CloudError> {
        do throws(ServiceError) {
            switch try await connection.blazar.lease(id: id) {
            case .lease(let reply): return .success(.found(projectID: reply.lease.projectID))
            case .gone: return .success(.notFound)
            case .failed(let failure) where failure.category == .forbidden: return .success(.forbidden)
            case .failed(let failure):
                let operation = "asking cloud \(connection.name) for the missing lease \(id)"
                return .failure(CloudError(failure, doing: operation))
            }
        } catch {
            return .failure(CloudError(error))
        }
    }

    private func reason(
        of lease: (key: Int64, id: String, projectID: String), answer: MissingLeaseAnswer, scope: Scope
    ) throws(CloudError) -> Removal.Reason? {
        let verdict = MissingLease.classify(
            answer, knownProjectID: lease.projectID, scopeProjectID: scope.projectID,
            seesAllProjects: scope.seesAllProjects)
        switch verdict {
        case .deleted: return .deleted
        case .outOfScope: return .outOfScope
        case .distrust(let reason):
            throw suspect("\(reason) (lease \(lease.id)). Nothing was deleted; run `leasehold sync` again.")
        }
    }

    private func suspect(_ reason: String) -> CloudError {
        CloudError(failure: .suspect, message: "The answer of cloud \(connection.name) is not trusted: \(reason)")
    }
}

/// The end of a pull, and its record.
extension LeaseListSync {
    func complete(
        _ gone: [(key: Int64, reason: Removal.Reason)], _ state: inout ListSyncState
    ) async throws(CloudError) -> Bool {
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
    /// - Returns: whether the mirror is as fresh as if the first run had succeeded.
    func endSuperseded(_ state: ListSyncState, since first: RunTicket?) throws(CloudError) -> Bool {
        guard let run = state.run, let first else { return false }
        return try storing { store throws(StoreError) in
            try store.endRun(
                run, outcome: .superseded, message: "Another sync wrote in the meantime.", requestID: state.requestID,
                counts: state.counts, at: connection.now())
            return try store.hasCompletedRun(after: first, scope: state.scope.id)
        }
    }

    func superseded(_ state: ListSyncState, isFresh: Bool) -> SyncReport {
        let warning =
            "Other programs kept syncing cloud \(connection.name) at the same time. "
            + "The database holds what they saw, which may be a little older than this command."
        return SyncReport(
            cloud: connection.name, site: state.scope.site, failure: nil, message: nil, counts: state.counts,
            isFirst: false, warnings: state.warnings + (isFresh ? [] : [warning]))
    }

    func failed(
        _ failure: CloudError, run: RunTicket?, scope: Scope?, counts: SyncCounts, startedAt: Timestamp
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
    ) throws(CloudError) -> Value {
        do {
            return try body(store)
        } catch {
            throw CloudError(error)
        }
    }
}
