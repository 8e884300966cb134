import BlazarClient
import CaptureFixtures
import LeaseModel
import OpenStackClient
import Testing

@Suite struct LeaseCallTests {
    private static let id = "fc695707-15b0-4f8f-944d-1e314abaca06"

    private func blazar(_ session: ScriptedSession) -> BlazarAPI { BlazarAPI(session: session) { .testNow } }
    private func blazar(_ answer: ScriptedSession.Answer) -> BlazarAPI { blazar(ScriptedSession(answer)) }

    /// Every captured answer to a POST, PUT or GET of a lease is decoded to that lease.
    @Test func readsEveryCapturedLease() async throws {
        var count = 0
        for capture in Capture.all where (200..<300).contains(capture.status) && capture.path.hasPrefix("/v1/leases") {
            let body = try JSONValue(parsing: capture.body.isEmpty ? Array("{}".utf8) : capture.body)
            guard let raw = body["lease"]?.objectValue, let id = raw["id"]?.stringValue else { continue }
            count += 1
            let session = ScriptedSession(try .capture(capture.name))
            let outcome: LeaseOutcome
            switch capture.method {
            case "POST": outcome = try await blazar(session).createLease(["name": "x"])
            case "PUT": outcome = try await blazar(session).updateLease(id: id, try #require(LeaseUpdateBody([:])))
            default: outcome = try await blazar(session).lease(id: id)
            }
            guard case .lease(let reply) = outcome else {
                Issue.record("\(capture.name): \(outcome)")
                continue
            }
            #expect(reply.raw == raw)
            #expect(reply.lease.id == id)
            #expect(reply.lease.projectID == raw["project_id"]?.stringValue)
            #expect(reply.requestID?.hasPrefix("req-") == true)
            #expect(reply.serverDate != nil)
        }
        #expect(count > 100)
    }

    @Test func sendsWhatBlazarTakes() async throws {
        let session = ScriptedSession(.json(#"{"lease": {}}"#))
        let blazar = blazar(session)
        _ = try await blazar.createLease(["name": "n"])
        _ = try await blazar.updateLease(id: "a", try #require(LeaseUpdateBody(["name": "m"])))
        _ = try await blazar.lease(id: "a/../b?c")
        _ = try await blazar.deleteLease(id: "..")
        #expect(
            session.lines == [
                "reservation POST /leases", "reservation PUT /leases/a", "reservation GET /leases/a%2F..%2Fb%3Fc",
                "reservation DELETE /leases/%2E%2E",
            ])
        #expect(session.requests.map(\.body) == [["name": "n"], ["name": "m"], nil, nil])
    }

    @Test func anUpdateWithEventsCannotBeMade() {
        #expect(LeaseUpdateBody(["name": "x", "events": []]) == nil)
    }

    @Test(arguments: ["captures/15-lease-delete.txt", "captures-chameleon/158-delete-reply.txt"])
    func deletes(capture: String) async throws {
        #expect(try await blazar(.capture(capture)).deleteLease(id: Self.id) == .deleted)
    }

    @Test func whatBlazarDoesNotKnowIsGone() async throws {
        let deletion = try await blazar(.capture("captures/15b-lease-delete-again.txt")).deleteLease(id: Self.id)
        guard case .alreadyGone(let failure) = deletion else {
            Issue.record("\(deletion)")
            return
        }
        #expect(failure.status == 404)
        #expect(failure.requestLine.hasPrefix("DELETE "))
        let read = try await blazar(.capture("captures/15b-lease-delete-again.txt")).lease(id: Self.id)
        guard case .gone = read else {
            Issue.record("\(read)")
            return
        }
    }

    /// Only a 404 of Blazar about this very lease means that it is gone.
    @Test(arguments: [
        ScriptedSession.Answer(status: 404),
        .init(status: 404, headers: ["content-type": "text/html"], body: Array("<html>404</html>".utf8)),
        .json(#"{"error": 404, "error_message": "The requested URL was not found on the server."}"#, status: 404),
        .json(#"{"itemNotFound": {"code": 404, "message": "Instance could not be found."}}"#, status: 404),
        .json(#"{"error_code": 404, "error_message": "Object with {'lease_id': 'other'} not found"}"#, status: 404),
        .json(
            #"{"error_code": 403, "error_message": "Policy doesn't allow blazar:leases:get to be performed"}"#,
            status: 403),
        .json("{}"), .json(#"{"lease": {"id": "other", "start_date": "2026-01-01", "end_date": "2026-01-02"}}"#),
        .json(#"{"lease": {"id": "fc695707-15b0-4f8f-944d-1e314abaca06"}}"#), .json(#"{"lease": null}"#), .json("["),
        .init(headers: ["content-type": "text/html"], body: Array("<html>Log in</html>".utf8)),
        .init(headers: [:], body: Array("{}".utf8)),
    ])
    func anythingElseIsAFailure(answer: ScriptedSession.Answer) async throws {
        let read = try await blazar(answer).lease(id: Self.id)
        guard case .failed(let failure) = read else {
            Issue.record("\(read)")
            return
        }
        #expect(failure.status == answer.status)
        #expect(answer.status == 404 || answer.status == 403 || failure.category == .notBlazar)
        guard answer.status == 404 else { return }
        guard case .failed = try await blazar(answer).deleteLease(id: Self.id) else {
            Issue.record("a foreign 404 deleted a lease")
            return
        }
    }

    @Test func aDeletionNeedsBlazarsAnswer() async throws {
        let page = ScriptedSession.Answer(headers: ["content-type": "text/html"], body: Array("<html>".utf8))
        guard case .failed = try await blazar(page).deleteLease(id: Self.id) else {
            Issue.record("a page deleted a lease")
            return
        }
    }

    @Test func aBrokenAnswerIsAnError() async {
        var answer = ScriptedSession.Answer.json(#"{"lease": {"#)
        answer.breaksOff = true
        let error = await #expect(throws: ServiceError.self) { try await blazar(answer).lease(id: Self.id) }
        #expect(error?.kind == .transport(.closedEarly, .underWay))
        #expect(error?.message.contains("GET http://cloud.example/reservation/leases/") == true)
        // A refusal counts even if its message is cut off.
        answer.status = 503
        let outcome = try? await blazar(answer).lease(id: Self.id)
        guard case .failed(let failure) = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(failure.category == .unavailable)
    }
}
