public import LeaseModel
import LeaseStore
import SyncEngine

/// The result of requesting a write.
public struct WriteResult: Sendable, Hashable {
    /// The write that covers the request, in its present state.
    public let mutation: Mutation
    /// Why sending it failed for now; `nil` if it was sent, or was only to be queued.
    public let pause: String?
    /// The lease, if it is known.
    public let lease: MirroredLease?
    /// Remarks for people: why there is no new lease, and what that decision is based on.
    public var notes: [String]
    /// Whether an idempotent creation found an existing lease or creation.
    public var isFound = false
    /// Findings about the write that did not prevent it from being queued.
    public var warnings: [DraftFinding] = []

    /// Makes a result from its parts.
    public init(mutation: Mutation, pause: String?, lease: MirroredLease?, notes: [String] = []) {
        self.mutation = mutation
        self.pause = pause
        self.lease = lease
        self.notes = notes
    }
}

extension LeaseManager {
    /// Requests a lease. The creation is queued and, by default, sent at once.
    ///
    /// - Parameters:
    ///   - draft: the lease.
    ///   - cloud: the cloud; `nil` for the default cloud.
    ///   - terms: the conditions of the write.
    ///   - isIdempotent: whether to accept a live lease with that name in the project, or a queued creation of one. The
    ///     cloud's leases are read first, if it can be reached.
    ///   - isOffline: whether to only queue the creation.
    ///   - isForced: whether to queue it even if ``review(_:scope:lateStart:)`` finds that Blazar will refuse it.
    ///   - whenFree: if it is to wait for room, what else will do.
    ///   - progress: called for every write whose state changes.
    /// - Returns: the result. A queued write is safely stored, and will be carried out once.
    /// - Throws: ``LeaseholdError``. Nothing is queued then.
    public func create(
        _ draft: LeaseDraft, cloud: String? = nil, terms: WriteTerms = WriteTerms(), isIdempotent: Bool = false,
        isOffline: Bool = false, isForced: Bool = false, whenFree: WhenFree? = nil,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws -> WriteResult {
        try await DatabaseThreads.run {
            let problems = draft.problems(now: configuration.now())
            guard problems.isEmpty || isForced else {
                throw LeaseholdError(
                    code: .invalid,
                    message: "The lease cannot be created: \(problems.map(\.description).joined(separator: "; ")).")
            }
            let sender = promptSender(progress)
            let connection = try connection(try configuredCloud(cloud))
            return try await using(connection) {
                let (scope, unconfirmed) = try await destination(of: connection, sender, isOffline: isOffline)
                var terms = terms
                if let whenFree { terms = try self.terms(whenFree, draft, scope, terms) }
                var notes: [String] = []
                if isIdempotent { notes = try await basis(connection, scope, sender, isOffline: isOffline) }
                let findings =
                    try review(draft, scope: scope, lateStart: terms.lateStart) + reviewAlternatives(to: draft, terms)
                let refusals = isForced ? [] : findings.filter { $0.severity == .refusal }
                let writeQueue = WriteQueue(store: store, now: configuration.now, random: configuration.random)
                var isNew = true
                let mutation: Mutation
                if isIdempotent {
                    // An existing lease needs no review.
                    switch try writeQueue.createOnce(
                        draft, scope: scope, terms: terms, mayQueue: refusals.isEmpty, unconfirmed: unconfirmed)
                    {
                    case .lease(let lease, let count):
                        var result = result(of: lease, among: count, scope)
                        result.notes = notes + result.notes
                        return result
                    case .creation(let creation, let isNewCreation): (mutation, isNew) = (creation, isNewCreation)
                    case nil: throw LeaseholdError(refusals: refusals)
                    }
                } else {
                    guard refusals.isEmpty else { throw LeaseholdError(refusals: refusals) }
                    mutation = try writeQueue.create(draft, scope: scope, terms: terms, unconfirmed: unconfirmed)
                }
                if !isNew {
                    notes.append("The creation of \"\(draft.name)\" is queued already, as write \(mutation.id).")
                }
                await progress(.mutation(cloud: scope.site, mutation))
                let isHeld = isOffline || unconfirmed != nil
                var result =
                    whenFree != nil && !isHeld
                    ? try await lookForRoom(mutation, connection, progress)
                    : try await send(mutation, scope, connection, sender, isOffline: isHeld)
                result.notes = notes + result.notes
                result.warnings = findings
                result.isFound = !isNew
                return result
            }
        }
    }

    /// Requests a change or deletion of a lease. It is queued and, by default, sent at once.
    ///
    /// - Parameters:
    ///   - verb: `update`, `extend` or `delete`.
    ///   - reference: the lease: its id, its name, the beginning of its id, or its local id.
    ///   - clouds: the clouds to search for the lease; empty for all.
    ///   - terms: the conditions of the write.
    ///   - isOffline: whether to only queue the write.
    ///   - isForced: whether to queue it even if Blazar is sure to refuse it.
    ///   - progress: called for every write whose state changes.
    ///   - fields: returns the fields and their new values, as in the body of a PUT, given what is known of the lease.
    /// - Returns: the write that covers the request.
    /// - Throws: ``LeaseholdError``, or any error of `fields`. Nothing is queued then.
    public func change(
        _ verb: Mutation.Verb, _ reference: String, clouds: [String] = [], terms: WriteTerms = WriteTerms(),
        isOffline: Bool = false, isForced: Bool = false,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in },
        fields: (WriteTarget) throws -> JSONObject
    ) async throws -> WriteResult {
        try await DatabaseThreads.run {
            let target = try writeTarget(reference, clouds: clouds)
            guard let scope = try scopes().first(where: { $0.id == target.scopeID }) else {
                throw LeaseholdError(code: .notFound, message: "The scope of '\(reference)' is no longer known.")
            }
            if verb == .delete, !isForced, let result = alreadyDeleted(target, scope) { return result }
            let wanted = target.resolvingReservations(in: try fields(target))
            let findings = try review(verb, wanted, of: target)
            guard isForced || !findings.contains(where: { $0.severity == .refusal }) else {
                throw LeaseholdError(refusals: findings.filter { $0.severity == .refusal }, verb: verb)
            }
            // What is known now is about the lease as it is now.
            let warnings = findings + (try warnings(moving: target, to: wanted))
            let mutation = try queue(verb, target, wanted, scope, terms)
            await progress(.mutation(cloud: scope.site, mutation))
            var result = try await carryOut(mutation, scope, clouds: clouds, isOffline: isOffline, progress)
            result.warnings = warnings
            return result
        }
    }

    /// The result of a deletion when there is nothing left to delete.
    private func alreadyDeleted(_ target: WriteTarget, _ scope: Scope) -> WriteResult? {
        let message: String
        var lease: MirroredLease?
        switch target {
        case .mirrored(let known):
            guard let removal = known.removal, removal.reason != .outOfScope else { return nil }
            message = "\"\(target.name)\" is already deleted."
            lease = known
        case .creation(let creation, _):
            guard [.cancelled, .expired].contains(creation.state) else { return nil }
            message = "\"\(target.name)\" was never created: its creation is \(creation.state.rawValue)."
        }
        var mutation = Mutation(
            id: 0, scopeID: target.scopeID, address: scope.queueAddress, site: target.site, verb: .delete,
            localID: target.localID,
            leaseID: lease?.id, leaseName: target.name, state: .settled, body: [:], token: nil,
            createdAt: configuration.now())
        mutation.message = message
        var result = WriteResult(mutation: mutation, pause: nil, lease: lease, notes: [message])
        result.isFound = true
        return result
    }

    private func queue(
        _ verb: Mutation.Verb, _ target: WriteTarget, _ fields: JSONObject, _ scope: Scope, _ terms: WriteTerms
    ) throws(LeaseholdError) -> Mutation {
        do {
            return try WriteQueue(store: store, now: configuration.now, random: configuration.random).change(
                verb, target, fields: fields, scope: scope, terms: terms)
        } catch {
            throw LeaseholdError(error)
        }
    }

    /// Sends a queued change, unless offline.
    private func carryOut(
        _ mutation: Mutation, _ scope: Scope, clouds: [String], isOffline: Bool,
        _ progress: @escaping @Sendable (SyncProgress) async -> Void
    ) async throws -> WriteResult {
        guard !isOffline, mutation.state == .queued else { return try result(mutation, pause: nil) }
        let connection: CloudConnection
        switch try await reach(scope, clouds: clouds) {
        case .connection(let found): connection = found
        case .elsewhere(let why):
            do { try store.remark(why, on: mutation, at: configuration.now()) } catch { throw LeaseholdError(error) }
            return try result(mutation, pause: why)
        case .nowhere(let why): return try result(mutation, pause: why)
        }
        return try await using(connection) {
            try await send(mutation, scope, connection, promptSender(progress), isOffline: false)
        }
    }

    // MARK: - Steps

    /// Does something with a connection, and closes it in any case.
    private func using<Value>(
        _ connection: CloudConnection, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body()
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw LeaseholdError(writing: error)
        }
    }

    func promptSender(_ progress: @escaping @Sendable (SyncProgress) async -> Void) -> PromptSender {
        PromptSender(
            store: store, options: bounded(SyncOptions()), random: configuration.random, sleep: sleep,
            progress: noting(progress))
    }

    private func send(
        _ mutation: Mutation, _ scope: Scope, _ connection: CloudConnection, _ sender: PromptSender, isOffline: Bool
    ) async throws -> WriteResult {
        guard !isOffline else { return try result(mutation, pause: nil) }
        var pause: String?
        switch try await sender.run(connection, scope: scope, waitingFor: mutation.id) {
        case .done: break
        case .paused(let report): pause = report.message
        case .busy: pause = "Another process is sending the queue of this cloud, and will send this write too."
        }
        var result = try result(mutation, pause: pause)
        if let remark = connection.clockRemark { result.notes.append(remark) }
        return result
    }

    func result(_ mutation: Mutation, pause: String?) throws -> WriteResult {
        let present = try store.mutation(id: mutation.id) ?? mutation
        let lease = try present.leaseID.flatMap { try store.lease(id: $0, scope: present.scopeID) }
        let isUnsent = present.state == .queued || present.state == .waiting
        return WriteResult(mutation: present, pause: isUnsent ? pause : nil, lease: lease)
    }
}

extension LeaseholdError {
    /// The error about a write that Blazar will refuse.
    public init(refusals: [DraftFinding], verb: Mutation.Verb = .create) {
        let list = refusals.map(\.description).joined(separator: " ")
        let what = verb == .create ? "the lease" : "this \(verb == .extend ? "extension" : verb.rawValue)"
        self.init(code: .invalid, message: "Blazar will refuse \(what). \(list) Nothing is queued.")
        canBeForced = true
    }

    /// Converts any error that can occur while writing.
    init(writing error: any Error) {
        switch error {
        case let error as LeaseholdError: self = error
        case let error as StoreError: self.init(error)
        default:
            let report = CloudError(error)
            let code: Code =
                switch report.failure {
                case .authentication: .authentication
                case .configuration: .configuration
                case .cancelled: .notFinished
                case .database: .database
                case .unreachable, .server, .badAnswer, .suspect: .unreachable
                }
            self.init(code: code, message: report.message)
        }
    }
}

// Existing leases that an idempotent creation accepts.
extension LeaseManager {
    /// Reads the cloud's leases, so that a lease created elsewhere is found.
    ///
    /// - Returns: remarks for people, if the leases could not be read.
    func basis(
        _ connection: CloudConnection, _ scope: Scope, _ sender: PromptSender, isOffline: Bool
    ) async throws -> [String] {
        let reason: String
        if isOffline {
            reason = "The cloud was not asked, because of --offline."
        } else if let pause = try await sender.refresh(connection, scope: scope) {
            reason = pause.message
        } else {
            return []
        }
        let known = try store.scopes().first { $0.id == scope.id }?.listedAt
        let basis = known.map { "the leases as of \($0) and the queue" } ?? "only the queue: no leases have been read"
        return ["\(reason) The check for an existing lease used \(basis)."]
    }

    /// The result of a creation for which a lease exists already.
    func result(of lease: MirroredLease, among count: Int, _ scope: Scope) -> WriteResult {
        let name = lease.lease.name
        var mutation = Mutation(
            id: 0, scopeID: scope.id, address: scope.queueAddress, site: scope.site, verb: .create, localID: nil,
            leaseID: lease.id, leaseName: name, state: .settled, body: [:], token: nil, createdAt: configuration.now())
        mutation.message = "A lease with that name exists already."
        let note = """
            There are \(count) live leases named "\(name)" in project \(scope.projectName): this is the \
            \(lease.lease.status == .active ? "newest active one" : "one that ends last").
            """
        var result = WriteResult(mutation: mutation, pause: nil, lease: lease, notes: count > 1 ? [note] : [])
        result.isFound = true
        return result
    }
}

extension LeaseManager {
    /// Waits a while after a creation has failed for good, so that another one may be requested. A lease in `ERROR` is
    /// deleted first.
    ///
    /// - Parameters:
    ///   - result: the result of the creation.
    ///   - attempt: the number of failed creations, 1 or more.
    /// - Throws: ``LeaseholdError`` if the database cannot be read, or `CancellationError`.
    /// - Returns: `false` if the creation may still result in a lease, or has done so. No other lease may be requested
    ///   then.
    package func clearTheWay(after result: WriteResult, attempt: Int) async throws -> Bool {
        // An id of 0 means that the lease existed before. It must not be deleted.
        guard result.mutation.id != 0 else { return false }
        let creation = try mutation(result.mutation.id).mutation
        let failed = try creation.leaseID.map { try lease($0, scopes: [creation.scopeID]) }
        if let failed, failed.removal == nil {
            guard failed.lease.status == .error else { return false }
            let deletion = try await change(.delete, failed.id) { _ in [:] }
            guard [.accepted, .settled].contains(deletion.mutation.state) else { return false }
        } else if failed == nil {
            guard creation.state == .rejected else { return false }
        }
        try await sleep(Double(1 << min(attempt, 5)))
        return true
    }
}
