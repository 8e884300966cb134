public import LeaseModel
import LeaseStore

extension LeaseManager {
    /// Passes the usage of each lease that matches a filter to a closure, in no particular order. Nothing is kept, so a
    /// million leases take no more memory than one.
    ///
    /// - Parameters:
    ///   - filter: the filter. Its resource types also exclude other reservations of the leases found.
    ///   - includesNames: whether to include the lease's id, name, user and creation time, which are otherwise empty.
    ///   - includesStates: whether to include ``LeaseUsage/earlierStates``.
    ///   - includesEvents: whether to include ``LeaseUsage/events``.
    ///   - includesKinds: whether to include the flavors and devices that reservations ask for.
    ///   - each: receives each usage.
    /// - Throws: ``LeaseholdError`` with the code `database`, or any error of `each`.
    public func forEachUsage(
        _ filter: LeaseFilter, includesNames: Bool = true, includesStates: Bool = false, includesEvents: Bool = false,
        includesKinds: Bool = false, each: (LeaseUsage) throws -> Void
    ) throws {
        let detail = UsageDetail(
            names: includesNames, states: includesStates, events: includesEvents, kinds: includesKinds)
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

    /// Adds up the usage of all leases that match a filter. From 20,000 leases on, it uses up to four threads.
    /// All threads see the same state of the database.
    ///
    /// - Parameters:
    ///   - filter: the filter. Its resource types also exclude other reservations of the leases found.
    ///   - empty: the empty sum.
    ///   - includesNames: whether to include the lease's id, name, user and creation time, which are otherwise empty.
    ///   - includesStates: whether to include ``LeaseUsage/earlierStates``.
    ///   - includesEvents: whether to include ``LeaseUsage/events``.
    ///   - includesKinds: whether to include ``HeldReservation/flavorOrMachine``.
    ///   - progress: called from time to time with the number of leases read since the last call, by one thread at a
    ///     time.
    ///   - add: adds a usage to a sum. Any usage may be added to any sum, in any order.
    /// - Returns: the sums of the threads, to be merged. There is at least one.
    /// - Throws: ``LeaseholdError`` with the code `database`.
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
    /// The period in which all scopes were observed completely; `nil` if one of them was never read completely.
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

    /// When complete lists of a scope were requested, here or by the owner of an imported database, oldest first.
    public func wholeLists(scope: Int64) throws(LeaseholdError) -> [Timestamp] {
        try reading { store throws(StoreError) in try store.wholeLists(scope: scope) }
    }

    /// Every finished attempt to read a complete list, oldest first.
    public func listRuns() throws(LeaseholdError) -> [SyncRun] {
        try reading { store throws(StoreError) in try store.listRuns() }
    }

    /// All hosts that were ever listed, each once, with their use.
    public func hostHistories(scopes: Set<Int64>? = nil) throws(LeaseholdError) -> [HostHistory] {
        try reading { store throws(StoreError) in try store.hostHistories(scopes: scopes) }
    }
}
