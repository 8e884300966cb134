import BlazarClient
package import LeaseModel
package import LeaseStore
import OpenStackClient
import SyncPlanner

/// Asks a cloud for one lease again and again, with one login, while somebody waits for the lease.
package struct LeasePoll: Sendable {
    private let store: LeaseStore
    private let connection: CloudConnection
    /// The scope that the connection's token is for.
    package let scope: Scope
    private let rules: QueueRules
    private let progress: @Sendable (SyncProgress) async -> Void

    package init(
        store: LeaseStore, connection: CloudConnection, scope: Scope, options: SyncOptions,
        progress: @escaping @Sendable (SyncProgress) async -> Void
    ) {
        self.store = store
        self.connection = connection
        self.scope = scope
        rules = options.rules
        self.progress = progress
    }

    /// Asks for the lease, and records the answer as an observation.
    ///
    /// - Returns: whether the answer tells how the lease is. If not, only the whole list can: what the server may not
    ///   show, and a lease of another project, says nothing.
    /// - Throws: ``StoreError``.
    package func ask(for id: String) async throws(StoreError) -> Bool {
        let begun = connection.now()
        let run = try store.beginAnswer(scope: scope, at: begun)
        let answer = await answer(for: id)
        let news = try store.endAnswer(
            run, begun: begun, of: id, answer, scope: scope, rules: rules, at: connection.now())
        if let change = news.change { await progress(.changed(cloud: connection.name, changes: [change])) }
        for mutation in news.moved { await progress(.mutation(cloud: connection.name, mutation)) }
        return answer != .none
    }

    private func answer(for id: String) async -> LeaseAnswer {
        guard let outcome = try? await connection.blazar.lease(id: id) else { return .none }
        switch outcome {
        case .lease(let reply):
            let isOurs = scope.seesAllProjects || reply.lease.projectID == scope.projectID
            return reply.lease.id == id && isOurs ? .lease(reply.lease) : .none
        case .gone: return .gone
        case .failed: return .none
        }
    }

    /// Closes the connection.
    package func close() async { await connection.close() }
}
