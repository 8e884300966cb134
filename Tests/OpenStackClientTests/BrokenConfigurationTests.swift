import LeaseModel
import OpenStackClient
import Testing

@Suite struct BrokenConfigurationTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        ("clouds:\n  a:\n\tauth: {}\n", 3, 1, "tab"),
        ("clouds:\n  a:\n    auth:\n      password: [unclosed\n  b: {}\n", 5, nil, "bracket"),
        ("clouds:\n  a:\n    auth: {password: x}\n  a: {}\n", nil, nil, "twice"),
        ("clouds:\n  a:\n    auth:\n      password: a: b\n", 4, nil, "colon"),
        ("clouds:\n  - a\n", 2, 3, "list"),
        ("clouds:\n  a: text\n", 2, 6, "scalar"),
        ("- a\n", 1, 1, "top"),
        ("clouds:\n  a: *nowhere\n", 2, nil, "alias"),
    ]) func brokenYAMLNamesFileAndLine(text: String, line: Int?, column: Int?, why: String) throws {
        let path = try folder.write("cwd/clouds.yaml", text)
        let error = try #require(
            #expect(throws: CloudConfigurationError.self, "\(why)") { try folder.loader().names() })
        #expect(error.kind == .brokenFile)
        #expect(error.position?.file == path)
        if let line { #expect(error.position?.line == line, "\(error)") }
        if let column { #expect(error.position?.column == column, "\(error)") }
        #expect(error.message.hasPrefix(path))
        #expect(!error.message.contains("\n"), "one sentence")
    }

    @Test func brokenJSONNamesLineAndColumn() throws {
        try folder.write("cwd/clouds.json", "{\"clouds\": {\n  \"a\": nope\n}}")
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().names() }
        #expect(error?.position?.line == 2)
        #expect(error?.position?.column == 9)
    }

    @Test func complaintNeverQuotesTheFile() throws {
        try folder.write("cwd/clouds.yaml", "clouds:\n  a:\n    auth:\n      password: s3cr3t: @x\n")
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().names() }
        #expect(!"\(String(describing: error))".contains("s3cr3t"))
    }

    @Test func emptyFileIsAnError() throws {
        try folder.write("cwd/clouds.yaml", "\n")
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().names() }
        #expect(error?.kind == .brokenFile)
    }

    @Test func brokenSecureFileIsNamedItself() throws {
        try folder.write("cwd/clouds.yaml", CloudSearchTests.clouds("one"))
        let path = try folder.write("cwd/secure.yaml", "clouds: {one: {auth: {password: }")
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().load(name: "one") }
        #expect(error?.position?.file == path)
    }

    @Test(arguments: [
        ("auth_url", "auth: {username: u, password: p}", "has no auth.auth_url"),
        ("username", "auth: {auth_url: 'http://h', password: p}", "has no auth.username"),
        ("password", "auth: {auth_url: 'http://h', username: u}", "has no auth.password"),
        (
            "application credential", "auth_type: v3applicationcredential\n    auth: {auth_url: 'http://h'}",
            "has no auth.application_credential_secret"
        ),
        (
            "identity provider", "auth_type: v3oidcpassword\n    auth: {auth_url: 'http://h'}",
            "has no auth.identity_provider"
        ),
        (
            "token endpoint",
            "auth_type: v3oidcpassword\n    auth: {auth_url: 'http://h', identity_provider: i, protocol: p, username: u}",
            "has no auth.discovery_endpoint"
        ),
        ("auth type", "auth_type: v3kerberos\n    auth: {auth_url: 'http://h'}", "\"v3kerberos\""),
        ("interface", "interface: secret\n    auth: {auth_url: 'http://h', username: u, password: p}", "interface"),
        ("verify", "verify: maybe\n    auth: {auth_url: 'http://h', username: u, password: p}", "true or false"),
        ("URL", "auth: {auth_url: 'cloud.example.org', username: u, password: p}", "not a URL"),
        (
            "version", "identity_api_version: 2\n    auth: {auth_url: 'http://h', username: u, password: p}",
            "version 2 of the identity API"
        ),
    ]) func faultyEntryIsNamed(what: String, entry: String, words: String) throws {
        try folder.write("cwd/clouds.yaml", "clouds:\n  one:\n    \(entry)\n")
        let error = try #require(
            #expect(throws: CloudConfigurationError.self, "\(what)") { try folder.loader().load(name: "one") })
        #expect(error.message.contains(words), "\(error)")
        #expect(error.message.contains("one"))
    }

    @Test func unsupportedAuthTypeListsTheSupportedOnes() throws {
        try folder.write("cwd/clouds.yaml", "clouds: {a: {auth_type: v3kerberos, auth: {auth_url: 'http://h'}}}")
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().load(name: "a") }
        #expect(error?.kind == .unsupportedAuthType)
        for type in ["password", "v3applicationcredential", "v3token", "v3oidcpassword", "v3oidcaccesstoken"] {
            #expect(error?.message.contains(type) == true)
        }
    }
}
