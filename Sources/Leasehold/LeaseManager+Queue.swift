public import LeaseModel
import LeaseStore
import SyncEngine

/// The lease that a write is for.
public enum WriteTarget: Sendable, Hashable {
    /// One that the mirror has.
    case mirrored(MirroredLease)
    /// One that was asked for here, and that the cloud may not have yet.
    case creation(Mutation, pending: [Mutation])

    /// The scope that it belongs to.
    public var scopeID: Int64 {
        switch self {
        case .mirrored(let lease): lease.scopeID
        case .creation(let mutation, _): mutation.scopeID
        }
    }

    /// Its name.
    public var name: String {
        switch self {
        case .mirrored(let lease): lease.lease.name
        case .creation(let mutation, _): mutation.leaseName
        }
    }

    /// When it ends once everything that is queued for it has been carried out, as far as is known here.
    public var endsAt: Timestamp? {
        let (present, pending) =
            switch self {
            case .mirrored(let lease): (Optional(lease.lease.endsAt), lease.pending)
            case .creation(let mutation, let pending): (try? LeaseDraft(body: mutation.body).endsAt, pending)
            }
        let wanted = pending.last { $0.verb != .create && $0.body["end_date"] != nil }
        return wanted?.body["end_date"]?.stringValue.flatMap(Timestamp.init(parsing:)) ?? present
    }

    var desk: QueueDesk.Target {
        switch self {
        case .mirrored(let lease): .mirrored(lease.lease)
        case .creation(let mutation, _): .creation(mutation)
        }
    }
}

/// How to end a conflict between a queued change and what happened at the server.
public enum ConflictResolution: Sendable, Hashable {
    /// Carry out what was asked for here.
    case mine
    /// Leave the lease as the server has it.
    case theirs
    /// Carry out these values instead, as a PUT takes them.
    case values(JSONObject)
    /// A creation in doubt became this lease.
    case adopt(leaseID: String)
    /// A creation in doubt became none of those that look alike: send it again.
    case create

    var desk: QueueDesk.Resolution {
        switch self {
        case .mine: .mine
        case .theirs: .theirs
        case .values(let values): .values(values)
        case .adopt(let id): .adopt(leaseID: id)
        case .create: .create
        }
    }
}

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
    /// - Returns: the mutations; without `includesFinal` those that are open, rejected or expired.
    /// - Throws: ``LeaseholdError`` of code `database`.
    public func queue(scopes: Set<Int64>? = nil, includesFinal: Bool = false) throws(LeaseholdError) -> [Mutation] {
        try reading { store throws(StoreError) in
            try store.mutations(scopes: scopes, includesFinal: includesFinal)
        }
    }

    /// The mutation of that number, and every request that left for it.
    ///
    /// - Throws: ``LeaseholdError`` of code `notFound`.
    public func mutation(_ id: Int64) throws(LeaseholdError) -> (mutation: Mutation, attempts: [MutationAttempt]) {
        let mutation = try reading { store throws(StoreError) in try store.mutation(id: id) }
        guard let mutation else {
            throw LeaseholdError(
                code: .notFound, message: "There is no mutation \(id): see `leasehold queue list --all`.")
        }
        return (mutation, try reading { store throws(StoreError) in try store.attempts(mutation: id) })
    }

    /// Withdraws a mutation that has not left, and what waits for it.
    public func cancel(_ id: Int64) throws(LeaseholdError) -> Mutation { try deciding { try $0.cancel(id) } }

    /// Tries a mutation again at the next sync.
    public func retry(_ id: Int64) throws(LeaseholdError) -> Mutation { try deciding { try $0.retry(id) } }

    /// Changes what a mutation that has not left asks for.
    public func edit(
        _ id: Int64, fields: JSONObject, terms: WriteTerms = WriteTerms()
    ) throws(LeaseholdError) -> Mutation {
        try deciding { try $0.edit(id, fields: fields, terms: terms.desk) }
    }

    /// Ends a conflict, or a doubt about which lease a creation became.
    public func resolve(_ id: Int64, _ resolution: ConflictResolution) throws(LeaseholdError) -> Mutation {
        try deciding { try $0.resolve(id, resolution.desk) }
    }

    private func deciding(_ body: (QueueDesk) throws -> Mutation) throws(LeaseholdError) -> Mutation {
        do {
            return try body(QueueDesk(store: store, now: configuration.now))
        } catch let error as QueueDesk.Refusal {
            throw LeaseholdError(code: .invalid, message: error.message)
        } catch let error as StoreError {
            throw LeaseholdError(error)
        } catch {
            throw LeaseholdError(code: .database, message: "\(error)")
        }
    }
}
