/// What one set of credentials sees of a site. A lease belongs to its site; which scopes see it is recorded separately.
///
/// Blazar lists the leases of the token's project or, for an administrator, of all projects. So whether a lease is
/// missing from a list depends on whose list it is.
public struct Scope: Sendable, Hashable, Identifiable {
    /// The id of the scope in this database.
    public let id: Int64
    /// The id of its site in this database.
    public let siteID: Int64
    /// The name shown for the site: the clouds.yaml entry that first reached it, or the environment's region.
    public let site: String
    /// The public endpoint of the site's reservation service, normalized. Together with the region it identifies the
    /// site.
    public let endpoint: String
    /// Keystone's URL, as written in the configuration that used the site last.
    public let authURL: String
    /// The region; empty if the cloud has only one.
    public let region: String
    /// The Keystone id of the project.
    public let projectID: String
    /// The project's name.
    public let projectName: String
    /// Whether the list contains the leases of all projects.
    public let seesAllProjects: Bool
    /// When the last complete list was requested; `nil` before the first.
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

    /// The queue that it shares with the other scopes of the same site and project.
    public var queueAddress: QueueAddress { QueueAddress(siteID: siteID, projectID: projectID) }
}

/// Normalizes service URLs, so that two spellings of one URL are equal.
public enum SiteEndpoint {
    /// The URL with its scheme and host in lower case, and without a default port, user, query or trailing slash.
    ///
    /// A text that is not a URL is returned without the white space around it.
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

    /// The same for Keystone's URL, without the API version: some clouds.yaml entries name it and others do not.
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
        // An IPv6 address contains colons, in brackets.
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

/// A configured cloud: an entry of clouds.yaml or of the environment, and a region if the entry has several.
///
/// Clouds are looked up by this. The name shown to people may differ: the cloud of the `OS_*` variables is shown as its
/// region, and cannot be looked up by that.
public struct CloudReference: Sendable, Hashable, CustomStringConvertible {
    /// The entry's name. The environment's cloud is `envvars`, or what `OS_CLOUD_NAME` says.
    public let entry: String
    /// One of the entry's regions; `nil` if the entry does not list several.
    public let region: String?

    /// Makes a reference from its parts.
    public init(entry: String, region: String? = nil) {
        self.entry = entry
        self.region = region
    }

    /// Whether it equals the other, or is the whole entry that the other is a region of.
    package func stands(for other: CloudReference) -> Bool {
        self == other || (region == nil && entry == other.entry)
    }

    /// The value for `--os-cloud`: `ENTRY` or `ENTRY/REGION`.
    public var description: String { region.map { "\(entry)/\($0)" } ?? entry }
}

/// Which clouds to talk to.
public enum Clouds: Sendable, Hashable {
    /// The cloud that `OS_CLOUD` names, or the environment's, or the only one there is.
    case standard
    /// The clouds that a person named. Each is an entry of clouds.yaml with all its regions, or one region as
    /// `ENTRY/REGION`. `envvars` is the environment's cloud.
    case named([String])
    /// Every configured cloud.
    case all
}
