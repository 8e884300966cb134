import Foundation
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("leasehold create, in python-chi's own names")
struct CreateCommandTests {
    /// A site with nodes, networks and flavors, about which everything is known.
    private func with(_ body: (inout CommandFixture) async throws -> Void) async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        try fixture.useCloud()
        let networks = [
            CatalogResource(
                kind: .network, id: "n1", name: "public", fields: ["name": "public", "router:external": true]),
            CatalogResource(kind: .network, id: "n2", name: "private", fields: ["router:external": false]),
        ]
        try fixture.mirror.store.apply(
            [ObservedResources(kind: .network, outcome: .listed, resources: networks)],
            scope: fixture.mirror.scope.id, at: StoreFixture.time(10))
        try await body(&fixture)
    }

    private func reservations(_ fixture: CommandFixture, _ options: [String]) async throws -> [JSONValue]? {
        let result = try await fixture.run(
            ["create", "mine", "--duration", "1d", "--dry-run", "-f", "json"] + options)
        #expect(result.status == .success, "\(result.errors)")
        return result.json?["reservations"]?.arrayValue
    }

    @Test("sends what python-chi sends, in its order")
    func order() async throws {
        try await with { fixture in
            let found = try await reservations(
                fixture,
                [
                    "--reservation", "resource_type=virtual:instance,vcpus=1,memory_mb=512,disk_gb=1",
                    "--network", "network_name=mynet,usage_type=storage", "--flavor", "name=m1.small,amount=2",
                    "--fip", "2", "--node", "amount=2,node_type=compute_skylake", "--node", "node_name=nc01,amount=1",
                    "--device", "amount=1,machine_type=raspberrypi4-64",
                ])
            let types = found?.map { $0["resource_type"]?.stringValue }
            #expect(
                types == [
                    "device", "physical:host", "physical:host", "virtual:floatingip", "flavor:instance", "network",
                    "virtual:instance",
                ])
            #expect(
                found?.first == [
                    "resource_type": "device", "min": 1, "max": 1,
                    "resource_properties": #"["==", "$machine_name", "raspberrypi4-64"]"#,
                ])
            #expect(
                found?[1] == [
                    "resource_type": "physical:host", "min": 2, "max": 2, "hypervisor_properties": "",
                    "resource_properties": #"["==", "$node_type", "compute_skylake"]"#,
                ])
            #expect(found?[3] == ["resource_type": "virtual:floatingip", "network_id": "n1", "amount": 2])
            #expect(
                found?[4] == [
                    "resource_type": "flavor:instance", "flavor_id": "m1", "amount": 2, "affinity": nil,
                ])
            #expect(found?[5]["network_name"] == "mynet")
        }
    }

    @Test("finds floating IPs' networks by id, by name, or as the public one")
    func addresses() async throws {
        try await with { fixture in
            for (text, network) in [("amount=1,network_id=x", "x"), ("network=private", "n2"), ("3", "n1")] {
                let found = try await reservations(fixture, ["--fip", text])
                #expect(found?.first?["network_id"] == .string(network))
            }
        }
    }

    @Test("turns numbers into texts, and says so")
    func numbers() async throws {
        try await with { fixture in
            let line = ["create", "mine", "--duration", "1d", "--dry-run"]
            let result = try await fixture.run(
                line + ["--node", #"amount=1,resource_properties=[">=", "$reservable", 4]"#])
            #expect(result.output.contains(#"[\">=\", \"$reservable\", \"4\"]"#))
            #expect(result.errors.contains(#"was sent as the string "4""#))
        }
    }

    @Test(
        "says what is wrong with an option, with a suggestion",
        arguments: [
            ("--node", "amonut=2", ExitStatus.usage, "Did you mean 'amount'?"),
            ("--node", "amount=none", .usage, "takes a whole number"), ("--node", "two", .usage, "takes NAME=VALUE"),
            ("--node", "amount=1,amount=2", .usage, "twice"),
            ("--node", "amount=2,node_name=a", .data, "no other resource constraint"),
            ("--node", "amount=1,resource_properties=[oops", .data, "--node: resource_properties are"),
            ("--device", "machine=x", .usage, "--device has no 'machine'"),
            ("--device", "amount=2,device_name=a", .data, "multiple devices cannot be reserved"),
            ("--fip", "0", .usage, "1 or more"), ("--fip", "network=pubic", .data, "Did you mean 'public'?"),
            ("--fip", "network=a,network_id=b", .usage, "give network_id or network"),
            ("--network", "usage_type=storage", .usage, "needs network_name"),
            ("--network", "network_name=a,stitch_provider=x", .data, "must be 'fabric'"),
            ("--flavor", "amount=1", .data, "exactly one of id and name"),
            ("--flavor", "name=huge", .data, "is not a flavor in the local database: there are m1.small"),
            ("--reservation", "min=1", .usage, "needs resource_type"),
        ])
    func mistakes(option: String, text: String, status: LeaseCommands.ExitStatus, said: String) async throws {
        try await with { fixture in
            let result = try await fixture.run("create", "mine", "--duration", "1d", "--dry-run", option, text)
            #expect(result.status == status)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains(said), "\(result.errors)")
        }
    }

    @Test("needs the catalog for names, and says how to get it")
    func unknownCatalog() async throws {
        try await with { fixture in
            fixture.environment["OS_CLOUD"] = "beta"
            let result = try await fixture.run("create", "mine", "--duration", "1d", "--dry-run", "--fip", "1")
            #expect(result.status == .notFound)
            #expect(result.errors.contains("leasehold sync --os-cloud beta"))
        }
    }

    // MARK: - The review

    private func create(_ fixture: CommandFixture, _ more: [String]) async throws -> CommandFixture.Result {
        try await fixture.run(
            ["create", "mine", "--start", "2027-01-15 10:00", "--duration", "2h", "--offline"] + more)
    }

    @Test("warns about what the site does not have, and queues it all the same")
    func warns() async throws {
        try await with { fixture in
            let wrong = ["--node", "amount=1,node_type=compute_skylak"]
            let table = try await create(fixture, wrong)
            #expect(table.status == .success)
            #expect(table.errors.contains("Warning: reservations[0].resource_properties: No host of the site has"))
            #expect(table.errors.contains("Did you mean 'compute_skylake'?"))
            let json = try await create(fixture, wrong + ["-f", "json"])
            let warnings = json.json?["warnings"]?.arrayValue
            #expect(warnings?.count == 2)
            #expect(warnings?.first?["severity"] == "warning")
            #expect(!json.errors.contains("Warning"))
            let fine = try await create(fixture, ["--node", "amount=1,node_type=compute_skylake", "-f", "json"])
            #expect(fine.json?["warnings"] == [])
        }
    }

    @Test("refuses what Blazar is sure to refuse, unless forced")
    func refuses() async throws {
        try await with { fixture in
            let wrong = ["--reservation", #"resource_type=node,resource_properties=["or", ["==", "$a", "b"]]"#]
            let refused = try await create(fixture, wrong + ["-f", "json"])
            #expect(refused.status == .data)
            #expect(refused.errorJSON?["error"]?["code"] == "invalid")
            #expect(try await fixture.run("queue", "list", "-f", "json").json == [])
            let forced = try await create(fixture, wrong + ["--force"])
            #expect(forced.status == .success)
            #expect(forced.errors.contains("Blazar will refuse this: reservations[0].resource_properties:"))
        }
    }

    @Test("warns according to the policy file; a broken policy file stops nothing")
    func policy() async throws {
        try await with { fixture in
            let file = fixture.mirror.folder.appendingPathComponent("policy.yaml")
            fixture.environment["LEASEHOLD_POLICY"] = file.path
            try Data("max_duration: 1h\nsites: {alpha: {max_duration: 90m}}".utf8).write(to: file)
            let long = try await create(fixture, ["--node", "amount=1"])
            #expect(long.errors.contains("Warning: end_date: It lasts 2h; the site's policy allows 1h30m."))
            try Data("max_duration: 1h\nextension_window: 2min".utf8).write(to: file)
            // night-2 ends in three minutes.
            let extended = try await fixture.run("extend", "night-2", "--by", "2h", "--offline")
            #expect(extended.status == .success)
            #expect(extended.errors.contains("in the last 2m of a lease, that is after 2027-01-15T08:13:00Z."))
            #expect(extended.errors.contains("The site allows 1h at most, that is an end until 2027-01-15T09:15:00Z."))
            let short = try await fixture.run(
                "update", "night-2", "--end", "2027-01-15 08:14", "--offline", "-f", "json")
            #expect(short.json?["warnings"] == [])
            try Data("max_duration: 1".utf8).write(to: file)
            let broken = try await create(fixture, ["--node", "amount=1"])
            #expect(broken.status == .success)
            #expect(broken.errors.contains("policy.yaml:1:15: \"max_duration\" should be a length of time"))
            let doctor = try await fixture.run(
                "doctor", "--os-cloud", "no-such", "-f", "value", "-c", "subject,verdict")
            #expect(doctor.lines.last == "policy warning")
        }
    }

    // MARK: - From a file

    @Test("repeats a lease as printed by show", arguments: ["json", "yaml"])
    func repeats(format: String) async throws {
        try await with { fixture in
            fixture.input = try await fixture.run("show", "addresses", "-f", format).output
            let result = try await fixture.run(
                "create", "--from", "-", "--start", "2027-01-20 12:00", "--dry-run", "-f", "json")
            #expect(
                result.json == [
                    "name": "addresses", "start_date": "2027-01-20 12:00", "end_date": "2027-01-20 13:00",
                    "reservations": [["resource_type": "virtual:floatingip", "network_id": "n1", "amount": 2]],
                ])
        }
    }

    @Test("uses the file for everything that is not given otherwise")
    func overrides() async throws {
        try await with { fixture in
            try Data(try await fixture.run("show", "night-2", "-f", "yaml").output.utf8)
                .write(to: fixture.mirror.folder.appendingPathComponent("old.yaml"))
            let more = try await fixture.run(
                "create", "again", "--from", "old.yaml", "--duration", "3h", "--fip", "1", "--dry-run", "-f", "json")
            #expect(more.json?["name"] == "again")
            #expect(more.json?["start_date"] == "now")
            #expect(more.json?["end_date"] == "2027-01-15 11:12")
            let types = more.json?["reservations"]?.arrayValue?.compactMap { $0["resource_type"]?.stringValue }
            #expect(types == ["physical:host", "virtual:floatingip"])
            let other = try await fixture.run(
                "create", "--from", "old.yaml", "--node", "amount=7", "--dry-run", "-f", "json")
            #expect(other.json?["reservations"]?.arrayValue?.map { $0["min"] } == [7])
        }
    }

    @Test("reads the OpenStack client's output, in which lists are strings")
    func openStackClient() async throws {
        try await with { fixture in
            fixture.input = #"""
                {
                  "created_at": "2026-11-22 16:27:45", "degraded": "False",
                  "end_date": "2026-11-22T18:30:00.000000", "events": "{\n    \"status\": \"UNDONE\"\n}",
                  "id": "bc99be94", "name": "cli",
                  "reservations": "{\n    \"id\": \"r1\",\n    \"status\": \"active\",\n    \"resource_type\": \"physical:host\",\n    \"min\": 1,\n    \"max\": 1\n}\n{\n    \"id\": \"r2\",\n    \"status\": \"active\",\n    \"resource_type\": \"virtual:floatingip\",\n    \"network_id\": \"n1\",\n    \"amount\": 1\n}",
                  "start_date": "2026-11-22T16:30:00.000000", "status": "ACTIVE"
                }
                """#
            let result = try await fixture.run("create", "--from", "-", "--dry-run", "-f", "json")
            #expect(result.json?["end_date"] == "2027-01-15 10:12")
            #expect(
                result.json?["reservations"] == [
                    ["resource_type": "physical:host", "min": 1, "max": 1],
                    ["resource_type": "virtual:floatingip", "network_id": "n1", "amount": 1],
                ])
        }
    }

    @Test(
        "says what is wrong with a file",
        arguments: [
            ("", "is empty"), ("{", "is not JSON"), ("a: [", "is neither JSON nor YAML"), ("[]", "holds no lease"),
            ("[1]", "holds no lease"), (#"{"name": "x"}"#, "has no list of reservations"),
            (#"{"name": "x", "reservations": "oops"}"#, "has no list of reservations"),
            (
                #"{"name": "x", "start_date": "2027-01-02", "end_date": "2027-01-01", "reservations": []}"#,
                "end_date is not after"
            ),
            (
                #"{"name": "x", "start_date": "2027-01-01", "end_date": "2027-01-02", "reservations": [{"id": "r", "resource_type": "network"}]}"#,
                "give --network"
            ),
        ])
    func badFiles(text: String, said: String) async throws {
        try await with { fixture in
            fixture.input = text
            let result = try await fixture.run("create", "--from", "-", "--dry-run")
            #expect(result.status == .data)
            #expect(result.errors.contains(said), "\(result.errors)")
        }
        try await with { fixture in
            let missing = try await fixture.run("create", "--from", "nowhere", "--dry-run")
            #expect(missing.status == .notFound)
        }
    }
}
