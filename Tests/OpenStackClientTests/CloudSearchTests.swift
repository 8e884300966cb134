import Foundation
import LeaseModel
import OpenStackClient
import Testing

@Suite struct CloudSearchTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static func clouds(_ name: String, url: String = "https://one.example.org:5000/v3") -> String {
        """
        clouds:
          \(name):
            auth:
              auth_url: \(url)
              username: me
              password: 12345
              project_name: CHI-1
        """
    }

    @Test func searchesInTheSDKsOrder() throws {
        let order = [
            "named/any.yaml", "cwd/clouds.yaml", "cwd/clouds.yml", "cwd/clouds.json", "xdg/openstack/clouds.yaml",
            "home/.config/openstack/clouds.yaml", "etc/clouds.yaml",
        ]
        for (index, name) in order.enumerated() {
            let json = "{\"clouds\": {\"c\(index)\": {}}}"
            try folder.write(name, name.hasSuffix("json") ? json : Self.clouds("c\(index)"))
        }
        let loader = folder.loader([
            "OS_CLIENT_CONFIG_FILE": "\(folder.path)/named/any.yaml", "XDG_CONFIG_HOME": "\(folder.path)/xdg",
        ])
        for (index, name) in order.enumerated() {
            #expect(try loader.names() == ["c\(index)"], "\(name) should win")
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
        }
        #expect(try loader.names() == [])
    }

    @Test func namedFileMayBeRelativeOrInTheHomeFolder() throws {
        try folder.write("cwd/a.yaml", Self.clouds("relative"))
        try folder.write("home/b.yaml", Self.clouds("home"))
        #expect(try folder.loader(["OS_CLIENT_CONFIG_FILE": "a.yaml"]).names() == ["relative"])
        #expect(try folder.loader(["OS_CLIENT_CONFIG_FILE": "~/b.yaml"]).names() == ["home"])
    }

    @Test func secureFileGoesOverClouds() throws {
        try folder.write("cwd/clouds.yaml", Self.clouds("one"))
        try folder.write(
            "home/.config/openstack/secure.yaml",
            "clouds:\n  one:\n    auth:\n      password: \"from:secure\"\n  two: {auth: {auth_url: 'https://t/v3'}}\n")
        let cloud = try folder.loader().load(name: "one")
        #expect(
            cloud.credentials
                == .password(user: .name("me", domain: .id("default")), password: Secret("from:secure")))
        #expect(cloud.authURL == "https://one.example.org:5000/v3")
        #expect(try folder.loader().names() == ["one", "two"])
        let named = try folder.write("s.yml", "clouds: {one: {auth: {password: named}}}")
        let other = try folder.loader(["OS_CLIENT_SECURE_FILE": named]).load(name: "one")
        #expect(other.credentials.passwordText == "named")
    }

    @Test func jsonFileIsRead() throws {
        try folder.write(
            "cwd/clouds.json",
            #"{"clouds": {"j": {"auth": {"auth_url": "http://h/", "username": "u", "password": 0.10}, "verify": false}}}"#
        )
        let cloud = try folder.loader().load(name: "j")
        #expect(cloud.credentials.passwordText == "0.10")
        #expect(!cloud.tls.verifiesServer)
        #expect(cloud.authURL == "http://h")
    }

    @Test func defaultIsTheNamedThenTheEnvironmentThenTheOnlyOne() throws {
        try folder.write("cwd/clouds.yaml", Self.clouds("one"))
        let environment = ["OS_AUTH_URL": "https://env/v3", "OS_USERNAME": "e", "OS_PASSWORD": "p"]
        #expect(try folder.loader().loadDefault().reference.entry == "one")
        #expect(try folder.loader(environment).loadDefault().reference.entry == "envvars")
        #expect(
            try folder.loader(environment.merging(["OS_CLOUD": "one"]) { $1 }).loadDefault().reference.entry == "one")
        #expect(try folder.loader(environment).names() == ["one", "envvars"])
        #expect(try folder.loader(environment.merging(["OS_CLOUD_NAME": "mine"]) { $1 }).names() == ["one", "mine"])
        try folder.write("cwd/clouds.yaml", Self.clouds("one") + "\n  two: {}\n")
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().loadDefault() }
        #expect(error?.kind == .ambiguousCloud)
        #expect(error?.message.contains("one, two") == true)
    }

    @Test func noCloudNamesTheFolders() throws {
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().loadDefault() }
        #expect(error?.kind == .noCloud)
        #expect(error?.message.contains("\(folder.path)/home/.config/openstack") == true)
        #expect(error?.message.contains("OS_AUTH_URL") == true)
    }

    @Test func unknownCloudListsAndSuggests() throws {
        try folder.write("cwd/clouds.yaml", Self.clouds("chi_uc") + "\n  chi_tacc: {}\n")
        let error = #expect(throws: CloudConfigurationError.self) { try folder.loader().load(name: "chi-uc") }
        #expect(
            error?.message
                == "there is no cloud \"chi-uc\" (did you mean \"chi_uc\"?): the known ones are chi_uc, chi_tacc")
        let other = #expect(throws: CloudConfigurationError.self) { try folder.loader().load(name: "zebra") }
        #expect(other?.message == "there is no cloud \"zebra\": the known ones are chi_uc, chi_tacc")
        let misled = #expect(throws: CloudConfigurationError.self) {
            try folder.loader(["OS_CLIENT_CONFIG_FILE": "/no/clouds.yaml"]).load(name: "zebra")
        }
        #expect(
            misled?.message.hasSuffix("(OS_CLIENT_CONFIG_FILE names /no/clouds.yaml, which does not exist)") == true)
    }

    @Test func loadAllGivesEachCloudItsOwnResult() throws {
        try folder.write("cwd/clouds.yaml", Self.clouds("one") + "\n  two: {}\n")
        let all = try folder.loader().load(.all)
        #expect(all.map(\.reference.entry) == ["one", "two"])
        #expect(throws: Never.self) { try all[0].result.get() }
        let error = #expect(throws: CloudConfigurationError.self) { try all[1].result.get() }
        #expect(error?.kind == .missingField)
    }
}

extension Credentials {
    var passwordText: String? { if case .password(_, let secret) = self { secret.reveal() } else { nil } }
}
