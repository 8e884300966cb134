/// What a name, an id or the beginning of an id stands for.
public enum LeaseResolution: Sendable, Hashable {
    /// Exactly one lease.
    case one(LeaseCandidate)
    /// None.
    case none
    /// Several: a person has to choose.
    case ambiguous([LeaseCandidate])
}

/// A lease that a reference may mean.
public struct LeaseCandidate: Sendable, Hashable, Identifiable {
    /// Blazar's id.
    public let id: String
    /// Its name.
    public let name: String
    /// Its status as last seen.
    public let status: LeaseStatus
    /// When it ends.
    public let endsAt: Timestamp
    /// The name of its site.
    public let site: String
    /// The scope that sees it.
    public let scopeID: Int64
    /// Whether its site no longer lists it.
    public let isDeparted: Bool

    /// Makes a candidate from its parts.
    public init(
        id: String, name: String, status: LeaseStatus, endsAt: Timestamp, site: String, scopeID: Int64, isDeparted: Bool
    ) {
        self.id = id
        self.name = name
        self.status = status
        self.endsAt = endsAt
        self.site = site
        self.scopeID = scopeID
        self.isDeparted = isDeparted
    }

    /// Makes the candidate that a lease of the mirror is.
    public init(_ lease: MirroredLease) {
        self.init(
            id: lease.id, name: lease.lease.name, status: lease.lease.status, endsAt: lease.lease.endsAt,
            site: lease.site, scopeID: lease.scopeID, isDeparted: lease.departure != nil)
    }
}
