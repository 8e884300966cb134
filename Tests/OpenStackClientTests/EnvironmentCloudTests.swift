import LeaseModel
import OpenStackClient
import Testing

@Suite struct EnvironmentCloudTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private let login = ["OS_AUTH_URL": "https://cloud.example.org:5000/v3/", "OS_USERNAME": "u", "OS_PASSWORD": "p"]

    private func load(_ more: [String: String] = [:]) throws -> CloudConfiguration {
        try folder.loader(login.merging(more) { $1 }).loadDefault()
    }

    @Test func openrcVariables() throws {
        let cloud = try load([
            "OS_PROJECT_NAME": "CHI-1", "OS_USER_DOMAIN_NAME": "A", "OS_PROJECT_DOMAIN_ID": "b",
            "OS_REGION_NAME": "CHI@UC", "OS_INTERFACE": "internal", "OS_CACERT": "/ca.pem",
            "OS_IDENTITY_API_VERSION": "3", "OS_RESERVATION_ENDPOINT_OVERRIDE": "http://r/v1",
            "OS_LEASEHOLD_ALL_PROJECTS": "1",
        ])
        #expect(cloud.reference == CloudReference(entry: "envvars"))
        #expect(cloud.displayName == "CHI@UC")
        #expect(cloud.origin == .environment)
        #expect(cloud.authURL == "https://cloud.example.org:5000/v3")
        #expect(cloud.credentials == .password(user: .name("u", domain: .name("A")), password: Secret("p")))
        #expect(cloud.project == .name("CHI-1", domain: .id("b")))
        #expect(cloud.region == "CHI@UC")
        #expect(cloud.interface == .internal)
        #expect(cloud.tls.certificateAuthorityPath == "/ca.pem")
        #expect(cloud.endpointOverrides == [.reservation: "http://r/v1"])
        #expect(cloud.wantsAllProjects)
    }

    @Test func olderAndShorterNames() throws {
        #expect(try load(["OS_TENANT_NAME": "t"]).project == .name("t", domain: .id("default")))
        #expect(try load(["OS_TENANT_ID": "t"]).project == .id("t"))
        #expect(
            try load(["OS_TENANT_NAME": "t", "OS_PROJECT_NAME": "p"]).project == .name("p", domain: .id("default")))
        #expect(try load(["OS_ENDPOINT_TYPE": "adminURL"]).interface == .admin)
        #expect(try load(["OS_INSECURE": "true"]).tls.verifiesServer == false)
        #expect(try load(["OS_DEFAULT_DOMAIN": "d", "OS_PROJECT_NAME": "p"]).project == .name("p", domain: .id("d")))
        #expect(try load(["OS_USER_ID": "U"]).credentials == .password(user: .id("U"), password: Secret("p")))
        #expect(try load().displayName == "cloud.example.org")
        #expect(try load(["OS_REGION_NAME": ""]).region == nil)
        #expect(try folder.loader(login).load(name: "envvars").reference.entry == "envvars")
    }

    @Test func authTypes() throws {
        let url = ["OS_AUTH_URL": "http://h"]
        func credentials(_ more: [String: String]) throws -> Credentials {
            try folder.loader(url.merging(more) { $1 }).loadDefault().credentials
        }
        #expect(try credentials(["OS_TOKEN": "t"]) == .token(Secret("t")))
        #expect(try credentials(["OS_TOKEN": "t", "OS_AUTH_TYPE": "v3token"]) == .token(Secret("t")))
        #expect(
            try credentials(["OS_APPLICATION_CREDENTIAL_ID": "i", "OS_APPLICATION_CREDENTIAL_SECRET": "s"])
                == .applicationCredential(.id("i"), secret: Secret("s")))
        let oidc = [
            "OS_AUTH_TYPE": "v3oidcpassword", "OS_IDENTITY_PROVIDER": "chameleon", "OS_PROTOCOL": "openid",
            "OS_CLIENT_ID": "keystone", "OS_CLIENT_SECRET": "none", "OS_USERNAME": "u", "OS_PASSWORD": "p",
            "OS_ACCESS_TOKEN_ENDPOINT": "https://idp/token", "OS_ACCESS_TOKEN_TYPE": "id_token",
            "OS_OPENID_SCOPE": "openid",
        ]
        #expect(
            try credentials(oidc)
                == .federated(
                    FederationEndpoint(identityProvider: "chameleon", protocolName: "openid"),
                    .grant(
                        OpenIDClient(
                            id: "keystone", secret: Secret("none"), scope: "openid", accessTokenType: "id_token",
                            accessTokenEndpoint: "https://idp/token"),
                        .password(userName: "u", password: Secret("p"), oneTimeKey: nil))))
    }

    @Test func missingVariableIsNamed() throws {
        let error = #expect(throws: CloudConfigurationError.self) {
            try folder.loader(["OS_USERNAME": "u"]).loadDefault()
        }
        #expect(error?.message.hasPrefix("OS_AUTH_URL is not set") == true)
        let other = #expect(throws: CloudConfigurationError.self) { try load(["OS_PASSWORD": ""]) }
        #expect(other?.message.hasPrefix("OS_PASSWORD is not set") == true)
    }

    @Test func passwordInTheEnvironmentIsForTheCloudThatOSCloudNames() throws {
        try folder.write(
            "cwd/clouds.yaml",
            "clouds:\n  one: {auth: {auth_url: 'http://h', username: u}}\n  two: {auth: {auth_url: 'http://g', username: u}}\n"
        )
        let environment = ["OS_CLOUD": "one", "OS_PASSWORD": "env"]
        #expect(try folder.loader(environment).loadDefault().credentials.passwordText == "env")
        #expect(throws: CloudConfigurationError.self) { try folder.loader(environment).load(name: "two") }
        #expect(throws: CloudConfigurationError.self) {
            try folder.loader(environment.merging(["OS_AUTH_URL": "http://x"]) { $1 }).load(name: "one")
        }
    }

    @Test func sameNameAsAFileCloudIsAnError() throws {
        try folder.write("cwd/clouds.yaml", CloudSearchTests.clouds("envvars"))
        let error = #expect(throws: CloudConfigurationError.self) { try load() }
        #expect(error?.message.contains("OS_CLOUD_NAME") == true)
    }
}
