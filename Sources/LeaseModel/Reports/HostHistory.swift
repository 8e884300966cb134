/// A host that a site registered with Blazar, and what held it, as far as the mirror knows.
public struct HostHistory: Sendable, Hashable {
    /// When an allocation held the host.
    public struct Use: Sendable, Hashable {
        public let startsAt: Timestamp
        public let endsAt: Timestamp
        /// When the allocation was first missing from the site's list; `nil` while it is listed.
        public let goneBefore: Timestamp?

        /// Makes a use from its parts.
        public init(startsAt: Timestamp, endsAt: Timestamp, goneBefore: Timestamp?) {
            self.startsAt = startsAt
            self.endsAt = endsAt
            self.goneBefore = goneBefore
        }
    }

    /// Blazar's identifier.
    public let id: String
    /// The name of its site.
    public let site: String
    /// The scope that sees it.
    public let scopeID: Int64
    /// Its node type, where the site has such.
    public let nodeType: String?
    /// Whether Blazar gives it out.
    public let isReservable: Bool
    /// When it was first listed.
    public let firstSeenAt: Timestamp
    /// When it was first missing from the list; `nil` while it is listed.
    public let goneBefore: Timestamp?
    /// What held it, or will.
    public var uses: [Use]

    /// Makes a host from its parts.
    public init(
        id: String, site: String, scopeID: Int64, nodeType: String?, isReservable: Bool, firstSeenAt: Timestamp,
        goneBefore: Timestamp?, uses: [Use] = []
    ) {
        self.id = id
        self.site = site
        self.scopeID = scopeID
        self.nodeType = nodeType
        self.isReservable = isReservable
        self.firstSeenAt = firstSeenAt
        self.goneBefore = goneBefore
        self.uses = uses
    }
}
