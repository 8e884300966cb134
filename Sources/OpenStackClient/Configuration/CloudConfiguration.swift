package import LeaseModel

/// One cloud as the user configured it, complete and checked.
package struct CloudConfiguration: Sendable, Hashable {
    /// Where it comes from.
    package enum Origin: Sendable, Hashable {
        case environment
        /// The path of the file.
        case file(String)
    }

    /// Which of a service's endpoints to use.
    package enum Interface: String, Sendable, Hashable {
        case `public`, `internal`, admin
    }

    /// What it is found by.
    package var reference: CloudReference
    /// What to call it in front of a person, and nothing else: its reference; for the environment's cloud the region, or
    /// the host of the auth URL.
    package var displayName: String
    package var origin: Origin
    /// The auth URL as configured, without a trailing slash.
    package var authURL: String
    /// The auth type as configured, for example `v3password`.
    package var authType: String
    package var credentials: Credentials
    /// The project asked for; `nil` if the credential implies it.
    package var project: ProjectReference?
    /// The region; `nil` if none is configured.
    package var region: String?
    package var interface: Interface
    package var tls: TLSSettings
    /// Endpoints that replace the catalogue's, by service type: `reservation_endpoint_override` and the like.
    package var endpointOverrides: [ServiceType: String]
    /// Whether an admin's token should take in the leases of all projects (`leasehold_all_projects`).
    package var wantsAllProjects: Bool
    /// Whether a creation may carry an event of ours, by which its lease is recognised (`leasehold_client_event`).
    package var sendsClientEvent: Bool
    /// The options and variables that took the place of settings of the entry, for messages.
    package var overriddenBy: [String] = []
    /// How the configuration came about, for who asks for it. Holds no value of a setting.
    package var remarks: [String] = []
    /// What a person has to know of the configuration though it can be used.
    package var warnings: [String] = []

    package init(
        name: String, displayName: String? = nil, origin: Origin, authURL: String, authType: String,
        credentials: Credentials, project: ProjectReference? = nil, region: String? = nil,
        interface: Interface = .public, tls: TLSSettings = TLSSettings(),
        endpointOverrides: [ServiceType: String] = [:], wantsAllProjects: Bool = false,
        sendsClientEvent: Bool = true
    ) {
        reference = CloudReference(entry: name)
        self.displayName = displayName ?? name
        self.origin = origin
        self.authURL = authURL
        self.authType = authType
        self.credentials = credentials
        self.project = project
        self.region = region
        self.interface = interface
        self.tls = tls
        self.endpointOverrides = endpointOverrides
        self.wantsAllProjects = wantsAllProjects
        self.sendsClientEvent = sendsClientEvent
    }
}

extension CloudConfiguration {
    /// A digest of what decides where the configuration leads and as whom: while it stays the same, so does the scope,
    /// as far as anybody can tell without asking Keystone.
    ///
    /// It holds no secret, with one exception: a token that comes without a project has nothing else by which it could
    /// be told from one for another project.
    package var fingerprint: String {
        var parts = [EndpointURL.normalized(EndpointURL.identityRoot(authURL)), region ?? ""]
        parts.append(endpointOverrides[.reservation].map(EndpointURL.normalized) ?? "")
        parts.append(wantsAllProjects ? "all projects" : "")
        parts.append(project.map { "\($0)" } ?? "")
        parts.append(contentsOf: credentials.identifyingParts(isProjectNamed: project != nil))
        // Each part with its length, so that no two lists of parts read the same.
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        let digits = String(ContentDigest.digest(of: Array(text.utf8)), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Credentials {
    fileprivate func identifyingParts(isProjectNamed: Bool) -> [String] {
        switch self {
        case .password(let user, _): ["password", "\(user)"]
        case .applicationCredential(let reference, _): ["application credential", "\(reference)"]
        case .token(let token): ["token", isProjectNamed ? "" : token.reveal()]
        case .totp(let user, _): ["totp", "\(user)"]
        case .multifactor(let methods):
            ["multifactor"]
                + methods.map { method in
                    switch method {
                    case .password(let user, _), .totp(let user, _): "\(user)"
                    case .token(let token): isProjectNamed ? "" : token.reveal()
                    }
                }
        case .federated(let endpoint, let login):
            ["oidc", "\(endpoint)"] + login.identifyingParts(isProjectNamed: isProjectNamed)
        }
    }
}

extension OpenIDLogin {
    /// Who has logged in, only the provider knows; the cache says at least which login is meant.
    fileprivate func identifyingParts(isProjectNamed: Bool) -> [String] {
        switch self {
        case .accessToken(let token): ["token", isProjectNamed ? "" : token.reveal()]
        case .hub(let hub): ["hub", hub.apiURL, hub.user]
        case .grant(let client, .password(let userName, _, _)): ["password", client.id, userName]
        case .grant(let client, .clientCredentials): ["client", client.id]
        case .grant(let client, .code(let code, _)): ["code", client.id, isProjectNamed ? "" : code.reveal()]
        case .grant(let client, .browser(_, let cache)), .grant(let client, .device(_, let cache)):
            ["login", client.id, cache.path]
        }
    }
}
