/// Which resources to show in a calendar, and when.
public struct OccupancyRequest: Sendable, Hashable {
    /// The period.
    public var period: Range<Timestamp>
    /// Hosts, devices or another kind that can be reserved.
    public var kind: ResourceKind
    /// The scopes whose sites are shown; `nil` for all.
    public var scopes: Set<Int64>?
    /// Only this site, by name; `nil` for all.
    public var site: String?
    /// Only resources of this kind: a node type of hosts, a model of devices; `nil` for all.
    public var group: String?
    /// Only resources whose name matches this shell pattern; `nil` for all.
    public var nameGlob: String?
    /// Only resources that a lease of a user holds in the period whom this database syncs as.
    public var isMine = false
    /// Only resources that come after this one; `nil` to begin with the first.
    public var after: ResourcePosition?
    /// How many resources to read at most.
    public var limit: Int

    /// Makes a request for all resources.
    public init(period: Range<Timestamp>, kind: ResourceKind = .host, limit: Int) {
        self.period = period
        self.kind = kind
        self.limit = limit
    }
}

/// The place of a resource in the calendar's order. It stays valid when others come and go.
public struct ResourcePosition: Sendable, Hashable {
    /// The name of its site.
    public let site: String
    /// Its node type or model; empty if it has none.
    public let group: String
    /// Its name.
    public let name: String
    /// The site's identifier.
    public let id: String

    /// Makes a position from its parts.
    public init(site: String, group: String, name: String, id: String) {
        self.site = site
        self.group = group
        self.name = name
        self.id = id
    }
}

extension ResourcePosition: Comparable {
    /// By site, group and name; numbers in names by their value, so that nc2 comes before nc10.
    public static func < (left: ResourcePosition, right: ResourcePosition) -> Bool {
        for (first, second) in [(left.site, right.site), (left.group, right.group), (left.name, right.name)] {
            let order = order(first, second)
            if order != 0 { return order < 0 }
        }
        return left.id < right.id
    }

    /// -1, 0 or 1.
    private static func order(_ left: String, _ right: String) -> Int {
        if left == right { return 0 }
        var (first, second) = (Array(left.utf8)[...], Array(right.utf8)[...])
        while let head = first.first, let other = second.first {
            if isDigit(head), isDigit(other) {
                let (number, another) = (takeNumber(&first), takeNumber(&second))
                if number.count != another.count { return number.count < another.count ? -1 : 1 }
                if number != another { return number.lexicographicallyPrecedes(another) ? -1 : 1 }
            } else {
                if head != other { return head < other ? -1 : 1 }
                first.removeFirst()
                second.removeFirst()
            }
        }
        if first.isEmpty != second.isEmpty { return first.isEmpty ? -1 : 1 }
        // They differ in leading zeros only.
        return left < right ? -1 : 1
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// The digits at the beginning, without leading zeros.
    private static func takeNumber(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = text.prefix(while: isDigit)
        text = text.dropFirst(digits.count)
        return digits.drop { $0 == 0x30 }
    }
}

/// A lease that holds resources, as far as a calendar shows it.
public struct OccupyingLease: Sendable, Hashable, Identifiable {
    /// Its id; a local one while it is only queued.
    public let id: String
    /// Its name, if the site shows it.
    public var name: String?
    /// The name of its user, or the id.
    public var user: String?
    /// The name of its project, or the id.
    public var project: String?
    /// Its status, if the mirror has the lease.
    public var status: LeaseStatus?
    /// Whether one of the users that this database syncs as created it.
    public var isMine: Bool

    /// Whether the mirror has the lease, so that more is known of it.
    public var isMirrored: Bool { status != nil }

    /// Makes a lease from its parts.
    public init(
        id: String, name: String?, user: String? = nil, project: String? = nil, status: LeaseStatus? = nil,
        isMine: Bool = false
    ) {
        self.id = id
        self.name = name
        self.user = user
        self.project = project
        self.status = status
        self.isMine = isMine
    }
}

/// A period in which a lease holds a resource.
public struct ResourceHold: Sendable, Hashable {
    /// The lease's place in ``ResourceOccupancy/leases``.
    public let lease: Int
    /// From when until just before when, as the site last said.
    public var span: Range<Timestamp>
    /// Until when it was seen, if the site stopped listing it before its end; it ended between then and ``span``'s end.
    public var certainUntil: Timestamp?
    /// What a queued write asks for instead; `nil` if none does.
    public var change: QueuedChange?

    /// What a queued write does to a hold.
    public enum QueuedChange: Sendable, Hashable {
        /// It would end then, earlier or later.
        case end(Timestamp)
        /// It would be deleted.
        case deletion
    }

    /// Makes a hold from its parts.
    public init(lease: Int, span: Range<Timestamp>, certainUntil: Timestamp? = nil, change: QueuedChange? = nil) {
        self.lease = lease
        self.span = span
        self.certainUntil = certainUntil
        self.change = change
    }
}

/// Resources of sites, and who holds each when.
public struct ResourceOccupancy: Sendable {
    /// A resource with its holds.
    public struct Row: Sendable, Hashable {
        /// Its place in the order.
        public let position: ResourcePosition
        /// Since when the site no longer lists it; `nil` while it does.
        public let goneBefore: Timestamp?
        /// Whether the site offers it for reservation.
        public let isReservable: Bool
        /// What holds it in the period, in any order.
        public var holds: [ResourceHold]

        /// Makes a row from its parts.
        public init(
            position: ResourcePosition, goneBefore: Timestamp?, isReservable: Bool = true, holds: [ResourceHold] = []
        ) {
            self.position = position
            self.goneBefore = goneBefore
            self.isReservable = isReservable
            self.holds = holds
        }
    }

    /// How many resources of a group there are.
    public struct Group: Sendable, Hashable {
        /// The name of the site.
        public let site: String
        /// The node type or model; empty if there is none.
        public let group: String
        /// How many there are.
        public let count: Int

        /// Makes a group from its parts.
        public init(site: String, group: String, count: Int) {
            self.site = site
            self.group = group
            self.count = count
        }
    }

    /// The resources asked for, in order.
    public var rows: [Row]
    /// The leases that hold them.
    public var leases: [OccupyingLease]
    /// All groups of the sites and names asked for, in order.
    public var groups: [Group]
    /// Whether more resources come after the last one.
    public var hasMore: Bool
    /// When the allocations of each site were read, by the site's name.
    public var listedAt: [String: Timestamp]
    /// The sites that do not say who holds their resources.
    public var silentSites: [SilentSite]

    /// A site that does not show who holds its resources, so that only the mirrored leases are known.
    public struct SilentSite: Sendable, Hashable {
        /// The name of the site.
        public let site: String
        /// The scopes of this database at that site.
        public let scopes: Set<Int64>
        /// Why: the site refuses it, does not offer it, failed, or has not been asked.
        public let reason: Reason

        /// Why a site does not say it.
        public enum Reason: String, Sendable, Hashable {
            /// It refuses to show it to this user.
            case forbidden
            /// It has no such list.
            case notOffered
            /// It failed when it was asked.
            case failed
            /// It has not been asked yet.
            case notAsked
        }

        /// Makes a site from its parts.
        public init(site: String, scopes: Set<Int64>, reason: Reason) {
            self.site = site
            self.scopes = scopes
            self.reason = reason
        }
    }

    /// Makes an answer from its parts.
    public init(
        rows: [Row] = [], leases: [OccupyingLease] = [], groups: [Group] = [], hasMore: Bool = false,
        listedAt: [String: Timestamp] = [:], silentSites: [SilentSite] = []
    ) {
        self.rows = rows
        self.leases = leases
        self.groups = groups
        self.hasMore = hasMore
        self.listedAt = listedAt
        self.silentSites = silentSites
    }
}
