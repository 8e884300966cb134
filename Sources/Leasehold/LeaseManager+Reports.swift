public import LeaseModel
import LeaseStore

extension LeaseManager {
    /// Hands over what each lease that a filter finds held, deleted ones too if the filter says so, in no particular
    /// order. Nothing is kept, so that a million leases take no more memory than one.
    ///
    /// - Parameters:
    ///   - filter: which. Its types leave out the other reservations of the leases found, too.
    ///   - includesNames: whether the lease's id, name, user and creation are wanted; empty without.
    ///   - includesStates: whether ``LeaseHolding/earlierStates`` are wanted.
    ///   - includesEvents: whether ``LeaseHolding/events`` are wanted.
    ///   - each: takes a lease.
    /// - Throws: ``LeaseholdError`` of code `database`, or what `each` throws.
    public func forEachHolding(
        _ filter: LeaseFilter, includesNames: Bool = true, includesStates: Bool = false, includesEvents: Bool = false,
        each: (LeaseHolding) throws -> Void
    ) throws {
        var detail: HoldingDetail = includesNames ? .names : []
        if includesStates { detail.insert(.states) }
        if includesEvents { detail.insert(.events) }
        var thrown: (any Error)?
        do {
            try store.holdings(filter, detail: detail) { holding in
                do { try each(holding) } catch {
                    thrown = error
                    throw error
                }
            }
        } catch {
            throw thrown ?? LeaseholdError(error)
        }
    }
}

extension LeaseManager {
    /// From when on everything that was deleted is known: when the last of the scopes was first read whole; `nil` if one
    /// of them never was.
    public func completeFrom(scopes: Set<Int64>?) throws(LeaseholdError) -> Timestamp? {
        let first = try reading { store throws(StoreError) in try store.firstWholeLists() }
        var latest: Timestamp?
        for scope in try self.scopes() where scopes?.contains(scope.id) ?? true {
            guard let moment = first[scope.id] else { return nil }
            latest = max(latest ?? moment, moment)
        }
        return latest
    }

    /// When whole lists of a scope were asked for, here or by the owner of an imported database, the first one first.
    public func wholeLists(scope: Int64) throws(LeaseholdError) -> [Timestamp] {
        try reading { store throws(StoreError) in try store.wholeLists(scope: scope) }
    }

    /// Every attempt to read a whole list that has ended, the oldest first.
    public func listRuns() throws(LeaseholdError) -> [SyncRun] {
        try reading { store throws(StoreError) in try store.listRuns() }
    }

    /// The hosts that were ever listed, each once, with what held them.
    public func hostHistories(scopes: Set<Int64>? = nil) throws(LeaseholdError) -> [HostHistory] {
        try reading { store throws(StoreError) in try store.hostHistories(scopes: scopes) }
    }
}
