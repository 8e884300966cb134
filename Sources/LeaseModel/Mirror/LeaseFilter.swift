/// Which leases to find. A lease must meet every condition that is set.
public struct LeaseFilter: Sendable, Hashable {
    /// With any of these statuses; empty for all.
    public var statuses: Set<LeaseStatus> = []
    /// Of this project, by id or name.
    public var project: String?
    /// Of this user, by id or name.
    public var user: String?
    /// With a name that matches this shell pattern: `*`, `?`, `[…]`, `[!…]`, and `\` to escape a character.
    public var nameGlob: String?
    /// With a reservation of any of these types; empty for all.
    public var resourceTypes: Set<ResourceType> = []
    /// With a reservation that requires this node type.
    public var nodeType: String?
    /// That holds this resource (id or name), by the site's allocations.
    public var resource: String?
    /// Running at this moment: started, and not ended.
    public var activeAt: Timestamp?
    /// Held at this moment, for certain or possibly. This includes leases that have been removed since, and leases that
    /// may have been removed before.
    public var heldAt: Timestamp?
    /// Ending after this moment.
    public var from: Timestamp?
    /// Starting before this moment.
    public var to: Timestamp?
    /// Running or still to come at this moment, as far as is known. Queued leases are.
    public var liveAt: Timestamp?
    /// With this text in their name, id, or the name of their user or project. Case does not matter in ASCII letters.
    public var text: String?
    /// Created by one of the users that this database syncs as.
    public var isMine = false
    /// Whether to include leases that their site no longer lists.
    public var includesRemoved = false
    /// Seen by any of these scopes; `nil` for all scopes. Each lease is found once.
    public var scopes: Set<Int64>?

    /// Whether leases that have ended are meant as well: a filter that names a status or a time, or includes removed
    /// leases, asks for them.
    package var asksForEnded: Bool {
        includesRemoved || !statuses.isEmpty || activeAt != nil || from != nil || to != nil
    }

    /// Makes a filter that finds every lease that is still listed.
    public init() {}

    /// Whether a single reservation has one of the types, and requires the node type. A lease may meet the two conditions
    /// with two reservations.
    ///
    /// - Parameters:
    ///   - type: the reservation's type.
    ///   - required: the node type that it requires.
    /// - Returns: whether it meets both.
    package func admits(type: ResourceType, nodeType required: @autoclosure () -> String?) -> Bool {
        (resourceTypes.isEmpty || resourceTypes.contains(type)) && (nodeType == nil || nodeType == required())
    }
}

/// The order in which to list leases.
public enum LeaseOrder: Sendable, Hashable {
    /// The user's own leases first, then by end.
    case ownFirst
    /// By start, earliest first.
    case start
    /// As people look for leases at a moment: the user's own first; then those waiting to be created, running, coming
    /// and ended ones. Ended ones begin with the latest.
    case relevance(at: Timestamp)
}
