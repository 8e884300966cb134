import LeaseModel
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

/// Six hours behind UTC, like Chicago in winter.
let chicago = DisplayZone(name: "America/Chicago", shortName: { _ in "CST" }, offsetSeconds: { _ in -21_600 })

@Suite("Pages for a person at a terminal")
struct TerminalTests {
    /// The commands whose pages are compared, in one file for each width and zone.
    private static let lines: [[String]] = [
        ["list"], ["list", "-a"], ["list", "--deleted", "--sort", "name"], ["list", "-c", "name,id,end_date"],
        ["show", "night-2"], ["show", "gone"], ["show", "mine"], ["history", "night-2"], ["history", "gone"],
        ["history", "night-2", "--all", "-v"], ["changes", "--since", "1h"], ["queue", "list"], ["queue", "show", "1"],
        ["queue", "show", "2"], ["status"], ["sites"], ["hosts"], ["flavors"], ["devices"], ["floating-ips"],
        ["reservations"], ["report", "hours", "--by", "project", "--bucket", "month"], ["report", "states"],
        ["report", "expiring"], ["report", "coverage"], ["report", "failures"],
        ["find-slot", "--node-type", "compute_skylake", "--duration", "1h"],
    ]

    static let screens: [(width: Int, zone: String)] = [80, 120, 200].flatMap { [($0, "utc"), ($0, "chicago")] }

    private static func filled(width: Int, zone: String) async throws -> CommandFixture {
        var fixture = try CommandFixture()
        try fixture.useCloud()
        fixture.terminal = Terminal(isTerminal: true, width: width)
        fixture.zone = zone == "utc" ? .utc : chicago
        let create = [
            "create", "mine", "--start", "2027-01-15T10:00Z", "--duration", "2h", "--offline", "--node",
            "amount=2,node_type=compute_skylake",
        ]
        #expect(try await fixture.run(create).status == .success)
        #expect(try await fixture.run("extend", "night-2", "--by", "2d", "--offline").status == .success)
        fixture.environment["OS_CLOUD"] = nil
        return fixture
    }

    @Test("pages fit the screen and have the expected text", arguments: screens.map { "\($0.width)-\($0.zone)" })
    func pages(screen: String) async throws {
        let parts = screen.split(separator: "-")
        let width = try #require(Int(parts[0]))
        let fixture = try await Self.filled(width: width, zone: String(parts[1]))
        defer { fixture.remove() }
        var text = ""
        for line in Self.lines {
            let result = try await fixture.run(line)
            #expect(result.status == .success, "\(line): \(result.errors)")
            text += "$ leasehold \(line.joined(separator: " "))\n\(result.output)\(result.errors)\n"
            for row in result.output.split(separator: "\n") {
                #expect(TextWidth.columns(row) <= width, "\(line): \(row)")
                #expect(row.last != " ", "\(line): '\(row)'")
            }
        }
        // The local id of a queued lease is random.
        let masked = text.replacing(/local-[0-9a-z]+/) { "local-" + String(repeating: "x", count: $0.output.count - 6) }
        try CommandFixture.expect(masked, equals: "terminal-\(screen).txt")
    }

    @Test("a live lease comes first, an ended one is shown only if requested")
    func liveFirst() async throws {
        let fixture = try await Self.filled(width: 80, zone: "utc")
        defer { fixture.remove() }
        let live = try await fixture.run("list")
        #expect(!live.output.contains("addresses"))
        #expect(live.errors.contains("1 ended lease not shown (-a)."))
        #expect(live.errors.contains("* changed here, not sent yet: leasehold queue"))
        let all = try await fixture.run("list", "-a").lines
        #expect(all.first?.hasPrefix("ID") == true)
        #expect(all.dropFirst().map { $0.split(separator: " ")[2] }.last != "ACTIVE")
        #expect(try await fixture.run("list", "--limit", "2").lines.count == 3)
        #expect(try await fixture.run("list", "-a", "--limit", "1", "-f", "json").json?.arrayValue?.count == 1)
        #expect(try await fixture.run("list", "--status", "terminated").output.contains("addresses"))
    }

    @Test("an empty list says why")
    func emptiness() async throws {
        let fixture = try await Self.filled(width: 80, zone: "utc")
        defer { fixture.remove() }
        let nobody = try await fixture.run("list", "--user", "adda")
        #expect(nobody.errors.contains("No lease of a user 'adda' is known here. Did you mean 'ada'?"))
        let type = try await fixture.run("list", "--node-type", "compute_skylak")
        #expect(type.errors.contains("Did you mean 'compute_skylake'?"))
        var empty = try CommandFixture(filled: false)
        defer { empty.remove() }
        empty.terminal = Terminal(isTerminal: true, width: 80)
        for line in [["list"], ["hosts"], ["reservations"], ["changes"], ["status"], ["floating-ips"]] {
            #expect(try await empty.run(line).errors.contains("no site has been read yet"), "\(line)")
        }
    }

    @Test("long values wrap or are cut, times and numbers never are")
    func narrow() throws {
        struct Row {
            let name: String
            let note: String
        }
        let columns = [
            Column<Row>("id", role: .identifier) { _ in .text("0123456789abcdef") },
            Column<Row>("name") { .text($0.name) },
            Column<Row>("end_date") { _ in .time(Timestamp(secondsSince1970: 1_795_000_000)) },
            Column<Row>("note") { .text($0.note) },
            Column<Row>("empty") { _ in .missing },
            Column<Row>("site", role: .context) { _ in .text("same") },
        ]
        let row = Row(name: String(repeating: "name", count: 20), note: "one two three four five six seven eight nine")
        var style = OutputStyle(format: .table, width: 60)
        style.isForTerminal = true
        var sink = TextBuffer()
        try ListOutput.write([row], selection: ColumnSelection(from: columns, format: .table), style: style, to: &sink)
        let lines = sink.text.split(separator: "\n")
        #expect(lines.allSatisfy { TextWidth.columns($0) <= 60 })
        #expect(lines[0].contains("END DATE (UTC)") && !sink.text.contains("EMPTY") && !sink.text.contains("SITE"))
        #expect(sink.text.contains("01234567 ") && sink.text.contains("2026 "))
        #expect(lines.count > 2, "the note wraps")
    }
}
