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

/// How the URL of a service is written so that two spellings of it are equal.
public enum SiteEndpoint {
    /// The URL with its scheme and host in lower case, without a standard port, user, query, or slash at its end.
    ///
    /// A text that is no URL is given back without the white space around it.
    public static func normalized(_ url: String) -> String {
        let text = trimmed(url[...])
        guard let colon = text.firstRange(of: "://") else { return String(text) }
        let scheme = text[..<colon.lowerBound].lowercased()
        let rest = text[colon.upperBound...].prefix { $0 != "?" && $0 != "#" }
        var authority = rest.prefix { $0 != "/" }
        var path = rest[authority.endIndex...]
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        while path.last == "/" { path.removeLast() }
        return "\(scheme)://\(self.authority(authority, scheme: scheme))\(path)"
    }

    /// The same of Keystone's URL, without the version of its interface: entries name it or leave it out.
    public static func normalizedIdentity(_ url: String) -> String {
        let text = normalized(url)
        for version in ["/v3", "/v2.0"] where text.hasSuffix(version) {
            return normalized(String(text.dropLast(version.count)))
        }
        return text
    }

    private static func authority(_ text: Substring, scheme: String) -> String {
        var host = text
        var port: Substring = ""
        // An IPv6 address has colons of its own, between brackets.
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            host = text[..<colon]
            port = text[text.index(after: colon)...].drop { $0 == "0" }
        }
        if host.last == "." { host.removeLast() }
        let isStandard = port.isEmpty || (scheme, port) == ("http", "80") || (scheme, port) == ("https", "443")
        return host.lowercased() + (isStandard ? "" : ":\(port)")
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

/// One configured cloud: an entry of clouds.yaml, or the environment's, and the region if the entry has several.
///
/// This is what a cloud is looked up by. What people are shown may be called otherwise: the cloud of the `OS_*`
/// variables is shown as its region, which is no name that anything can be found by.
public struct CloudReference: Sendable, Hashable, CustomStringConvertible {
    /// The entry's name; `envvars`, unless `OS_CLOUD_NAME` says otherwise, for the environment's cloud.
    public let entry: String
    /// Which of the entry's regions; `nil` if it has no choice of them.
    public let region: String?

    /// Makes a reference from its parts.
    public init(entry: String, region: String? = nil) {
        self.entry = entry
        self.region = region
    }

    /// Whether it is the other, or the whole entry of which the other is a region.
    package func stands(for other: CloudReference) -> Bool {
        self == other || (region == nil && entry == other.entry)
    }

    /// What `--os-cloud` takes for it: `ENTRY`, or `ENTRY/REGION`.
    public var description: String { region.map { "\(entry)/\($0)" } ?? entry }
}

/// Which clouds to talk to.
public enum Clouds: Sendable, Hashable {
    /// The one that `OS_CLOUD` names, or the environment's, or the only one there is.
    case standard
    /// Those that a person names: an entry of clouds.yaml with all its regions, or one of them as `ENTRY/REGION`;
    /// `envvars` is the environment's.
    case named([String])
    /// Every one that is configured.
    case all
}
