import LeaseModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Turns merged settings into a checked configuration.
struct CloudConfigurationBuilder {
    let reference: CloudReference
    let settings: CloudSettings
    let search: ConfigurationSearch

    init(
        reference: CloudReference, origin: CloudConfiguration.Origin, settings: ConfigurationMapping,
        search: ConfigurationSearch
    ) {
        self.reference = reference
        self.settings = CloudSettings(name: reference.entry, origin: origin, members: settings)
        self.search = search
    }

    func build() throws(CloudConfigurationError) -> CloudConfiguration {
        if let version = try settings.text("identity_api_version"), !["3", "3.0", "v3"].contains(version) {
            throw settings.invalid(
                "identity_api_version",
                "asks for version \(version.escapedForTerminal) of the identity API: only 3 is supported, remove the "
                    + "setting", settings.node("identity_api_version"))
        }
        let authURL = try authURL()
        let authType = try authType()
        let region = try settings.text("region_name")
        var cloud = CloudConfiguration(
            name: reference.entry, displayName: displayName(region: region, authURL: authURL),
            origin: settings.origin, authURL: authURL, authType: authType.rawValue,
            credentials: try credentials(authType), project: try project(), region: region, interface: try interface(),
            tls: try tls(), endpointOverrides: try endpointOverrides(),
            wantsAllProjects: try settings.flag("leasehold_all_projects") ?? false,
            sendsClientEvent: try settings.flag("leasehold_client_event") ?? true)
        cloud.reference = reference
        return cloud
    }

    private func displayName(region: String?, authURL: String) -> String {
        guard settings.origin == .environment else { return reference.description }
        return region ?? URLComponents(string: authURL)?.host ?? settings.name
    }

    // MARK: Addresses

    private func authURL() throws(CloudConfigurationError) -> String {
        var url = try settings.required("auth_url", purpose: "says where the cloud is")
        // Profiles for several regions write "https://iam.{region_name}.example.org".
        for key in settings.members.keys where url.contains("{\(key)}") {
            if let value = settings.members[key]?.scalar { url = url.replacing("{\(key)}", with: value) }
        }
        try requireURL(url, key: "auth_url")
        try refuseQuery(url, key: "auth_url")
        // The URL is shown and stored. The part before the host may contain a password, and is never sent.
        url = DisplayURL.withoutUser(url)
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// Rejects a URL with a query. Paths are appended to the URL, so a query makes no sense, and it may contain a
    /// token.
    private func refuseQuery(_ url: String, key: String) throws(CloudConfigurationError) {
        guard url.contains("?") || url.contains("#") else { return }
        throw settings.invalid(
            key, "has a \"?\" or \"#\" in it: remove that and what follows; tokens have settings of their own",
            settings.node(key))
    }

    func requireURL(_ url: String, key: String) throws(CloudConfigurationError) {
        guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme?.lowercased()),
            let host = parts.host, !host.isEmpty
        else {
            throw settings.invalid(
                key, "is not a URL that begins with http:// or https:// and a host: correct it", settings.node(key))
        }
    }

    private func endpointOverrides() throws(CloudConfigurationError) -> [ServiceType: String] {
        var overrides: [ServiceType: String] = [:]
        let plain: [ServiceType] = [.reservation, .compute, .network, .identity]
        for key in settings.members.keys {
            let service: String
            if key.hasSuffix("_endpoint_override") {
                service = String(key.dropLast("_endpoint_override".count))
            } else if let type = plain.first(where: { key == "\($0.rawValue)_endpoint" }) {
                service = type.rawValue
            } else {
                continue
            }
            guard let url = try settings.text(key) else { continue }
            try requireURL(url, key: key)
            try refuseQuery(url, key: key)
            overrides[ServiceType(rawValue: service.replacing("_", with: "-"))] = url
        }
        return overrides
    }

    private func interface() throws(CloudConfigurationError) -> CloudConfiguration.Interface {
        guard let node = settings.node("interface") ?? settings.node("endpoint_type"),
            var text = node.scalar ?? node.sequence?.first?.scalar
        else { return .public }
        if text.hasSuffix("URL") { text.removeLast(3) }
        guard let interface = CloudConfiguration.Interface(rawValue: text.lowercased()) else {
            throw settings.invalid(
                "interface", "is \"\(text.escapedForTerminal)\": it should be public, internal or admin", node)
        }
        return interface
    }

    private func tls() throws(CloudConfigurationError) -> TLSSettings {
        let isInsecure = try settings.flag("insecure") ?? false
        let verifies = try settings.flag("verify") ?? true
        // The variables with which OpenSSL, Python's requests and curl are pointed to other authorities than the
        // system's.
        let trusted = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"].lazy
            .compactMap { search.environment[$0] }.first { !$0.isEmpty }
        return TLSSettings(
            verifiesServer: verifies && !isInsecure,
            certificateAuthorityPath: (try settings.text("cacert") ?? trusted).map(search.absolute),
            clientCertificatePath: try settings.text("cert").map(search.absolute),
            clientKeyPath: try settings.text("key").map(search.absolute))
    }
}

// MARK: - Credentials

extension CloudConfigurationBuilder {
    private func authType() throws(CloudConfigurationError) -> AuthType {
        let hasUser = settings.node("username") != nil || settings.node("user_id") != nil
        guard let type = try settings.text("auth_type", "auth_plugin") else {
            let isApplicationCredential = ["application_credential_id", "application_credential_name"]
                .contains { settings.node($0) != nil }
            if isApplicationCredential { return .v3applicationcredential }
            return settings.node("token") != nil && !hasUser ? .v3token : .password
        }
        guard let known = AuthType(rawValue: type) else {
            throw CloudConfigurationError(
                .unsupportedAuthType,
                "the auth type \"\(type.escapedForTerminal)\" of cloud \"\(settings.name.escapedForTerminal)\" is not "
                    + "supported: use one of \(AuthType.list)",
                at: settings.node("auth_type")?.position)
        }
        return known
    }

    private func credentials(_ authType: AuthType) throws(CloudConfigurationError) -> Credentials {
        switch authType {
        case .password, .v3password:
            return .password(user: try user(), password: Secret(try settings.required("password")))
        case .v3applicationcredential: return try applicationCredential()
        case .token, .v3token: return .token(Secret(try settings.required("token", "auth_token")))
        case .v3totp:
            return .totp(user: try user(), passcode: try settings.text("passcode").map(Secret.init))
        case .v3multifactor: return .multifactor(try methods())
        case .v3oidcpassword, .v3oidcclientcredentials, .v3oidcauthcode, .v3oidcaccesstoken, .v3oidcdeviceauthz,
            .v3chameleonoidc:
            return .federated(try federation(), try openIDLogin(authType))
        }
    }

    func user() throws(CloudConfigurationError) -> UserReference {
        if let id = try settings.text("user_id") { return .id(id) }
        return .name(try settings.required("username", "user_name"), domain: try domain("user_domain"))
    }

    private func applicationCredential() throws(CloudConfigurationError) -> Credentials {
        let secret = Secret(try settings.required("application_credential_secret"))
        if let id = try settings.text("application_credential_id") {
            return .applicationCredential(.id(id), secret: secret)
        }
        let name = try settings.text("application_credential_name")
        guard let name else { throw settings.missing("application_credential_id") }
        return .applicationCredential(.name(name, user: try user()), secret: secret)
    }

    private func federation() throws(CloudConfigurationError) -> FederationEndpoint {
        FederationEndpoint(
            identityProvider: try settings.required("identity_provider"),
            protocolName: try settings.required("protocol"))
    }

    private func project() throws(CloudConfigurationError) -> ProjectReference? {
        if let id = try settings.text("project_id", "tenant_id") { return .id(id) }
        guard let name = try settings.text("project_name", "tenant_name") else { return nil }
        return .name(name, domain: try domain("project_domain"))
    }

    /// The domain: from `user_domain_id`, `user_domain_name` and the like; otherwise the one domain given for both;
    /// otherwise the OpenStack client's default (`--os-default-domain`, whose default is the id `default`).
    private func domain(_ prefix: String) throws(CloudConfigurationError) -> DomainReference {
        for prefix in [prefix, "domain", "default_domain"] {
            if let id = try settings.text("\(prefix)_id") { return .id(id) }
            if let name = try settings.text("\(prefix)_name") { return .name(name) }
        }
        let fallback = try settings.text("default_domain")
        return .id(fallback ?? "default")
    }
}

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
