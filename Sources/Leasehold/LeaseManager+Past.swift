public import LeaseModel
import LeaseStore

extension LeaseManager {
    /// The leases at a moment of the past: two questions, and both at once.
    ///
    /// ```swift
    /// try manager.leases(on: march)                        // held on 1 March, as known now
    /// try manager.leases(asKnownAt: march)                 // the list as it was known on 1 March
    /// try manager.leases(on: april, asKnownAt: march)      // what was believed on 1 March about 1 April
    /// ```
    ///
    /// - Parameters:
    ///   - moment: only leases that held what they reserve at this moment, surely or perhaps
    ///     (``MirroredLease/holding(at:)``), vanished ones included.
    ///   - knowledge: what had been seen by this moment; `nil` for everything that has been seen. What an import brought
    ///     counts from when its owner saw it.
    ///   - filter: which; it applies to the states that are read.
    ///   - order: in what order.
    /// - Returns: each lease once, in the state asked for; nothing that is only queued.
    /// - Throws: ``LeaseholdError`` of code `database`.
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

    /// Hands over the leases that ``leases(on:asKnownAt:_:order:)`` gives, so that they need not all be in memory.
    ///
    /// - Throws: ``LeaseholdError`` of code `database`, or what `each` throws.
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
        each: (MirroredLease) throws -> Void
    ) throws {
        var thrown: (any Error)?
        func pass(_ batch: [MirroredLease]) throws {
            do {
                for lease in batch { try each(lease) }
            } catch {
                thrown = error
                throw error
            }
        }
        do {
            if let knowledge {
                try store.leases(filter, asKnownAt: knowledge, order: order, each: pass)
            } else {
                try store.leases(filter, order: order, includesDrafts: includesDrafts, each: pass)
            }
        } catch {
            // What `each` threw comes out as it is.
            throw thrown ?? LeaseholdError(error)
        }
    }

    /// A lease in the state that was known at a moment.
    ///
    /// - Parameters:
    ///   - reference: its id, the name it had then, or the beginning of its id; a name that it has now will do.
    ///   - moment: what had been seen by when.
    ///   - scopes: where to look; `nil` for everywhere.
    /// - Returns: the lease in that state, gone perhaps; nothing is pending for it.
    /// - Throws: ``LeaseholdError`` of code `notFound` if it was not known then, or `ambiguous` with the candidates.
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
            throw LeaseholdError(code: .notFound, message: "The lease '\(reference)' has just gone.")
        }
        return lease
    }

    /// When each scope's last whole list up to a moment was asked for: what an answer about the past rests on.
    ///
    /// - Returns: the moments by scope; a scope without one is missing.
    public func listings(until moment: Timestamp) throws(LeaseholdError) -> [Int64: Timestamp] {
        try reading { store throws(StoreError) in try store.listings(until: moment) }
    }

    /// From when the history of each scope is complete: when its first whole list was asked for.
    ///
    /// What Blazar still listed then was taken in, with its events; what had been deleted before cannot be known.
    ///
    /// - Returns: the moments by scope; a scope that has never been listed is missing.
    public func firstListings() throws(LeaseholdError) -> [Int64: Timestamp] {
        try reading { store throws(StoreError) in try store.firstListings() }
    }
}
