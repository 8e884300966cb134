public import LeaseModel
import LeaseStore

// Lists that are longer than a screen.
extension LeaseManager {
    /// A page of the leases that match a filter.
    ///
    /// - Parameters:
    ///   - filter: which leases.
    ///   - sort: their order.
    ///   - position: where the page begins, as the page before it says; `nil` for the first page.
    ///   - limit: the number of leases on it.
    /// - Returns: the page. Leases that are only queued come before all others.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func page(
        _ filter: LeaseFilter = LeaseFilter(), sort: LeaseSort = LeaseSort(.relevance),
        after position: LeasePosition? = nil, limit: Int = 100
    ) throws(LeaseholdError) -> LeaseListPage {
        let now = configuration.now()
        return try reading { store throws(StoreError) in
            try store.page(filter, sort: sort, after: position, limit: limit, now: now)
        }
    }

    /// The number of leases that match a filter, but no more than a limit.
    public func count(_ filter: LeaseFilter, upTo limit: Int) throws(LeaseholdError) -> Int {
        try reading { store throws(StoreError) in try store.count(filter, upTo: limit) }
    }

    /// A page of the queued writes, in the order in which they were requested.
    ///
    /// - Parameters:
    ///   - scopes: the scopes of the writes; `nil` for all.
    ///   - includesFinal: whether to include finished writes.
    ///   - number: the number of the last write of the page before; `nil` for the first page.
    ///   - limit: how many writes to read at most.
    /// - Returns: the writes. Without `includesFinal`, these are the unfinished, rejected and expired ones.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func queue(
        scopes: Set<Int64>? = nil, includesFinal: Bool = false, after number: Int64?, limit: Int
    ) throws(LeaseholdError) -> [Mutation] {
        try reading { store throws(StoreError) in
            try store.mutations(scopes: scopes, includesFinal: includesFinal, after: number, limit: limit)
        }
    }

    /// A part of the leases that match a filter with all of their states, so that they need not all be in memory.
    ///
    /// - Parameters:
    ///   - filter: which leases.
    ///   - place: where the part before ended; `nil` for the first part.
    ///   - length: how many leases to look at, at most.
    /// - Returns: the leases of this part that match, and where it ended; `nil` if it was the last one.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    package func usage(
        _ filter: LeaseFilter, after place: Int64?, length: Int64 = 2_000
    ) throws(LeaseholdError) -> (leases: [LeaseUsage], next: Int64?) {
        try reading { store throws(StoreError) in
            try store.usage(filter, detail: [.names, .states, .kinds], after: place, length: length)
        }
    }
}
