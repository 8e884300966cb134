import Foundation
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import LeaseText
@testable import Output

@Suite("Creations that wait for room, on the command line")
struct WhenFreeCommandTests {
    /// The cloud alpha, which does not answer.
    private func with(_ body: (inout CommandFixture) async throws -> Void) async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        try fixture.useCloud()
        try await body(&fixture)
    }

    private static let create = ["create", "next", "--when-free", "--node", "1,node_type=gpu", "--duration", "2h"]

    @Test("create says that it waits; list, show, status and the queue say it too; cancelling ends it")
    func life() async throws {
        try await with { fixture async throws in
            let more = ["--latest", "2027-01-16 08:00", "--or", "node_type=compute_skylake"]
            let made = try await fixture.run(Self.create + more + ["--offline"])
            #expect(made.status == .success, "\(made.errors)")
            let rows = try await fixture.run("queue", "list", "-f", "json").json?.arrayValue
            #expect(rows?.map { $0["state"] } == ["waiting"])
            let number = try #require(rows?.first?["id"]?.intValue)
            let shown = try await fixture.run("queue", "show", String(number), "-f", "json").json
            #expect(shown?["waiting"]?["choices"]?.arrayValue?.count == 2)
            #expect(shown?["not_after"] == "2027-01-16T08:00:00Z")
            let listed = try await fixture.run("list", "-f", "json").json?.arrayValue
            let lease = listed?.first { $0["name"] == "next" }
            #expect(lease?["status"] == "WAITING")
            #expect(lease?["queued"] == true)
            let status = try await fixture.run("status")
            #expect(
                status.errors.contains("next waits for room: 2 h, starting by Sat 16 Jan 08:00 (2 alternatives)"),
                "\(status.errors)")
            fixture.terminal = Terminal(isTerminal: true, width: 100)
            let page = try await fixture.run("queue", "show", String(number))
            #expect(page.output.contains("WAITING: there is no room yet"), "\(page.output)")
            #expect(page.output.contains("now 1 × host"), "\(page.output)")
            #expect(page.output.contains("or  1 × host"))
            let list = try await fixture.run("list")
            #expect(list.output.contains("WAITING"))
            let cancelled = try await fixture.run("queue", "cancel", String(number), "-f", "json")
            #expect(cancelled.json?["state"] == "cancelled")
            #expect(try await !fixture.run("list").output.contains("WAITING"))
        }
    }

    @Test("A cloud that does not answer is no error: the creation waits")
    func unreachable() async throws {
        try await with { fixture async throws in
            let made = try await fixture.run(Self.create + ["-f", "json"])
            #expect(made.status == .success, "\(made.errors)")
            #expect(made.json?["state"] == "waiting")
            #expect(made.errors.contains("Each sync looks for room"))
        }
    }

    @Test("An alternative at another cloud goes to that cloud's site")
    func otherCloud() async throws {
        try await with { fixture async throws in
            let made = try await fixture.run(
                Self.create + ["--or", "os_cloud=beta,node_type=compute_skylake", "--offline"])
            #expect(made.status == .success, "\(made.errors)")
            let id = try #require(try await fixture.run("queue", "list", "-f", "json").json?.arrayValue?.last?["id"])
            let shown = try await fixture.run("queue", "show", id.plain, "-f", "json").json
            let choices = shown?["waiting"]?["choices"]?.arrayValue ?? []
            #expect(choices.count == 2 && choices.first?["site_id"] != choices.last?["site_id"])
            let reservation = choices.last?["reservations"]?.arrayValue?.first
            #expect(reservation?["resource_properties"]?.stringValue?.contains("compute_skylake") == true)
        }
    }

    @Test(
        "What does not go together is refused",
        arguments: [
            ("--latest +1d", LeaseCommands.ExitStatus.usage), ("--or node_type=gpu", .usage), ("--ahead 1h", .usage),
            ("--when-free --start +1h", .usage), ("--when-free --end +1h", .usage),
            ("--when-free --retry-until +1h", .usage), ("--when-free --latest 2027-01-14", .usage),
            ("--when-free --or color=red", .usage), ("--when-free --or os_cloud=nowhere", .notFound),
            ("--when-free --earliest +2h --latest +1h", .data), ("--when-free --every 1d --count 2", .usage),
        ])
    func refusals(line: String, status: LeaseCommands.ExitStatus) async throws {
        try await with { fixture async throws in
            let options = line.split(separator: " ").map(String.init)
            do {
                let result = try await fixture.run(["create", "next", "--node", "1", "--offline"] + options)
                #expect(result.status == status, "\(result.errors)")
            } catch {
                // The parser refuses it before the command runs.
                #expect(status == .usage)
            }
            #expect(try await fixture.run("queue", "list", "--all", "-f", "json").json == [])
        }
    }
}
