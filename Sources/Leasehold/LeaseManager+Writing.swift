public import LeaseModel
import LeaseStore
import SyncEngine

/// On what terms a write is asked for.
public struct WriteTerms: Sendable, Hashable {
    /// What to do if a creation's start passes before it can be sent; `nil`: `start-now` for a draft that starts now,
    /// `expire` for one with a fixed start.
    public var lateStart: LateStartPolicy?
    /// Not to be sent after this moment.
    public var notAfter: Timestamp?
    /// Until when to try again if there is too little capacity.
    public var retryUntil: Timestamp?

    /// No terms.
    public init(lateStart: LateStartPolicy? = nil, notAfter: Timestamp? = nil, retryUntil: Timestamp? = nil) {
        self.lateStart = lateStart
        self.notAfter = notAfter
        self.retryUntil = retryUntil
    }

    var desk: QueueDesk.Terms { .init(lateStart: lateStart, notAfter: notAfter, retryUntil: retryUntil) }
}

/// What came of asking for a write.
public struct WriteResult: Sendable, Hashable {
    /// The mutation that stands for it, as it is now.
    public let mutation: Mutation
    /// Why it could not be sent yet, though it was tried; `nil` if it was sent, or was not to be.
    public let pause: String?
    /// The lease, if the server has given one.
    public let lease: MirroredLease?
    /// What a person should know besides: why there is no new lease, and what that was decided on.
    public var notes: [String]
    /// Whether an idempotent creation found what was there already.
    public var isFound = false
    /// What was noticed about a draft, none of which kept it from being queued.
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
    /// Asks for a lease: queued first, then sent at once unless told otherwise.
    ///
    /// - Parameters:
    ///   - draft: the lease.
    ///   - cloud: where; `nil` for the standard cloud.
    ///   - terms: on what terms.
    ///   - isIdempotent: whether a live lease, or a queued creation, of that name in the project is as good. The cloud
    ///     is asked for its leases first, unless it cannot be reached.
    ///   - isOffline: whether only to queue it.
    ///   - isForced: whether to queue it though ``review(_:scope:lateStart:)`` finds that Blazar will refuse it.
    ///   - progress: told of every mutation that moves.
    /// - Returns: the mutation; one that was queued is safe, and will be sent once.
    /// - Throws: ``LeaseholdError``; nothing is queued then.
    public func create(
        _ draft: LeaseDraft, cloud: String? = nil, terms: WriteTerms = WriteTerms(), isIdempotent: Bool = false,
        isOffline: Bool = false, isForced: Bool = false,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in }
    ) async throws -> WriteResult {
        try await DatabaseThreads.run {
            let problems = draft.problems(now: configuration.now())
            guard problems.isEmpty || isForced else {
                throw LeaseholdError(
                    code: .invalid,
                    message: "The lease cannot be created: \(problems.map(\.description).joined(separator: "; ")).")
            }
            let flush = flush(progress)
            let connection = try connection(try configuredCloud(cloud))
            do {
                let (scope, doubt) = try await destination(of: connection, flush, isOffline: isOffline)
                let desk = QueueDesk(store: store, now: configuration.now)
                var notes: [String] = []
                if isIdempotent { notes = try await basis(connection, scope, flush, isOffline: isOffline) }
                let findings = try review(draft, scope: scope, lateStart: terms.lateStart)
                let refusals = isForced ? [] : findings.filter { $0.severity == .refusal }
                let mutation: Mutation
                var isFound = false
                if isIdempotent {
                    // What is there already needs no leave of the review's.
                    let standing = try desk.createOnce(
                        draft, scope: scope, terms: terms.desk, mayQueue: refusals.isEmpty, doubt: doubt)
                    switch standing {
                    case .lease(let lease, let count):
                        var result = result(of: lease, among: count, scope)
                        result.notes = notes + result.notes
                        await connection.close()
                        return result
                    case .creation(let creation, let isNew):
                        mutation = creation
                        let note = "The creation of \"\(draft.name)\" is queued already, as write \(creation.id)."
                        notes += isNew ? [] : [note]
                        isFound = !isNew
                    case nil: throw LeaseholdError(refusals: refusals)
                    }
                } else {
                    guard refusals.isEmpty else { throw LeaseholdError(refusals: refusals) }
                    mutation = try desk.create(draft, scope: scope, terms: terms.desk, doubt: doubt)
                }
                await progress(.mutation(cloud: scope.site, mutation))
                var result = try await send(mutation, scope, connection, flush, isOffline: isOffline || doubt != nil)
                result.notes = notes + result.notes
                result.warnings = findings
                result.isFound = isFound
                await connection.close()
                return result
            } catch {
                await connection.close()
                throw LeaseholdError(writing: error)
            }
        }
    }

    /// Asks for a change or a deletion of a lease: queued first, then sent at once unless told otherwise.
    ///
    /// - Parameters:
    ///   - verb: `update`, `extend` or `delete`.
    ///   - reference: the lease: its id, its name, the beginning of its id, or its local id.
    ///   - clouds: where to look for the lease; empty for everywhere.
    ///   - terms: on what terms.
    ///   - isOffline: whether only to queue it.
    ///   - isForced: whether to queue it though Blazar is sure to refuse it.
    ///   - progress: told of every mutation that moves.
    ///   - fields: makes the fields and their new values, as a PUT takes them, from what is known of the lease.
    /// - Returns: the mutation that stands for the wish.
    /// - Throws: ``LeaseholdError``, or what `fields` throws; nothing is queued then.
    public func change(
        _ verb: Mutation.Verb, _ reference: String, clouds: [String] = [], terms: WriteTerms = WriteTerms(),
        isOffline: Bool = false, isForced: Bool = false,
        progress: @escaping @Sendable (SyncProgress) async -> Void = { _ in },
        fields: (WriteTarget) throws -> JSONObject
    ) async throws -> WriteResult {
        try await DatabaseThreads.run {
            let target = try writeTarget(reference, clouds: clouds)
            guard let scope = try scopes().first(where: { $0.id == target.scopeID }) else {
                throw LeaseholdError(code: .notFound, message: "The scope of '\(reference)' is not known any more.")
            }
            if verb == .delete, !isForced, let result = alreadyDeleted(target, scope) { return result }
            let wanted = target.resolvingReservations(in: try fields(target))
            let findings = try review(verb, wanted, of: target)
            guard isForced || !findings.contains(where: { $0.severity == .refusal }) else {
                throw LeaseholdError(refusals: findings.filter { $0.severity == .refusal }, verb: verb)
            }
            let mutation = try queue(verb, target, wanted, scope, terms)
            await progress(.mutation(cloud: scope.site, mutation))
            var result = try await carryOut(mutation, scope, clouds: clouds, isOffline: isOffline, progress)
            result.warnings = findings + warnings(moving: target, to: wanted, scope)
            return result
        }
    }

    /// What a deletion comes to if there is nothing to delete any more.
    private func alreadyDeleted(_ target: WriteTarget, _ scope: Scope) -> WriteResult? {
        let message: String
        var lease: MirroredLease?
        switch target {
        case .mirrored(let known):
            guard let departure = known.departure, departure.reason != .outOfScope else { return nil }
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
            return try QueueDesk(store: store, now: configuration.now).change(
                verb, target.desk, fields: fields, scope: scope, terms: terms.desk)
        } catch {
            throw LeaseholdError(error)
        }
    }

    /// What the site's policy has to say of a new end. That policy warns, and never stops anything.
    private func warnings(moving target: WriteTarget, to wanted: JSONObject, _ scope: Scope) -> [DraftFinding] {
        guard let end = target.endsAt, let text = wanted["end_date"]?.stringValue,
            let newEnd = Timestamp(parsing: text), let policy = try? policy(of: scope)
        else { return [] }
        return policy.findings(movingEndFrom: end, to: newEnd, now: configuration.now())
    }

    /// Sends a change that is queued, unless told otherwise.
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
        do {
            let result = try await send(mutation, scope, connection, flush(progress), isOffline: false)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw LeaseholdError(writing: error)
        }
    }

    // MARK: - Steps

    func flush(_ progress: @escaping @Sendable (SyncProgress) async -> Void) -> QueueFlush {
        QueueFlush(
            store: store, options: pullOptions(SyncOptions()), sleep: sleep, progress: noting(progress))
    }

    private func send(
        _ mutation: Mutation, _ scope: Scope, _ connection: CloudConnection, _ flush: QueueFlush, isOffline: Bool
    ) async throws -> WriteResult {
        guard !isOffline else { return try result(mutation, pause: nil) }
        var pause: String?
        switch try await flush.run(connection, scope: scope, waitingFor: mutation.id) {
        case .done: break
        case .paused(let report): pause = report.message
        case .busy: pause = "Another leasehold is sending the queue of this cloud, and will send this too."
        }
        var result = try result(mutation, pause: pause)
        if let remark = connection.clockRemark { result.notes.append(remark) }
        return result
    }

    private func result(_ mutation: Mutation, pause: String?) throws -> WriteResult {
        let present = try store.mutation(id: mutation.id) ?? mutation
        let lease = try present.leaseID.flatMap { try store.lease(id: $0, scope: present.scopeID) }
        return WriteResult(mutation: present, pause: present.state == .queued ? pause : nil, lease: lease)
    }
}

extension LeaseholdError {
    /// The error about a write that Blazar will refuse.
    public init(refusals: [DraftFinding], verb: Mutation.Verb = .create) {
        let list = refusals.map(\.description).joined(separator: " ")
        let what = verb == .create ? "the lease" : "this \(verb == .extend ? "extension" : verb.rawValue)"
        self.init(
            code: .invalid, message: "Blazar will refuse \(what). \(list) Nothing is queued; --force sends it anyway.")
    }

    /// The error that a person gets for anything that can go wrong while writing.
    init(writing error: any Error) {
        switch error {
        case let error as LeaseholdError: self = error
        case let error as StoreError: self.init(error)
        default:
            let report = CloudTrouble(error)
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
