import BlazarClient
package import LeaseModel
package import LeaseStore
import LocalFiles
import OpenStackClient
package import SyncPlanner

/// What sending a scope's queue came to.
package enum SendResult: Sendable {
    /// Nothing more is due.
    case done(moved: [Mutation])
    /// Somebody else is sending this scope's queue.
    case busy
    /// The cloud cannot be asked now; what was queued stays so.
    case paused(moved: [Mutation], CloudError)

    /// The mutations that moved.
    package var moved: [Mutation] {
        switch self {
        case .done(let moved), .paused(let moved, _): moved
        case .busy: []
        }
    }
}

/// Sends the mutations of one scope that are due, one after the other.
///
/// Read, plan, do one step, record its outcome in one transaction, again: a crash at any point leaves a state from which
/// the same rules go on.
package struct QueueSender: Sendable {
    let store: LeaseStore
    let connection: CloudConnection
    let scope: Scope
    let rules: QueueRules
    private let random: @Sendable () -> UInt64
    let checkpoint: @Sendable (String) throws -> Void
    private let progress: @Sendable (SyncProgress) async -> Void

    /// No queue needs more steps than this in one go; a planner that does not end is a defect, and is stopped.
    private static var maxSteps: Int { 100_000 }

    /// - Parameters:
    ///   - store: the database.
    ///   - connection: the cloud.
    ///   - scope: the scope that the connection's token is for.
    ///   - rules: the rules of the queue.
    ///   - random: the source of chance.
    ///   - checkpoint: called between any two steps; what it throws ends the push there, as a crash would.
    ///   - progress: told of every mutation that moves.
    package init(
        store: LeaseStore, connection: CloudConnection, scope: Scope, rules: QueueRules,
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) },
        checkpoint: @escaping @Sendable (String) throws -> Void = { _ in },
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) {
        self.store = store
        self.connection = connection
        self.scope = scope
        self.rules = rules
        self.random = random
        self.checkpoint = checkpoint
        self.progress = progress
    }

    /// Sends what is due.
    ///
    /// - Throws: ``StoreError``, or what the checkpoint throws.
    package func run() async throws -> SendResult {
        // Where nothing waits, nobody needs the lock.
        guard try !store.queue(of: scope.queueAddress).allSatisfy(\.state.isFinal) else { return .done(moved: []) }
        guard let lock = try SenderLock(database: store.files, address: scope.queueAddress) else { return .busy }
        // The lock must outlive every step; consuming it at the end keeps it to there.
        defer { withExtendedLifetime(lock) {} }
        let begun = connection.now()
        var moved = try store.changeQueue(of: scope.queueAddress) { QueueRules.recovered($0, now: begun) }
        let identity: ScopeIdentity
        do {
            identity = try await connection.scopeIdentity()
        } catch {
            return .paused(moved: moved, CloudError(error))
        }
        // What is queued is for one site and project: the token has to be for the same, whatever the cloud is called.
        let led = try store.scope(for: identity, at: connection.now())
        guard led.queueAddress == scope.queueAddress else {
            let message = CloudDestination.detour(of: connection.reference, from: scope, to: led)
            return .paused(moved: moved, CloudError(failure: .configuration, message: message))
        }
        // Who could not log in before can now, and the login tells what time it is.
        let now = connection.now()
        moved += try store.changeQueue(of: scope.queueAddress) {
            UnconfirmedDestination.released(Self.unblocked($0, now: now), by: connection.reference, at: now)
                .countingLimits(from: now)
        }
        for mutation in moved { await progress(.mutation(cloud: connection.name, mutation)) }
        for _ in 0..<Self.maxSteps {
            try checkpoint("plan")
            let queue = try store.queue(of: scope.queueAddress)
            guard let step = QueuePlanner(now: connection.now()).next(queue) else { return .done(moved: moved) }
            let (mutation, pause) = try await perform(step)
            if let mutation {
                moved.append(mutation)
                await progress(.mutation(cloud: connection.name, mutation))
            }
            if let pause { return .paused(moved: moved, pause) }
        }
        return .done(moved: moved)
    }

    /// Notes which requests were under way when their process died, so that a list that is read from now on can tell
    /// what became of them.
    ///
    /// - Returns: the mutations that moved.
    /// - Throws: ``StoreError``.
    @discardableResult
    package func recover() throws -> [Mutation] {
        // The lock is not taken without need: who finds it taken sends nothing.
        guard try store.queue(of: scope.queueAddress).contains(where: { $0.state == .sending }),
            let lock = try SenderLock(database: store.files, address: scope.queueAddress)
        else { return [] }
        defer { withExtendedLifetime(lock) {} }
        let now = connection.now()
        return try store.changeQueue(of: scope.queueAddress) { QueueRules.recovered($0, now: now) }
    }

    private static func unblocked(_ mutation: Mutation, now: Timestamp) -> Mutation {
        guard mutation.state == .blocked, mutation.reason == "auth" else { return mutation }
        var next = mutation
        next.state = .queued
        next.reason = nil
        next.nextAttemptAt = now
        next.updatedAt = now
        return next
    }

    // MARK: - Steps

    private func perform(_ step: QueuePlanner.Step) async throws -> (Mutation?, CloudError?) {
        switch step {
        case .create(let mutation, let draft): return try await create(mutation, draft)
        case .change(let mutation): return try await change(mutation)
        case .delete(let mutation): return try await delete(mutation)
        case .expire(let mutation, let message):
            return (try put(mutation, .expired, reason: "late", message: message), nil)
        case .reject(let mutation, let message):
            return (try put(mutation, .rejected, reason: "invalid", message: message), nil)
        }
    }

    /// Moves a mutation without a request, unless it has changed meanwhile.
    func put(
        _ mutation: Mutation, _ state: MutationState, reason: String?, message: String
    ) throws -> Mutation? {
        let now = connection.now()
        return try store.changeMutation(id: mutation.id) { present, _ in
            guard present == mutation else { return [] }
            var next = mutation
            next.state = state
            next.reason = reason
            next.message = message
            next.updatedAt = now
            return [next]
        }
    }

    /// Records an outcome that needed no request of its own, unless the mutation has changed meanwhile.
    ///
    /// - Parameters:
    ///   - mutation: as it was planned with.
    ///   - outcome: what came of it.
    ///   - isGone: whether the server has said that there is no such lease.
    /// - Returns: the mutation as it is now; `nil` if it has changed meanwhile.
    /// - Throws: ``StoreError``.
    func conclude(_ mutation: Mutation, _ outcome: AttemptOutcome, isGone: Bool = false) throws -> Mutation? {
        let now = connection.now()
        var generator = ClosureGenerator(next: random)
        let next = rules.mutation(mutation, after: outcome, now: now, using: &generator)
        if isGone { return try store.endLook(mutation, as: next, scope: scope, at: now) }
        return try store.changeMutation(id: mutation.id) { present, _ in present == mutation ? [next] : [] }
    }

    /// Records what came of a request.
    func conclude(
        _ mutation: Mutation, attempt: Int64, _ outcome: AttemptOutcome, lease: BlazarLease? = nil, gone: String? = nil,
        sentToken: Bool = false
    ) throws -> Mutation {
        let now = connection.now()
        var generator = ClosureGenerator(next: random)
        let next = rules.mutation(mutation, after: outcome, now: now, using: &generator)
        try store.endAttempt(
            attempt, mutation: next, outcome: outcome.word,
            // The digest is of bytes that no list will have, so that the next list is compared by meaning.
            lease: lease.map { ObservedLease(lease: $0, digest: 0) }, goneLeaseID: gone, sentToken: sentToken,
            scope: scope, at: now)
        return next
    }
}

/// A generator over a closure.
struct ClosureGenerator: RandomNumberGenerator {
    private let source: @Sendable () -> UInt64
    init(next: @escaping @Sendable () -> UInt64) { source = next }
    mutating func next() -> UInt64 { source() }
}

extension AttemptOutcome {
    /// The outcome in a word, for the record.
    var word: String {
        switch self {
        case .accepted: "accepted"
        case .alreadySo: "already_so"
        case .rejected(let reason, _, _): "rejected_\(reason)"
        case .notDone: "not_done"
        case .failed: "failed"
        case .tooEarly: "too_early"
        case .outcomeUnknown: "unknown"
        case .unauthenticated: "unauthenticated"
        case .conflict: "conflict"
        }
    }
}

/// The right to send the mutations of a site and project, held by one process, and one task in it, at a time: a lock on
/// a file beside the database, whatever name the database was opened by.
struct SenderLock: ~Copyable {
    private let lock: LockFile

    /// Takes the lock; `nil` if somebody else has it.
    ///
    /// - Throws: ``StoreError`` if there can be no lock, so that nothing may be sent.
    init?(database files: DatabaseFiles, address: QueueAddress) throws(StoreError) {
        let path = files.senderLock("\(address.siteID)-\(Self.fileName(address.projectID))")
        do {
            guard let lock = try LockFile(path: path) else { return nil }
            self.lock = lock
        } catch {
            throw StoreError(
                kind: .cannotOpen,
                message: """
                    Nothing can be sent, as the lock \(path) cannot be taken (\(error.clause)). Move away what has its \
                    name, or check the permissions of the folder.
                    """)
        }
    }

    /// A project's id as part of a file's name, whatever Keystone puts there.
    private static func fileName(_ id: String) -> String {
        let plain = id.utf8.map { byte in
            let isPlain = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(byte, radix: 16, uppercase: true)
        }.joined()
        return String(plain.prefix(120))
    }
}
