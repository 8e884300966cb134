import ArgumentParser
import LeaseModel
import LeaseStore
import LeaseText
import Leasehold
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("The conventions of command-line programs")
struct ConventionTests {
    private func with(_ body: (inout CommandFixture) async throws -> Void) async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        try fixture.useCloud()
        try await body(&fixture)
    }

    // MARK: - Several leases

    @Test("delete takes several leases, and deletes nothing if one is unknown")
    func deleteSeveral() async throws {
        try await with { fixture in
            let unknown = try await fixture.run("delete", "night-1", "nothing", "--offline")
            #expect(unknown.status == .notFound)
            #expect(try await fixture.run("queue", "list", "-f", "json").json == [])
            let both = try await fixture.run("delete", "night-1", "night-2", "night-1", "--offline", "-f", "json")
            #expect(both.status == .success, "\(both.errors)")
            #expect(both.json?.arrayValue?.map { $0["name"] } == ["night-1", "night-2"])
            #expect(try await fixture.run("queue", "list", "-f", "json").json?.arrayValue?.count == 2)
        }
    }

    @Test("a glob selects the user's own live leases, and needs -y or an answer")
    func deleteGlob() async throws {
        try await with { fixture in
            let refused = try await fixture.run("delete", "--name", "*", "--offline")
            #expect(refused.status == .usage)
            #expect(refused.errors.contains("-y"))
            #expect(try await fixture.run("delete", "--name", "x*", "-y", "--offline").status == .notFound)
            fixture.answers = { _ in false }
            let no = try await fixture.run("delete", "--name", "night-*", "--offline")
            #expect(no.errors.contains("night-1") && no.errors.contains("Nothing was deleted"))
            #expect(try await fixture.run("queue", "list", "-f", "json").json == [])
            let named = try await fixture.run("delete", "night-2", "--offline")
            #expect(named.errors.contains("Nothing was deleted"), "a running lease is asked about")
            #expect(try await fixture.run("delete", "night-1", "--offline").status == .success, "one that waits is not")
            fixture.answers = nil
            let sure = try await fixture.run("delete", "--name", "*", "-y", "--offline", "-f", "json")
            #expect(sure.status == .success, "\(sure.errors)")
            let names = sure.json?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
            #expect(!names.contains("train"), "somebody else's")
            #expect(!names.contains("addresses"), "it has ended")
        }
    }

    @Test("extend takes several leases, followed by how much")
    func extendSeveral() async throws {
        try await with { fixture in
            let result = try await fixture.run("extend", "night-1", "night-2", "+2d", "--offline", "-f", "json")
            #expect(result.status == .success, "\(result.errors)")
            #expect(
                result.json?.arrayValue?.map { $0["end_date"] } == ["2027-01-17T09:00:00Z", "2027-01-17T08:15:00Z"])
            let shorter = try await fixture.run("extend", "night-1", "--to", "2027-01-16", "--offline")
            #expect(shorter.status == .usage)
            #expect(shorter.errors.contains("never shortens"))
        }
    }

    // MARK: - Options of the openstack command

    @Test("dates of the openstack command are in UTC, our own in the user's zone, and both say so")
    func dates() async throws {
        try await with { fixture in
            fixture.zone = chicago
            let line = ["create", "x", "--node", "2,node_type=gpu", "--dry-run", "-f", "json"]
            let theirs = try await fixture.run(
                line + ["--start-date", "2027-01-15 09:00", "--end-date", "2027-01-15 10:00"])
            #expect(theirs.json?["start_date"] == "2027-01-15 09:00")
            #expect(theirs.json?["end_date"] == "2027-01-15 10:00")
            #expect(theirs.json?["reservations"]?.arrayValue?.first?["min"] == 2)
            let ours = try await fixture.run(line + ["--start", "2027-01-15 09:00", "--end", "2027-01-15 10:00"])
            #expect(ours.json?["end_date"] == "2027-01-15 16:00")
            fixture.terminal = Terminal(isTerminal: true, width: 80)
            let said = try await fixture.run(
                "create", "x", "--node", "1", "--end-date", "2027-01-15 10:00", "--offline")
            #expect(said.output.contains("Fri 15 Jan 04:00 CST"))
        }
    }

    @Test("the options of the openstack command move a lease")
    func moves() async throws {
        try await with { fixture in
            let longer = try await fixture.run(
                "update", "night-1", "--prolong-for", "1d", "--name", "other", "--offline", "-f", "json")
            #expect(longer.json?["end_date"] == "2027-01-16T09:00:00Z")
            #expect(longer.json?["name"] == "other")
            let shorter = try await fixture.run("update", "night-1", "--reduce-by", "1h", "--offline", "-f", "json")
            #expect(shorter.json?["end_date"] == "2027-01-16T08:00:00Z")
            let both = try await fixture.run("update", "night-1", "--reduce-by", "1h", "--prolong-for", "1h")
            #expect(both.status == .usage)
            let created = try await fixture.run(
                "create", "--name", "x", "--physical-reservation", "min=1,max=2", "--dry-run", "-f", "json")
            #expect(created.json?["name"] == "x")
            #expect(created.json?["reservations"]?.arrayValue?.first?["max"] == 2)
        }
    }

    @Test("a create without an end lasts one day, and says so")
    func oneDay() async throws {
        try await with { fixture in
            let result = try await fixture.run("create", "x", "--node", "1", "--dry-run", "-f", "json")
            #expect(result.json?["end_date"] == "2027-01-16 08:12")
            #expect(result.errors.contains("one day, until Sat 16 Jan 08:12 UTC"))
            let given = try await fixture.run("create", "x", "--node", "1", "--duration", "2h", "--dry-run")
            #expect(!given.errors.contains("one day"))
        }
    }

    // MARK: - Series

    @Test("a series keeps its time of day when the clocks change, and numbers its names")
    func series() async throws {
        try await with { fixture in
            fixture.zone = berlin
            let line = [
                "create", "lab-{n}", "--start", "2027-03-01 09:00", "--duration", "2h", "--node", "1", "--dry-run",
            ]
            let weekly = try await fixture.run(line + ["--every", "1w", "--until", "2027-03-20", "-f", "json"])
            #expect(weekly.status == .success, "\(weekly.errors)")
            let bodies = try #require(weekly.json?.arrayValue)
            #expect(bodies.map { $0["name"] } == ["lab-1", "lab-2", "lab-3"])
            #expect(bodies.map { $0["start_date"] } == ["2027-03-01 08:00", "2027-03-08 08:00", "2027-03-15 08:00"])
            #expect(bodies.last?["end_date"] == "2027-03-15 10:00")
            let many = try await fixture.run(line + ["--count", "12", "-f", "json"])
            #expect(many.json?.arrayValue?.map { $0["name"] }.first == "lab-01")
            #expect(many.json?.arrayValue?.count == 12)
            let table = try await fixture.run(line + ["--count", "2"])
            #expect(table.output.contains("| lab-1 ") && table.output.contains("| lab-2 "))
            for wrong in [["--every", "1w"], ["--until", "2027-04-01"], ["--count", "0"]] {
                #expect(throws: (any Error).self, "\(wrong)") { try CommandTree.parse(line + wrong) }
            }
        }
    }

    @Test("a series starts at the same time of day in winter and in summer")
    func seriesAcrossTheChange() throws {
        // The clocks of Berlin go forward on 29 March 2026.
        var series = try LeaseSeries.parse(["--every", "1w", "--count", "3"])
        let start = try #require(Timestamp(parsing: "2026-03-20T08:00:00Z"))
        let draft = LeaseDraft(
            name: "x", start: .at(start), endsAt: start.adding(seconds: 7_200), reservations: [["min": 1]])
        let drafts = try series.drafts(from: draft, now: start, zone: berlin)
        #expect(
            drafts.map(\.endsAt.iso8601)
                == ["2026-03-20T10:00:00Z", "2026-03-27T10:00:00Z", "2026-04-03T09:00:00Z"])
        series = try LeaseSeries.parse(["--every", "1d", "--count", "2"])
        let night = try #require(Timestamp(parsing: "2026-03-28T01:30:00Z"))
        let skipped = try series.drafts(
            from: LeaseDraft(name: "x", start: .at(night), endsAt: night.adding(seconds: 60), reservations: []),
            now: night, zone: berlin)
        #expect(skipped.last?.start == .at(night.adding(seconds: 86_400)))
    }

    @Test("a file of several leases creates all of them, each with its own write")
    func several() async throws {
        try await with { fixture in
            fixture.input = """
                - {name: one, reservations: [{resource_type: "physical:host", min: 1, max: 1}]}
                - {name: two, reservations: [{resource_type: "physical:host", min: 2, max: 2}]}
                """
            let line = ["create", "--from", "-", "--duration", "2h", "--start", "2027-01-15 10:00"]
            let made = try await fixture.run(line + ["--offline", "-f", "json"])
            #expect(made.status == .success, "\(made.errors)")
            #expect(made.json?.arrayValue?.map { $0["name"] } == ["one", "two"])
            #expect(try await fixture.run("queue", "list", "-f", "json").json?.arrayValue?.count == 2)
            #expect(try await fixture.run(line + ["--name", "x"]).status == .usage)
        }
    }

    // MARK: - Messages

    @Test("a terminal shows what has changed")
    func outcomes() async throws {
        try await with { fixture in
            fixture.terminal = Terminal(isTerminal: true, width: 80)
            let queued = try await fixture.run("extend", "night-1", "--by", "2d", "--offline")
            #expect(queued.output.contains("Queued as write 1, not sent yet: extend night-1: end -> Sun 17 Jan 09:00"))
            #expect(queued.errors.contains("leasehold queue cancel 1"))
            let quiet = try await fixture.run("extend", "night-1", "--by", "2d", "--offline", "-q")
            #expect(quiet.output.isEmpty)
            let gone = try await fixture.run("delete", "gone", "--offline")
            #expect(gone.output.contains("\"gone\" is already deleted."))
            #expect(gone.errors.isEmpty)
        }
    }

    @Test("a script that polls is told that nothing is read meanwhile")
    func loops() async throws {
        try await with { fixture in
            let asked = try await fixture.run("show", "night-1", "-f", "value", "-c", "status")
            #expect(asked.output == "PENDING\n")
            #expect(asked.errors.contains("leasehold wait") && asked.errors.contains("--refresh"))
            #expect(try await fixture.run("show", "night-2", "-f", "value", "-c", "status").errors.isEmpty)
            #expect(try await fixture.run("show", "night-1", "-f", "value", "-c", "status", "-q").errors.isEmpty)
        }
    }

    // MARK: - The command line

    static let lines: [(typed: String, words: String)] = [
        ("--os-cloud x list -a", "list -a --os-cloud x"), ("-f json queue show 1", "queue show 1 -f json"),
        ("--db=/x -q list", "list --db=/x -q"), ("-f json show -- -odd", "show -f json -- -odd"),
        ("--os-project-name p --os-region-name=R sync", "sync --os-project-name p --os-region-name=R"),
        ("list", "list"), ("--help", "--help"), ("--version", "--version"), ("", ""),
        ("report hours -o x.csv", "report hours -o x.csv -f csv"),
        ("report hours -o x.csv -f json", "report hours -o x.csv -f json"),
        ("report hours -o x", "report hours -o x"), ("export ical -o x.ics", "export ical -o x.ics"),
    ]

    @Test("options may stand before the command", arguments: lines.map(\.typed))
    func order(typed: String) throws {
        let wanted = try #require(Self.lines.first { $0.typed == typed }).words
        let words = typed.split(separator: " ").map(String.init)
        #expect(CommandLineWords(words).words.joined(separator: " ") == wanted)
    }

    @Test("a wrong word is named, with a suggestion")
    func unknownWords() {
        let unknown = CommandLineWords(["lst"]).unknownCommand
        #expect(unknown?.isCertain == true)
        #expect(unknown?.suggestion == " Did you mean 'list'?")
        #expect(CommandLineWords(["report", "huors"]).unknownCommand?.suggestion == " Did you mean 'hours'?")
        #expect(CommandLineWords(["history", "mylease"]).unknownCommand?.isCertain == false)
        #expect(CommandLineWords(["list", "-f", "json"]).wantsJSON)
        #expect(!CommandLineWords(["list", "-f", "csv"]).wantsJSON)
        let message =
            "The value 'jsn' is invalid for '-f <format>'. Please provide one of the following:\n  - table\n  - json"
        #expect(
            LeaseholdCommand.tidied(message)
                == "The value 'jsn' is invalid for '-f <format>'. Did you mean 'json'? It takes table, json")
    }

    @Test("help is wrapped only at the terminal's width")
    func help() {
        let text = String.paragraphs("One two\nthree.\n\nFour\nfive.\n\nEXAMPLES\n  leasehold a\n  leasehold b")
        #expect(text == "One two three.\n\nFour five.\n\nEXAMPLES\n  leasehold a\n  leasehold b")
        // The parser describes a command slowly in a debug build. These have the longest descriptions.
        let described = CommandTree.all.filter { [["list"], ["create"], ["delete"]].contains($0.words) }
        #expect(Set(described.map(\.words)).count == 3)
        for (words, command) in described {
            let lines = LeaseholdCommand.helpMessage(for: command, columns: 80).split(separator: "\n")
            for line in lines where !line.contains("leasehold ") {
                #expect(TextWidth.columns(line) <= 80, "\(words): \(line)")
            }
        }
    }

    // MARK: - Exit statuses

    static let statuses: [(line: String, status: LeaseCommands.ExitStatus)] = [
        ("list --status ACITVE", .usage), ("list -c nmae", .usage), ("list --active-at whenever", .usage),
        ("show nothing", .notFound), ("id nothing", .notFound), ("history nothing", .notFound),
        ("extend nothing --by 1d", .notFound), ("delete nothing", .notFound), ("wait nothing", .notFound),
        ("queue show 99", .notFound), ("queue cancel 99", .notFound), ("queue retry 99", .notFound),
        ("queue resolve 99 mine", .notFound), ("queue edit 99 --rename x", .notFound),
        ("extend night-1", .usage), ("update night-1", .usage), ("delete", .usage),
        ("create x --node 0", .usage), ("create x --node 1 --end 1d", .usage), ("list --os-cloud nowhere", .notFound),
        ("db sql SELEKT", .data), ("report hours --by nothing", .usage), ("changes --since never", .usage),
        ("reservation-id night-1 --type fip", .notFound), ("history import nothing.json", .notFound),
    ]

    @Test("the same error has the same status everywhere", arguments: statuses.map(\.line))
    func exitStatus(line: String) async throws {
        let wanted = try #require(Self.statuses.first { $0.line == line }).status
        try await with { fixture in
            let result = try await fixture.run(line.split(separator: " ").map(String.init))
            #expect(result.status == wanted, "\(result.errors)")
            #expect(result.errors.hasPrefix("leasehold: "), "\(result.errors)")
        }
    }

    // MARK: - Durations

    @Test("durations can be written as in batch systems and as people write them")
    func lengths() throws {
        for (text, seconds) in [
            ("0.5h", 1_800), ("1.25d", 108_000), ("36:00", 129_600), ("01:30:00", 5_400), ("2days", 172_800),
            ("1.5h30m", 7_200),
        ] {
            #expect(try DurationArgument(parsing: text).seconds == Int64(seconds), "\(text)")
        }
        for text in ["1:5", "1:60", ".5h", "0.5", "1.h", "1.2345h", ":30"] {
            #expect(throws: DurationSyntaxError.self, "\(text)") { try DurationArgument(parsing: text) }
        }
    }
}
