/// What a site answered when asked for one kind of resource.
public struct ResourceListing: Sendable, Hashable {
    /// The answer.
    public enum Outcome: String, Sendable, Hashable {
        /// A list.
        case listed
        /// 403: not for this user.
        case forbidden
        /// The site has no such list.
        case notOffered = "not_offered"
        /// An error; what was known before is kept.
        case failed
    }

    /// The kind asked for.
    public let kind: ResourceKind
    /// The scope that asked.
    public let scopeID: Int64
    /// The answer.
    public let outcome: Outcome
    /// The server's words, where it refused or failed.
    public let message: String?

    /// Makes a listing from its parts.
    public init(kind: ResourceKind, scopeID: Int64, outcome: Outcome, message: String?) {
        self.kind = kind
        self.scopeID = scopeID
        self.outcome = outcome
        self.message = message
    }
}

/// A resource as the mirror has it.
public struct MirroredResource: Sendable, Hashable {
    /// The resource as last seen.
    public let resource: CatalogueResource
    /// The name of its site.
    public let site: String
    /// The reservations that hold it, or will; empty where the site does not tell.
    public let allocations: [Allocation]
    /// When the list that has it was read, here or by the owner of an imported database.
    public let syncedAt: Timestamp?

    /// Makes a mirrored resource from its parts.
    public init(resource: CatalogueResource, site: String, allocations: [Allocation], syncedAt: Timestamp?) {
        self.resource = resource
        self.site = site
        self.allocations = allocations
        self.syncedAt = syncedAt
    }
}
