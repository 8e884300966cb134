import LeaseModel
import OpenStackClient
import Testing

/// The environment and the command line next to a named cloud.
@Suite struct CloudOverlayTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            "cwd/clouds.yaml",
            """
            clouds:
              one:
                auth: {auth_url: 'http://h', username: u, password: p, project_name: own, project_domain_id: d}
                region_name: R1
              by-id: {auth: {auth_url: 'http://h', username: u, password: p, project_id: '123'}}
              two: {auth: {auth_url: 'http://g', username: u, password: p, project_name: own}, regions: [A, B]}
            """)
    }

    private func load(
        _ environment: [String: String], options: [String: String] = [:], _ clouds: Clouds = .standard
    ) throws -> [CloudConfiguration] {
        try CloudConfigurationLoader(
            environment: environment, homeDirectory: "\(folder.path)/home", currentDirectory: "\(folder.path)/cwd",
            siteDirectories: [], options: options
        ).load(clouds).map { try $0.result.get() }
    }

    @Test func projectAndDomainsOfTheEnvironmentWin() throws {
        let cloud = try load(["OS_CLOUD": "one", "OS_PROJECT_NAME": "other", "OS_PROJECT_DOMAIN_NAME": "D"])[0]
        #expect(cloud.project == .name("other", domain: .name("D")))
        #expect(cloud.overriddenBy == ["OS_PROJECT_NAME", "OS_PROJECT_DOMAIN_NAME"])
        #expect(try load(["OS_CLOUD": "by-id", "OS_PROJECT_NAME": "other"])[0].project?.text == "other")
        #expect(try load(["OS_CLOUD": "one", "OS_TENANT_ID": "7"])[0].project == .id("7"))
        #expect(try load(["OS_PROJECT_NAME": "other"], .named(["one"]))[0].project?.text == "other")
        #expect(try load(["OS_CLOUD": "one", "OS_PROJECT_NAME": ""])[0].project?.text == "own")
    }

    @Test func restOfTheEnvironmentIsIgnoredAndNamed() throws {
        let cloud = try load(
            ["OS_CLOUD": "one", "OS_USERNAME": "me", "OS_PASSWORD": "s3cr3t", "OS_AUTH_URL": "http://x"])[0]
        #expect(cloud.authURL == "http://h")
        #expect(cloud.remarks.count == 1)
        #expect(cloud.remarks[0].hasSuffix(": OS_AUTH_URL, OS_PASSWORD, OS_USERNAME"))
        #expect(!cloud.remarks[0].contains("s3cr3t"))
    }

    @Test func severalCloudsAreLeftAsTheyAre() throws {
        let environment = ["OS_PROJECT_NAME": "other"]
        let both = try load(environment, options: ["project_name": "x"], .named(["one", "two"]))
        #expect(both.allSatisfy { $0.project?.text == "own" && $0.overriddenBy.isEmpty })
        #expect(try load(environment, .all).allSatisfy { $0.project?.text != "other" })
    }

    @Test func optionsWinOverEverything() throws {
        let environment = ["OS_CLOUD": "one", "OS_PROJECT_ID": "env"]
        let cloud = try load(
            environment, options: ["project_name": "opt", "auth_url": "http://o/", "username": "who"])[0]
        #expect(cloud.project?.text == "opt")
        #expect(cloud.authURL == "http://o")
        #expect(cloud.overriddenBy == ["--os-auth-url", "--os-project-name", "--os-username"])
        #expect(try load(["OS_CLOUD": "two"], options: ["region_name": "B"]).map(\.region) == ["B"])
        #expect(throws: CloudConfigurationError.self) {
            try load(["OS_CLOUD": "two"], options: ["region_name": "C"])
        }
    }

    @Test func optionsCompleteTheEnvironment() throws {
        let cloud = try load(
            ["OS_USERNAME": "u", "OS_PASSWORD": "p", "OS_PROJECT_NAME": "env"],
            options: ["auth_url": "http://o", "project_name": "opt"])[0]
        #expect(cloud.reference.entry == "envvars")
        #expect(cloud.authURL == "http://o")
        #expect(cloud.project?.text == "opt")
    }

    @Test func profilesOfThePublicClouds() throws {
        func load(_ entry: String, _ environment: [String: String] = [:]) throws -> CloudConfiguration {
            try folder.write(
                "cwd/clouds.yaml", "clouds:\n  one: {auth: {username: u, password: p}, \(entry)}\n")
            return try folder.loader(environment).load(name: "one")
        }
        #expect(try load("profile: binero").authURL == "https://auth.binero.cloud:5000/v3")
        #expect(try load("profile: binero").region == "europe-se-1")
        #expect(try load("cloud: citycloud, region_name: Kna1").authURL == "https://Kna1.citycloud.com:5000/v3")
        #expect(try load("profile: ovh-us, regions: [US-WEST-OR]").region == "US-WEST-OR")
        for (profile, words) in [
            ("ibmcloud", "no longer exists"), ("vexxhost", "web address"), ("'https://u:s3cr3t@v.org'", "web address"),
            ("nothing", "clouds-public.yaml"),
        ] {
            let error = #expect(throws: CloudConfigurationError.self) { try load("profile: \(profile)") }
            #expect(error?.message.contains(words) == true, "\(profile)")
            #expect(error?.message.contains("s3cr3t") == false)
        }
    }
}
