package import LeaseModel

/// The configuration of one cloud, complete and checked.
package struct CloudConfiguration: Sendable, Hashable {
    /// Where the configuration comes from.
    package enum Origin: Sendable, Hashable {
        case environment
        /// The path of the file.
        case file(String)
    }

    /// Which of a service's endpoints to use.
    package enum Interface: String, Sendable, Hashable {
        case `public`, `internal`, admin
    }

    /// The name by which the cloud is found.
    package var reference: CloudReference
    /// The cloud's name in messages, and nowhere else: its reference. For the environment's cloud, the region or the
    /// host of the auth URL.
    package var displayName: String
    package var origin: Origin
    /// The auth URL as configured, without a trailing slash.
    package var authURL: String
    /// The auth type as configured, for example `v3password`.
    package var authType: String
    package var credentials: Credentials
    /// The requested project; `nil` if the credential implies it.
    package var project: ProjectReference?
    /// The region; `nil` if none is configured.
    package var region: String?
    package var interface: Interface
    package var tls: TLSSettings
    /// Endpoints that replace those of the catalog, by service type: `reservation_endpoint_override` and the like.
    package var endpointOverrides: [ServiceType: String]
    /// Whether to list the leases of all projects with an admin's token (`leasehold_all_projects`).
    package var wantsAllProjects: Bool
    /// Whether a create may carry our own event, the token that marks its lease (`leasehold_client_event`).
    package var sendsClientEvent: Bool
    /// The options and variables that replaced settings of the entry, for messages.
    package var overriddenBy: [String] = []
    /// How the configuration was put together, for people who ask. It contains no values of settings.
    package var remarks: [String] = []
    /// Problems that a person should know about, although the configuration can be used.
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
    /// A digest of the settings that decide which cloud is used, and as which user. While it stays the same, so does
    /// the scope, as far as can be known without asking Keystone.
    ///
    /// It contains no secret, with one exception: a token without a project has nothing else that distinguishes it from
    /// a token for another project.
    package var fingerprint: String {
        var parts = [EndpointURL.normalized(EndpointURL.identityRoot(authURL)), region ?? ""]
        parts.append(endpointOverrides[.reservation].map(EndpointURL.normalized) ?? "")
        parts.append(wantsAllProjects ? "all projects" : "")
        parts.append(contentsOf: project?.identifyingParts ?? [])
        parts.append(contentsOf: credentials.identifyingParts(isProjectNamed: project != nil))
        // Each part is preceded by its length, so that no two lists of parts give the same text.
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        let digits = String(ContentDigest.digest(of: Array(text.utf8)), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

// What follows says which properties identify what, so that a new or renamed property changes no fingerprint by itself.

extension Credentials {
    fileprivate func identifyingParts(isProjectNamed: Bool) -> [String] {
        switch self {
        case .password(let user, _): ["password"] + user.identifyingParts
        case .applicationCredential(.id(let id), _): ["application credential", "id", id]
        case .applicationCredential(.name(let name, let user), _):
            ["application credential", "name", name] + user.identifyingParts
        case .token(let token): ["token", isProjectNamed ? "" : token.reveal()]
        case .totp(let user, _): ["totp"] + user.identifyingParts
        case .multifactor(let methods):
            ["multifactor"]
                + methods.flatMap { method in
                    switch method {
                    case .password(let user, _), .totp(let user, _): user.identifyingParts
                    case .token(let token): [isProjectNamed ? "" : token.reveal()]
                    }
                }
        case .federated(let endpoint, let login):
            ["oidc", endpoint.identityProvider, endpoint.protocolName]
                + login.identifyingParts(isProjectNamed: isProjectNamed)
        }
    }
}

extension UserReference {
    fileprivate var identifyingParts: [String] {
        switch self {
        case .id(let id): ["user id", id]
        case .name(let name, let domain): ["user name", name] + domain.identifyingParts
        }
    }
}

extension ProjectReference {
    fileprivate var identifyingParts: [String] {
        switch self {
        case .id(let id): ["project id", id]
        case .name(let name, let domain): ["project name", name] + domain.identifyingParts
        }
    }
}

extension DomainReference {
    fileprivate var identifyingParts: [String] {
        switch self {
        case .id(let id): ["domain id", id]
        case .name(let name): ["domain name", name]
        }
    }
}

extension OpenIDLogin {
    /// Only the provider knows who logged in. The cache at least identifies the login.
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

/// Why a cloud's configuration cannot be used.
package struct CloudConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case brokenFile, unknownCloud, ambiguousCloud, noCloud, unknownRegion, missingField, invalidValue
        case unsupportedAuthType
    }

    package let kind: Kind
    /// One sentence: what is wrong, where, and what to do. It contains no secret, and no line of the file, because a
    /// line may contain one.
    package let message: String
    /// Where the problem is, if it is in a file.
    package let position: ConfigurationPosition?

    init(_ kind: Kind, _ message: String, at position: ConfigurationPosition? = nil) {
        self.kind = kind
        self.message = position.map { "\($0): \(message)" } ?? message
        self.position = position
    }

    package var description: String { message }
}

extension ServiceError {
    /// The same error as a ``ServiceError``.
    package init(_ error: CloudConfigurationError) { self.init(kind: .configuration, message: error.message) }
}

/// A place in a configuration file.
package struct ConfigurationPosition: Sendable, Hashable, CustomStringConvertible {
    package let file: String
    /// Starts at 1; `nil` for the whole file.
    package let line: Int?
    /// Starts at 1.
    package let column: Int?

    package var description: String {
        let place = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
        return file.escapedForTerminal + place
    }
}
