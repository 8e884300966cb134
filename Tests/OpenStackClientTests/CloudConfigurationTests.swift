import LeaseModel
import OpenStackClient
import Testing

@Suite struct CloudConfigurationTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(_ entry: String, _ environment: [String: String] = [:]) throws -> CloudConfiguration {
        let indented = entry.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        try folder.write("cwd/clouds.yaml", "clouds:\n  one:\n\(indented)\n")
        return try folder.loader(environment).load(name: "one")
    }

    private static let login = "auth: {auth_url: 'http://h', username: u, password: p}"

    @Test(arguments: [
        ("12345", "12345"), ("0123", "0123"), ("1e5", "1e5"), ("true", "true"), ("'null'", "null"), ("1.50", "1.50"),
        ("\"a # b\"", "a # b"), ("2026-01-02", "2026-01-02"), ("'{region_name}'", "{region_name}"),
    ]) func passwordIsTakenAsWritten(yaml: String, password: String) throws {
        let cloud = try load("auth:\n  auth_url: http://h\n  username: u\n  password: \(yaml)")
        #expect(cloud.credentials.passwordText == password)
    }

    @Test func everythingElseIsRead() throws {
        let cloud = try load(
            """
            auth_type: v3password
            auth:
              auth-url: https://cloud:5000/
              user_id: U
              password: p
              project_id: P
            region_name: CHI@UC
            interface: internalURL
            cacert: ~/ca.pem
            cert: c.pem
            key: /k.pem
            reservation_endpoint_override: http://127.0.0.1:1/v1
            network_endpoint_override: http://127.0.0.1:2
            leasehold_all_projects: true
            """)
        #expect(cloud.authURL == "https://cloud:5000")
        #expect(cloud.authType == "v3password")
        #expect(cloud.credentials == .password(user: .id("U"), password: Secret("p")))
        #expect(cloud.project == .id("P"))
        #expect(cloud.region == "CHI@UC")
        #expect(cloud.interface == .internal)
        #expect(cloud.tls.certificateAuthorityPath == "\(folder.path)/home/ca.pem")
        #expect(cloud.tls.clientCertificatePath == "\(folder.path)/cwd/c.pem")
        #expect(cloud.tls.clientKeyPath == "/k.pem")
        #expect(cloud.tls.verifiesServer)
        #expect(
            cloud.endpointOverrides == [.reservation: "http://127.0.0.1:1/v1", .network: "http://127.0.0.1:2"])
        #expect(cloud.wantsAllProjects)
        #expect(cloud.origin == .file("\(folder.path)/cwd/clouds.yaml"))
    }

    @Test func topOfTheEntryWinsOverAuth() throws {
        let cloud = try load(
            "project_name: top\nusername: topuser\nauth: {auth_url: 'http://h', username: u, password: p, project_name: q}"
        )
        #expect(cloud.project == .name("top", domain: .id("default")))
        #expect(cloud.credentials == .password(user: .name("topuser", domain: .id("default")), password: Secret("p")))
    }

    @Test(arguments: [
        ("verify: false", false), ("verify: 'False'", false), ("insecure: true", false), ("insecure: 'yes'", false),
        ("verify: true", true), ("insecure: false", true), ("verify: true\ninsecure: true", false), ("verify: ", true),
    ]) func verification(setting: String, verifies: Bool) throws {
        #expect(try load("\(setting)\n\(Self.login)").tls.verifiesServer == verifies)
    }

    @Test(arguments: [
        ("", DomainReference.id("default"), DomainReference.id("default")),
        ("user_domain_name: A, project_domain_id: b", .name("A"), .id("b")),
        ("domain_name: both", .name("both"), .name("both")),
        ("domain_id: both, user_domain_id: mine", .id("mine"), .id("both")),
        ("default_domain_name: D, project_domain_name: P", .name("D"), .name("P")),
        ("default_domain: d", .id("d"), .id("d")),
    ]) func domains(setting: String, user: DomainReference, project: DomainReference) throws {
        let cloud = try load("auth: {auth_url: 'http://h', username: u, password: p, project_name: q, \(setting)}")
        #expect(cloud.credentials == .password(user: .name("u", domain: user), password: Secret("p")))
        #expect(cloud.project == .name("q", domain: project))
    }

    @Test func credentialsOfEachAuthType() throws {
        let url = "auth_url: 'http://h'"
        #expect(
            try load(
                "auth_type: v3applicationcredential\nauth: {\(url), application_credential_id: 7, "
                    + "application_credential_secret: 0815}"
            ).credentials
                == .applicationCredential(.id("7"), secret: Secret("0815")))
        #expect(
            try load("auth: {\(url), application_credential_name: n, application_credential_secret: s, user_id: U}")
                .credentials == .applicationCredential(.name("n", user: .id("U")), secret: Secret("s")))
        #expect(try load("auth_type: token\nauth: {\(url), token: t}").credentials == .token(Secret("t")))
        #expect(try load("auth_plugin: v3token\nauth: {\(url), auth_token: t}").credentials == .token(Secret("t")))
        let federation = FederationEndpoint(identityProvider: "chameleon", protocolName: "openid")
        #expect(
            try load(
                "auth_type: v3oidcaccesstoken\nauth: {\(url), identity_provider: chameleon, protocol: openid, "
                    + "access_token: a}"
            ).credentials == .federated(federation, .accessToken(Secret("a"))))
        #expect(
            try load(
                "auth_type: v3oidcpassword\nauth: {\(url), identity_provider: chameleon, protocol: openid, "
                    + "username: u, password: p, client_id: c, client_secret: none, "
                    + "discovery_endpoint: 'https://idp/.well-known/openid-configuration'}"
            ).credentials
                == .federated(
                    federation,
                    .grant(
                        OpenIDClient(
                            id: "c", secret: Secret("none"),
                            discoveryEndpoint: "https://idp/.well-known/openid-configuration"),
                        .password(userName: "u", password: Secret("p"), oneTimeKey: nil))))
    }

    @Test func mergeKeysShareSettings() throws {
        try folder.write(
            "cwd/clouds.yaml",
            """
            base: &base
              interface: admin
              auth: &auth {auth_url: 'http://h', username: u, password: p}
            clouds:
              one:
                <<: *base
                auth: {<<: *auth, username: other}
            """)
        let cloud = try folder.loader().load(name: "one")
        #expect(cloud.interface == .admin)
        #expect(cloud.credentials == .password(user: .name("other", domain: .id("default")), password: Secret("p")))
    }

    @Test func profileComesFromTheVendorFile() throws {
        try folder.write(
            "home/.config/openstack/clouds-public.yaml",
            "public-clouds:\n  site:\n    auth: {auth_url: 'https://iam.{region_name}.example.org/v3', username: v}\n"
                + "    region_name: R\n    interface: internal\n")
        let cloud = try load("profile: site\nauth: {username: u, password: p}")
        #expect(cloud.authURL == "https://iam.R.example.org/v3")
        #expect(cloud.interface == .internal)
        #expect(cloud.region == "R")
        #expect(cloud.credentials == .password(user: .name("u", domain: .id("default")), password: Secret("p")))
        let error = #expect(throws: CloudConfigurationError.self) {
            try load("profile: nowhere\nauth: {username: u, password: p}")
        }
        #expect(error?.message.contains("\"nowhere\"") == true)
    }

    @Test func eachRegionIsACloud() throws {
        try folder.write(
            "cwd/clouds.yaml",
            """
            clouds:
              chi:
                auth: {auth_url: 'http://h', username: u, password: p, project_name: q}
                regions:
                - CHI@UC
                - name: CHI@TACC
                  values:
                    interface: internal
                    auth: {auth_url: 'http://tacc'}
              two: {region_name: 'a,b', auth: {auth_url: 'http://h', username: u, password: p}}
            """)
        let loader = folder.loader()
        let regions = try loader.load(.named(["chi"])).map { try $0.result.get() }
        #expect(regions.map(\.region) == ["CHI@UC", "CHI@TACC"])
        #expect(regions.map(\.displayName) == ["chi/CHI@UC", "chi/CHI@TACC"])
        #expect(regions.map(\.authURL) == ["http://h", "http://tacc"])
        #expect(regions.map(\.interface) == [.public, .internal])
        #expect(try loader.load(name: "chi").region == "CHI@UC")
        #expect(try loader.load(name: "chi", region: "CHI@TACC").authURL == "http://tacc")
        #expect(try loader.load(name: "chi/CHI@TACC").authURL == "http://tacc")
        #expect(
            try loader.load(.all).compactMap { try $0.result.get().displayName } == [
                "chi/CHI@UC", "chi/CHI@TACC", "two/a", "two/b",
            ])
        #expect(try loader.load(.named(["chi/CHI@TACC"])).map(\.reference.description) == ["chi/CHI@TACC"])
        #expect(try loader.load(name: "chi").reference == CloudReference(entry: "chi", region: "CHI@UC"))
        let error = #expect(throws: CloudConfigurationError.self) { try loader.load(name: "chi", region: "chi@uc") }
        #expect(error?.message == "cloud \"chi\" has no region \"chi@uc\": it has CHI@UC, CHI@TACC")
        // OS_REGION_NAME selects a region that the cloud has. If OS_CLOUD names the cloud, the region must exist.
        #expect(try folder.loader(["OS_REGION_NAME": "CHI@TACC"]).load(name: "chi").region == "CHI@TACC")
        #expect(
            try folder.loader(["OS_REGION_NAME": "CHI@TACC"]).load(.named(["chi", "two"])).map(\.reference.description)
                == ["chi/CHI@TACC", "two/a", "two/b"])
        #expect(try folder.loader(["OS_REGION_NAME": "elsewhere"]).load(name: "chi").region == "CHI@UC")
        #expect(throws: CloudConfigurationError.self) {
            try folder.loader(["OS_CLOUD": "chi", "OS_REGION_NAME": "elsewhere"]).loadDefault()
        }
    }
}
