/// A host that a site registered with Blazar, and its use, as far as the mirror knows.
public struct HostHistory: Sendable, Hashable {
    /// A period in which an allocation held the host.
    public struct Use: Sendable, Hashable {
        public let startsAt: Timestamp
        public let endsAt: Timestamp
        /// When the allocation was last seen in the site's list; `nil` while it is listed.
        public let goneAfter: Timestamp?
        /// When the allocation was first missing from the site's list; `nil` while it is listed.
        public let goneBefore: Timestamp?

        /// Makes a use from its parts.
        public init(startsAt: Timestamp, endsAt: Timestamp, goneAfter: Timestamp?, goneBefore: Timestamp?) {
            self.startsAt = startsAt
            self.endsAt = endsAt
            self.goneAfter = goneAfter
            self.goneBefore = goneBefore
        }
    }

    /// Blazar's identifier.
    public let id: String
    /// The name of its site.
    public let site: String
    /// The scope that observed it.
    public let scopeID: Int64
    /// Its node type, if the site has node types.
    public let nodeType: String?
    /// Whether Blazar offers it for reservation.
    public let isReservable: Bool
    /// When it was first listed.
    public let firstSeenAt: Timestamp
    /// When it was first missing from the list; `nil` while it is listed.
    public let goneBefore: Timestamp?
    /// When the scope last read the list of hosts. Later changes are unknown.
    public let knownUntil: Timestamp
    /// When the scope last read the allocations. It equals ``knownUntil`` unless the site has stopped reporting them;
    /// `nil` if the site never reported them.
    public let usesKnownUntil: Timestamp?
    /// Its past, current and future use.
    public var uses: [Use]

    /// Makes a host from its parts.
    public init(
        id: String, site: String, scopeID: Int64, nodeType: String?, isReservable: Bool, firstSeenAt: Timestamp,
        goneBefore: Timestamp?, knownUntil: Timestamp, usesKnownUntil: Timestamp?, uses: [Use] = []
    ) {
        self.id = id
        self.site = site
        self.scopeID = scopeID
        self.nodeType = nodeType
        self.isReservable = isReservable
        self.firstSeenAt = firstSeenAt
        self.goneBefore = goneBefore
        self.knownUntil = knownUntil
        self.usesKnownUntil = usesKnownUntil
        self.uses = uses
    }
}
