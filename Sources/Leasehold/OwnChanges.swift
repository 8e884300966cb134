import LeaseModel
import LeaseStore

/// What was changed from here, for what the sites told before: who holds their resources.
struct OwnChanges {
    private let store: LeaseStore
    /// When each lease was last changed or deleted from here, and the scope that it was asked for by.
    private var changes: [String: (at: Timestamp, scope: Int64)] = [:]

    init(_ store: LeaseStore) throws(StoreError) {
        self.store = store
        for write in try store.mutations(scopes: nil, includesFinal: true) {
            guard write.verb != .create, [.accepted, .settled].contains(write.state), let lease = write.leaseID else {
                continue
            }
            changes[lease] = (max(write.updatedAt, changes[lease]?.at ?? write.updatedAt), write.scopeID)
        }
    }

    /// The resource without the allocations of leases that are deleted, and with the new dates and names of the others.
    func applied(to mirrored: MirroredResource) throws(StoreError) -> MirroredResource {
        var allocations: [Allocation] = []
        for allocation in mirrored.allocations {
            guard let change = changes[allocation.leaseID], change.at >= mirrored.syncedAt ?? change.at,
                let lease = try store.lease(id: allocation.leaseID, scope: change.scope)
            else {
                allocations.append(allocation)
                continue
            }
            guard lease.departure == nil else { continue }
            var current = allocation
            current.startsAt = lease.lease.startsAt
            current.endsAt = lease.lease.endsAt
            current.leaseName = lease.lease.name
            allocations.append(current)
        }
        return MirroredResource(
            resource: mirrored.resource, site: mirrored.site, allocations: allocations, syncedAt: mirrored.syncedAt)
    }
}
