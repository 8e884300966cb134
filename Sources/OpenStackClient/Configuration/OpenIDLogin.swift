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
