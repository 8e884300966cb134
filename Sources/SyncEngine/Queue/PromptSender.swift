package import LeaseModel
package import LeaseStore
import OpenStackClient
import SyncPlanner

/// Sends one cloud's queue right after a command, while the user waits for the answer.
package struct PromptSender: Sendable {
    /// The result of sending.
    package enum Result: Sendable {
        /// Everything that was due has been attempted.
        case done
        /// The cloud cannot be used now, for example because it does not answer or rejects the login.
        case paused(CloudError)
        /// Another process is sending, and did not finish in time.
        case busy
    }

    private let store: LeaseStore
    private let options: SyncOptions
    private let random: @Sendable () -> UInt64
    private let checkpoint: @Sendable (String) throws -> Void
    private let sleep: @Sendable (Double) async throws -> Void
    private let progress: @Sendable (SyncProgress) async -> Void

    /// How long to wait for another sender, in seconds. It reads the queue before every step, so it will send this
    /// write too.
    private static var patienceSeconds: Double { 30 }

    /// - Parameters:
    ///   - store: the database.
    ///   - options: the options for reading lists.
    ///   - random: the source of randomness.
    ///   - checkpoint: called between steps. If it throws, sending ends there, as in a crash.
    ///   - sleep: waits for this many seconds.
    ///   - progress: called for every write whose state changes.
    package init(
        store: LeaseStore, options: SyncOptions,
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) },
        checkpoint: @escaping @Sendable (String) throws -> Void = { _ in },
        sleep: @escaping @Sendable (Double) async throws -> Void,
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) {
        self.store = store
        self.options = options
        self.random = random
        self.checkpoint = checkpoint
        self.sleep = sleep
        self.progress = progress
    }

    /// The scope that a cloud's token leads to.
    ///
    /// - Throws: ``ServiceError`` or ``StoreError``.
    package func scope(of connection: CloudConnection) async throws -> Scope {
        let (before, scope) = try store.follow(try await connection.scopeIdentity(), at: connection.now())
        _ = try store.noteDetours(of: connection.reference, before: before, to: scope, at: connection.now())
        return scope
    }

    /// Pulls a scope's leases and updates the queue accordingly.
    ///
    /// - Returns: why the list could not be read or trusted; `nil` if the mirror is fresh now.
    /// - Throws: ``StoreError``.
    package func refresh(_ connection: CloudConnection, scope: Scope) async throws -> CloudError? {
        var options = options
        options.readsResources = false
        try push(connection, scope).recover()
        let report = await LeaseListSync(
            store: store, connection: connection, options: options, progress: { _ in }
        ).run()
        if let failure = report.failure { return CloudError(failure: failure, message: report.message ?? "") }
        try checkpoint("list read")
        try store.reconcileQueue(scope: scope.id, rules: options.rules, at: connection.now())
        return nil
    }

    /// Sends what is due.
    ///
    /// - Parameters:
    ///   - connection: the cloud.
    ///   - scope: the scope whose queue is sent.
    ///   - mutation: the id of the write that the user waits for.
    /// - Returns: the result.
    /// - Throws: ``StoreError``, and any error of the checkpoint.
    package func run(_ connection: CloudConnection, scope: Scope, waitingFor mutation: Int64) async throws -> Result {
        var waited = 0.0
        while true {
            if try mustReadFirst(connection, scope), let pause = try await refresh(connection, scope: scope) {
                return .paused(pause)
            }
            let pushed = try await push(connection, scope).run()
            if options.readsResources, !pushed.moved.isEmpty {
                try await ResourceReader(connection: connection, seesAllProjects: scope.seesAllProjects)
                    .readTouched(by: pushed.moved, into: store, scope: scope)
            }
            switch pushed {
            case .done: return .done
            case .paused(_, let pause): return .paused(pause)
            case .busy:
                guard waited < Self.patienceSeconds, try store.mutation(id: mutation)?.state == .queued else {
                    return .busy
                }
                try await sleep(0.25)
                waited += 0.25
            }
        }
    }

    private func push(_ connection: CloudConnection, _ scope: Scope) -> QueueSender {
        QueueSender(
            store: store, connection: connection, scope: scope, rules: options.rules, random: random,
            checkpoint: checkpoint, progress: progress)
    }

    /// Whether a list must be read before sending. That is so if a creation is waiting at a site that drops client
    /// events, or that may drop them. If the answer is lost, its lease can then be recognized only by its looks, and
    /// for that the other leases must be known beforehand.
    private func mustReadFirst(_ connection: CloudConnection, _ scope: Scope) throws -> Bool {
        let tellsByToken = try connection.cloud.sendsClientEvent && store.keepsClientEvents(site: scope.siteID) == true
        guard !tellsByToken else { return false }
        return try store.queue(of: scope.queueAddress).contains { $0.verb == .create && $0.state.isPending }
    }
}

extension CloudConnection {
    /// The site and project of the session's token.
    ///
    /// - Throws: ``ServiceError``.
    func scopeIdentity() async throws(ServiceError) -> ScopeIdentity {
        try scopeIdentity(try await session.identity())
    }

    func scopeIdentity(_ identity: TokenIdentity) throws(ServiceError) -> ScopeIdentity {
        let site = try identity.site.get()
        return ScopeIdentity(
            cloud: reference.description, fingerprint: fingerprint, site: name, endpoint: site.endpoint,
            authURL: identity.authURL, region: site.region,
            projectID: identity.projectID, projectName: identity.projectName, userID: identity.userID,
            userName: identity.userName, seesAllProjects: identity.seesAllProjects || cloud.wantsAllProjects)
    }
}
