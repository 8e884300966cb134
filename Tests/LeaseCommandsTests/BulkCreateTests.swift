import Foundation
import LeaseModel
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Many leases at once")
struct BulkCreateTests {
    private func with(_ files: [String: String], _ body: (inout CommandFixture) async throws -> Void) async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        try fixture.useCloud()
        for (name, text) in files { try Data(text.utf8).write(to: fixture.mirror.folder.appendingPathComponent(name)) }
        try await body(&fixture)
    }

    private static let table = """
        name,node,duration
        "class-{n}","1,node_type=compute_skylake",2h
        teacher,,
        class-{n},2,30m

        """

    @Test("a table's lines go before the options, which are for empty columns; {n} is the line's number")
    func table() async throws {
        try await with(["class.csv": Self.table]) { fixture in
            let run = [
                "create", "--from", "class.csv", "--start", "2027-02-01 10:00", "--duration", "4h", "--node", "3",
            ]
            let dry = try await fixture.run(run + ["--dry-run", "-f", "json"])
            #expect(dry.status == .success, "\(dry.errors)")
            let drafts = try #require(dry.json?.arrayValue)
            #expect(drafts.map { $0["name"] } == ["class-1", "teacher", "class-3"])
            #expect(
                drafts.map { $0["end_date"] } == ["2027-02-01 12:00", "2027-02-01 14:00", "2027-02-01 10:30"])
            #expect(drafts.map { $0["reservations"]?.arrayValue?.first?["min"] } == [1, 3, 2])
            let shown = try await fixture.run(run + ["--dry-run"])
            #expect(shown.output.contains("1 × host    node_type = compute_skylake"))
            #expect(shown.errors.contains("3 leases; none was queued."))
            #expect(try await fixture.run("queue", "list", "-f", "json").json == [])
            #expect(try await fixture.run(run + ["--offline"]).status == .success)
            #expect(try await fixture.run("queue", "list", "-f", "json").json?.arrayValue?.count == 3)
        }
    }

    @Test("a table may be piped in, with a byte order mark, and all names may be given at once")
    func piped() async throws {
        try await with([:]) { fixture in
            fixture.input = "\u{FEFF}node,duration\r\n1,1h\r\n2,2h\r\n"
            let many = try await fixture.run("create", "--from", "-", "set-{n}", "--dry-run", "-f", "json")
            #expect(many.json?.arrayValue?.map { $0["name"] } == ["set-1", "set-2"], "\(many.errors)")
            let one = try await fixture.run("create", "--from", "-", "set", "--dry-run")
            #expect(one.status == .usage)
            #expect(one.errors.contains("give no name, or one with {n}"))
        }
    }

    @Test(
        "what is wrong with a table is named with its line",
        arguments: [
            ("name,nodes\na,1\n", "There is no column 'nodes'. Did you mean 'node'?"),
            ("name,node\na,1\nb,x\n", "line 3: --node takes"),
            ("name,node,start\na,1,never\n", "line 2: "), ("name,node\na,1,node_type=x\n", "line 2 has 3 fields"),
            ("name,node\n", "holds no lease"), ("node\n1\n", "line 2: The lease in the file has no name"),
        ])
    func faults(text: String, message: String) async throws {
        try await with(["x.csv": text]) { fixture in
            let result = try await fixture.run("create", "--from", "x.csv", "--duration", "1h", "--offline")
            #expect(result.status == .data, "\(result.errors)")
            #expect(result.errors.contains(message), "\(result.errors)")
        }
    }

    @Test("if one of several cannot be, none is queued")
    func checkedFirst() async throws {
        let text =
            "name,start,end,node\na,2027-02-01,2027-02-02,1\nb,2027-02-03,2027-02-02,1\nc,,,1\nd,2020-01-01,2020-01-02,1\n"
        try await with(["x.csv": text]) { fixture in
            let result = try await fixture.run("create", "--from", "x.csv", "--offline")
            #expect(result.status == .data)
            #expect(result.errors.contains("2 of 4 leases cannot be created, so nothing is queued. b: end_date"))
            #expect(result.errors.contains("\n  d: "))
            #expect(try await fixture.run("queue", "list", "-f", "json").json == [])
        }
    }

    @Test("on a terminal a dry run is in words, and several writes have a line each")
    func terminal() async throws {
        try await with(["class.csv": Self.table]) { fixture in
            fixture.terminal = Terminal(isTerminal: true, width: 80)
            fixture.zone = chicago
            let one = try await fixture.run("create", "x", "--node", "2", "--duration", "2h", "--dry-run")
            #expect(one.output.contains("Would create x: from now to Fri 15 Jan 04:12 CST\n  2 × host\n"))
            let run = ["create", "--from", "class.csv", "--start", "2027-02-01 10:00", "--node", "3", "--offline"]
            let many = try await fixture.run(run)
            #expect(many.lines.count { $0.contains(", not sent yet: ") } == 3)
            #expect(many.lines.first?.hasPrefix("Queued as write 1, not sent yet: create class-1,") == true)
        }
    }
}
