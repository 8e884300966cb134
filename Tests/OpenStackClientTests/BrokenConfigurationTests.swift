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

    @Test(arguments: ["", "\n", "# only a comment\n", "---\n# nothing\n...\n", "~\n"])
    func emptyFileIsAsOneThatIsNotThere(text: String) throws {
        try folder.write("cwd/clouds.yaml", text)
        #expect(try folder.loader().names().isEmpty)
        try folder.write("home/.config/openstack/clouds.yaml", CloudSearchTests.clouds("behind"))
        #expect(try folder.loader().names() == ["behind"])
        let environment = ["OS_AUTH_URL": "http://h/v3", "OS_USERNAME": "u", "OS_PASSWORD": "p"]
        #expect(try folder.loader(environment).loadDefault().authURL == "http://h/v3")
    }

    @Test func onlyTheEntryAskedForCanFail() throws {
        let good = "good: {auth: {auth_url: 'http://h', username: u, password: p}}"
        try folder.write("cwd/clouds.yaml", "clouds:\n  bad: todo\n  worse: [1]\n  \(good)\n  lame: {auth: {}}\n")
        #expect(try folder.loader().load(name: "good").authURL == "http://h")
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().load(name: "bad") }
        #expect(error?.position?.line == 2)
        let all = try folder.loader().load(.all)
        #expect(all.map(\.reference.entry) == ["bad", "worse", "good", "lame"])
        #expect(all.map { (try? $0.result.get()) != nil } == [false, false, true, false])
    }

    @Test func completeVariablesDoWithoutABrokenFile() throws {
        let path = try folder.write("cwd/clouds.yaml", "clouds:\n\tone: {}\n")
        let environment = ["OS_AUTH_URL": "http://h/v3", "OS_USERNAME": "u", "OS_PASSWORD": "p"]
        let cloud = try folder.loader(environment).loadDefault()
        #expect(cloud.authURL == "http://h/v3")
        #expect(cloud.warnings.count == 1 && cloud.warnings[0].hasPrefix(path))
        let all = try folder.loader(environment).load(.all)
        #expect(all.map(\.reference.entry) == [path, "envvars"])
        for other in [["OS_CLOUD": "one"], ["OS_PASSWORD": ""], ["OS_AUTH_URL": ""]] {
            let error = #expect(throws: CloudConfigurationError.self, "\(other)") {
                try folder.loader(environment.merging(other) { $1 }).loadDefault()
            }
            #expect(error?.position?.file == path, "\(other)")
        }
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
