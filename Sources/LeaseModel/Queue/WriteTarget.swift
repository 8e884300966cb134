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

    /// The name of its site.
    package var site: String {
        switch self {
        case .mirrored(let lease): lease.site
        case .creation(let mutation, _): mutation.site
        }
    }

    /// Its local id, if it was asked for here and the cloud does not have it yet.
    package var localID: String? { if case .creation(let mutation, _) = self { mutation.localID } else { nil } }

    /// What its reservations are known by.
    package var reservationIDs: [String] {
        switch self {
        case .mirrored(let lease): lease.lease.reservations.map(\.id)
        case .creation(let mutation, _):
            (mutation.body["reservations"]?.arrayValue ?? []).indices.map {
                LeaseFields.localID(ofReservation: $0, in: mutation.localID ?? "")
            }
        }
    }

    /// The same fields, with each reservation named by its whole id: the beginning of one will do if no other begins so.
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

/// On what terms a write is asked for.
public struct WriteTerms: Sendable, Hashable {
    /// What to do if a creation's start passes before it can be sent; `nil`: `start-now` for a draft that starts now,
    /// `expire` for one with a fixed start.
    public var lateStart: LateStartPolicy?
    /// Not to be sent after this moment.
    public var notAfter: Timestamp?
    /// Until when to try again if there is too little capacity.
    public var retryUntil: Timestamp?

    /// No terms.
    public init(lateStart: LateStartPolicy? = nil, notAfter: Timestamp? = nil, retryUntil: Timestamp? = nil) {
        self.lateStart = lateStart
        self.notAfter = notAfter
        self.retryUntil = retryUntil
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
}
