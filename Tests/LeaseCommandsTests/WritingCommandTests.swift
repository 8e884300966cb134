import Foundation
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("The commands that write, offline")
struct WritingCommandTests {
    private func with(_ body: (CommandFixture) async throws -> Void) async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        try fixture.useCloud()
        try await body(fixture)
    }

    private static let host = ["--reservation", "resource_type=node,min=1"]
    private func create(
        _ fixture: CommandFixture, _ name: String, _ more: String...
    ) async throws -> CommandFixture.Result {
        try await fixture.run(
            ["create", name, "--start", "2027-01-15 10:00", "--duration", "2h", "--offline", "-f", "json"] + Self.host
                + more)
    }

    @Test("A dry run prints the body of the POST, and queues nothing")
    func dryRun() async throws {
        try await with { fixture in
            let result = try await fixture.run(
                ["create", "mine", "--duration", "1d", "--dry-run", "-f", "json"] + Self.host)
            #expect(result.status == .success)
            #expect(result.json?["name"] == "mine")
            #expect(result.json?["start_date"] == "now")
            #expect(result.json?["end_date"] == "2027-01-16 08:12")
            #expect(
                result.json?["reservations"] == [
                    [
                        "resource_type": "physical:host", "min": 1, "max": 1, "hypervisor_properties": "",
                        "resource_properties": "",
                    ]
                ])
            #expect(result.json?["events"] == nil)
            #expect(try await fixture.run("queue", "list", "--all", "-f", "json").json == [])
        }
    }

    @Test("An offline create is queued, which is said and is not an error")
    func offline() async throws {
        try await with { fixture in
            let result = try await create(fixture, "mine")
            #expect(result.status == .success)
            #expect(result.errors.contains("Queued as write 1"))
            #expect(result.json?["state"] == "queued")
            #expect(result.json?["queued"] == true)
            let id = try #require(result.json?["id"]?.stringValue)
            #expect(LocalID.isOne(id))
            let listed = try await fixture.run("list", "--name", "mine", "-f", "json").json?.arrayValue
            #expect(listed?.map { $0["id"] } == [.string(id)])
            #expect(listed?.first?["status"] == "QUEUED")
            #expect(listed?.first?["queued"] == true)
            #expect(listed?.first?["synced_at"]?.isNull ?? true)
            #expect(try await fixture.run("id", "mine").output == id + "\n")
            let shown = try await fixture.run("show", id, "-f", "json").json
            #expect(shown?["queue"]?.arrayValue?.first?["verb"] == "create")
            #expect(try await fixture.run("show", "mine").output.contains("\nQueue\n"))
            let overview = try await fixture.run("status", "--os-cloud", "alpha", "-f", "json").json?.arrayValue
            #expect(overview?.first?["queued"] == 1)
        }
    }

    @Test("An idempotent create returns the queued or live lease of that name")
    func idempotent() async throws {
        try await with { fixture in
            let first = try await create(fixture, "mine")
            let second = try await create(fixture, "mine", "--idempotent")
            #expect(second.json?["id"] == first.json?["id"])
            #expect(second.errors.contains("queued already, as write 1"))
            // It says what the answer is based on, because no cloud was contacted.
            #expect(second.errors.contains("the leases as of 2027-01-15T08:10:00Z"))
            #expect(second.errors.contains("--offline"))
            #expect(!first.errors.contains("The check for an existing lease"))
            #expect(try await create(fixture, "night-2", "--idempotent").json?["id"] == "b")
            // A lease that has ended does not prevent a new one.
            #expect(try await create(fixture, "addresses", "--idempotent").json?["state"] == "queued")
        }
    }

    @Test("Of several live leases of a name, the newest active one or the last to end is returned; none is created")
    func idempotentAmongMany() async throws {
        try await with { fixture in
            func lease(_ id: String, _ status: LeaseStatus, created: Int, to end: Int = 60) -> BlazarLease {
                var lease = StoreFixture.lease(id, name: "same", status: status, to: end)
                lease.createdAt = StoreFixture.time(created)
                return lease
            }
            var all = [
                lease("old", .active, created: 1, to: 600), lease("new", .active, created: 5),
                lease("later", .pending, created: 7, to: 900), lease("over", .terminated, created: 9),
                lease("failed", .error, created: 9),
            ]
            func given() async throws -> CommandFixture.Result {
                try fixture.mirror.pull(all, at: 11)
                return try await create(fixture, "same", "--idempotent")
            }
            let first = try await given()
            #expect(first.status == .success)
            #expect(first.json?["id"] == "new")
            #expect(first.errors.contains(#"There are 3 live leases named "same" in project"#))
            #expect(first.errors.contains("newest active one"))
            // A lease that is to be deleted counts as gone.
            #expect(try await fixture.run("delete", "new", "--offline").status == .success)
            #expect(try await given().json?["id"] == "old")
            all.removeFirst(2)
            let last = try await given()
            #expect(last.json?["id"] == "later")
            #expect(!last.errors.contains("There are"))
            #expect(try await fixture.run("queue", "list", "-f", "json").json?.arrayValue?.count == 1)
            all.removeFirst()
            #expect(try await given().json?["state"] == "queued")
        }
    }

    @Test("--by is stored as the new end, counted from the queued one, and sent once")
    func extend() async throws {
        try await with { fixture in
            for (by, end) in [("1h", "2027-01-15 09:15"), ("30m", "2027-01-15 09:45")] {
                let result = try await fixture.run("extend", "night-2", "--by", by, "--offline", "-f", "json")
                #expect(result.status == .success)
                let queue = try await fixture.run("queue", "list", "-f", "json").json?.arrayValue
                #expect(queue?.count == 1)
                #expect(queue?.first?["body"] == ["end_date": .string(end)])
            }
            let listed = try await fixture.run("list", "--name", "night-*", "-f", "json").json?.arrayValue
            #expect(listed?.map { $0["queued"] } == [true, false])
        }
    }

    @Test("A change of a queued lease changes the draft; deleting it leaves nothing")
    func draft() async throws {
        try await with { fixture in
            _ = try await create(fixture, "mine")
            #expect(try await fixture.run("extend", "mine", "--by", "1h", "--offline").status == .success)
            #expect(try await fixture.run("update", "mine", "--rename", "other", "--offline").status == .success)
            let shown = try await fixture.run("show", "other", "-f", "json").json
            #expect(shown?["end_date"] == "2027-01-15T13:00:00Z")
            let deleted = try await fixture.run("delete", "other", "--offline", "-f", "json")
            #expect(deleted.status == .success)
            #expect(deleted.errors.contains("canceled"))
            #expect(try await fixture.run("queue", "list", "-f", "json").json == [])
            #expect(try await fixture.run("show", "other").status == .notFound)
        }
    }

    @Test("The queue can be shown, edited and canceled, and refuses the impossible")
    func queue() async throws {
        try await with { fixture in
            _ = try await create(fixture, "mine")
            let edited = try await fixture.run(
                "queue", "edit", "1", "--end", "2027-01-15 14:00", "--late-start", "shift", "--not-after",
                "2027-01-16", "-f", "json")
            #expect(edited.status == .success)
            let shown = try await fixture.run("queue", "show", "1", "-f", "json").json
            #expect(shown?["body"]?["end_date"] == "2027-01-15 14:00")
            #expect(shown?["late_start"] == "shift")
            #expect(shown?["not_after"] == "2027-01-16T00:00:00Z")
            #expect(shown?["requests"] == [])
            #expect(try await fixture.run("queue", "retry", "1").status == .success)
            #expect(try await fixture.run("queue", "resolve", "1", "mine").status == .data)
            #expect(try await fixture.run("queue", "cancel", "1", "-f", "json").json?["state"] == "cancelled")
            #expect(try await fixture.run("queue", "cancel", "1").status == .data)
            #expect(try await fixture.run("queue", "edit", "1", "--rename", "x").status == .data)
            #expect(try await fixture.run("queue", "show", "99").status == .notFound)
        }
    }

    @Test("A conflict is resolved by the command", arguments: ["mine", "theirs", "--end=2027-01-15 11:00"])
    func resolve(decision: String) async throws {
        try await with { fixture in
            _ = try await fixture.run("extend", "night-2", "--by", "1h", "--offline")
            _ = try fixture.mirror.store.changeMutation(id: 1) { mutation, _ in
                var next = mutation
                next.state = .blocked
                next.reason = "conflict"
                next.theirs = ["end_date": "2027-01-15 10:00"]
                return [next]
            }
            let shown = try await fixture.run("queue", "show", "1", "-f", "json").json
            #expect(
                shown?["conflict"] == [
                    [
                        "field": "end_date", "base": "2027-01-15 08:15", "mine": "2027-01-15 09:15",
                        "theirs": "2027-01-15 10:00",
                    ]
                ])
            let result = try await fixture.run("queue", "resolve", "1", decision, "-f", "json")
            #expect(result.status == .success)
            #expect(result.json?["state"] == (decision == "theirs" ? "cancelled" : "queued"))
            let end: JSONValue = decision.hasPrefix("--end") ? "2027-01-15 11:00" : "2027-01-15 09:15"
            #expect(result.json?["body"]?["end_date"] == end)
        }
    }

    @Test(
        "An impossible command line is a usage error, and queues nothing",
        arguments: [
            "create x --duration 1d",
            "create x --duration 1d --end tomorrow --reservation resource_type=node",
            "create x --duration 1d --reservation min=1", "extend night-2", "extend night-2 --by 1d --to tomorrow",
            "update night-2", "queue resolve 1", "queue resolve 1 mine --create-again",
            "create x --duration 1d --reservation resource_type=node --os-cloud a --os-cloud b",
        ])
    func usage(line: String) async throws {
        try await with { fixture in
            let result = try await fixture.run(line.split(separator: " ").map(String.init) + [])
            #expect(result.status == .usage, "\(result.errors)")
            #expect(try fixture.mirror.store.mutations(scopes: nil, includesFinal: true).isEmpty)
        }
    }

    @Test("A draft that every Blazar refuses is refused before it is queued")
    func invalidDraft() async throws {
        try await with { fixture in
            let long = String(repeating: "x", count: 81)
            let result = try await create(fixture, long)
            #expect(result.status == .data)
            #expect(result.errors.contains("80"))
            let past = try await fixture.run(
                ["create", "x", "--start", "2027-01-15 10:00", "--end", "2027-01-15 09:00", "--offline"] + Self.host)
            #expect(past.status == .data)
            #expect(try fixture.mirror.store.mutations(scopes: nil, includesFinal: true).isEmpty)
        }
    }

    @Test("Every verb refuses at once what every Blazar refuses, and --force queues it")
    func refusedAtOnce() async throws {
        try await with { fixture in
            let cases: [([String], LeaseCommands.ExitStatus)] = [
                (["update", "night-2", "--end", "2027-01-15 07:00"], .data),
                (["update", "night-2", "--reservation", "id=nosuch,max=2"], .data),
                (["update", "night-2", "--reservation", "max=2"], .usage),
                (["extend", "night-2", "--to", "2027-01-15 08:13"], .usage),
            ]
            for (arguments, status) in cases {
                let result = try await fixture.run(arguments + ["--offline"])
                #expect(result.status == status, "\(arguments) \(result.errors)")
                #expect(try fixture.mirror.store.mutations(scopes: nil, includesFinal: true).isEmpty)
            }
            #expect(try await fixture.run(cases[0].0 + ["--offline", "--force"]).status == .success)
            #expect(try fixture.mirror.store.mutations(scopes: nil, includesFinal: true).count == 1)
        }
    }

    @Test("A queued change says what it will do, and how to cancel it")
    func queuedChange() async throws {
        try await with { fixture in
            let result = try await fixture.run(
                "update", "night-2", "--rename", "day", "--end", "2027-01-15 12:00", "--offline", "-f", "json")
            #expect(result.json?["name"] == "day")
            #expect(result.json?["end_date"] == "2027-01-15T12:00:00Z")
            #expect(result.errors.contains("leasehold queue cancel 1"))
        }
    }
}
