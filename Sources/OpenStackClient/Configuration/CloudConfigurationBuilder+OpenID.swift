import LeaseModel

/// Reads the settings of the auth types that use an identity provider, under keystoneauth's names.
extension CloudConfigurationBuilder {
    func openIDLogin(_ authType: AuthType) throws(CloudConfigurationError) -> OpenIDLogin {
        switch authType {
        case .v3oidcaccesstoken: return try accessToken()
        case .v3oidcpassword:
            let client = try client()
            let grant = OpenIDGrant.password(
                userName: try settings.required("username", "user_name"),
                password: Secret(try settings.required("password")), oneTimeKey: try settings.text("idp_otp_key"))
            return .grant(client, grant)
        case .v3oidcclientcredentials:
            let client = try client()
            guard client.secret != nil else { throw settings.missing("client_secret") }
            return .grant(client, .clientCredentials)
        case .v3oidcauthcode: return try codeLogin(try client())
        case .v3oidcdeviceauthz:
            let client = try client()
            return .grant(client, .device(try device(), cache: ownCache(client)))
        case .v3chameleonoidc:
            let cache = RefreshTokenCache.shared(
                environment: search.environment, homeDirectory: search.homeDirectory)
            return .grant(try client(), .device(try device(), cache: cache))
        case .password, .v3password, .v3applicationcredential, .token, .v3token, .v3totp, .v3multifactor:
            throw settings.invalid("auth_type", "has no identity provider")
        }
    }

    private func accessToken() throws(CloudConfigurationError) -> OpenIDLogin {
        // In a notebook the variable still holds the token from its start; the hub has the current one.
        let hub = NotebookHub(environment: search.environment)
        if let hub, settings.origin == .environment { return .hub(hub) }
        if let hub, settings.node("access_token") == nil { return .hub(hub) }
        return .accessToken(Secret(try settings.required("access_token")))
    }

    private func codeLogin(_ client: OpenIDClient) throws(CloudConfigurationError) -> OpenIDLogin {
        let redirectURI = try settings.text("redirect_uri")
        if let code = try settings.text("code", "authorization_code") {
            return .grant(client, .code(Secret(code), redirectURI: redirectURI))
        }
        guard client.discoveryEndpoint != nil else {
            throw settings.missing("code", purpose: "only a browser can get, and discovery_endpoint says where")
        }
        return .grant(client, .browser(redirectURI: redirectURI, cache: ownCache(client)))
    }

    private func client() throws(CloudConfigurationError) -> OpenIDClient {
        let endpoint = try url("access_token_endpoint")
        let discovery = try url("discovery_endpoint")
        guard endpoint != nil || discovery != nil else {
            throw settings.missing("discovery_endpoint", purpose: "says where the identity provider gives tokens")
        }
        let type = try settings.text("access_token_type") ?? "access_token"
        guard ["access_token", "id_token"].contains(type) else {
            throw settings.invalid(
                "access_token_type", "is \"\(type.escapedForTerminal)\": it should be access_token or id_token",
                settings.node("access_token_type"))
        }
        return OpenIDClient(
            id: try settings.required("client_id"), secret: try settings.text("client_secret").map(Secret.init),
            scope: try settings.text("openid_scope", "scope") ?? "openid profile", accessTokenType: type,
            accessTokenEndpoint: endpoint, discoveryEndpoint: discovery)
    }

    private func device() throws(CloudConfigurationError) -> OpenIDDevice {
        var device = OpenIDDevice(endpoint: try url("device_authorization_endpoint"))
        if let name = try settings.text("code_challenge_method") {
            guard let method = ProofKey.Method(rawValue: name) else {
                throw settings.invalid(
                    "code_challenge_method", "is \"\(name.escapedForTerminal)\": it should be S256 or plain",
                    settings.node("code_challenge_method"))
            }
            device.challengeMethod = method
        }
        return device
    }

    private func ownCache(_ client: OpenIDClient) -> RefreshTokenCache {
        RefreshTokenCache.own(of: client, environment: search.environment, homeDirectory: search.homeDirectory)
    }

    private func url(_ key: String) throws(CloudConfigurationError) -> String? {
        guard let url = try settings.text(key) else { return nil }
        try requireURL(url, key: key)
        return url
    }

    /// The methods that `auth_methods` combines.
    func methods() throws(CloudConfigurationError) -> [AuthMethod] {
        guard let node = settings.node("auth_methods") else {
            throw settings.missing("auth_methods", purpose: "names the proofs to put together")
        }
        let names = node.sequence?.compactMap(\.scalar) ?? (node.scalar ?? "").split(separator: ",").map(String.init)
        var methods: [AuthMethod] = []
        for name in names.map({ $0.filter { $0 != " " } }) where !name.isEmpty {
            switch name {
            case "v3password", "password":
                methods.append(.password(user: try user(), password: Secret(try settings.required("password"))))
            case "v3totp", "totp":
                methods.append(.totp(user: try user(), passcode: try settings.text("passcode").map(Secret.init)))
            case "v3token", "token": methods.append(.token(Secret(try settings.required("token"))))
            default:
                throw settings.invalid(
                    "auth_methods",
                    "holds \"\(name.escapedForTerminal)\": it may hold v3password, v3totp and v3token", node)
            }
        }
        guard !methods.isEmpty else {
            throw settings.invalid("auth_methods", "is empty: it may hold v3password, v3totp and v3token", node)
        }
        return methods
    }
}
