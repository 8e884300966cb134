import ArgumentParser
import Foundation
import LeaseModel
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("How commands fail")
struct CommandErrorTests {
    @Test("An unknown reference is 66; an ambiguous one is 65 and lists the candidates")
    func references() async throws {
        let fixture = try CommandFixture(filled: false)
        defer { fixture.remove() }
        try fixture.mirror.pull(
            [StoreFixture.lease("x1", name: "twin"), StoreFixture.lease("x2", name: "twin", to: 90)], at: 0)
        for command in ["id", "show", "reservations", "history"] {
            let none = try await fixture.run(command, "nothing")
            #expect(none.status == .notFound)
            #expect(none.output.isEmpty)
            #expect(none.errors.hasPrefix("leasehold: There is no lease 'nothing'"))
            let several = try await fixture.run(command, "twin")
            #expect(several.status == .data)
            #expect(several.output.isEmpty)
            #expect(
                several.errors == """
                    leasehold: 'twin' may mean 2 leases. Use an id, or --os-cloud.
                      x2  twin  PENDING, ends Fri 15 Jan 09:30 UTC (alpha)
                      x1  twin  PENDING, ends Fri 15 Jan 09:00 UTC (alpha)

                    """)
        }
    }

    @Test("With -f json an error is an object with a fixed code on standard error")
    func json() async throws {
        let fixture = try CommandFixture(filled: false)
        defer { fixture.remove() }
        try fixture.mirror.pull(
            [StoreFixture.lease("x1", name: "twin"), StoreFixture.lease("x2", name: "twin")], at: 0)
        let several = try await fixture.run("show", "twin", "-f", "json")
        #expect(several.output.isEmpty)
        let error = try #require(several.errorJSON?["error"])
        #expect(error["code"] == "ambiguous")
        #expect(error["message"]?.stringValue?.isEmpty == false)
        #expect(
            error["candidates"]?.arrayValue?.first == [
                "id": "x1", "name": "twin", "status": "PENDING", "end_date": "2027-01-15T09:00:00Z", "site": "alpha",
                "deleted": false,
            ])
        let none = try await fixture.run("show", "nothing", "-f", "json")
        #expect(none.errorJSON?["error"]?["code"] == "not_found")
        #expect(none.errorJSON?["error"]?["candidates"] == nil)
    }

    @Test("More than twenty candidates are counted instead of listed")
    func many() async throws {
        let fixture = try CommandFixture(filled: false)
        defer { fixture.remove() }
        try fixture.mirror.pull((0..<25).map { StoreFixture.lease("x\($0)", name: "twin") }, at: 0)
        let result = try await fixture.run("id", "twin")
        #expect(result.errors.split(separator: "\n").count == 22)
        #expect(result.errors.hasSuffix("  and 5 more\n"))
    }

    static let wrongCases: [(line: [String], status: LeaseCommands.ExitStatus, says: String)] = [
        (["list", "--status", "activ"], .usage, "Did you mean ACTIVE?"),
        (["list", "--active-at", "soon"], .usage, "soon"),
        (["list", "--from", "tomorrow", "--to", "yesterday"], .usage, "ends"),
        (["list", "-c", "colour"], .usage, "colour"),
        (["list", "--sort", "colour"], .usage, "colour"),
        (["changes", "--since", "whenever"], .usage, "whenever"),
        (["list", "--os-cloud", "gamma"], .notFound, "Synced so far: alpha, beta."),
        (["sync", "--watch", "--interval", "2s"], .usage, "5 s or more"),
        (["sync", "--interval", "often"], .usage, "often"),
        (["list", "--db", "/nowhere/at/all.sqlite"], .cannotOpen, "leasehold sync"),
        (["id", "night-1", "--db", "/dev"], .cannotOpen, "is a folder"),
        (["sync", "--os-cloud", "nowhere"], .configuration, "nowhere"),
    ]

    @Test("The error names the problem and has its exit status", arguments: wrongCases.indices)
    func wrong(index: Int) async throws {
        let (line, status, says) = Self.wrongCases[index]
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        let result = try await fixture.run(line)
        #expect(result.status == status, "\(line)")
        #expect(result.errors.contains(says), "\(line): \(result.errors)")
        #expect(result.errors.hasPrefix("leasehold: "), "\(line)")
        #expect(result.output.isEmpty, "\(line)")
    }

    @Test("A closed pipe is not an error, a full disk is")
    func output() async throws {
        let fixture = try CommandFixture()
        defer { fixture.remove() }
        for (error, status) in [
            (OutputError.readerGone, LeaseCommands.ExitStatus.success), (.failed("No space left"), .outputFailed),
        ] {
            var console = Console(
                output: BrokenSink(error: error), errors: TextBuffer(),
                environment: ["LEASEHOLD_DB": fixture.mirror.path],
                currentDirectory: "/", homeDirectory: "/", now: { StoreFixture.time(12) }, zone: .utc)
            let command = try #require(try CommandTree.parse(["list"]) as? any Subcommand)
            #expect(await command.conclude(&console) == status)
            let errors = (console.errors as? TextBuffer)?.text ?? ""
            #expect(errors.contains("No space left") == (status == .outputFailed))
            #expect(errors.isEmpty == (status == .success))
        }
    }
}

/// Output that cannot be written.
private struct BrokenSink: TextSink, Sendable {
    let error: OutputError
    mutating func write(_ text: String) throws(OutputError) { throw error }
    mutating func flush() throws(OutputError) { throw error }
}
