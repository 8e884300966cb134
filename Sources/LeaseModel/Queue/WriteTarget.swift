/// The lease that a write is for.
public enum WriteTarget: Sendable, Hashable {
    /// A lease in the mirror.
    case mirrored(MirroredLease)
    /// A lease that was requested here and that the cloud may not have yet.
    case creation(Mutation, pending: [Mutation])

    /// The scope of the lease.
    public var scopeID: Int64 {
        switch self {
        case .mirrored(let lease): lease.scopeID
        case .creation(let mutation, _): mutation.scopeID
        }
    }

    /// The lease's name.
    public var name: String {
        switch self {
        case .mirrored(let lease): lease.lease.name
        case .creation(let mutation, _): mutation.leaseName
        }
    }

    /// When the lease ends after everything that is queued for it has been carried out, as far as is known.
    public var endsAt: Timestamp? {
        let (present, pending) =
            switch self {
            case .mirrored(let lease): (Optional(lease.lease.endsAt), lease.pending)
            case .creation(let mutation, let pending): (try? LeaseDraft(body: mutation.body).endsAt, pending)
            }
        let wanted = pending.last { $0.verb != .create && $0.body["end_date"] != nil }
        return wanted?.body["end_date"]?.stringValue.flatMap(Timestamp.init(parsing:)) ?? present
    }

    /// The name of the lease's site.
    package var site: String {
        switch self {
        case .mirrored(let lease): lease.site
        case .creation(let mutation, _): mutation.site
        }
    }

    /// Its local id, if it was requested here and the cloud does not have it yet.
    package var localID: String? { if case .creation(let mutation, _) = self { mutation.localID } else { nil } }

    /// The ids of its reservations: Blazar's, or local ones.
    package var reservationIDs: [String] {
        switch self {
        case .mirrored(let lease): lease.lease.reservations.map(\.id)
        case .creation(let mutation, _):
            (mutation.body["reservations"]?.arrayValue ?? []).indices.map {
                LeaseFields.localID(ofReservation: $0, in: mutation.localID ?? "")
            }
        }
    }

    /// The same fields, with each reservation named by its full id. A unique prefix of at least 4 characters is enough.
    package func resolvingReservations(in fields: JSONObject) -> JSONObject {
        let known = reservationIDs
        let given = LeaseFields(fields)
        var resolved = LeaseFields()
        resolved.lease = given.lease
        resolved.unidentified = given.unidentified
        for (id, values) in given.reservations {
            let matches = known.contains(id) || id.count < 4 ? [] : known.filter { $0.hasPrefix(id) }
            resolved.merge(values, into: matches.count == 1 ? matches[0] : id)
        }
        return resolved.body
    }
}

/// Conditions for a write.
public struct WriteTerms: Sendable, Hashable {
    /// What to do if a creation's start passes before it can be sent. `nil` means `start-now` for a draft that starts
    /// now, and `expire` for one with a fixed start.
    public var lateStart: LateStartPolicy?
    /// The write is not sent after this moment.
    public var notAfter: Timestamp?
    /// Until when to retry if there is too little capacity.
    public var retryUntil: Timestamp?
    /// What a creation waits for before it is sent.
    package var waiting: WaitingTerms?

    /// Makes conditions; by default, none.
    public init(lateStart: LateStartPolicy? = nil, notAfter: Timestamp? = nil, retryUntil: Timestamp? = nil) {
        self.lateStart = lateStart
        self.notAfter = notAfter
        self.retryUntil = retryUntil
    }
}

/// How to resolve a conflict between a queued change and the state at the server.
public enum ConflictResolution: Sendable, Hashable {
    /// Carry out the queued change.
    case mine
    /// Leave the lease as the server has it.
    case theirs
    /// Carry out these values instead; they are the body of a PUT.
    case values(JSONObject)
    /// An unconfirmed creation became this lease.
    case adopt(leaseID: String)
    /// An unconfirmed creation became none of the leases that look like it: send it again.
    case create
}
