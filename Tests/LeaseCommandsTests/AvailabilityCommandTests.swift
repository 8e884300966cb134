import CaptureFixtures
import Foundation
import LeaseModel
import LeaseStore
import Leasehold
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("What is free, and what an extension would meet")
struct AvailabilityCommandTests {
    /// At alpha, the lease night-2 holds node-7 until minute 15, and somebody else from minute 400 on. Node-8 is busy now
    /// and then, node-9 is a GPU, and two edge devices of which one is held. Beta has a host that is free from 60 on.
    private func fixture(policy: String? = nil) throws -> CommandFixture {
        var fixture = try CommandFixture()
        try fixture.useCloud()
        fixture.environment["OS_CLOUD"] = nil
        let mirror = fixture.mirror
        func resource(_ kind: ResourceKind, _ id: String, _ fields: JSONObject) -> CatalogResource {
            CatalogResource(kind: kind, id: id, name: "node-\(id)", fields: fields)
        }
        func held(
            _ kind: ResourceKind, _ id: String, _ lease: String, from: Int, to: Int, name: String? = nil
        ) -> Allocation {
            Allocation(
                resourceKind: kind, resourceID: id, reservationID: "r-\(lease)", leaseID: lease,
                startsAt: StoreFixture.time(from), endsAt: StoreFixture.time(to), projectID: name.map { _ in "p2" },
                leaseName: name)
        }
        let skylake: JSONObject = ["node_type": "compute_skylake", "vcpus": 48, "memory_mb": 196_608, "local_gb": 200]
        try mirror.store.apply(
            [
                ObservedResources(
                    kind: .host, outcome: .listed,
                    resources: [
                        resource(.host, "7", skylake), resource(.host, "8", skylake),
                        resource(.host, "9", ["node_type": "gpu"]),
                        resource(.host, "10", ["node_type": "gpu", "reservable": false]),
                    ],
                    allocations: [
                        held(.host, "7", "b", from: 0, to: 15),
                        held(.host, "7", "later", from: 400, to: 500, name: "course"),
                        held(.host, "8", "x1", from: 0, to: 60), held(.host, "8", "x2", from: 120, to: 180),
                    ]),
                ObservedResources(
                    kind: .device, outcome: .listed,
                    resources: ["e1", "e2"].map { resource(.device, $0, ["machine_name": "raspberrypi4-64"]) },
                    allocations: [held(.device, "e1", "x3", from: 0, to: 90)]),
            ], scope: mirror.scope.id, at: StoreFixture.time(10))
        let beta = try #require(try mirror.store.scopes().first { $0.site == "beta" })
        try mirror.store.apply(
            [
                ObservedResources(
                    kind: .host, outcome: .listed, resources: [resource(.host, "20", skylake)],
                    allocations: [held(.host, "20", "x4", from: 0, to: 60)])
            ], scope: beta.id, at: StoreFixture.time(5))
        if let policy {
            try Data(policy.utf8).write(to: mirror.folder.appendingPathComponent("policy.yaml"))
            fixture.environment["LEASEHOLD_POLICY"] = "policy.yaml"
        }
        return fixture
    }

    private static let rules = """
        max_duration: 7h
        extension_window: 30m
        su_rates: [{su_per_hour: 2}]
        """

    /// The commands whose pages are compared.
    private static let lines: [[String]] = [
        ["free"], ["free", "--at", "2027-01-15T09:00Z", "--by", "site"], ["free", "--type", "device"],
        ["free", "--from", "2027-01-15T08:12Z", "--to", "2027-01-15T18:00Z", "--type", "node"],
        ["find-slot", "--longest", "--node-type", "compute_skylake"],
        ["find-slot", "--node-type", "compute_skylake", "--count", "2", "--duration", "5h", "--shorter"],
        ["find-slot", "--node-type", "compute_skylake", "--duration", "1h", "--same-window"],
        [
            "find-slot", "--type", "device", "--property", "machine_name=raspberrypi4-64", "--count", "2", "--duration",
            "1h",
        ],
        ["find-slot", "--flavor", "m1.small", "--count", "30", "--duration", "1h", "--os-cloud", "alpha"],
        ["extend", "night-2", "--by", "6h", "--check"], ["extend", "night-2", "--by", "8h", "--check"],
        ["extend", "night-2", "--longest", "--check"], ["extend", "night-1", "--by", "1h", "--check"],
        ["extend", "far away", "--by", "1h", "--check"],
        ["find-slot", "--flavor", "m1.small", "--count", "20", "--duration", "1h", "--os-cloud", "alpha"],
    ]

    /// The texts of one member of each row.
    private func texts(_ name: String, _ rows: [JSONValue]?) -> [String?] {
        (rows ?? []).map { $0[name]?.stringValue }
    }

    @Test("pages fit 80 columns and have the expected text", arguments: ["utc", "chicago"])
    func pages(zone: String) async throws {
        var fixture = try fixture(policy: Self.rules)
        defer { fixture.remove() }
        fixture.terminal = Terminal(isTerminal: true, width: 80)
        fixture.zone = zone == "utc" ? .utc : chicago
        var text = ""
        for line in Self.lines {
            let result = try await fixture.run(line)
            let words = line.map { $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
            text += "$ leasehold \(words)\n\(result.output)\(result.errors)exit status \(result.status.rawValue)\n\n"
            for row in result.output.split(separator: "\n") {
                #expect(TextWidth.columns(row) <= 80, "\(line): \(row)")
                #expect(row.last != " ", "\(line): '\(row)'")
            }
        }
        try CommandFixture.expect(text, equals: "availability-80-\(zone).txt")
    }

    @Test("free gives every count with its time, and counts queued writes")
    func steps() async throws {
        let fixture = try fixture()
        defer { fixture.remove() }
        let line = ["free", "--from", "2027-01-15T08:12Z", "--to", "2027-01-15T11:00Z", "-f", "json"]
        func steps() async throws -> [[JSONValue?]] {
            let rows = try await fixture.run(line + ["--node-type", "compute_skylake", "--os-cloud", "alpha"]).json
            return (rows?.arrayValue ?? []).map { [$0["from"], $0["to"], $0["free"], $0["total"]] }
        }
        func time(_ minute: Int) -> JSONValue { .string(StoreFixture.time(minute).iso8601) }
        #expect(
            try await steps() == [
                [time(12), time(15), 0, 2], [time(15), time(60), 1, 2], [time(60), time(120), 2, 2],
                [time(120), time(180), 1, 2],
            ])
        #expect(try await fixture.run("extend", "night-2", "--to", "2027-01-15T08:45Z", "--offline").status == .success)
        #expect(try await steps().map { $0[0] } == [time(12), time(45), time(60), time(120)])
        let csv = try await fixture.run("free", "-f", "csv", "-c", "site,node_type,free,total,until,then")
        #expect(csv.lines.first == "site,node_type,free,total,until,then")
        #expect(csv.lines.contains("alpha,gpu,1,1,,"))
        #expect(try await fixture.run("free", "--from", "now", "--to", "2027-01-01").status == .usage)
        #expect(try await fixture.run("free", "--type", "fip").status == .unavailable)
        #expect(try await fixture.run("free", "--type", "flavor").status == .usage)
        #expect(try await fixture.run("free", "--property", "node_type=none").status == .notFound)
    }

    /// Most answers rest on the allocations that come next, and only they are read.
    @Test("reading only what comes next changes no answer", arguments: 0..<12 as Range<UInt64>)
    func nearness(seed: UInt64) async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        fixture.environment["OS_CLOUD"] = nil
        var random = SeededRandom(seed: seed)
        let hosts = Int.random(in: 1...6, using: &random)
        let allocations = (0..<hosts).flatMap { host in
            (0..<Int.random(in: 0...24, using: &random)).map { number in
                let start = Int.random(in: 0...30, using: &random) * 30
                return Allocation(
                    resourceKind: .host, resourceID: "\(host)", reservationID: "r\(number)", leaseID: "l\(number)",
                    startsAt: StoreFixture.time(start),
                    endsAt: StoreFixture.time(start + 20 * Int.random(in: 1...3, using: &random)))
            }
        }
        try fixture.mirror.store.apply(
            [
                ObservedResources(
                    kind: .host, outcome: .listed,
                    resources: (0..<hosts).map {
                        CatalogResource(
                            kind: .host, id: "\($0)", name: "n\($0)", fields: ["node_type": .string("t\($0 % 2)")])
                    }, allocations: allocations)
            ], scope: fixture.mirror.scope.id, at: StoreFixture.time(10))
        let now = StoreFixture.time(12)
        let folder = fixture.mirror.folder.path
        let manager = try LeaseManager(
            LeaseManager.Configuration(
                databasePath: fixture.mirror.path, environment: [:], currentDirectory: folder, homeDirectory: folder,
                now: { now }), access: .reading)
        let all = try #require(try manager.availability(of: ResourceWish(), scopes: nil).found.first)
        #expect(all.unreadFrom == nil)
        for group in all.grouped(by: { $0.fields["node_type"]?.stringValue }) {
            let expected = group.availability.calendar().firstFreeCounts(from: now)
            let rows = try await fixture.run("free", "-f", "json", "--node-type", group.label ?? "").json?.arrayValue
            #expect(rows?.first?["free"]?.intValue == expected[0].free)
            #expect(rows?.first?["until"]?.stringValue == expected.dropFirst().first?.from.iso8601)
        }
        for count in 1...hosts {
            for (hours, limit) in [(1, 1), (1, 3), (5, 1), (5, 2)] {
                let slots = all.calendar().slots(
                    count: count, durationSeconds: Int64(hours) * 3_600, after: now, limit: limit)
                let rows = try await fixture.run(
                    "find-slot", "--count", "\(count)", "--duration", "\(hours)h", "--limit", "\(limit)", "-f", "json"
                ).json?.arrayValue
                #expect(texts("start_date", rows) == slots.map(\.startsAt.iso8601))
                #expect(texts("latest_start", rows) == slots.map(\.latestStart?.iso8601))
            }
            // What begins later than the latest end is not read.
            let before = StoreFixture.time(12 + Int.random(in: 70...500, using: &random))
            let early = all.calendar().slots(count: count, durationSeconds: 3_600, after: now, before: before, limit: 9)
            let near = try await fixture.run(
                "find-slot", "--count", "\(count)", "--duration", "1h", "--limit", "9", "--before", before.iso8601,
                "-f", "json"
            ).json?.arrayValue
            #expect(texts("start_date", near) == early.map(\.startsAt.iso8601))
            #expect(texts("latest_start", near) == early.map(\.latestStart?.iso8601))
            let steps = try await fixture.run(
                "free", "--from", now.iso8601, "--to", before.iso8601, "--by", "site", "-f", "json"
            ).json?.arrayValue
            #expect(
                steps?.map { $0["free"]?.intValue } == all.calendar().freeCounts(from: now, to: before).map(\.free))
            let longest = all.calendar().longestSlot(count: count, at: now)
            let row = try await fixture.run("find-slot", "--count", "\(count)", "--longest", "-f", "json").json
            #expect(
                row?.arrayValue?.first?["end_date"]?.stringValue
                    == longest.flatMap { $0.isOpenEnded ? nil : $0.endsAt.iso8601 })
        }
        // Where a resource has more, not everything was read at first.
        let near = try manager.availability(of: ResourceWish(), scopes: nil, atMost: SlotFind.firstLook).found.first
        #expect(
            (near?.unreadFrom != nil)
                == (0..<hosts).contains { host in
                    allocations.filter { $0.resourceID == "\(host)" && $0.endsAt > now }.count > SlotFind.firstLook
                })
    }

    @Test(
        "a time in the past is refused, because nobody knows what was free then",
        arguments: [
            ["free", "--at", "-3d"], ["free", "--from", "2027-01-15T08:11Z", "--to", "+1d"],
            ["find-slot", "--duration", "1h", "--after", "-1m"], ["find-slot", "--longest", "--after", "yesterday"],
            ["find-slot", "--duration", "1h", "--before", "-3h"],
        ])
    func past(line: [String]) async throws {
        let fixture = try fixture()
        defer { fixture.remove() }
        let result = try await fixture.run(line)
        #expect(result.status == .usage)
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("takes a time from now on"), "\(result.errors)")
        #expect(result.errors.contains("leasehold web"), "\(result.errors)")
        #expect(try await fixture.run("free", "--at", "2027-01-15T08:12Z").status == .success)
        let empty = try await fixture.run("find-slot", "--duration", "1h", "--after", "+2h", "--before", "+1h")
        #expect(empty.status == .usage)
    }

    @Test("the command of a slot is as long as the rules for its kind allow")
    func longestAllowed() async throws {
        let rules = """
            max_duration: unlimited
            limits:
              - {node_type: gpu, max_duration: 3d}
            """
        let fixture = try fixture(policy: rules)
        defer { fixture.remove() }
        func command(_ words: String...) async throws -> String {
            let result = try await fixture.run(["find-slot", "--longest", "--os-cloud", "alpha"] + words)
            #expect(result.status == .success, "\(result.errors)")
            return result.errors.split(separator: "\n").first { $0.contains("Take it") }.map(String.init) ?? ""
        }
        #expect(try await command("--node-type", "gpu").contains("--duration 3d "))
        #expect(try await command("--type", "device").contains("--duration 1d "))
        #expect(
            try await command("--node-type", "compute_skylake", "--count", "2", "--after", "+4h")
                .contains("--duration 2h28m "))
    }

    @Test("the answer says when the allocations were read, not when the leases were")
    func freshness() async throws {
        let fixture = try fixture()
        defer { fixture.remove() }
        let host = CatalogResource(kind: .host, id: "9", name: "node-9", fields: ["node_type": "gpu"])
        try fixture.mirror.store.apply(
            [ObservedResources(kind: .host, outcome: .listed, resources: [host], allocations: [])],
            scope: fixture.mirror.scope.id, at: StoreFixture.time(11))
        let line = ["find-slot", "--node-type", "gpu", "--duration", "1h", "--os-cloud", "alpha"]
        let json = try await fixture.run(line + ["-f", "json"]).json
        #expect(json?.arrayValue?.first?["synced_at"] == .string(StoreFixture.time(11).iso8601))
        #expect(try await fixture.run(line).errors.contains("alpha: read 1 min ago"))
        #expect(
            try await fixture.run("free", "--node-type", "gpu", "--os-cloud", "alpha").errors
                .contains("alpha: read 1 min ago"))
    }

    @Test("instances that the site counts need no hosts, and what the count means is said")
    func counted() async throws {
        let fixture = try fixture()
        defer { fixture.remove() }
        func segment(_ from: Int, _ to: Int, _ free: Int) -> JSONValue {
            [
                "start": .string(StoreFixture.time(from).blazarRequest),
                "end": .string(StoreFixture.time(to).blazarRequest), "available": JSONValue(free), "total": 25,
            ]
        }
        let flavor = try #require(
            try fixture.mirror.store.resources(.flavor, scopes: [fixture.mirror.scope.id])
                .first { $0.resource.name == "m1.small" }?.resource.id)
        try fixture.mirror.store.apply(
            [
                ObservedResources(
                    kind: .flavorInstances, outcome: .listed,
                    resources: [
                        CatalogResource(
                            kind: .flavorInstances, id: flavor,
                            fields: ["availability": [segment(0, 100, 2), segment(100, 1_000, 22)]])
                    ])
            ], scope: fixture.mirror.scope.id, at: StoreFixture.time(10))
        let line = ["find-slot", "--flavor", "m1.small", "--duration", "1h", "--os-cloud", "alpha", "--count"]
        let found = try await fixture.run(line + ["22", "-f", "json"]).json?.arrayValue?.first
        #expect(found?["start_date"] == .string(StoreFixture.time(101).iso8601))
        #expect(found?["free"] == 22)
        #expect(found?["hosts"] == nil || found?["hosts"] == .null)
        let page = try await fixture.run(line + ["2"])
        #expect(page.status == .success)
        #expect(page.errors.contains("alpha counts free instances, until"), "\(page.errors)")
        #expect(try await fixture.run(line + ["26"]).errors.contains("You asked for 26 instances; 25 match"))
        // With requirements on the hosts, the site's counts do not help.
        let narrowed = try await fixture.run(line + ["2", "--property", "node_type=compute_skylake"])
        #expect(!narrowed.errors.contains("counts free instances"))
    }

    @Test("the check is JSON for programs, and its exit status says whether it is possible")
    func check() async throws {
        let fixture = try fixture(policy: Self.rules)
        defer { fixture.remove() }
        let goes = try await fixture.run("extend", "night-2", "--by", "6h", "--check", "-f", "json")
        #expect(goes.status == .success)
        #expect(goes.json?["verdict"] == "yes")
        #expect(goes.json?["su"]?.doubleValue == 12)
        #expect(goes.json?["furthest_end_date"] == .string(StoreFixture.time(400).iso8601))
        #expect(goes.json?["window_opens_at"] == .string(StoreFixture.time(-15).iso8601))
        #expect(goes.json?["allowed_until"] == .string(StoreFixture.time(435).iso8601))
        let fails = try await fixture.run("extend", "night-2", "--by", "8h", "--check", "-f", "json")
        #expect(fails.status == .refused)
        #expect(fails.json?["verdict"] == "no")
        let obstacles = fails.json?["obstacles"]?.arrayValue ?? []
        #expect(obstacles.map { $0["code"] } == ["longest", "taken"])
        #expect(obstacles.last?["resource"] == "node-7")
        #expect(obstacles.last?["lease_name"] == "course")
        #expect(obstacles.last?["held_by_reservation"] == "r-b")
        // Nothing was queued.
        #expect(try await fixture.run("queue", "list", "-f", "json").json == [])
    }

    @Test("the same is said before every extension, and the longest one is as long as the check says")
    func extensions() async throws {
        let fixture = try fixture(policy: Self.rules)
        defer { fixture.remove() }
        let far = try await fixture.run("extend", "night-2", "--by", "8h", "--offline")
        #expect(far.status == .success)
        #expect(
            far.errors.contains(
                "Warning: end_date: The site allows 7h at most, that is an end until 2027-01-15T15:15:00Z."))
        #expect(
            far.errors.contains("Warning: reservations[r-b]: node-7 is reserved from 2027-01-15T14:40:00Z on, by the"))
        #expect(try await fixture.run("queue", "cancel", "1").status == .success)
        let longest = try await fixture.run("extend", "night-2", "--longest", "--offline", "-f", "json")
        #expect(longest.status == .success, "\(longest.errors)")
        #expect(longest.json?["warnings"] == [] || longest.json?["warnings"] == nil, "\(longest.output)")
        let lease = try await fixture.run("show", "night-2", "-f", "json").json
        #expect(lease?["pending"] != nil || lease?["queued"] != nil)
        #expect(try await fixture.run("extend", "night-2", "--longest", "--check").status == .refused)
        let none = try await fixture.run("extend", "night-2", "--longest")
        #expect(none.status == .refused)
        #expect(none.errors.contains("cannot be extended"))
    }

    @Test("what is not known is said, and no verdict is made of it")
    func unknown() async throws {
        let fixture = try fixture()
        defer { fixture.remove() }
        try fixture.mirror.store.apply(
            [
                ObservedResources(
                    kind: .host, outcome: .listed, resources: [], allocationRefusal: (.forbidden, "Policy."))
            ], scope: fixture.mirror.scope.id, at: StoreFixture.time(11))
        let result = try await fixture.run("extend", "night-2", "--by", "1d", "--check", "-f", "json")
        #expect(result.status == .success)
        #expect(result.json?["verdict"] == "unknown")
        let unknown = result.json?["unknown"]?.arrayValue?.first?.stringValue ?? ""
        #expect(unknown.contains("alpha does not show you who holds its hosts"))
    }
}
