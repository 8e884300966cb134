public import LeaseModel
import LeaseStore

extension LeaseManager {
    /// Who holds which resources when, in a period of the past or the future, according to the mirror; and what the
    /// queue would change about it.
    ///
    /// - Parameter request: which resources, and when.
    /// - Returns: a page of resources with their holds. Of sites that do not say who holds their resources, there is
    ///   none; ``page(_:sort:after:limit:)`` has the leases that are known there.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func occupancy(_ request: OccupancyRequest) throws(LeaseholdError) -> ResourceOccupancy {
        var answer = try reading { store throws(StoreError) in try store.occupancy(request) }
        let changes = try queuedChanges(request.scopes)
        guard !changes.isEmpty else { return answer }
        let affected = answer.leases.map { changes[$0.id] }
        for row in answer.rows.indices {
            for place in answer.rows[row].holds.indices {
                // What the site no longer lists is over.
                guard answer.rows[row].holds[place].certainUntil == nil else { continue }
                answer.rows[row].holds[place].change = affected[answer.rows[row].holds[place].lease]
            }
        }
        return answer
    }

    /// What unfinished writes would change about when leases hold their resources, by the leases' ids.
    private func queuedChanges(_ scopes: Set<Int64>?) throws(LeaseholdError) -> [String: ResourceHold.QueuedChange] {
        var changes: [String: ResourceHold.QueuedChange] = [:]
        for write in try queue(scopes: scopes) where write.state.isPending && write.verb != .create {
            guard let lease = write.leaseID else { continue }
            if write.verb == .delete {
                changes[lease] = .deletion
            } else if let end = write.body["end_date"]?.stringValue.flatMap(Timestamp.init(parsing:)) {
                changes[lease] = .end(end)
            }
        }
        return changes
    }
}
