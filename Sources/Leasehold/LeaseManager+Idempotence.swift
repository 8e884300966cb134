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

    /// What came of a wish that a lease fulfils which is there.
    func result(of lease: MirroredLease, among count: Int, _ scope: Scope) -> WriteResult {
        let name = lease.lease.name
        var mutation = Mutation(
            id: 0, scopeID: scope.id, address: scope.queueAddress, site: scope.site, verb: .create, localID: nil,
            leaseID: lease.id, leaseName: name, state: .settled, body: [:], token: nil, createdAt: configuration.now())
        mutation.message = "There is one of that name already."
        let note = """
            There are \(count) live leases named "\(name)" in project \(scope.projectName): this is the \
            \(lease.lease.status == .active ? "newest active one" : "one that ends last").
            """
        var result = WriteResult(mutation: mutation, pause: nil, lease: lease, notes: count > 1 ? [note] : [])
        result.isFound = true
        return result
    }
}
