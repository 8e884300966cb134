import Foundation
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("The commands that show what a lease was given, and what is free")
struct ReservedCommandTests {
    /// An active lease `lab` with two nodes, a floating IP and a flavor. One of its nodes, its address and its flavor
    /// are known. The site reports who holds hosts.
    private func with(_ body: (inout CommandFixture) async throws -> Void) async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        var lease = StoreFixture.lease("lab-id", name: "lab", status: .active, to: 600)
        func reservation(_ id: String, _ type: ResourceType, _ fields: JSONObject) -> Reservation {
            Reservation(id: id, leaseID: "lab-id", resourceType: type, status: .active, fields: fields)
        }
        lease.reservations = [
            reservation(
                "r-skylake", .host,
                ["min": 1, "max": 1, "resource_properties": #"["==", "$node_type", "compute_skylake"]"#]),
            reservation(
                "r-gpu", .host, ["min": 1, "max": 1, "resource_properties": #"["==", "$node_type", "gpu"]"#]),
            reservation("r-fip", .floatingIP, ["amount": 1, "network_id": "n1"]),
            reservation("r-flavor", .flavor, ["amount": 1, "flavor_id": "r-flavor"]),
        ]
        let mirror = fixture.mirror
        let kept = try mirror.store.leases(LeaseFilter()).filter { $0.scopeID == mirror.scope.id }.map(\.lease)
        try mirror.pull(kept + [lease], at: 11)
        func host(_ id: String, _ type: String) -> CatalogResource {
            CatalogResource(
                kind: .host, id: id, name: "node-\(id)", fields: ["node_type": .string(type), "reservable": true])
        }
        func held(_ kind: ResourceKind, _ id: String, _ reservation: String, to minute: Int) -> Allocation {
            Allocation(
                resourceKind: kind, resourceID: id, reservationID: reservation, leaseID: "lab-id",
                startsAt: StoreFixture.time(0), endsAt: StoreFixture.time(minute))
        }
        let tagged: JSONObject = [
            "floating_ip_address": "10.0.0.1", "status": "DOWN", "floating_network_id": "n1",
            "tags": ["blazar", "reservation:r-fip"],
        ]
        let address = CatalogResource(kind: .floatingIP, id: "f1", name: "10.0.0.1", fields: tagged)
        let others = ["10.0.0.1", "10.0.0.2"].map {
            CatalogResource(
                kind: .reservableFloatingIP, id: $0, name: $0,
                fields: ["floating_ip_address": .string($0), "floating_network_id": "n1", "reservable": true])
        }
        let flavors = [
            CatalogResource(kind: .flavor, id: "m1", name: "m1.small", fields: ["vcpus": 2]),
            CatalogResource(
                kind: .flavor, id: "r-flavor", name: "reservation:r-flavor",
                fields: ["vcpus": 2, "extra_specs": ["aggregate_instance_extra_specs:reservation": "r-flavor"]]),
        ]
        try mirror.store.apply(
            [
                ObservedResources(
                    kind: .host, outcome: .listed,
                    resources: [host("7", "compute_skylake"), host("8", "compute_skylake"), host("9", "gpu")],
                    allocations: [held(.host, "7", "r-skylake", to: 600), held(.host, "9", "r-gpu", to: 60)]),
                ObservedResources(kind: .floatingIP, outcome: .listed, resources: [address]),
                ObservedResources(
                    kind: .reservableFloatingIP, outcome: .listed, resources: others,
                    allocationRefusal: (.forbidden, "Policy doesn't allow it.")),
                ObservedResources(
                    kind: .network, outcome: .listed,
                    resources: [CatalogResource(kind: .network, id: "n1", name: "public")]),
                ObservedResources(kind: .flavor, outcome: .listed, resources: flavors),
            ], scope: mirror.scope.id, at: StoreFixture.time(11))
        try fixture.useCloud()
        try await body(&fixture)
    }

    // MARK: - reservation-id

    @Test(
        "reservation-id prints the matching one",
        arguments: [
            ("--type fip", "r-fip"), ("--node-type gpu", "r-gpu"),
            ("--type node --node-type compute_skylake", "r-skylake"),
            ("--type flavor --count 1", "r-flavor"), ("--resource-properties [\"==\",\"$node_type\",\"gpu\"]", "r-gpu"),
        ])
    func reservationID(options: String, id: String) async throws {
        try await with { fixture in
            let result = try await fixture.run(
                ["reservation-id", "lab"] + options.split(separator: " ").map(String.init))
            #expect(result.output == id + "\n")
            #expect(result.errors.isEmpty)
        }
    }

    @Test("reservation-id lists the candidates")
    func reservationCandidates() async throws {
        try await with { fixture in
            let several = try await fixture.run("reservation-id", "lab", "--type", "node")
            #expect(several.status == .data)
            #expect(several.output.isEmpty)
            #expect(several.errors.contains("  r-gpu  physical:host  1  [\"==\", \"$node_type\", \"gpu\"]"))
            #expect(!several.errors.contains("r-fip"))
            let none = try await fixture.run("reservation-id", "lab", "--type", "device")
            #expect(none.status == .notFound)
            #expect(none.errors.contains("r-fip"))
            #expect(try await fixture.run("reservation-id", "nobody").status == .notFound)
            #expect(try await fixture.run("reservation-id", "lab", "--resource-properties", "x").status == .usage)
        }
    }

    // MARK: - flavors and floating IPs

    @Test("flavors and floating-ips list those of a lease")
    func reserved() async throws {
        try await with { fixture in
            #expect(try await fixture.run("flavors", "lab", "-c", "id", "-f", "value").output == "r-flavor\n")
            let all = try await fixture.run("flavors", "-c", "id", "-f", "value", "-q")
            #expect(all.lines.sorted() == ["m1", "r-flavor"])
            let held = try await fixture.run("floating-ips", "lab", "-f", "json").json?.arrayValue
            #expect(held?.map { $0["floating_ip_address"] } == ["10.0.0.1"])
            #expect(held?.first?["reservation_id"] == "r-fip")
            #expect(held?.first?["lease_name"] == "lab")
            #expect(held?.first?["network"] == "public")
            #expect(held?.first?["status"] == "DOWN")
            let every = try await fixture.run("floating-ips", "-f", "json").json?.arrayValue
            #expect(every?.map { $0["floating_ip_address"] } == ["10.0.0.1", "10.0.0.2"])
            #expect(every?.map { $0["reservable"] } == [true, true])
            #expect(every?.map { $0["reservation_id"] } == ["r-fip", .null])
        }
    }

    @Test("says what is not known yet")
    func notKnown() async throws {
        try await with { fixture in
            let none = try await fixture.run("flavors", "night-2")
            #expect(none.status == .success)
            #expect(none.errors.contains("'night-2' has no flavor or instance reservations."))
            let ended = try await fixture.run("floating-ips", "addresses")
            #expect(ended.status == .success)
            #expect(ended.errors.contains("Of the 2 reserved floating IPs of 'addresses' 0 are known"))
            #expect(ended.errors.contains("TERMINATED, not ACTIVE"))
        }
    }

    // MARK: - The list

    @Test("list counts the nodes held, if the site reports them, and drops columns without room")
    func list() async throws {
        try await with { fixture in
            let lease = try await fixture.run("list", "--name", "lab", "-f", "json").json?.arrayValue?.first
            #expect(lease?["nodes"] == 2)
            #expect(lease?["floating_ips"] == 1)
            #expect(lease?["hours"] == 10)
            fixture.terminal = Terminal(isTerminal: true, width: 100)
            let table = try await fixture.run("list", "-q")
            #expect(table.lines.allSatisfy { $0.count <= 100 })
            let heads = table.lines.first ?? ""
            #expect(heads.contains("NAME") && heads.contains("ENDS") && heads.hasPrefix("ID "))
            #expect(!heads.contains("CREATED"))
            let asked = try await fixture.run("list", "-q", "-c", "created_at,hours,name", "--max-width", "20")
            #expect(asked.lines.first?.contains("CREATED") == true)
        }
    }

    // MARK: - find-slot

    @Test("find-slot finds what is free now and what will be")
    func slots() async throws {
        try await with { fixture in
            let line = ["find-slot", "--os-cloud", "alpha", "--duration", "1h", "-f", "json"]
            let one = try await fixture.run(line + ["--node-type", "compute_skylake"]).json?.arrayValue
            #expect(one?.first?["start_date"] == .string(StoreFixture.time(12).iso8601))
            #expect(one?.first?["hosts"] == ["node-8"])
            let take = "leasehold create NAME --os-cloud alpha --start now --duration 1h "
            #expect(one?.first?["command"] == .string(take + "--node amount=1,node_type=compute_skylake"))
            let two = try await fixture.run(line + ["--node-type", "compute_skylake", "--count", "2"]).json?.arrayValue
            #expect(two?.map { $0["start_date"] } == [.string(StoreFixture.time(600).iso8601)])
            let command = two?.first?["command"]?.stringValue ?? ""
            #expect(command.contains("--start 2027-01-15T18:00Z "))
            // It prints a command that can be run.
            let words = command.split(separator: " ").map(String.init).dropFirst()
            #expect(throws: Never.self) { try CommandTree.parse(Array(words)) }
        }
    }

    @Test("find-slot counts queued writes, including extensions")
    func queuedSlots() async throws {
        try await with { fixture in
            func first() async throws -> JSONValue? {
                try await fixture.run(
                    "find-slot", "--os-cloud", "alpha", "--duration", "1h", "--node-type", "gpu", "-f", "json"
                ).json?.arrayValue?.first?["start_date"]
            }
            #expect(try await first() == .string(StoreFixture.time(60).iso8601))
            let extended = try await fixture.run("extend", "lab", "--to", "2027-01-15 19:00", "--offline")
            #expect(extended.status == .success)
            #expect(try await first() == "2027-01-15T19:00:00Z")
            let queued = try await fixture.run(
                "create", "next", "--start", "2027-01-15 19:30", "--duration", "2h", "--node", "amount=1,node_type=gpu",
                "--offline")
            #expect(queued.status == .success, "\(queued.errors)")
            #expect(try await first() == "2027-01-15T21:30:00Z")
        }
    }

    @Test("find-slot says which sites do not report allocations, and that nothing is free")
    func noSlots() async throws {
        try await with { fixture in
            let line = ["find-slot", "--duration", "1h", "--os-cloud"]
            let unasked = try await fixture.run(line + ["beta"])
            #expect(unasked.status == .unavailable)
            #expect(unasked.errors.contains("beta has not been asked for its hosts yet"))
            let both = try await fixture.run(line + ["all"])
            #expect(both.status == .success)
            #expect(both.errors.contains("beta has not been asked"))
            #expect(both.errors.contains("Take it: leasehold create NAME --os-cloud alpha"))
            for options in [["--count", "4"], ["--node-type", "gpu", "--before", "2027-01-15 08:30"]] {
                #expect(try await fixture.run(line + ["alpha"] + options).status == .notFound)
            }
            try fixture.mirror.store.apply(
                [
                    ObservedResources(
                        kind: .host, outcome: .listed, resources: [], allocationRefusal: (.forbidden, "Policy."))
                ], scope: fixture.mirror.scope.id, at: StoreFixture.time(12))
            let forbidden = try await fixture.run(line + ["alpha"])
            #expect(forbidden.status == .refused)
            #expect(forbidden.errors.contains("alpha does not show you who holds its hosts, and when"))
        }
    }
}
