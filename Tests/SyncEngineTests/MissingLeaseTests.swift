import LeaseModel
import LeaseStore
import MirrorFixtures
import OpenStackClient
import SyncEngine
import Testing

@Suite("A lease that a complete list lacks")
struct MissingLeaseTests {
    typealias Answer = ScriptedCloud.Answer

    /// A cloud whose ten leases l0 to l9 have been read, and which now lacks the first few.
    private func fixture(
        missing: Int, roles: Set<String> = ["member"], project: String = "p1"
    ) async throws -> (fixture: PullFixture, before: [String]) {
        let fixture = try PullFixture(ScriptedCloud(identity: ScriptedCloud.identity(roles: roles)))
        let leases = (0..<10).map { StoreFixture.lease("l\($0)", project: $0 == 0 ? project : "p1") }
        fixture.cloud.list(leases)
        #expect(await fixture.pull().failure == nil)
        fixture.cloud.list(Array(leases.dropFirst(missing)))
        return (fixture, try fixture.mirror.dump())
    }

    @Test("is deleted if Blazar says that it does not exist, between the two lists")
    func deleted() async throws {
        let (fixture, _) = try await fixture(missing: 2)
        defer { fixture.remove() }
        let report = await fixture.pull()
        #expect(report.failure == nil)
        #expect(report.counts.vanished == 2)
        #expect(try fixture.listed() == Set((2..<10).map { "l\($0)" }))
        let removal = Removal(reason: .deleted, after: StoreFixture.time(0), before: StoreFixture.time(10))
        #expect(try fixture.removal(of: "l0") == removal)
        #expect(Set(fixture.cloud.asked.suffix(2)) == ["GET /leases/l0", "GET /leases/l1"])
        // It is requested once: a lease that is gone is not missing.
        #expect(await fixture.pull().counts.vanished == 0)
        #expect(fixture.cloud.asked.last == "GET /leases")
    }

    struct UnconfirmedAttempt: Sendable, CustomTestStringConvertible {
        let name: String
        let answer: Answer
        let failure: SyncReport.Failure
        var testDescription: String { name }
    }

    static let doubts: [UnconfirmedAttempt] = [
        UnconfirmedAttempt(
            name: "refused although of this project", answer: .refusal(403, "Policy doesn't allow it."),
            failure: .suspect),
        UnconfirmedAttempt(
            name: "there after all", answer: .json("{\"lease\": \(ScriptedCloud.text(StoreFixture.lease("l0")))}"),
            failure: .suspect),
        UnconfirmedAttempt(name: "an error", answer: .refusal(500, "Internal error"), failure: .server),
        UnconfirmedAttempt(name: "a proxy's not found", answer: .page("Not Found", status: 404), failure: .badAnswer),
        UnconfirmedAttempt(
            name: "a wrong endpoint", answer: .json("{\"detail\": \"none\"}", status: 404), failure: .badAnswer),
        UnconfirmedAttempt(
            name: "another lease's not found", answer: .refusal(404, "Object with {'lease_id': 'other'} not found"),
            failure: .server),
        UnconfirmedAttempt(
            name: "another lease", answer: .json("{\"lease\": \(ScriptedCloud.text(StoreFixture.lease("zz")))}"),
            failure: .badAnswer),
        UnconfirmedAttempt(
            name: "no answer in time", answer: .failing(.transport(.timedOut, .underWay)), failure: .unreachable),
        UnconfirmedAttempt(
            name: "a broken answer", answer: Answer(body: "{\"lease", breaksOff: true), failure: .unreachable),
    ]

    @Test("and others stay unchanged if one answer is not certain", arguments: doubts)
    func doubtful(_ unconfirmed: UnconfirmedAttempt) async throws {
        let (fixture, before) = try await fixture(missing: 2)
        defer { fixture.remove() }
        fixture.cloud.answer("GET /leases/l0", unconfirmed.answer)
        let report = await fixture.pull()
        #expect(report.failure == unconfirmed.failure)
        #expect(report.message?.isEmpty == false)
        #expect(report.counts.vanished == 0)
        #expect(try fixture.mirror.dump() == before)
        #expect(try fixture.lastRun()?.outcome == (unconfirmed.failure == .suspect ? .suspect : .failed))
    }

    @Test("is out of scope if it now belongs to another project, as on Chameleon")
    func otherProject() async throws {
        let (fixture, _) = try await fixture(missing: 1)
        defer { fixture.remove() }
        fixture.cloud.hide([StoreFixture.lease("l0", project: "p2")])
        #expect(await fixture.pull().failure == nil)
        #expect(try fixture.removal(of: "l0")?.reason == .outOfScope)
    }

    @Test("is out of scope if an administrator may no longer see the project")
    func administrator() async throws {
        let (fixture, _) = try await fixture(missing: 1, roles: ["admin"], project: "p2")
        defer { fixture.remove() }
        fixture.cloud.answer("GET /leases/l0", .refusal(403, "Policy doesn't allow it."))
        #expect(await fixture.pull().failure == nil)
        let scope = try #require(try fixture.mirror.store.scopes().first { $0.seesAllProjects })
        #expect(try fixture.removal(of: "l0", scope: scope.id)?.reason == .outOfScope)
    }

    @Test("with an empty list, or more than a fifth of the others, is not requested until a person confirms")
    func tooMany() async throws {
        for missing in [4, 10] {
            let (fixture, before) = try await fixture(missing: missing)
            defer { fixture.remove() }
            let report = await fixture.pull()
            #expect(report.failure == .suspect)
            #expect(report.message?.contains(missing == 10 ? "empty" : "4 of 10") == true)
            #expect(report.message?.contains("--os-cloud alpha --confirm-deletes") == true)
            #expect(fixture.cloud.asked.last == "GET /leases")
            #expect(try fixture.mirror.dump() == before)
            #expect(try fixture.lastRun()?.outcome == .suspect)

            let confirmed = await fixture.pull(confirmsDeletes: true)
            #expect(confirmed.failure == nil)
            #expect(confirmed.counts.vanished == missing)
            #expect(try fixture.listed().count == 10 - missing)
        }
    }

    @Test("that still exists is not believed gone even if a person confirms")
    func confirmedButThere() async throws {
        let (fixture, before) = try await fixture(missing: 10)
        defer { fixture.remove() }
        fixture.cloud.hide([StoreFixture.lease("l7")])
        #expect(await fixture.pull(confirmsDeletes: true).failure == .suspect)
        #expect(try fixture.mirror.dump() == before)
    }

    @Test("is reported while it is requested")
    func progress() async throws {
        let (fixture, _) = try await fixture(missing: 10)
        defer { fixture.remove() }
        await fixture.pull(confirmsDeletes: true)
        let steps = fixture.log.all.compactMap { step in
            if case .confirming("alpha", let done, 10) = step { done } else { nil }
        }
        #expect(steps == [4, 8, 10])
        let vanished = fixture.log.all.flatMap(\.changes).filter { $0.kind == .vanished }
        #expect(vanished.count == 10)
    }
}
