package import LeaseModel
package import LeaseStore
import OpenStackClient
import SyncPlanner

/// Sends one cloud's queue now, for a person who has just asked for a write and waits for the answer.
package struct QueueFlush: Sendable {
    /// What came of it.
    package enum Result: Sendable {
        /// Everything that was due has been tried.
        case done
        /// The cloud cannot be asked now.
        case paused(ServiceErrorReport)
        /// Another process is sending, and did not finish in time.
        case busy
    }

    private let store: LeaseStore
    private let options: PullOptions
    private let sleep: @Sendable (Double) async throws -> Void
    private let progress: @Sendable (SyncProgress) async -> Void

    /// How long to wait for another sender, in seconds: it reads the queue before every step, so ours is in good hands.
    private static var patienceSeconds: Double { 30 }

    package init(
        store: LeaseStore, options: PullOptions, sleep: @escaping @Sendable (Double) async throws -> Void,
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) {
        self.store = store
        self.options = options
        self.sleep = sleep
        self.progress = progress
    }

    /// Finds the scope that a cloud leads to, asking the cloud if that is not known yet.
    ///
    /// - Throws: ``ServiceError`` or ``StoreError``.
    package func scope(of connection: CloudConnection) async throws -> Scope {
        if let known = try store.scope(ofCloud: connection.name) { return known }
        return try store.scope(for: try await connection.scopeIdentity())
    }

    /// Sends what is due.
    ///
    /// - Parameters:
    ///   - connection: the cloud.
    ///   - scope: the scope whose queue is sent.
    ///   - mutation: the number of the mutation that somebody waits for.
    /// - Returns: how far it got.
    /// - Throws: ``StoreError``.
    package func run(_ connection: CloudConnection, scope: Scope, waitingFor mutation: Int64) async throws -> Result {
        var waited = 0.0
        while true {
            // A lookalike can only be told from ours if it was known before.
            if try store.keepsClientEvents(scope: scope.id) == false {
                var options = options
                options.readsResources = false
                let report = await CloudPull(
                    store: store, connection: connection, options: options, progress: { _ in }
                ).run()
                if report.failure == nil {
                    try store.reconcileQueue(scope: scope.id, rules: options.rules, at: connection.now())
                }
            }
            let push = QueuePush(
                store: store, connection: connection, scope: scope, rules: options.rules, progress: progress)
            switch try await push.run() {
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
}

extension CloudConnection {
    /// Who asks, as the token tells.
    ///
    /// - Throws: ``ServiceError``.
    func scopeIdentity() async throws(ServiceError) -> ScopeIdentity { scopeIdentity(try await session.identity()) }

    func scopeIdentity(_ identity: TokenIdentity) -> ScopeIdentity {
        ScopeIdentity(
            cloud: name, site: name, authURL: identity.authURL, region: identity.region,
            projectID: identity.projectID, projectName: identity.projectName, userID: identity.userID,
            userName: identity.userName, seesAllProjects: identity.seesAllProjects || cloud.wantsAllProjects)
    }
}
