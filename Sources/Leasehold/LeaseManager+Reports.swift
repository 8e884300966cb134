public import LeaseModel
import LeaseStore

extension LeaseManager {
    /// Hands over what each lease that a filter finds held, deleted ones too if the filter says so, in no particular
    /// order. Nothing is kept, so that a million leases take no more memory than one.
    ///
    /// - Parameters:
    ///   - filter: which. Its types leave out the other reservations of the leases found, too.
    ///   - includesNames: whether the lease's id, name, user and creation are wanted; empty without.
    ///   - includesStates: whether ``LeaseUsage/earlierStates`` are wanted.
    ///   - includesEvents: whether ``LeaseUsage/events`` are wanted.
    ///   - each: takes a lease.
    /// - Throws: ``LeaseholdError`` of code `database`, or what `each` throws.
    public func forEachUsage(
        _ filter: LeaseFilter, includesNames: Bool = true, includesStates: Bool = false, includesEvents: Bool = false,
        each: (LeaseUsage) throws -> Void
    ) throws {
        let detail = UsageDetail(names: includesNames, states: includesStates, events: includesEvents)
        var thrown: (any Error)?
        do {
            try store.usage(filter, detail: detail) { usage in
                do { try each(usage) } catch {
                    thrown = error
                    throw error
                }
            }
        } catch {
            throw thrown ?? LeaseholdError(error)
        }
    }

    /// Adds up what each lease that a filter finds held, deleted ones too if the filter says so: with as many threads as
    /// there are processor cores, if there are many leases. All are read from one state of the database.
    ///
    /// - Parameters:
    ///   - filter: which leases. Its types leave out the other reservations of the leases found, too.
    ///   - empty: the sum of nothing.
    ///   - includesNames: whether the lease's id, name, user and creation are wanted; empty without.
    ///   - includesStates: whether ``LeaseUsage/earlierStates`` are wanted.
    ///   - includesEvents: whether ``LeaseUsage/events`` are wanted.
    ///   - includesKinds: whether ``HeldReservation/flavorOrMachine`` is wanted.
    ///   - progress: told now and then how many leases more have been read, by one thread at a time.
    ///   - add: adds a lease to a sum. Which leases come to which sum, and in what order, is left to chance.
    /// - Returns: the sums of the threads, to be put together; at least one.
    /// - Throws: ``LeaseholdError`` of code `database`.
    public func addUpUsage<Sum: Sendable>(
        _ filter: LeaseFilter, from empty: Sum, includesNames: Bool = true, includesStates: Bool = false,
        includesEvents: Bool = false, includesKinds: Bool = false, progress: @Sendable (Int) -> Void = { _ in },
        add: @Sendable (inout Sum, LeaseUsage) -> Void
    ) throws(LeaseholdError) -> [Sum] {
        let detail = UsageDetail(
            names: includesNames, states: includesStates, events: includesEvents, kinds: includesKinds)
        return try reading { store throws(StoreError) in
            try store.usage(filter, detail: detail, from: empty, progress: progress, add: add)
        }
    }
}

extension UsageDetail {
    fileprivate init(names: Bool, states: Bool, events: Bool, kinds: Bool = false) {
        self = names ? .names : []
        if states { insert(.states) }
        if events { insert(.events) }
        if kinds { insert(.kinds) }
    }
}

extension LeaseManager {
    /// Between which moments nothing is missing that the scopes had; `nil` if one of them was never read whole.
    public func completeness(scopes: Set<Int64>?) throws(LeaseholdError) -> Completeness? {
        let lists = try reading { store throws(StoreError) in try store.listingBounds() }
        var whole: Completeness?
        for scope in try self.scopes() where scopes?.contains(scope.id) ?? true {
            guard let own = lists[scope.id] else { return nil }
            whole = Completeness(
                from: max(whole?.from ?? own.from, own.from), until: min(whole?.until ?? own.until, own.until))
        }
        return whole
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
