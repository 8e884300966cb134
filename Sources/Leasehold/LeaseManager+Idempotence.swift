import LeaseModel
import LeaseStore
import SyncEngine

// What is as good as a new lease of a name.
extension LeaseManager {
    /// Reads the cloud's leases, so that one made elsewhere counts.
    ///
    /// - Returns: what a person should know if that could not be done.
    func basis(
        _ connection: CloudConnection, _ scope: Scope, _ flush: QueueFlush, isOffline: Bool
    ) async throws -> [String] {
        let reason: String
        if isOffline {
            reason = "Nobody was asked, as --offline says."
        } else if let pause = try await flush.refresh(connection, scope: scope) {
            reason = pause.message
        } else {
            return []
        }
        let known = try store.scopes().first { $0.id == scope.id }?.listedAt
        let basis = known.map { "the leases as they were at \($0)" } ?? "no list of leases, as there has never been one"
        return ["\(reason) Whether there is such a lease was decided on \(basis), and on the queue."]
    }

    /// The live lease of a name in the scope's project; `nil` if there is none.
    func present(_ name: String, _ scope: Scope) throws -> WriteResult? {
        var filter = LeaseFilter()
        filter.scopes = [scope.id]
        filter.project = scope.projectID
        let live = try store.leases(filter).filter { $0.lease.name == name && $0.isLive }
        guard let lease = live.max(by: { $0.rank < $1.rank }) else { return nil }
        var mutation = Mutation(
            id: 0, scopeID: scope.id, site: scope.site, verb: .create, localID: nil, leaseID: lease.id,
            leaseName: name, state: .settled, body: [:], token: nil, createdAt: configuration.now())
        mutation.message = "There is one of that name already."
        let note = """
            There are \(live.count) live leases named "\(name)" in project \(scope.projectName): this is the \
            \(lease.lease.status == .active ? "newest active one" : "one that ends last").
            """
        return WriteResult(mutation: mutation, pause: nil, lease: lease, notes: live.count > 1 ? [note] : [])
    }
}

extension MirroredLease {
    /// Whether it can serve somebody who wants such a lease: not ended, not failed, and not about to be deleted by us.
    fileprivate var isLive: Bool {
        ![.terminated, .error, .deleting].contains(lease.status) && !pending.contains { $0.verb == .delete }
    }

    /// Of several of one name the newest active one is meant, or else the one that ends last.
    fileprivate var rank: (Int, Timestamp) {
        lease.status == .active ? (1, lease.createdAt ?? firstSeenAt) : (0, lease.endsAt)
    }
}
