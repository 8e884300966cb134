package import LeaseModel

/// The credentials for Keystone.
package enum Credentials: Sendable, Hashable {
    /// `password`, `v3password`
    case password(user: UserReference, password: Secret)
    /// `v3applicationcredential`
    case applicationCredential(ApplicationCredentialReference, secret: Secret)
    /// `token`, `v3token`
    case token(Secret)
    /// `v3totp`; without a passcode, a person is asked for one.
    case totp(user: UserReference, passcode: Secret?)
    /// `v3multifactor`
    case multifactor([AuthMethod])
    /// `v3oidc…` and `v3chameleonoidc`: a login at an identity provider that Keystone trusts.
    case federated(FederationEndpoint, OpenIDLogin)

    /// All of the secrets, so that they can be removed from what a server says.
    var secrets: [Secret] {
        switch self {
        case .password(_, let secret), .applicationCredential(_, let secret), .token(let secret): [secret]
        case .totp(_, let passcode): passcode.map { [$0] } ?? []
        case .multifactor(let methods): methods.flatMap(\.secrets)
        case .federated(_, let login): login.secrets
        }
    }
}

/// One of the methods that `v3multifactor` combines.
package enum AuthMethod: Sendable, Hashable {
    case password(user: UserReference, password: Secret)
    case totp(user: UserReference, passcode: Secret?)
    case token(Secret)

    /// The name of the method in messages.
    var name: String {
        switch self {
        case .password: "password"
        case .totp: "passcode"
        case .token: "token"
        }
    }

    var secrets: [Secret] {
        switch self {
        case .password(_, let secret), .token(let secret): [secret]
        case .totp(_, let passcode): passcode.map { [$0] } ?? []
        }
    }
}

/// A domain, by id or by name.
package enum DomainReference: Sendable, Hashable {
    case id(String)
    case name(String)
}

/// A user, by id or by a name that is unique only within a domain.
package enum UserReference: Sendable, Hashable {
    case id(String)
    case name(String, domain: DomainReference)
}

/// An application credential, by id or by a name that is unique only for its user.
package enum ApplicationCredentialReference: Sendable, Hashable {
    case id(String)
    case name(String, user: UserReference)
}

/// The project that a token is for, by id or by a name that is unique only within a domain.
package enum ProjectReference: Sendable, Hashable {
    case id(String)
    case name(String, domain: DomainReference)
}

/// Where Keystone accepts tokens of an identity provider.
package struct FederationEndpoint: Sendable, Hashable {
    /// The provider's name in Keystone.
    package var identityProvider: String
    /// The protocol's name in Keystone, for example `openid`.
    package var protocolName: String

    package init(identityProvider: String, protocolName: String) {
        self.identityProvider = identityProvider
        self.protocolName = protocolName
    }
}

/// The supported auth types: those of keystoneauth, and Chameleon's own.
///
/// Code that logs in switches over all cases, so no auth type can be mistaken for another.
package enum AuthType: String, Sendable, CaseIterable {
    case password
    case v3password
    case v3applicationcredential
    case token
    case v3token
    case v3totp
    case v3multifactor
    case v3oidcpassword
    case v3oidcclientcredentials
    case v3oidcauthcode
    case v3oidcaccesstoken
    case v3oidcdeviceauthz
    case v3chameleonoidc

    /// All names, for messages.
    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension ChameleonLogin {
    /// The login of a configured cloud; `nil` if the cloud uses another kind of login.
    package init?(_ cloud: CloudConfiguration) {
        guard case .federated(let endpoint, .grant(let client, .device)) = cloud.credentials, client.secret == nil,
            let discovery = client.discoveryEndpoint, cloud.authType == AuthType.v3chameleonoidc.rawValue
        else { return nil }
        self.init(
            authURL: cloud.authURL, region: cloud.region, project: cloud.project?.text, discoveryEndpoint: discovery,
            clientID: client.id, identityProvider: endpoint.identityProvider, protocolName: endpoint.protocolName)
    }
}

/// How to get an access token from an identity provider. Keystone accepts that token as proof.
package enum OpenIDLogin: Sendable, Hashable {
    /// `v3oidcaccesstoken`: the token itself.
    case accessToken(Secret)
    /// `v3oidcaccesstoken` in a notebook: the hub has the token and renews it.
    case hub(NotebookHub)
    /// All other auth types: a grant of OAuth 2.0.
    case grant(OpenIDClient, OpenIDGrant)

    /// All secrets in the configuration.
    var secrets: [Secret] {
        switch self {
        case .accessToken(let token): [token]
        case .hub(let hub): [hub.token]
        case .grant(let client, let grant): (client.secret.map { [$0] } ?? []) + grant.secrets
        }
    }
}

/// How the identity provider knows this program, and where the provider is. The names are keystoneauth's.
package struct OpenIDClient: Sendable, Hashable {
    package var id: String
    package var secret: Secret?
    package var scope: String
    /// Which member of the provider's answer to send to Keystone: `access_token` or `id_token`.
    package var accessTokenType: String
    /// The token endpoint; wins over the one that discovery finds.
    package var accessTokenEndpoint: String?
    /// Where the provider describes itself, `…/.well-known/openid-configuration`.
    package var discoveryEndpoint: String?

    package init(
        id: String, secret: Secret? = nil, scope: String = "openid profile", accessTokenType: String = "access_token",
        accessTokenEndpoint: String? = nil, discoveryEndpoint: String? = nil
    ) {
        self.id = id
        self.secret = secret
        self.scope = scope
        self.accessTokenType = accessTokenType
        self.accessTokenEndpoint = accessTokenEndpoint
        self.discoveryEndpoint = discoveryEndpoint
    }
}

/// A grant of OAuth 2.0.
package enum OpenIDGrant: Sendable, Hashable {
    /// `v3oidcpassword` (RFC 6749, section 4.3). With `oneTimeKey` (`idp_otp_key`) a person is asked for a one-time
    /// password, which is sent under that name.
    case password(userName: String, password: Secret, oneTimeKey: String?)
    /// `v3oidcclientcredentials` (RFC 6749, section 4.4).
    case clientCredentials
    /// `v3oidcauthcode` (RFC 6749, section 4.1), with a code from elsewhere.
    case code(Secret, redirectURI: String?)
    /// `v3oidcauthcode` without a code: a browser gets it, and brings it to a port of this computer (RFC 8252).
    case browser(redirectURI: String?, cache: RefreshTokenCache)
    /// `v3oidcdeviceauthz` and `v3chameleonoidc` (RFC 8628).
    case device(OpenIDDevice, cache: RefreshTokenCache)

    var secrets: [Secret] {
        switch self {
        case .password(_, let password, _): [password]
        case .code(let code, _): [code]
        case .clientCredentials, .browser, .device: []
        }
    }

    /// The name of the grant in requests and in a provider's `grant_types_supported`.
    var name: String {
        switch self {
        case .password: "password"
        case .clientCredentials: "client_credentials"
        case .code, .browser: "authorization_code"
        case .device: "urn:ietf:params:oauth:grant-type:device_code"
        }
    }

    /// Where the refresh token is stored, if the grant needs a person.
    package var cache: RefreshTokenCache? {
        switch self {
        case .browser(_, let cache), .device(_, let cache): cache
        case .password, .clientCredentials, .code: nil
        }
    }
}

/// The options of the device flow.
package struct OpenIDDevice: Sendable, Hashable {
    /// The device authorization endpoint; wins over the one that discovery finds.
    package var endpoint: String?
    /// `code_challenge_method`; `nil` to use what the provider offers.
    package var challengeMethod: ProofKey.Method?

    package init(endpoint: String? = nil, challengeMethod: ProofKey.Method? = nil) {
        self.endpoint = endpoint
        self.challengeMethod = challengeMethod
    }
}

/// A JupyterHub that holds its user's access token.
package struct NotebookHub: Sendable, Hashable {
    /// `JUPYTERHUB_API_URL`
    package var apiURL: String
    /// `JUPYTERHUB_API_TOKEN`
    package var token: Secret
    /// `JUPYTERHUB_USER`
    package var user: String

    package init(apiURL: String, token: Secret, user: String) {
        self.apiURL = apiURL
        self.token = token
        self.user = user
    }

    /// The hub in the environment; `nil` unless a hub started this notebook server.
    init?(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let apiURL = value("JUPYTERHUB_API_URL"), let token = value("JUPYTERHUB_API_TOKEN"),
            let user = value("JUPYTERHUB_USER")
        else { return nil }
        self.init(apiURL: apiURL, token: Secret(token), user: user)
    }
}

/// A password, a token or a key: text that may leave the process only in a request.
///
/// Printing, dumping, interpolating and mirroring it all give `***`, so that it cannot get into a log line or an error
/// by accident. Only ``reveal()`` returns the text, and only code that writes a request calls it.
package struct Secret: Sendable, Hashable {
    private let text: String

    package init(_ text: String) { self.text = text }

    /// The text itself, for the request that needs it.
    package func reveal() -> String { text }

    /// The given text with every occurrence of this secret replaced. A server might repeat what it was sent.
    package func redacted(from other: String) -> String {
        // Most texts are shorter than a token.
        guard text.utf8.count >= 4, text.utf8.count <= other.utf8.count else { return other }
        return other.split(separator: text, omittingEmptySubsequences: false).joined(separator: "***")
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
