public import LeaseModel
import LeaseStore

extension LeaseManager {
    /// The leases at a moment in the past. There are two kinds of questions, which can be combined.
    ///
    /// ```swift
    /// try manager.leases(on: march)                        // held on 1 March, as known now
    /// try manager.leases(asKnownAt: march)                 // the list as it was known on 1 March
    /// try manager.leases(on: april, asKnownAt: march)      // held on 1 April, as known on 1 March
    /// ```
    ///
    /// - Parameters:
    ///   - moment: return only leases that held their resources at this moment, for certain or possibly
    ///     (``MirroredLease/held(at:)``). Removed leases are included.
    ///   - knowledge: use only what had been observed by this moment; `nil` for everything. Imported observations count
    ///     from when the owner of the imported data made them.
    ///   - filter: the filter. It applies to the states that are returned.
    ///   - order: the order.
    /// - Returns: each lease once, in the requested state. Leases that are only queued are not included.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func leases(
        on moment: Timestamp? = nil, asKnownAt knowledge: Timestamp? = nil, _ filter: LeaseFilter = LeaseFilter(),
        order: LeaseOrder = .ownFirst
    ) throws(LeaseholdError) -> [MirroredLease] {
        var found: [MirroredLease] = []
        do {
            try forEachLease(on: moment, asKnownAt: knowledge, filter, order: order) { found.append($0) }
        } catch let error as LeaseholdError {
            throw error
        } catch {
            throw LeaseholdError(code: .database, message: "\(error)")
        }
        return found
    }

    /// Passes the leases of ``leases(on:asKnownAt:_:order:)`` to a closure, so that they need not all be in memory.
    ///
    /// - Throws: ``LeaseholdError`` with the code `database`, or any error of `each`.
    public func forEachLease(
        on moment: Timestamp?, asKnownAt knowledge: Timestamp?, _ filter: LeaseFilter = LeaseFilter(),
        order: LeaseOrder = .ownFirst, each: (MirroredLease) throws -> Void
    ) throws {
        var filter = filter
        filter.heldAt = moment
        try handOver(filter, asKnownAt: knowledge, order: order, includesDrafts: false) { lease in
            if let moment, lease.held(at: moment) == nil { return }
            try each(lease)
        }
    }

    func handOver(
        _ filter: LeaseFilter, asKnownAt knowledge: Timestamp?, order: LeaseOrder, includesDrafts: Bool,
        parts: LeaseParts = .all, each: (MirroredLease) throws -> Void
    ) throws {
        var thrown: (any Error)?
        func pass(_ batch: [MirroredLease]) throws {
            do {
                for index in batch.indices { try each(batch[index]) }
            } catch {
                thrown = error
                throw error
            }
        }
        do {
            if let knowledge {
                try store.leases(filter, asKnownAt: knowledge, order: order, each: pass)
            } else {
                try store.leases(filter, order: order, includesDrafts: includesDrafts, parts: parts, each: pass)
            }
        } catch {
            // Errors of `each` are rethrown unchanged.
            throw thrown ?? LeaseholdError(error)
        }
    }

    /// A lease in the state that was known at a moment.
    ///
    /// - Parameters:
    ///   - reference: its id, the beginning of its id, the name it had then, or the name it has now.
    ///   - moment: use only what had been observed by this moment.
    ///   - scopes: the scopes to search; `nil` for all.
    /// - Returns: the lease in that state, which may be removed. It has no pending writes.
    /// - Throws: ``LeaseholdError`` with the code `notFound` if it was unknown then, or `ambiguous` and the candidates.
    public func state(
        of reference: String, at moment: Timestamp, scopes: Set<Int64>? = nil
    ) throws(LeaseholdError) -> MirroredLease {
        var (resolution, lease) = try reading { store throws(StoreError) in
            try store.state(of: reference, asKnownAt: moment, scopes: scopes)
        }
        if case .none = resolution {
            let present = try candidate(reference, scopes: scopes)
            (resolution, lease) = try reading { store throws(StoreError) in
                try store.state(of: present.id, asKnownAt: moment, scopes: scopes)
            }
            if lease == nil {
                let first = try history(present).first.map { " It was first seen at \($0.observedAt)." } ?? ""
                throw LeaseholdError(
                    code: .notFound, message: "The lease '\(reference)' was not known at \(moment).\(first)")
            }
        }
        if case .ambiguous(let candidates) = resolution {
            throw LeaseholdError(
                code: .ambiguous,
                message: "'\(reference)' meant \(candidates.count) leases at \(moment). Use an id, or --os-cloud.",
                candidates: candidates)
        }
        guard let lease else {
            throw LeaseholdError(code: .notFound, message: "The lease '\(reference)' has just been removed.")
        }
        return lease
    }

    /// When each scope's last complete list up to a moment was requested. Answers about the past are based on these
    /// lists.
    ///
    /// - Returns: the moments by scope. A scope without such a list is missing.
    public func listings(until moment: Timestamp) throws(LeaseholdError) -> [Int64: Timestamp] {
        try reading { store throws(StoreError) in try store.listings(until: moment) }
    }

    /// When each scope's first complete list was requested. The history of the scope is complete from then on.
    ///
    /// That list contained the leases that Blazar still listed, with their events. What had been deleted before is
    /// unknown.
    ///
    /// - Returns: the moments by scope. A scope that has never been listed is missing.
    public func firstListings() throws(LeaseholdError) -> [Int64: Timestamp] {
        try reading { store throws(StoreError) in try store.firstListings() }
    }
}
