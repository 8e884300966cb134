/// What a write is bound to: a site, and the project of the credentials that asked for it.
///
/// Every scope of that site and project may send it, a member's and an administrator's alike, and all of them share one
/// queue.
public struct QueueAddress: Sendable, Hashable {
    /// The number of the site in this database.
    public let siteID: Int64
    /// The Keystone id of the project.
    public let projectID: String

    /// Makes an address from its parts.
    public init(siteID: Int64, projectID: String) {
        self.siteID = siteID
        self.projectID = projectID
    }
}
