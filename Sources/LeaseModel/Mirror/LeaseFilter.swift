/// Which leases to find. Everything that is set must hold.
public struct LeaseFilter: Sendable, Hashable {
    /// Any of these statuses; empty for all.
    public var statuses: Set<LeaseStatus> = []
    /// The project, by id or name.
    public var project: String?
    /// The user, by id or name.
    public var user: String?
    /// A pattern for the name as in a shell, with `*`, `?`, `[…]`, `[!…]`, and `\` before a character meant itself.
    public var nameGlob: String?
    /// With a reservation of any of these types; empty for all.
    public var resourceTypes: Set<ResourceType> = []
    /// With a reservation that asks for this node type.
    public var nodeType: String?
    /// With a reservation of, or an allocation on, this resource (its id or name).
    public var resource: String?
    /// Running at this moment: started, and not ended.
    public var activeAt: Timestamp?
    /// Held at this moment, surely or perhaps: those too that have vanished since, or may have before.
    public var heldAt: Timestamp?
    /// Ending after this moment.
    public var from: Timestamp?
    /// Starting before this moment.
    public var to: Timestamp?
    /// Made by one of the users this database syncs as.
    public var isMine = false
    /// Those too that their site no longer lists.
    public var includesDeparted = false
    /// Seen by any of these scopes; `nil` for all, each lease once.
    public var scopes: Set<Int64>?

    /// Makes a filter that finds everything that is still listed.
    public init() {}
}

/// In what order to list leases.
public enum LeaseOrder: Sendable, Hashable {
    /// Own leases first, then by end.
    case ownFirst
    /// By start, the earliest first.
    case start
}
