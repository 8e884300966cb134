public import LeaseModel
import LeaseStore
import SyncEngine

extension LeaseManager {
    /// The lease that a reference stands for, including leases that are only queued.
    ///
    /// - Throws: ``LeaseholdError`` with the code `notFound`, or `ambiguous` and the candidates.
    public func writeTarget(_ reference: String, clouds: [String] = []) throws(LeaseholdError) -> WriteTarget {
        let lease = try lease(reference, scopes: scopeIDs(ofClouds: clouds))
        guard lease.isDraft else { return .mirrored(lease) }
        let creation = try reading { store throws(StoreError) in try store.creation(localID: lease.id) }
        guard let creation else {
            throw LeaseholdError(code: .notFound, message: "The queued lease '\(reference)' has just been removed.")
        }
        return .creation(creation, pending: lease.pending)
    }

    /// The queued writes, in the order in which they were requested.
    ///
    /// - Parameters:
    ///   - scopes: the scopes of the writes; `nil` for all.
    ///   - includesFinal: whether to include finished writes.
    ///   - nameGlob: a shell pattern for the lease's name; `nil` for all.
    /// - Returns: the writes. Without `includesFinal`, these are the unfinished, rejected and expired ones.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func queue(
        scopes: Set<Int64>? = nil, includesFinal: Bool = false, nameGlob: String? = nil
    ) throws(LeaseholdError) -> [Mutation] {
        try reading { store throws(StoreError) in
            try store.mutations(scopes: scopes, includesFinal: includesFinal, nameGlob: nameGlob)
        }
    }

    /// The write with that id, and its attempts.
    ///
    /// - Throws: ``LeaseholdError`` with the code `notFound`.
    public func mutation(_ id: Int64) throws(LeaseholdError) -> (mutation: Mutation, attempts: [MutationAttempt]) {
        let mutation = try reading { store throws(StoreError) in try store.mutation(id: id) }
        guard let mutation else {
            throw LeaseholdError(
                code: .notFound, message: "There is no write \(id): see `leasehold queue list --all`.")
        }
        return (mutation, try reading { store throws(StoreError) in try store.attempts(mutation: id) })
    }

    /// Cancels an unsent write and the ones that depend on it.
    ///
    /// - Parameters:
    ///   - id: the id of the write.
    ///   - givesUp: whether to give up an unconfirmed write. Its lease may still appear, as an ordinary lease.
    /// - Returns: the write in its new state.
    /// - Throws: ``LeaseholdError``.
    public func cancel(_ id: Int64, givesUp: Bool = false) throws(LeaseholdError) -> Mutation {
        try deciding(id) { try $0.cancel(id, givesUp: givesUp) }
    }

    /// Retries a write at the next sync.
    public func retry(_ id: Int64) throws(LeaseholdError) -> Mutation { try deciding(id) { try $0.retry(id) } }

    /// Changes the fields of an unsent write.
    ///
    /// - Throws: ``LeaseholdError`` with the code `invalid` if the write has been sent or, unless forced, if Blazar is
    ///   sure to refuse it.
    public func edit(
        _ id: Int64, fields: JSONObject, terms: WriteTerms = WriteTerms(), isForced: Bool = false
    ) throws(LeaseholdError) -> Mutation {
        let fields = try reviewed(id, fields, lateStart: terms.lateStart, isForced: isForced)
        return try deciding(id) { try $0.edit(id, fields: fields, terms: terms) }
    }

    /// Resolves a conflict, or decides which lease an unconfirmed creation became.
    ///
    /// - Throws: ``LeaseholdError`` with the code `invalid` if there is nothing to resolve or, unless forced, if Blazar
    ///   is sure to refuse the new values.
    public func resolve(
        _ id: Int64, _ resolution: ConflictResolution, isForced: Bool = false
    ) throws(LeaseholdError) -> Mutation {
        guard case .values(let values) = resolution else {
            return try deciding(id) { try $0.resolve(id, resolution) }
        }
        let reviewed = try reviewed(id, values, lateStart: nil, isForced: isForced)
        return try deciding(id) { try $0.resolve(id, .values(reviewed)) }
    }

    /// Reviews the new fields of a write, and replaces shortened reservation ids by full ones.
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
            return try body(WriteQueue(store: store, now: configuration.now, random: configuration.random))
        } catch let error as WriteQueue.Refusal {
            throw LeaseholdError(code: .invalid, message: error.message)
        } catch let error as StoreError {
            throw LeaseholdError(error)
        } catch {
            throw LeaseholdError(code: .database, message: "\(error)")
        }
    }
}
