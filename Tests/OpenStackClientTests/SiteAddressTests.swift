import CaptureFixtures
import LeaseModel
import OpenStackClient
import Testing

/// The catalog decides which site a token leads to, not the spelling of the configuration.
@Suite struct SiteAddressTests {
    private func site(
        _ cloud: CloudConfiguration = Lab.cloud(), catalog: String? = nil
    ) async throws -> SiteAddress {
        let transport = ScriptedTransport { _ in tokenReply(catalog: catalog) }
        return try await Lab.session(transport, cloud: cloud).identity().site.get()
    }

    private func endpoint(_ url: String, _ interface: String = "public", _ region: String = "RegionOne") -> String {
        #"{"interface": "\#(interface)", "region_id": "\#(region)", "url": "\#(url)"}"#
    }

    private func catalog(_ endpoints: [String]) -> String {
        #"[{"type": "reservation", "endpoints": [\#(endpoints.joined(separator: ", "))]}]"#
    }

    @Test func interfaceAndRegionOfTheEntryDoNotMatter() async throws {
        let expected = SiteAddress(endpoint: "http://127.0.0.1:1234/v1", region: "RegionOne")
        for interface in [CloudConfiguration.Interface.public, .internal] {
            for region in [nil, "RegionOne"] {
                for authURL in ["http://127.0.0.1:5000", "http://LOCALHOST:5000/v3/", "http://elsewhere/identity"] {
                    var cloud = Lab.cloud(region: region)
                    cloud.interface = interface
                    cloud.authURL = authURL
                    #expect(try await site(cloud) == expected)
                }
            }
        }
    }

    @Test(arguments: 0..<50) func oneEndpointSpelledInManyWaysIsOneSite(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let (scheme, port) =
            [("https", 443), ("http", 80), ("https", 1234), ("http", 1234)].randomElement(using: &random)
            ?? ("http", 80)
        let host = ["cloud.example.org", "[2001:db8::1]", "10.0.0.7"].randomElement(using: &random) ?? ""
        let path = ["", "/v1", "/reservation/v1"].randomElement(using: &random) ?? ""
        let isStandard = port == 443 || port == 80
        let expected = SiteAddress(
            endpoint: "\(scheme)://\(host)\(isStandard ? "" : ":\(port)")\(path)", region: "RegionOne")
        for _ in 0..<20 {
            func cased(_ text: String) -> String {
                String(text.map { Bool.random(using: &random) ? Character($0.uppercased()) : $0 })
            }
            let showsPort = !isStandard || Bool.random(using: &random)
            let user = Bool.random(using: &random) ? "user:secret@" : ""
            let dot = host.hasSuffix("]") || Bool.random(using: &random) ? "" : "."
            let slashes = String(repeating: "/", count: Int.random(in: 0...2, using: &random))
            let url = "\(cased(scheme))://\(user)\(cased(host))\(dot)\(showsPort ? ":\(port)" : "")\(path)\(slashes)"
            #expect(try await site(catalog: catalog([endpoint(url)])) == expected, "\(url)")
            var cloud = Lab.cloud(region: "RegionOne")
            cloud.endpointOverrides = [.reservation: url]
            #expect(try await site(cloud, catalog: catalog([])) == expected, "\(url) as an override")
        }
    }

    @Test func differentPlacesAreDifferentSites() {
        let places = [
            "http://h/v1", "https://h/v1", "http://h:8080/v1", "http://h/v2", "http://h/V1", "http://h", "http://i/v1",
            "http://h/v1/a", "https://h:80/v1", "http://h:443/v1",
        ]
        #expect(Set(places.map { SiteAddress(endpoint: $0, region: "R") }).count == places.count)
        #expect(SiteAddress(endpoint: "http://h", region: "A") != SiteAddress(endpoint: "http://h", region: "B"))
    }

    @Test func anOverrideIsOfTheSiteThatTheCatalogNames() async throws {
        var cloud = Lab.cloud()
        cloud.endpointOverrides = [.reservation: "http://tunnel:9/v1"]
        #expect(try await site(cloud).description == "http://127.0.0.1:1234/v1 (region RegionOne)")
        let both = catalog([endpoint("http://a/v1", "public", "A"), endpoint("http://b/v1", "public", "B")])
        // With two regions and none named, only the override says which is meant.
        #expect(try await site(cloud, catalog: both) == SiteAddress(endpoint: "http://tunnel:9/v1", region: ""))
        cloud.endpointOverrides = [.reservation: "HTTP://B:80/v1/"]
        #expect(try await site(cloud, catalog: both) == SiteAddress(endpoint: "http://b/v1", region: "B"))
        cloud.region = "A"
        #expect(try await site(cloud, catalog: both) == SiteAddress(endpoint: "http://a/v1", region: "A"))
        cloud.region = "C"
        #expect(try await site(cloud, catalog: both) == SiteAddress(endpoint: "http://b/v1", region: "C"))
    }

    @Test func withoutAPublicEndpointEveryInterfaceLeadsToOneSite() async throws {
        let catalog = catalog([endpoint("http://adm/v1", "admin"), endpoint("http://int/v1", "internalURL")])
        for interface in [CloudConfiguration.Interface.internal, .admin] {
            var cloud = Lab.cloud()
            cloud.interface = interface
            #expect(try await site(cloud, catalog: catalog).endpoint == "http://int/v1")
        }
    }

    @Test func theOrderOfTheCatalogDoesNotMatter() async throws {
        let endpoints = [
            endpoint("http://two/v1"), endpoint("http://one/v1"), endpoint("http://x/v1", "internal"),
            endpoint("http://other/v1", "public", "B"),
        ]
        for shift in endpoints.indices {
            let turned = Array(endpoints[shift...] + endpoints[..<shift])
            #expect(
                try await site(Lab.cloud(region: "RegionOne"), catalog: catalog(turned)).endpoint == "http://one/v1"
            )
        }
    }

    @Test func aCloudWithoutTheServiceCanStillLogIn() async throws {
        let transport = ScriptedTransport { _ in tokenReply(catalog: "[]") }
        let identity = try await Lab.session(transport).identity()
        #expect(throws: ServiceError.self) { try identity.site.get() }
    }
}

/// How to tell whether an entry is still the same as when it was last used.
@Suite struct FingerprintTests {
    private let base = Lab.cloud(region: "R")

    @Test func spellingsOfOneAddressAreTheSame() {
        var other = base
        other.authURL = "HTTP://127.0.0.1:5000/identity/"
        other.interface = .internal
        other.tls.verifiesServer = false
        other.reference = CloudReference(entry: "another name")
        other.credentials = .password(user: .name("user1", domain: .name("Default")), password: Secret("changed"))
        #expect(other.fingerprint == base.fingerprint)
        #expect(base.fingerprint.count == 16)
    }

    @Test func whatDecidesWhereItLeadsIsTold() {
        var all = [base]
        func add(_ change: (inout CloudConfiguration) -> Void) {
            var other = base
            change(&other)
            all.append(other)
        }
        add { $0.authURL = "http://127.0.0.1:5001/identity/v3" }
        add { $0.region = "S" }
        add { $0.region = nil }
        add { $0.project = .name("project2", domain: .name("Default")) }
        add { $0.project = .name("project1", domain: .name("other")) }
        add { $0.project = .id("project1") }
        add { $0.project = nil }
        add { $0.endpointOverrides = [.reservation: "http://h/v1"] }
        add { $0.wantsAllProjects = true }
        add { $0.credentials = .password(user: .name("user2", domain: .name("Default")), password: Secret("x")) }
        add { $0.credentials = .applicationCredential(.id("a"), secret: Secret("x")) }
        add { $0.credentials = .applicationCredential(.id("b"), secret: Secret("x")) }
        for token in ["one", "two"] {
            add {
                $0.project = nil
                $0.credentials = .token(Secret(token))
            }
        }
        #expect(Set(all.map(\.fingerprint)).count == all.count)
        // If the project is named, every token leads to it.
        let tokens = ["one", "two"].map { token in
            var other = base
            other.credentials = .token(Secret(token))
            return other.fingerprint
        }
        #expect(tokens[0] == tokens[1])
    }
}
