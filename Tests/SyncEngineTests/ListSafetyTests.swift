import LeaseModel
import LeaseStore
import MirrorFixtures
import OpenStackClient
import SyncEngine
import Testing

@Suite("An answer that is not a complete list changes nothing")
struct ListSafetyTests {
    typealias Answer = ScriptedCloud.Answer

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let answer: Answer
        let failure: SyncReport.Failure
        /// What the message must contain.
        let says: String
        var testDescription: String { name }
    }

    private static let whole = #"{"leases": [\#(ScriptedCloud.text(StoreFixture.lease("new")))]}"#

    static let cases: [Case] = [
        Case(name: "a captive portal's page", answer: .page("Hotel Wi-Fi"), failure: .badAnswer, says: "Hotel Wi-Fi"),
        Case(
            name: "a page that claims to be JSON", answer: .json("<!DOCTYPE html><html></html>"), failure: .badAnswer,
            says: "web page"),
        Case(
            name: "a list without a content type", answer: Answer(headers: [:], body: whole), failure: .badAnswer,
            says: "listing the leases of cloud alpha failed"),
        Case(
            name: "a connection that closes in the middle",
            answer: Answer(body: String(whole.dropLast(20)), breaksOff: true), failure: .unreachable,
            says: "broke off"),
        Case(
            name: "a connection that closes behind the last byte", answer: Answer(body: whole, breaksOff: true),
            failure: .unreachable, says: "broke off"),
        Case(
            name: "a body cut short", answer: .json(String(whole.dropLast(20))), failure: .badAnswer,
            says: "in the middle of the list"),
        Case(name: "nothing", answer: .json(""), failure: .badAnswer, says: "cannot be used"),
        Case(name: "an object without leases", answer: .json("{}"), failure: .badAnswer, says: "no list of leases"),
        Case(
            name: "leases that are no array", answer: .json(#"{"leases": {}}"#), failure: .badAnswer,
            says: "no list of leases"),
        Case(
            name: "a lease without an id", answer: .json(#"{"leases": [{"name": "x"}]}"#), failure: .badAnswer,
            says: "has no id"),
        Case(name: "something behind it", answer: .json(whole + "{}"), failure: .badAnswer, says: "something follows"),
        Case(name: "status 201", answer: .json(whole, status: 201), failure: .badAnswer, says: "status 201"),
        Case(
            name: "Blazar's own error", answer: .refusal(500, "Internal error"), failure: .server,
            says: "Internal error"),
        Case(name: "a proxy's error", answer: .page("Bad Gateway", status: 502), failure: .server, says: "status 502"),
        Case(name: "a proxy's not found", answer: .page("Gone", status: 404), failure: .badAnswer, says: "proxy"),
        Case(
            name: "a refused token", answer: .refusal(401, "The request you have made requires authentication."),
            failure: .authentication, says: "status 401"),
        Case(
            name: "a policy", answer: .refusal(403, "Policy doesn't allow blazar:leases:get to be performed."),
            failure: .authentication, says: "Policy"),
        Case(
            name: "no answer in time", answer: .failing(.transport(.timedOut, .underWay)), failure: .unreachable,
            says: "cannot be asked"),
        Case(
            name: "no such service", answer: .failing(.noEndpoint), failure: .configuration, says: "cannot be asked"),
        Case(
            name: "a refused login", answer: .failing(.authentication), failure: .authentication,
            says: "cannot be asked"),
        Case(
            name: "a stop by a person", answer: .failing(.transport(.cancelled, .underWay)), failure: .cancelled,
            says: "cannot be asked"),
    ]

    @Test(arguments: cases)
    func changesNothing(_ given: Case) async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        fixture.cloud.list(["a", "b"].map { StoreFixture.lease($0) })
        #expect(await fixture.pull().failure == nil)
        let before = try fixture.mirror.dump()
        let listedAt = try fixture.mirror.store.scopes().map(\.listedAt)

        fixture.cloud.answer("GET /leases", given.answer)
        let report = await fixture.pull(confirmsDeletes: true, readsResources: true)
        #expect(report.failure == given.failure)
        let message = try #require(report.message)
        #expect(message.contains(given.says))
        #expect(!report.isFirst)
        #expect(try fixture.mirror.dump() == before)
        #expect(try fixture.mirror.store.scopes().map(\.listedAt) == listedAt)
        let run = try #require(try fixture.lastRun())
        #expect(run.outcome == .failed)
        #expect(run.message == message)
        #expect(run.finishedAt != nil)
        // Neither single leases nor resources are requested after that.
        #expect(fixture.cloud.asked == ["GET /leases", "GET /leases"])

        fixture.cloud.answer("GET /leases", nil)
        #expect(await fixture.pull().failure == nil)
        #expect(try fixture.mirror.dump() == before)
    }

    @Test("The failure keeps the request id and the server's Retry-After")
    func details() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        var busy = Answer.refusal(503, "Busy")
        busy.headers.add("retry-after", "17")
        fixture.cloud.answer("GET /leases", busy)
        let report = await fixture.pull()
        #expect(report.failure == .server)
        #expect(report.requestID == "req-1")
        #expect(report.retryAfter == 17)
        #expect(report.isFirst)
        #expect(try fixture.mirror.row("SELECT request_id FROM sync_run") == ["req-1"])
    }

    @Test("A failed login is recorded without a scope")
    func login() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        fixture.cloud.become(.failure(ServiceError(kind: .authentication, message: "Keystone says no.")))
        let report = await fixture.pull(fixture.connection("beta"))
        #expect(report.failure == .authentication)
        #expect(report.message == "Keystone says no.")
        #expect(report.site == "beta")
        let run = try #require(try fixture.lastRun("beta"))
        #expect(run.scopeID == nil)
        #expect(run.outcome == .failed)
        #expect(fixture.cloud.asked.isEmpty)
    }
}
