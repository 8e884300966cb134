import ArgumentParser
import Foundation
import LeaseModel
import LeaseReports
import LeaseStore
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Reports as commands")
struct ReportCommandTests {
    private func run(_ arguments: String...) async throws -> CommandFixture.Result {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        return try await fixture.run(["report"] + arguments)
    }

    @Test("are those that the page has forms for")
    func names() {
        var commands: [String: String] = [:]
        for command in ReportCommand.configuration.subcommands {
            commands[command.configuration.commandName ?? ""] = command.configuration.abstract
        }
        #expect(commands == Dictionary(uniqueKeysWithValues: ReportName.allCases.map { ($0.rawValue, $0.summary) }))
    }

    @Test("give programs a key for each dimension, and times in UTC")
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

    @Test("give people subtotals and a total, in the requested zone")
    func table() async throws {
        let result = try await run(
            "hours", "--by", "node_type", "--bucket", "week", "--tz", "Asia/Kolkata", "--to", "2027-01-16")
        #expect(result.lines.contains { $0.hasPrefix("| 2027-01-11 W02 | all ") })
        #expect(result.lines.contains { $0.hasPrefix("| total ") })
        #expect(result.errors.contains("Times are in Asia/Kolkata (UTC+5:30)."))
        #expect(result.errors.contains("deleted before"))
    }

    @Test("answer with what was known then")
    func asKnownAt() async throws {
        // At minute 5 it was not known that `e` had been removed.
        let then = try await run(
            "hours", "--by", "lease", "--as-known-at", "2027-01-15 08:05", "--to", "2027-01-16", "-f", "json")
        let now = try await run("hours", "--by", "lease", "--to", "2027-01-16", "-f", "json")
        func hours(_ result: CommandFixture.Result) -> Double? {
            result.json?.arrayValue?.first { $0["lease"]?.stringValue == "e" }?["lease_hours"]?.doubleValue
        }
        #expect(hours(then) == 1)
        #expect(hours(now) == 10.0 / 60)
        // The freshness is also given as of then.
        let people = try await run("hours", "--as-known-at", "2027-01-15 08:05", "--os-cloud", "alpha")
        #expect(people.errors.contains("alpha: as known at 2027-01-15 08:05 UTC, from the list read 5 min before"))
        #expect(!people.errors.contains("synced"))
        let on = try await run("hours", "--by", "lease", "--on", "2027-01-15 08:30", "--to", "2027-01-16", "-f", "json")
        #expect(on.json?.arrayValue?.contains { $0["lease"]?.stringValue == "b" } == false)
    }

    @Test(
        "say what is wrong with the options",
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

    @Test(
        "on leases that end soon and on sites are written to a file, in a zone, with a title",
        arguments: [
            ("expiring", "Leases that end soon"), ("coverage", "How closely sites were watched"),
            ("failures", "Failed writes"),
        ])
    func files(name: String, title: String) async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let result = try await fixture.run(
            "report", name, "--tz", "Asia/Kolkata", "-f", "html", "-o", "page.html")
        #expect(result.status == .success, "\(result.errors)")
        #expect(result.output.isEmpty)
        let page = try String(contentsOf: fixture.mirror.folder.appendingPathComponent("page.html"), encoding: .utf8)
        #expect(page.contains("<title>\(title)</title>"))
        if name != "failures" { #expect(page.contains("Made 2027-01-15 13:42 +05:30.")) }
        #expect(try await fixture.run("report", name, "--tz", "Asia/Kolkata").status == .success)
        #expect(try await fixture.run("report", name, "--tz", "Nowhere/Land").status == .usage)
    }

    @Test("use the site's own rule for what ends soon")
    func expiring() async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        func leases(_ options: String...) async throws -> [String]? {
            let result = try await fixture.run(["report", "expiring", "-f", "json"] + options)
            return result.json?.arrayValue?.compactMap { $0["lease"]?.stringValue }
        }
        // At minute 12, b ends at minute 15 and the others at 60.
        #expect(try await leases() == ["b", "a", "d", "z"])
        #expect(try await leases("--within", "5min") == ["b"])
        let file = fixture.mirror.folder.appendingPathComponent("policy.yaml")
        try Data("sites:\n  alpha:\n    warning_time: 4m\n".utf8).write(to: file)
        fixture.environment["LEASEHOLD_POLICY"] = file.path
        #expect(try await leases() == ["b", "z"])
        #expect(try await leases("--within", "7d") == ["b", "a", "d", "z"])
    }

    @Test("on failed writes select them by what is known about a write")
    func failures() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        for (number, name) in ["night-1", "train"].enumerated() {
            _ = try fixture.mirror.store.enqueue(to: fixture.mirror.scope.queueAddress, at: StoreFixture.time(11)) {
                _ in
                Mutation(
                    id: 0, scopeID: fixture.mirror.scope.id, address: fixture.mirror.scope.queueAddress, verb: .create,
                    localID: "local-\(number)", leaseID: nil, leaseName: name, state: .queued, body: [:],
                    token: "token-\(number)",
                    createdAt: StoreFixture.time(11))
            }
            _ = try fixture.mirror.store.changeMutation(id: Int64(number + 1)) { mutation, _ in
                var next = mutation
                next.state = .rejected
                next.reason = "capacity"
                return [next]
            }
        }
        func count(_ options: String...) async throws -> Int {
            let result = try await fixture.run(["report", "failures", "-f", "json"] + options)
            #expect(result.status == .success, "\(result.errors)")
            return result.json?.arrayValue?.first?["count"]?.intValue ?? 0
        }
        #expect(try await count() == 2)
        #expect(try await count("--name", "night*") == 1)
        #expect(try await count("--project", "project p1") == 2)
        #expect(try await count("--project", "p1", "--name", "tr?in") == 1)
        #expect(try await count("--project", "p2") == 0)
        #expect(try await count("--os-cloud", "beta", "--project", "p1") == 0)
        for option in ["--mine", "--user=u1", "--type=node"] {
            #expect(throws: (any Error).self) { try CommandTree.parse(["report", "failures", option]) }
        }
    }

    @Test("can be calendars of leases, but not without any lease")
    func calendar() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let file = fixture.mirror.folder.appendingPathComponent("leases.ics")
        let written = try await fixture.run("export", "ical", "--name", "night-*", "-o", "leases.ics")
        #expect(written.status == .success, "\(written.errors)")
        let calendar = try String(contentsOf: file, encoding: .utf8)
        #expect(calendar.components(separatedBy: "BEGIN:VEVENT\r\n").count == 3)
        #expect(calendar.hasPrefix("BEGIN:VCALENDAR\r\n"))
        #expect(calendar.hasSuffix("END:VEVENT\r\nEND:VCALENDAR\r\n"))
        for arguments in [["-o", "leases.ics"], []] {
            let none = try await fixture.run(["export", "ical", "--name", "nothing"] + arguments)
            #expect(none.status == .notFound)
            #expect(none.errors.contains("No lease was found"))
            #expect(none.output.isEmpty)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == calendar)
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

    @Test("say how many hosts were allocated, up to the time when that is known")
    func utilization() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        // The second reading of the hosts. `b` holds the only one.
        let scope = fixture.mirror.scope
        let hosts = try fixture.mirror.store.resources(.host, scopes: nil)
        try fixture.mirror.store.apply(
            [
                ObservedResources(
                    kind: .host, outcome: .listed, resources: hosts.map(\.resource),
                    allocations: hosts.flatMap(\.allocations))
            ], scope: scope.id, at: StoreFixture.time(11))
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
