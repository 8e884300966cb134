import LeaseModel
import Testing

@Suite("The review of a draft")
struct DraftReviewTests {
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)

    private static func host(_ name: String, _ type: String, reservable: Bool = true) -> CatalogResource {
        CatalogResource(
            kind: .host, id: name, name: name,
            fields: ["node_name": .string(name), "node_type": .string(type), "reservable": .bool(reservable)])
    }

    private static let catalog = SiteCatalog(
        listed: [
            .host: [
                host("nc01", "compute_skylake"), host("nc02", "compute_skylake"), host("nc03", "gpu_p100"),
                host("nc04", "gpu_p100", reservable: false),
            ],
            .network: [CatalogResource(kind: .network, id: "n1", name: "public")],
            .flavor: [CatalogResource(kind: .flavor, id: "f1", name: "m1.small")],
            .reservableFloatingIP: [
                CatalogResource(
                    kind: .reservableFloatingIP, id: "1", name: "10.0.0.1", fields: ["floating_network_id": "n1"]),
                CatalogResource(
                    kind: .reservableFloatingIP, id: "2", name: "10.0.1.1", fields: ["floating_network_id": "n2"]),
            ],
        ], notOffered: [.device])

    private func findings(
        _ reservations: [JSONObject], hours: Int64 = 24, catalog: SiteCatalog = Self.catalog,
        rules: LeaseRules = LeaseRules(), cost: Double? = nil, beforeEnd: Timestamp? = nil, name: String = "x"
    ) -> [DraftFinding] {
        let draft = LeaseDraft(
            name: name, start: .now, endsAt: Self.now.adding(seconds: hours * 3_600), beforeEnd: beforeEnd,
            reservations: reservations)
        return DraftReview(catalog: catalog, rules: rules, cost: cost, now: Self.now).findings(draft)
    }

    private static func nodes(_ count: Int = 1, _ properties: String = "") -> JSONObject {
        [
            "resource_type": "physical:host", "min": JSONValue(count), "max": JSONValue(count),
            "resource_properties": .string(properties), "hypervisor_properties": "",
        ]
    }

    @Test("has no findings for a good draft, and none about what is unknown")
    func good() {
        let reservations = [
            Self.nodes(2, #"["==", "$node_type", "compute_skylake"]"#),
            ["resource_type": "virtual:floatingip", "network_id": "n1", "amount": 1],
            ["resource_type": "flavor:instance", "flavor_id": "f1", "amount": 1],
        ]
        #expect(findings(reservations).isEmpty)
        let odd = [
            Self.nodes(99, #"["==", "$no_such", "x"]"#), ["resource_type": "device", "min": 1, "max": 1],
            ["resource_type": "virtual:floatingip", "network_id": "other", "amount": 99],
            ["resource_type": "flavor:instance", "flavor_id": "other", "amount": 1],
        ]
        #expect(findings(odd, catalog: SiteCatalog()).isEmpty)
    }

    /// A reservation, the field of the finding, and its message.
    static let warned: [(JSONObject, field: String, said: String)] = [
        (
            nodes(1, #"["==", "$node_type", "compute_skylak"]"#), "resource_properties",
            "has the node_type 'compute_skylak'. Did you mean 'compute_skylake'?"
        ),
        (
            nodes(1, #"["==", "$node_type", "quantum"]"#), "resource_properties",
            "There are compute_skylake, gpu_p100."
        ),
        (nodes(1, #"["==", "$node_typ", "x"]"#), "resource_properties", "Did you mean 'node_type'?"),
        (nodes(4), "min", "It asks for 4 hosts; the site has 3."),
        (
            nodes(2, #"["==", "$node_type", "gpu_p100"]"#), "min", "It asks for 2 hosts; the site has 1 that match."
        ),
        (["resource_type": "device", "min": 1, "max": 1], "resource_type", "The site offers no devices to reserve."),
        (
            ["resource_type": "virtual:floatingip", "network_id": "public", "amount": 1], "network_id",
            "The network of that name is n1."
        ),
        (
            ["resource_type": "virtual:floatingip", "network_id": "n1", "amount": 2], "amount",
            "asks for 2 floating IPs of that network; the site has 1"
        ),
        (["resource_type": "flavor:instance", "flavor_id": "f2", "amount": 1], "flavor_id", "Did you mean 'f1'?"),
        (["resource_type": "physical:hosts"], "resource_type", "Did you mean 'physical:host'?"),
    ]

    @Test("warns of what the site does not seem to have", arguments: 0..<warned.count)
    func warnings(index: Int) throws {
        let (reservation, field, said) = Self.warned[index]
        // A node beside it, so that there is no finding about the lease as a whole.
        let found = findings([Self.nodes(), reservation])
        #expect(found.allSatisfy { $0.severity == .warning })
        let finding = try #require(found.first { $0.field == "reservations[1].\(field)" }, "\(found)")
        #expect(finding.message.contains(said), "\(finding.message)")
    }

    static let refused: [(JSONObject, field: String, said: String)] = [
        (nodes(1, "node_type=x"), "resource_properties", "They are"),
        (nodes(1, #"["or", ["==", "$a", "b"]]"#), "resource_properties", "nothing else"),
        (nodes(1, #"[">", "$node_type", 40]"#), "resource_properties", #"write "40""#),
        (nodes(1, #"["==", "$reservable", true]"#), "resource_properties", #"write "True""#),
        (
            ["resource_type": "physical:host", "min": "3", "max": "2"], "max",
            "The maximum 2 is less than the minimum 3"
        ),
        (["resource_type": "network", "network_name": ""], "network_name", "needs a name"),
        (["min": 1], "resource_type", "is missing"),
    ]

    @Test("refuses what Blazar refuses everywhere", arguments: 0..<refused.count)
    func refusals(index: Int) throws {
        let (reservation, field, said) = Self.refused[index]
        for catalog in [Self.catalog, SiteCatalog()] {
            let found = findings([reservation], catalog: catalog).filter { $0.severity == .refusal }
            let finding = try #require(found.first, "\(findings([reservation]))")
            #expect(finding.field == "reservations[0].\(field)")
            #expect(finding.message.contains(said), "\(finding.message)")
        }
    }

    @Test("checks the lease as a whole")
    func whole() {
        func said(_ findings: [DraftFinding]) -> [String] { findings.map { "\($0.severity) \($0.field)" } }
        #expect(said(findings([])) == ["warning reservations"])
        let address: JSONObject = ["resource_type": "virtual:floatingip", "network_id": "n1", "amount": 1]
        #expect(findings([address]).first?.message.contains("nothing can run in it by itself") == true)
        #expect(findings([address, ["resource_type": "virtual:instance"]]).isEmpty)
        let early = findings([Self.nodes()], beforeEnd: Self.now.adding(seconds: -60))
        #expect(said(early) == ["refusal before_end_date"])
        #expect(findings([Self.nodes()], beforeEnd: Self.now.adding(seconds: 60)).isEmpty)
        #expect(said(findings([Self.nodes()], name: String(repeating: "x", count: 81))) == ["refusal name"])
        #expect(said(findings([Self.nodes()], hours: 0)) == ["refusal end_date"])
    }

    @Test("warns by the policy, and of floating IPs in a lease that must be extended")
    func policy() {
        let week = LeaseRules(maxDurationSeconds: 7 * 86_400)
        #expect(findings([Self.nodes()], hours: 168, rules: week).isEmpty)
        let long = findings([Self.nodes()], hours: 169, rules: week)
        #expect(long.map(\.message) == ["It lasts 7d1h; the site's policy allows 7d. Ask for 7d, and extend it later."])
        let address: JSONObject = ["resource_type": "virtual:floatingip", "network_id": "n1", "amount": 1]
        let both = findings([Self.nodes(), address], hours: 169, rules: week)
        #expect(both.count == 2)
        #expect(both.last?.message.contains("reserve them in a separate lease") == true)
        // A second of grace, and no more.
        var close = LeaseRules(maxDurationSeconds: 168 * 3_600 - 1)
        #expect(findings([Self.nodes()], hours: 168, rules: close).isEmpty)
        close.maxDurationSeconds = 168 * 3_600 - 2
        #expect(findings([Self.nodes()], hours: 168, rules: close).count == 1)
    }

    @Test("warns of the end of the allocation, and of what is left to pay with")
    func allocation() {
        let policy = SitePolicy(allocations: [
            ProjectAllocation(project: "p", endsAt: Self.now.adding(seconds: 3_600), serviceUnitsLeft: 10)
        ])
        let scope = Scope(
            id: 1, siteID: 1, site: "s", endpoint: "", authURL: "", region: "", projectID: "p", projectName: "CHI-1",
            seesAllProjects: false, listedAt: nil, clouds: [])
        let draft = LeaseDraft(name: "x", start: .now, endsAt: Self.now, reservations: [Self.nodes()])
        let rules = policy.rules(for: LeaseSubject(draft, scope: scope))
        #expect(findings([Self.nodes()], hours: 1, rules: rules, cost: 10).isEmpty)
        #expect(
            findings([Self.nodes()], hours: 2, rules: rules, cost: 10.5).map(\.message) == [
                "The project's allocation ends at \(Self.now.adding(seconds: 3_600)).",
                "It costs 10.50 SU; p had 10 left.",
            ])
    }
}
