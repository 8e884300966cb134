/// What to log in to.
package enum LoginTarget: Sendable, Hashable {
    /// The default cloud, when none is named.
    case standard
    /// A cloud of clouds.yaml.
    case named(String)
    /// A cloud that no file describes yet.
    case described(ChameleonLogin)
}

/// A Chameleon login as ccauth writes it into clouds.yaml, for a person who has no clouds.yaml yet.
package struct ChameleonLogin: Sendable, Hashable {
    package var authURL: String
    package var region: String?
    package var project: String?
    package var discoveryEndpoint: String
    package var clientID: String
    package var identityProvider: String
    package var protocolName: String

    /// The default values are those of ccauth's documentation.
    package init(
        authURL: String, region: String? = nil, project: String? = nil,
        discoveryEndpoint: String? = nil, clientID: String? = nil, identityProvider: String? = nil,
        protocolName: String? = nil
    ) {
        self.authURL = authURL
        self.region = region
        self.project = project
        self.discoveryEndpoint =
            discoveryEndpoint
            ?? "https://auth.chameleoncloud.org/auth/realms/chameleon/.well-known/openid-configuration"
        self.clientID = clientID ?? "chi-cli-device-token"
        self.identityProvider = identityProvider ?? "chameleon"
        self.protocolName = protocolName ?? "openid"
    }

    /// The same login at another site.
    package func at(_ site: ChameleonSite, project: String? = nil) -> ChameleonLogin {
        var login = self
        login.authURL = site.authURL
        login.region = site.region
        login.project = project
        return login
    }

    /// The settings, in the order in which ccauth writes them.
    package var settings: [(key: String, value: String)] {
        [
            ("auth_url", authURL), ("client_id", clientID), ("discovery_endpoint", discoveryEndpoint),
            ("identity_provider", identityProvider),
        ] + (project.map { [("project_id", $0)] } ?? []) + [("protocol", protocolName)]
    }
}

/// A site from Chameleon's list of sites.
package struct ChameleonSite: Sendable, Hashable {
    /// The region: `CHI@UC`.
    package let region: String
    package let authURL: String

    /// The public list of sites.
    package static let listURL = "https://api.chameleoncloud.org/sites"

    /// The sites in a list: `{"items": [{"name": "CHI@UC", "web": "https://…"}]}`. Entries without an address are
    /// dropped.
    package static func sites(in list: JSONValue) -> [ChameleonSite]? {
        list["items"]?.arrayValue?.compactMap { item in
            guard let region = item["name"]?.stringValue, var web = item["web"]?.stringValue,
                web.hasPrefix("http://") || web.hasPrefix("https://")
            else { return nil }
            while web.hasSuffix("/") { web.removeLast() }
            return ChameleonSite(region: region, authURL: "\(web):5000/v3")
        }
    }
}
