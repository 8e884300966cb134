import Foundation
import LeaseModel
import MirrorFixtures
import Testing

@testable import LeaseCommands
@testable import LeaseText
@testable import Output

@Suite("Keeping leases, on the command line")
struct KeepCommandTests {
    private func with(_ body: (inout CommandFixture) async throws -> Void) async throws {
        var fixture = try CommandFixture()
        defer { fixture.remove() }
        try fixture.useCloud()
        // An extension is possible in the last two minutes; night-2 ends at minute 15, three minutes from now.
        let policy = "{extension_window: 2m, max_duration: 1h}"
        try Data(policy.utf8).write(to: fixture.mirror.folder.appendingPathComponent("policy.yaml"))
        fixture.environment["LEASEHOLD_POLICY"] = "policy.yaml"
        try await body(&fixture)
    }

    @Test("keep says when the window opens; list, show and status say it too; stop ends it")
    func life() async throws {
        try await with { fixture in
            let kept = try await fixture.run("keep", "night-2", "--until", "2027-01-16 08:00", "-f", "json")
            #expect(kept.status == .success, "\(kept.errors)")
            #expect(kept.json?["state"] == "keeping")
            #expect(kept.json?["until"] == "2027-01-16T08:00:00Z")
            #expect(kept.json?["window_opens_at"] == "2027-01-15T08:13:00Z")
            #expect(kept.json?["min_step"] == 3_600)
            #expect(try await fixture.run("queue", "list", "-f", "json").json == [], "nothing is queued now")
            let listed = try await fixture.run("keep", "list", "-f", "json").json?.arrayValue
            #expect(listed?.map { $0["name"] } == ["night-2"])
            #expect(listed?.first?["message"] == "window opens Fri 15 Jan 08:13")
            let shown = try await fixture.run("show", "night-2", "-f", "json")
            #expect(shown.json?["keep"]?["window_opens_at"] == "2027-01-15T08:13:00Z")
            let status = try await fixture.run("status")
            #expect(status.errors.contains("night-2 is kept until Sat 16 Jan 08:00: window opens Fri 15 Jan 08:13"))
            fixture.terminal = Terminal(isTerminal: true, width: 80)
            let page = try await fixture.run("show", "night-2")
            #expect(page.output.contains("until Sat 16 Jan 08:00: window opens Fri 15 Jan 08:13"))
            let again = try await fixture.run("keep", "night-2", "--until", "2027-01-17 08:00", "--min-step", "30m")
            #expect(again.output.contains("night-2 is kept until Sun 17 Jan 08:00: window opens Fri 15 Jan 08:13"))
            let stopped = try await fixture.run("keep", "stop", "night-2")
            #expect(stopped.output.contains("night-2 is no longer kept"))
            let after = try await fixture.run("keep", "list", "-f", "json").json?.arrayValue
            #expect(after?.map { $0["state"] } == ["stopped"], "one rule")
            #expect(after?.first?["until"] == "2027-01-17T08:00:00Z")
            #expect(try await fixture.run("show", "night-2", "-f", "json").json?["keep"] == .null)
        }
    }

    @Test(
        "What cannot be kept is refused",
        arguments: [
            ("keep nothing --until +1d", LeaseCommands.ExitStatus.notFound), ("keep stop night-2", .notFound),
            ("keep gone --until +1d", .data), ("keep addresses --until +1d", .data),
            ("keep night-2 --until 2027-01-15T08:14Z", .data), ("keep night-2 --until 2027-01-14", .usage),
            ("keep night-2 --until +1d --min-step 30s", .usage), ("keep night-2 --until +1d --min-step x", .usage),
        ])
    func refusals(line: String, status: LeaseCommands.ExitStatus) async throws {
        try await with { fixture in
            let result = try await fixture.run(line.split(separator: " ").map(String.init))
            #expect(result.status == status, "\(result.errors)")
            #expect(result.errors.hasPrefix("leasehold: "))
            #expect(try await fixture.run("keep", "list", "--all", "-f", "json").json == [])
        }
    }

    @Test("A lease that is only queued can be kept, by its local id")
    func draft() async throws {
        try await with { fixture in
            let made = try await fixture.run(
                "create", "mine", "--node", "1", "--duration", "2h", "--offline", "-f", "json")
            let id = try #require(made.json?["id"]?.stringValue)
            let kept = try await fixture.run("keep", id, "--until", "+3d", "-f", "json")
            #expect(kept.json?["lease_id"] == .string(id))
            #expect(try await fixture.run("show", id, "-f", "json").json?["keep"]?["state"] == "keeping")
            #expect(try await fixture.run("keep", "stop", "mine", "-f", "json").json?["state"] == "stopped")
        }
    }

    @Test("How a rule ended is said in a sentence")
    func sentences() {
        let time = TimeText(zone: .utc, now: StoreFixture.time(12))
        func text(_ change: (inout KeepRule) -> Void) -> String {
            var rule = KeepRule(
                id: 1, address: QueueAddress(siteID: 1, projectID: "p"), scopeID: 1, site: "alpha", leaseID: "b",
                localID: nil, leaseName: "night", until: StoreFixture.time(120), minStepSeconds: 60,
                createdAt: StoreFixture.time(0))
            change(&rule)
            return KeepText(rule: rule, now: StoreFixture.time(12), time: time).sentence
        }
        #expect(text { _ in } == "night is kept until Fri 15 Jan 10:00: the next sync extends it")
        #expect(text { $0.mutationID = 7 }.hasSuffix("extension under way (leasehold queue show 7)"))
        let refused = text {
            $0.message = "Not enough hosts."
            $0.retryAt = StoreFixture.time(14)
        }
        #expect(refused.hasSuffix("could not be extended. Not enough hosts. Tried again after Fri 15 Jan 08:14."))
        let missed = text {
            $0.opensAt = StoreFixture.time(1)
            $0.end(.missed, at: StoreFixture.time(12))
        }
        #expect(
            missed
                == "night could not be kept until Fri 15 Jan 10:00: no sync ran after Fri 15 Jan 08:01, when an "
                + "extension was first possible")
        #expect(
            text { $0.end(.gone, at: .init(secondsSince1970: 0), message: "The lease was deleted.") }
                == "night is no longer kept: The lease was deleted.")
    }
}
