/// What one set of credentials can see of one cloud: the owner of every mirrored row.
///
/// Blazar's list is of the token's project, or of all projects for an administrator, so what can be found missing from
/// it depends on who asked.
public struct Scope: Sendable, Hashable, Identifiable {
    /// The number of the scope in this database.
    public let id: Int64
    /// The number of its site in this database.
    public let siteID: Int64
    /// The name shown for the site: the clouds.yaml entry that first reached it, or the environment's region.
    public let site: String
    /// The public endpoint of the site's reservation service, normalised. With the region it tells sites apart.
    public let endpoint: String
    /// Keystone's URL, as it was written by whoever used the site last.
    public let authURL: String
    /// The region that is used; empty if the cloud has one only.
    public let region: String
    /// The Keystone id of the project.
    public let projectID: String
    /// The project's name.
    public let projectName: String
    /// Whether the leases of every project are listed.
    public let seesAllProjects: Bool
    /// When the last complete list was asked for; `nil` before the first.
    public let listedAt: Timestamp?
    /// The clouds.yaml entries that lead here.
    public let clouds: [String]

    /// Makes a scope from its parts.
    public init(
        id: Int64, siteID: Int64, site: String, endpoint: String, authURL: String, region: String, projectID: String,
        projectName: String, seesAllProjects: Bool, listedAt: Timestamp?, clouds: [String]
    ) {
        self.id = id
        self.siteID = siteID
        self.site = site
        self.endpoint = endpoint
        self.authURL = authURL
        self.region = region
        self.projectID = projectID
        self.projectName = projectName
        self.seesAllProjects = seesAllProjects
        self.listedAt = listedAt
        self.clouds = clouds
    }

    /// The queue that it shares with the other scopes of its site and project.
    public var queueAddress: QueueAddress { QueueAddress(siteID: siteID, projectID: projectID) }
}
