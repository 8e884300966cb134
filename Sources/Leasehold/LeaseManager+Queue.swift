public import LeaseModel
import LeaseStore
import SyncEngine

extension LeaseManager {
    /// The lease that a reference stands for, one that is only queued included.
    ///
    /// - Throws: ``LeaseholdError`` of code `notFound`, or `ambiguous` with the candidates.
    public func writeTarget(_ reference: String, clouds: [String] = []) throws(LeaseholdError) -> WriteTarget {
        let lease = try lease(reference, scopes: scopeIDs(ofClouds: clouds))
        guard lease.isDraft else { return .mirrored(lease) }
        let creation = try reading { store throws(StoreError) in try store.creation(localID: lease.id) }
        guard let creation else {
            throw LeaseholdError(code: .notFound, message: "The queued lease '\(reference)' has just gone.")
        }
        return .creation(creation, pending: lease.pending)
    }

    /// What is queued, in the order in which it was asked for.
    ///
    /// - Parameters:
    ///   - scopes: of these scopes; `nil` for all.
    ///   - includesFinal: what is done with, too.
    ///   - nameGlob: a shell pattern for the lease's name; `nil` for all.
    /// - Returns: the mutations; without `includesFinal` those that are open, rejected or expired.
    /// - Throws: ``LeaseholdError`` of code `database`.
    public func queue(
        scopes: Set<Int64>? = nil, includesFinal: Bool = false, nameGlob: String? = nil
    ) throws(LeaseholdError) -> [Mutation] {
        try reading { store throws(StoreError) in
            try store.mutations(scopes: scopes, includesFinal: includesFinal, nameGlob: nameGlob)
        }
    }

    /// The mutation of that number, and every request that left for it.
    ///
    /// - Throws: ``LeaseholdError`` of code `notFound`.
    public func mutation(_ id: Int64) throws(LeaseholdError) -> (mutation: Mutation, attempts: [MutationAttempt]) {
        let mutation = try reading { store throws(StoreError) in try store.mutation(id: id) }
        guard let mutation else {
            throw LeaseholdError(
                code: .notFound, message: "There is no write \(id): see `leasehold queue list --all`.")
        }
        return (mutation, try reading { store throws(StoreError) in try store.attempts(mutation: id) })
    }

    /// Cancels an unsent write, and the ones that depend on it.
    ///
    /// - Parameters:
    ///   - id: the number of the write.
    ///   - givesUp: whether to give up a write of which it is not known whether it was carried out. The lease may still
    ///     appear then, as an ordinary lease.
    /// - Returns: the write as it is now.
    /// - Throws: ``LeaseholdError``.
    public func cancel(_ id: Int64, givesUp: Bool = false) throws(LeaseholdError) -> Mutation {
        try deciding(id) { try $0.cancel(id, givesUp: givesUp) }
    }

    /// Tries a mutation again at the next sync.
    public func retry(_ id: Int64) throws(LeaseholdError) -> Mutation { try deciding(id) { try $0.retry(id) } }

    /// Changes what an unsent write asks for.
    ///
    /// - Throws: ``LeaseholdError`` of code `invalid` if it has been sent, or, unless forced, if Blazar is sure to refuse
    ///   it.
    public func edit(
        _ id: Int64, fields: JSONObject, terms: WriteTerms = WriteTerms(), isForced: Bool = false
    ) throws(LeaseholdError) -> Mutation {
        let fields = try reviewed(id, fields, lateStart: terms.lateStart, isForced: isForced)
        return try deciding(id) { try $0.edit(id, fields: fields, terms: terms) }
    }

    /// Ends a conflict, or a doubt about which lease a creation became.
    ///
    /// - Throws: ``LeaseholdError`` of code `invalid` if there is nothing to resolve, or, unless forced, if Blazar is
    ///   sure to refuse the new values.
    public func resolve(
        _ id: Int64, _ resolution: ConflictResolution, isForced: Bool = false
    ) throws(LeaseholdError) -> Mutation {
        guard case .values(let values) = resolution else {
            return try deciding(id) { try $0.resolve(id, resolution) }
        }
        let reviewed = try reviewed(id, values, lateStart: nil, isForced: isForced)
        return try deciding(id) { try $0.resolve(id, .values(reviewed)) }
    }

    /// The fields, once they are found to be what Blazar may take.
    private func reviewed(
        _ id: Int64, _ fields: JSONObject, lateStart: LateStartPolicy?, isForced: Bool
    ) throws(LeaseholdError) -> JSONObject {
        guard !fields.isEmpty else { return fields }
        let mutation = try self.mutation(id).mutation
        var resolved = fields
        if mutation.verb == .create {
            resolved = WriteTarget.creation(mutation, pending: []).resolvingReservations(in: fields)
        } else if let leaseID = mutation.leaseID {
            let lease = try reading { store throws(StoreError) in
                try store.lease(id: leaseID, scope: mutation.scopeID)
            }
            resolved = lease.map { WriteTarget.mirrored($0).resolvingReservations(in: fields) } ?? fields
        }
        let refusals = try review(editing: mutation, by: resolved, lateStart: lateStart)
            .filter { $0.severity == .refusal }
        guard isForced || refusals.isEmpty else { throw LeaseholdError(refusals: refusals, verb: mutation.verb) }
        return resolved
    }

    private func deciding(
        _ id: Int64, _ body: (WriteQueue) throws -> Mutation
    ) throws(LeaseholdError) -> Mutation {
        _ = try mutation(id)
        do {
            return try body(WriteQueue(store: store, now: configuration.now))
        } catch let error as WriteQueue.Refusal {
            throw LeaseholdError(code: .invalid, message: error.message)
        } catch let error as StoreError {
            throw LeaseholdError(error)
        } catch {
            throw LeaseholdError(code: .database, message: "\(error)")
        }
    }
}
