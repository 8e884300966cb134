import Foundation
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("The commands about the past")
struct PastCommandTests {
    private func ids(_ fixture: CommandFixture, _ options: String) async throws -> String {
        let line = ["list", "-c", "id", "-f", "value"] + options.split(separator: " ").map(String.init)
        return try await fixture.run(line).lines.sorted().joined(separator: " ")
    }

    @Test("find what was held and what was known, with every filter")
    func lists() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        // At minute 2 beta had not been read; at minute 7, e was still listed.
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:02:00Z") == "a b c d e")
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:07:00Z") == "a b c d e z")
        #expect(try await ids(fixture, "--as-known-at now") == "a b c d z")
        #expect(try await ids(fixture, "--as-known-at now --deleted") == "a b c d e z")
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T07:59:59Z").isEmpty)
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:07:00Z --status active").isEmpty)
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:10:00Z --status active") == "b")
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:07:00Z --node-type gpu") == "d")
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:07:00Z --type fip") == "c")
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:07:00Z --resource node-7") == "b")
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:07:00Z --os-cloud beta") == "z")
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:07:00Z --name night* --mine") == "a b")
        // e vanished between minutes 0 and 10.
        #expect(try await ids(fixture, "--on 2027-01-15T08:09:00Z") == "a b d e z")
        #expect(try await ids(fixture, "--on 2027-01-15T08:10:00Z") == "a b d z")
        #expect(try await ids(fixture, "--on 2027-01-15T09:30:00Z") == "c")
        #expect(try await ids(fixture, "--on 2027-01-15T08:30:00Z --as-known-at 2027-01-15T08:07:00Z") == "a d e z")
    }

    @Test("refuse a time in the future, except for plans")
    func future() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        for line in [["list", "--as-known-at", "+1h"], ["show", "night-2", "--at", "+1h"]] {
            let result = try await fixture.run(line)
            #expect(result.status == .usage)
            #expect(result.errors.contains("takes a time in the past"))
        }
        #expect(try await fixture.run("list", "--on", "+20min", "-c", "held", "-f", "value").lines.contains("planned"))
    }

    @Test("find a lease by its former name, and say if it was not known then")
    func names() async throws {
        let fixture = try CommandFixture(filled: false)
        defer { fixture.remove() }
        try fixture.mirror.pull([StoreFixture.lease("a", name: "old")], at: 0)
        try fixture.mirror.pull([StoreFixture.lease("a", name: "new"), StoreFixture.lease("b", name: "old")], at: 10)
        func id(_ reference: String, _ time: String) async throws -> String {
            try await fixture.run("show", reference, "--at", time, "-c", "id", "-f", "value").output
        }
        #expect(try await id("old", "2027-01-15T08:05:00Z") == "a\n")
        #expect(try await id("old", "2027-01-15T08:11:00Z") == "b\n")
        #expect(try await id("new", "2027-01-15T08:05:00Z") == "a\n")
        let before = try await fixture.run("show", "new", "--at", "2027-01-15T07:00:00Z")
        #expect(before.status == .notFound)
        #expect(before.errors.contains("was not known at 2027-01-15T07:00:00Z. It was first seen at"))
        #expect(try await fixture.run("show", "nobody", "--at", "now").status == .notFound)
    }

    // MARK: - Import

    private func file(
        _ text: String, _ fixture: CommandFixture, name: String = "saved.json", at minute: Int = 5
    ) throws {
        let file = fixture.mirror.folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        let date = Date(timeIntervalSince1970: Double(StoreFixture.time(minute).secondsSince1970))
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file.path)
    }

    private func json(_ lease: BlazarLease) -> String { JSONValue.object(lease.json()).text() }

    @Test("import a file, say which observation time is assumed, and import nothing twice")
    func importFile() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        try file("[\(json(StoreFixture.lease("n", status: .active)))]", fixture)
        let trial = try await fixture.run("history", "import", "saved.json", "--dry-run")
        #expect(trial.status == .success)
        #expect(trial.errors.contains("Dry run: nothing was changed."))
        let first = try await fixture.run("history", "import", "saved.json")
        #expect(first.status == .success, "\(first.errors)")
        #expect(first.errors.contains("assumed to be from when it was last written, 2027-01-15 08:05 UTC"))
        let again = try await fixture.run("history", "import", "saved.json", "-f", "json")
        let report = try #require(again.json?.arrayValue?.first?.objectValue)
        #expect(report["new"] == 0)
        #expect(report["changed"] == 0)
        #expect(report["dated_by_file"] == true)
        #expect(report["observed_from"] == .string(StoreFixture.time(5).iso8601))
        #expect(again.errors.isEmpty)
        #expect(try await ids(fixture, "--as-known-at 2027-01-15T08:06:00Z") == "a b c d e n z")
        // The list at minute 10 did not contain it.
        #expect(try await ids(fixture, "-a") == "a b c d z")
        let shown = try await fixture.run("show", "n", "-f", "json")
        #expect(shown.json?["removal"] == "unlisted")
        #expect(shown.json?["deleted_before"] == .string(StoreFixture.time(10).iso8601))
    }

    @Test("import our own lists, including another cloud's, with their observation times")
    func importOwnList() async throws {
        let fixture = try CommandFixture()
        let target = try CommandFixture(filled: false)
        defer { fixture.remove() }
        defer { target.remove() }
        try target.mirror.pull([], at: 0)
        let list = try await fixture.run("list", "--deleted", "--os-cloud", "alpha", "-f", "json")
        try file(list.output, target, at: 12)
        let result = try await target.run("history", "import", "saved.json", "--os-cloud", "alpha", "-f", "json")
        #expect(result.status == .success, "\(result.errors)")
        #expect(result.json?.arrayValue?.first?["new"] == 5)
        #expect(result.json?.arrayValue?.first?["dated_by_file"] == false)
        for id in ["a", "b", "c"] {
            let theirs = try fixture.mirror.store.lease(id: id, scope: 1)
            let ours = try target.mirror.store.lease(id: id, scope: 1)
            #expect(ours?.lease == theirs?.lease)
            #expect(ours?.lastSeenAt == theirs?.lastSeenAt)
            #expect(ours?.observedAt == theirs?.observedAt)
        }
    }

    @Test("import another database, refuse other files, and leave nothing half done")
    func importDatabase() async throws {
        let fixture = try CommandFixture()
        let target = try CommandFixture(filled: false)
        defer { fixture.remove() }
        defer { target.remove() }
        let rows = try target.mirror.dump()
        try file("{\"leases\": [", target, name: "broken.json")
        let broken = try await target.run("history", "import", fixture.mirror.path, "broken.json")
        #expect(broken.status == .data)
        #expect(broken.errors.contains("broken.json cannot be imported: it is not JSON: it ends in the middle"))
        #expect(try target.mirror.dump() == rows)
        let missing = try await target.run("history", "import", fixture.mirror.path, "nowhere.json")
        #expect(missing.status == .notFound)
        let result = try await target.run("history", "import", fixture.mirror.path, "-f", "json")
        #expect(result.status == .success, "\(result.errors)")
        #expect(result.json?.arrayValue?.map { $0["site"] ?? .null } == ["alpha", "beta"])
        for options in ["", "--deleted", "--on 2027-01-15T08:05:00Z", "--as-known-at 2027-01-15T08:07:00Z"] {
            #expect(try await ids(target, options) == ids(fixture, options), "\(options)")
        }
        try Data("SQLite format 3\0 and then nothing".utf8).write(
            to: target.mirror.folder.appendingPathComponent("bad.sqlite"))
        let bad = try await target.run("history", "import", "bad.sqlite")
        #expect(bad.status == .cannotOpen)
        #expect(bad.errors.contains("bad.sqlite"))
    }

    @Test("import a lease's number of nodes from any source that knows it")
    func importNodes() async throws {
        let (target, fixture) = (try CommandFixture(filled: false), try CommandFixture())
        defer { target.remove() }
        defer { fixture.remove() }
        try target.mirror.pull([StoreFixture.lease("b", name: "night-2", status: .active, to: 15)], at: 11)
        func hours(_ fixture: CommandFixture) async throws -> JSONValue? {
            let result = try await fixture.run(
                "report", "hours", "--by", "lease", "--to", "2027-01-15 08:11", "-f", "json")
            return result.json?.arrayValue?.first { $0["lease"]?.stringValue == "b" }
        }
        let before = try await hours(target)
        #expect(before?["estimated"] == true)
        #expect(before?["node_hours"]?.doubleValue == 22.0 / 60, "two at most")
        #expect(try await target.run("history", "import", fixture.mirror.path).status == .success)
        let after = try await hours(target)
        #expect(after?["estimated"] == false)
        #expect(after?["node_hours"]?.doubleValue == 11.0 / 60)
        let hosts = try await target.run("hosts", "-f", "json").json?.arrayValue
        #expect(hosts?.map { $0["synced_at"] } == ["2027-01-15T08:10:00Z"])
    }

    @Test("ask whose leases a file contains if that is not clear")
    func importWhose() async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        let outline = """
            [{"id": "o", "name": "o", "start_date": "2027-01-15T08:00:00.000000", "end_date": "2027-01-15T09:00:00.000000"}]
            """
        try file(outline, fixture, at: 11)
        let unclear = try await fixture.run("history", "import", "saved.json")
        #expect(unclear.status == .data)
        #expect(unclear.errors.contains("may belong to alpha (project project p1) or beta (project project p2)"))
        #expect(try await fixture.run("history", "import", "saved.json", "--project", "p2").status == .success)
        fixture.environment = ["OS_CLOUD": "alpha"]
        #expect(try await fixture.run("history", "import", "saved.json").status == .success)
        try file("[\(json(StoreFixture.lease("x", project: "p9")))]", fixture)
        let foreign = try await fixture.run("history", "import", "saved.json")
        #expect(foreign.status == .data)
        #expect(foreign.errors.contains("belong to project p9, which is not mirrored from"))
        let future = try await fixture.run("history", "import", "saved.json", "--observed-at", "+1d")
        #expect(future.status == .usage)
    }
}
