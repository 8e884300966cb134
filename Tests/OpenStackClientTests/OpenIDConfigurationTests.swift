import LeaseModel
import OpenStackClient
import Testing

/// The auth types with an identity provider, as other tools configure them.
@Suite struct OpenIDConfigurationTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let settings = """
        auth_url: http://h/v3, username: u, password: p, token: t, passcode: '123456', application_credential_id: a,
        application_credential_secret: s, identity_provider: chameleon, protocol: openid, client_id: c,
        client_secret: none, discovery_endpoint: 'https://idp/.well-known/openid-configuration', code: k,
        access_token: x
        """.replacing("\n", with: " ")

    private func load(
        _ type: String, _ more: String = "", auth: String = settings, environment: [String: String] = [:]
    ) throws -> CloudConfiguration {
        try folder.write("cwd/clouds.yaml", "clouds:\n  one:\n    auth_type: \(type)\n    auth: {\(auth)}\n\(more)")
        return try folder.loader(environment).load(name: "one")
    }

    /// Every listed type logs in by its own means, and never with a password that happens to be there.
    @Test(arguments: AuthType.allCases) func eachTypeIsItself(type: AuthType) throws {
        let cloud = try load(type.rawValue, "    auth_methods: [v3password, v3totp]\n")
        #expect(cloud.authType == type.rawValue)
        let isItself =
            switch (type, cloud.credentials) {
            case (.password, .password), (.v3password, .password), (.token, .token), (.v3token, .token),
                (.v3applicationcredential, .applicationCredential), (.v3totp, .totp),
                (.v3multifactor, .multifactor), (.v3oidcaccesstoken, .federated(_, .accessToken)),
                (.v3oidcpassword, .federated(_, .grant(_, .password))),
                (.v3oidcclientcredentials, .federated(_, .grant(_, .clientCredentials))),
                (.v3oidcauthcode, .federated(_, .grant(_, .code))),
                (.v3oidcdeviceauthz, .federated(_, .grant(_, .device))),
                (.v3chameleonoidc, .federated(_, .grant(_, .device))):
                true
            default: false
            }
        #expect(isItself, "\(type): \(cloud.credentials)")
    }

    @Test func ccauthsFileAndItsVariables() throws {
        let auth = """
            auth_url: https://chi.uc.chameleoncloud.org:5000/v3, client_id: chi-cli-device-token,
            discovery_endpoint: https://idp/.well-known/openid-configuration, identity_provider: chameleon,
            project_id: p7, protocol: openid
            """.replacing("\n", with: " ")
        let cloud = try load("v3chameleonoidc", "    region_name: CHI@UC\n", auth: auth)
        let login = OpenIDLogin.grant(
            OpenIDClient(
                id: "chi-cli-device-token", discoveryEndpoint: "https://idp/.well-known/openid-configuration"),
            .device(
                OpenIDDevice(), cache: RefreshTokenCache(path: "\(folder.path)/home/.cache/ccauth/refresh_token.json")))
        let federation = FederationEndpoint(identityProvider: "chameleon", protocolName: "openid")
        #expect(cloud.credentials == .federated(federation, login))
        #expect(cloud.project == .id("p7"))
        let environment = [
            "OS_AUTH_TYPE": "v3chameleonoidc", "OS_AUTH_URL": "https://chi.uc.chameleoncloud.org:5000/v3",
            "OS_IDENTITY_PROVIDER": "chameleon", "OS_PROTOCOL": "openid", "OS_PROJECT_ID": "p7",
            "OS_CLIENT_ID": "chi-cli-device-token", "OS_REGION_NAME": "CHI@UC", "CC_LOGIN_STATE": "/elsewhere",
            "OS_DISCOVERY_ENDPOINT": "https://idp/.well-known/openid-configuration",
        ]
        let other = try TemporaryFolder().loader(environment).loadDefault()
        guard case .federated(_, .grant(let client, .device(_, let cache))) = other.credentials else {
            Issue.record("\(other.credentials)")
            return
        }
        #expect(client.scope == "openid profile")
        #expect(cache.path == "/elsewhere/refresh_token.json")
    }

    @Test func hubWinsOverTheTokenOfTheStart() throws {
        let hub = [
            "JUPYTERHUB_API_URL": "http://hub/api", "JUPYTERHUB_API_TOKEN": "h", "JUPYTERHUB_USER": "me",
        ]
        let variables = [
            "OS_AUTH_TYPE": "v3oidcaccesstoken", "OS_AUTH_URL": "http://h", "OS_IDENTITY_PROVIDER": "i",
            "OS_PROTOCOL": "p", "OS_ACCESS_TOKEN": "old",
        ]
        let inHub = try folder.loader(variables.merging(hub) { $1 }).loadDefault().credentials
        #expect(inHub.login == .hub(NotebookHub(apiURL: "http://hub/api", token: Secret("h"), user: "me")))
        #expect(try folder.loader(variables).loadDefault().credentials.login == .accessToken(Secret("old")))
        // A token in a file was put there on purpose, so it wins.
        #expect(try load("v3oidcaccesstoken", environment: hub).credentials.login == .accessToken(Secret("x")))
    }

    @Test(arguments: [
        ("v3oidcdeviceauthz", "code_challenge_method: S512", "S256 or plain"),
        ("v3oidcpassword", "access_token_type: refresh_token", "access_token or id_token"),
        ("v3multifactor", "auth_methods: [v3password, v3kerberos]", "v3kerberos"),
        ("v3multifactor", "interface: public", "auth_methods"),
        ("v3oidcfancy", "interface: public", "v3oidcdeviceauthz"),
    ]) func faultIsNamed(type: String, setting: String, words: String) throws {
        let error = try #require(
            #expect(throws: CloudConfigurationError.self) { try load(type, "    \(setting)\n") })
        #expect(error.message.contains(words), "\(error.message)")
    }

    @Test func nothingSecretStaysInTheAuthURL() throws {
        let cloud = try load("password", auth: "auth_url: 'http://me:PASSWORD@h:5000/v3', username: u, password: p")
        #expect(cloud.authURL == "http://h:5000/v3")
        for url in ["http://h/v3?token=S3CRET", "http://h/v3#S3CRET"] {
            let error = try #require(
                #expect(throws: CloudConfigurationError.self) {
                    try load("password", auth: "auth_url: '\(url)', username: u, password: p")
                })
            #expect(error.message.contains("auth_url"))
            #expect(!error.message.contains("S3CRET"))
        }
        let request = HTTPRequest(method: "GET", url: "http://me:pw@h/x?status=OK&api_token=S3CRET")
        #expect("\(request)" == "GET http://h/x?status=OK&api_token=***")
    }

    @Test(arguments: [false, true]) func aliasesThatRepeatTooMuch(asKeys: Bool) throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let list = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(list)]\n"
        }
        if asKeys { text += "? *a12\n: 1\n" }
        try folder.write("cwd/clouds.yaml", text + "clouds:\n  one: {auth: {auth_url: 'http://h'}}\n")
        let begun = ContinuousClock.now
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().load(name: "one") }
        #expect(error?.message.contains("repeat more than") == true, "\(error?.message ?? "")")
        #expect(begun.duration(to: .now) < .seconds(5))
    }
}
