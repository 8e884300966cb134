/// A lease as the mirror has it: what the server last said, how that is known, and what is queued for it.
///
/// One that is only queued has its local id and the status `QUEUED`.
public struct MirroredLease: Sendable, Hashable, Identifiable {
    /// The lease as last seen.
    public package(set) var lease: BlazarLease
    /// A scope that sees it: its project's own, if there is one.
    public let scopeID: Int64
    /// Every scope that sees it.
    package var audience: [Int64] = []
    /// The name of its site.
    public let site: String
    /// The project's name, if the catalogue knows it.
    public let projectName: String?
    /// The user's name, if the catalogue knows it.
    public let userName: String?
    /// Whether one of the users this database syncs as made it.
    public let isMine: Bool
    /// When it was first seen.
    public let firstSeenAt: Timestamp
    /// Since when it has been seen as it is.
    public let observedAt: Timestamp
    /// When it was last known to be so.
    public let lastSeenAt: Timestamp
    /// How it went, if the site no longer lists it.
    public let departure: Departure?
    /// The writes that are not carried out yet, in the order in which they were asked for.
    public var pending: [Mutation] = []

    /// How many hosts, floating IPs or devices each reservation was last seen to hold, by its id, where the site tells.
    public var heldCounts: [String: Int] = [:]

    /// Whether a creation, a change or a deletion of it waits to be carried out.
    public var isQueued: Bool { !pending.isEmpty }
    /// Whether the server is not known to have it: it stands in the queue only.
    public var isDraft: Bool { LocalID.isOne(lease.id) }

    public var id: String { lease.id }

    /// Makes a mirrored lease from its parts.
    public init(
        lease: BlazarLease, scopeID: Int64, site: String, projectName: String?, userName: String?, isMine: Bool,
        firstSeenAt: Timestamp, observedAt: Timestamp, lastSeenAt: Timestamp, departure: Departure?
    ) {
        self.lease = lease
        self.scopeID = scopeID
        self.site = site
        self.projectName = projectName
        self.userName = userName
        self.isMine = isMine
        self.firstSeenAt = firstSeenAt
        self.observedAt = observedAt
        self.lastSeenAt = lastSeenAt
        self.departure = departure
    }
}

/// How a lease left the list of its scope. The moment is known within bounds only.
public struct Departure: Sendable, Hashable {
    /// Why it is no longer listed.
    public enum Reason: String, Sendable, Hashable {
        /// The server said that there is no such lease (404).
        case deleted
        /// The server has it, but not for this scope (403, or another project's).
        case outOfScope = "out_of_scope"
        /// A later list did not have it, and nobody asked for it: known from an import only.
        case unlisted
    }

    /// Why it is no longer listed.
    public let reason: Reason
    /// When it was last listed.
    public let after: Timestamp
    /// When it was first known to be gone.
    public let before: Timestamp

    /// Makes a departure from its parts.
    public init(reason: Reason, after: Timestamp, before: Timestamp) {
        self.reason = reason
        self.after = after
        self.before = before
    }
}
