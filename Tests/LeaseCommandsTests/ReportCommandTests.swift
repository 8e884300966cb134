import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@testable import LeaseCommands

@Suite("Reports as commands")
struct ReportCommandTests {
    private func run(_ arguments: String...) async throws -> CommandFixture.Result {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        return try await fixture.run(["report"] + arguments)
    }

    @Test("give programs a key for each thing asked for, and times in UTC")
    func json() async throws {
        let result = try await run(
            "hours", "--by", "node_type,project", "--bucket", "day", "--to", "2027-01-16", "-f", "json")
        let rows = try #require(result.json?.arrayValue)
        #expect(
            rows.first?.objectValue?.keys == [
                "bucket", "node_type", "project", "leases", "lease_hours", "node_hours", "estimated", "complete",
            ])
        #expect(rows.allSatisfy { $0["bucket"]?.stringValue == "2027-01-15T00:00:00Z" })
        #expect(rows.first { $0["node_type"]?.stringValue == "gpu" }?["node_hours"]?.doubleValue == 2)
        #expect(result.status == .success)
    }

    @Test("give people sub-totals and a total, in the zone asked for")
    func table() async throws {
        let result = try await run(
            "hours", "--by", "node_type", "--bucket", "week", "--tz", "Asia/Kolkata", "--to", "2027-01-16")
        #expect(result.lines.contains { $0.hasPrefix("| 2027-01-11 W02 | all ") })
        #expect(result.lines.contains { $0.hasPrefix("| total ") })
        #expect(result.errors.contains("Times are in Asia/Kolkata."))
        #expect(result.errors.contains("deleted before"))
    }

    @Test("answer what was known then")
    func asKnownAt() async throws {
        // At minute 5 it was not known that `e` had gone.
        let then = try await run(
            "hours", "--by", "lease", "--as-known-at", "2027-01-15 08:05", "--to", "2027-01-16", "-f", "json")
        let now = try await run("hours", "--by", "lease", "--to", "2027-01-16", "-f", "json")
        func hours(_ result: CommandFixture.Result) -> Double? {
            result.json?.arrayValue?.first { $0["lease"]?.stringValue == "e" }?["lease_hours"]?.doubleValue
        }
        #expect(hours(then) == 1)
        #expect(hours(now) == 10.0 / 60)
        let on = try await run("hours", "--by", "lease", "--on", "2027-01-15 08:30", "--to", "2027-01-16", "-f", "json")
        #expect(on.json?.arrayValue?.contains { $0["lease"]?.stringValue == "b" } == false)
    }

    @Test(
        "say what is wrong with what was asked",
        arguments: [
            (["hours", "--tz", "Nowhere/Land"], ExitStatus.usage, "no time zone"),
            (["hours", "--by", "planet"], .usage, "cannot be grouped"),
            (["hours", "--from", "2027-01-15", "--to", "2027-01-14"], .usage, "before it starts"),
            (["su"], .configuration, "No site has rates"),
            (["su", "--rates", "nowhere.csv"], .notFound, "nowhere.csv"),
            (["utilization", "--project", "p1"], .usage, "not take --project. It takes --node-type and --os-cloud."),
            (["utilization", "--user", "u1", "--mine"], .usage, "does not take --user, --mine."),
            (["utilization", "--name", "a*", "--status", "active"], .usage, "does not take --name, --status."),
            (["utilization", "--resource", "7", "--type", "node"], .usage, "does not take --resource, --type."),
        ])
    func mistakes(arguments: [String], status: LeaseCommands.ExitStatus, words: String) async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let result = try await fixture.run(["report"] + arguments)
        #expect(result.status == status)
        #expect(result.errors.contains(words))
        #expect(result.output.isEmpty)
    }

    @Test("all run, in every format")
    func formats() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        for name in [
            "hours", "early", "utilization", "lead-time", "latency", "states", "extensions", "failures", "expiring",
            "stacking", "coverage",
        ] {
            for format in OutputFormat.allCases {
                let result = try await fixture.run(["report", name, "-f", format.rawValue])
                #expect(result.status == .success, "\(name) \(format) \(result.errors)")
                if format == .html { #expect(result.output.hasSuffix("</html>\n"), "\(name)") }
            }
        }
    }

    @Test("tell of hosts how much was given out, up to where that is known")
    func utilization() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        // The second reading of the hosts; `b` holds the one that there is.
        let scope = fixture.mirror.scope
        let leases = try fixture.mirror.store.leases(LeaseFilter()).filter { $0.scopeID == scope.id }.map(\.lease)
        try fixture.mirror.pull(leases, at: 11)
        func rows(_ arguments: String...) async throws -> [JSONValue] {
            let result = try await fixture.run(["report", "utilization", "-f", "json"] + arguments)
            return try #require(result.json?.arrayValue)
        }
        let known = try await rows("--to", "2027-01-15 08:11")
        #expect(
            known.first?.objectValue?.keys == [
                "bucket", "site", "reservable_hours", "committed_hours", "utilization", "estimated",
            ])
        #expect(known.map { $0["utilization"]?.doubleValue } == [1])
        #expect(known.map { $0["estimated"]?.boolValue } == [false])
        #expect(try await rows().map { $0["estimated"]?.boolValue } == [true])
        #expect(try await rows("--node-type", "gpu").isEmpty)
        let later = try await rows("--from", "2027-01-15 08:11")
        #expect(later.map { $0["committed_hours"] } == [.null])
    }
}
