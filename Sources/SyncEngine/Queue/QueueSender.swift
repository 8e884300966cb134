import BlazarClient
package import LeaseModel
package import LeaseStore
import LocalFiles
import OpenStackClient
package import SyncPlanner

/// The result of sending a scope's queue.
package enum SendResult: Sendable {
    /// Nothing more is due.
    case done(moved: [Mutation])
    /// Another process is sending this queue.
    case busy
    /// The cloud cannot be used now. The queued writes stay queued.
    case paused(moved: [Mutation], CloudError)

    /// The writes whose state changed.
    package var moved: [Mutation] {
        switch self {
        case .done(let moved), .paused(let moved, _): moved
        case .busy: []
        }
    }
}

/// Sends the writes of one scope that are due, one after another.
///
/// It reads the queue, plans one step, carries it out, records the outcome in one transaction, and repeats. A crash at
/// any point leaves a state from which the same rules continue.
package struct QueueSender: Sendable {
    let store: LeaseStore
    let connection: CloudConnection
    let scope: Scope
    let rules: QueueRules
    private let random: @Sendable () -> UInt64
    let checkpoint: @Sendable (String) throws -> Void
    private let progress: @Sendable (SyncProgress) async -> Void

    /// The largest number of steps at a time. No queue needs more, so a planner that exceeds it has a bug and is
    /// stopped.
    private static var maxSteps: Int { 100_000 }

    /// - Parameters:
    ///   - store: the database.
    ///   - connection: the cloud.
    ///   - scope: the scope that the connection's token is for.
    ///   - rules: the rules of the queue.
    ///   - random: the source of randomness.
    ///   - checkpoint: called between steps. If it throws, sending ends there, as in a crash.
    ///   - progress: called for every write whose state changes.
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
    /// - Throws: ``StoreError``, and any error of the checkpoint.
    package func run() async throws -> SendResult {
        // If nothing is waiting, the lock is not needed.
        guard try !store.queue(of: scope.queueAddress).allSatisfy(\.state.isFinal) else { return .done(moved: []) }
        guard let lock = try SenderLock(database: store.files, address: scope.queueAddress) else { return .busy }
        // The lock must outlive every step. Using it at the end keeps it alive until then.
        defer { withExtendedLifetime(lock) {} }
        let begun = connection.now()
        var moved = try store.changeQueue(of: scope.queueAddress) { QueueRules.recovered($0, now: begun) }
        let identity: ScopeIdentity
        do {
            identity = try await connection.scopeIdentity()
        } catch {
            return .paused(moved: moved, CloudError(error))
        }
        // The queue is for one site and project. The token must be for the same ones, whatever the cloud is called.
        let led = try store.scope(for: identity, at: connection.now())
        guard led.queueAddress == scope.queueAddress else {
            let message = CloudDestination.detour(of: connection.reference, from: scope, to: led)
            return .paused(moved: moved, CloudError(failure: .configuration, message: message))
        }
        // The login succeeded, so writes that were blocked by it can be sent. It also told the cloud's time.
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

    /// Marks writes whose process died while sending them, so that a list read from now on can show their outcome.
    ///
    /// - Returns: the writes whose state changed.
    /// - Throws: ``StoreError``.
    @discardableResult
    package func recover() throws -> [Mutation] {
        // The lock is taken only if needed, because another process that finds it taken sends nothing.
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

    /// Changes the state of a write without a request, unless the write has changed in the meantime.
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

    /// Records an outcome that needed no request, unless the write has changed in the meantime.
    ///
    /// - Parameters:
    ///   - mutation: the write as it was planned.
    ///   - outcome: the outcome.
    ///   - isGone: whether the server has said that there is no such lease.
    /// - Returns: the write in its new state; `nil` if it has changed in the meantime.
    /// - Throws: ``StoreError``.
    func conclude(_ mutation: Mutation, _ outcome: AttemptOutcome, isGone: Bool = false) throws -> Mutation? {
        let now = connection.now()
        var generator = ClosureGenerator(next: random)
        let next = rules.mutation(mutation, after: outcome, now: now, using: &generator)
        if isGone { return try store.endLook(mutation, as: next, scope: scope, at: now) }
        return try store.changeMutation(id: mutation.id) { present, _ in present == mutation ? [next] : [] }
    }

    /// Records the outcome of a request.
    func conclude(
        _ mutation: Mutation, attempt: Int64, _ outcome: AttemptOutcome, lease: BlazarLease? = nil, gone: String? = nil,
        sentToken: Bool = false
    ) throws -> Mutation {
        let now = connection.now()
        var generator = ClosureGenerator(next: random)
        let next = rules.mutation(mutation, after: outcome, now: now, using: &generator)
        try store.endAttempt(
            attempt, mutation: next, outcome: outcome.word,
            // No list will have a slice with this digest, so the next list's slice is decoded and compared.
            lease: lease.map { ObservedLease(lease: $0, digest: 0) }, goneLeaseID: gone, sentToken: sentToken,
            scope: scope, at: now)
        return next
    }
}

/// A random number generator that calls a closure.
struct ClosureGenerator: RandomNumberGenerator {
    private let source: @Sendable () -> UInt64
    init(next: @escaping @Sendable () -> UInt64) { source = next }
    mutating func next() -> UInt64 { source() }
}

extension AttemptOutcome {
    /// The outcome in one word, for the record.
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

/// The lock for sending the queue of a site and project. One process, and one task in it, holds it at a time. It is a
/// lock on a file beside the database, whatever name the database was opened by.
struct SenderLock: ~Copyable {
    private let lock: LockFile

    /// Takes the lock, or returns `nil` if another process or task holds it.
    ///
    /// - Throws: ``StoreError`` if locking is impossible. Nothing may be sent then.
    init?(database files: DatabaseFiles, address: QueueAddress) throws(StoreError) {
        let path = files.senderLock("\(address.siteID)-\(Self.fileName(address.projectID))")
        do {
            guard let lock = try LockFile(path: path) else { return nil }
            self.lock = lock
        } catch {
            throw StoreError(
                kind: .cannotOpen,
                message: """
                    Nothing can be sent because the lock \(path) cannot be taken (\(error.clause)). Move the file or \
                    folder with that name away, or check the permissions of the folder it is in.
                    """)
        }
    }

    /// A project's id as part of a file name, whatever characters Keystone puts into it.
    private static func fileName(_ id: String) -> String {
        let plain = id.utf8.map { byte in
            let isPlain = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(byte, radix: 16, uppercase: true)
        }.joined()
        return String(plain.prefix(120))
    }
}
