import BlazarClient
import CaptureFixtures
import LeaseModel
import OpenStackClient
import Testing

@Suite struct LeaseListCallTests {
    private func read(_ answer: ScriptedSession.Answer) async throws -> (
        slices: [LeaseSlice], summary: LeaseListSummary
    ) {
        var reader = try await BlazarAPI(session: ScriptedSession(answer)) { .testNow }.leases()
        var slices: [LeaseSlice] = []
        while true {
            switch try await reader.next() {
            case .batch(let batch):
                #expect(!batch.isEmpty)
                slices += batch
            case .end(let summary): return (slices, summary)
            }
        }
    }

    @Test func readsTheWholeList() async throws {
        let capture = try Capture.named("captures/80-list-1000-host.txt")
        var answer = try ScriptedSession.Answer.capture(capture.name)
        for partSize in [100, 5_000, 1 << 20] {
            answer.partSize = partSize
            let (slices, summary) = try await read(answer)
            #expect(slices.count == 50)
            #expect(summary.leaseCount == 50)
            #expect(summary.byteCount == capture.body.count)
            #expect(summary.requestID == capture.header("x-openstack-request-id"))
            #expect(summary.serverDate == Timestamp(parsing: "2026-11-22T16:30:22Z"))
            #expect(summary.requestLine == "GET http://cloud.example/reservation/leases")
        }
    }

    @Test func batchesAreBounded() async throws {
        let leases = (0..<1_000).map { "{\"id\": \"\($0)\"}" }.joined(separator: ", ")
        var answer = ScriptedSession.Answer.json("{\"leases\": [\(leases)]}")
        answer.partSize = 64
        var reader = try await BlazarAPI(session: ScriptedSession(answer)) { .testNow }.leases()
        var sizes: [Int] = []
        while case .batch(let batch) = try await reader.next() { sizes.append(batch.count) }
        #expect(sizes.reduce(0, +) == 1_000)
        #expect((4...5).contains(sizes.count))
        // A second call gives the same result.
        guard case .end(let summary) = try await reader.next() else {
            Issue.record("no end")
            return
        }
        #expect(summary.leaseCount == 1_000)
    }

    /// Safety rule 1: only a 200 with JSON, a `leases` array, and an end counts.
    @Test(
        arguments: [
            (
                .init(status: 200, headers: ["content-type": "text/html"], body: Array("<html><title>WiFi".utf8)),
                .notBlazar
            ),
            (.init(status: 200, headers: [:], body: Array(#"{"leases": []}"#.utf8)), .notBlazar),
            (
                .init(status: 200, headers: ["content-type": "text/plain"], body: Array(#"{"leases": []}"#.utf8)),
                .notBlazar
            ),
            (.json(#"{"leases": []}"#, status: 206), .notBlazar), (.json(#"{"leases": []}"#, status: 302), .notBlazar),
            (.json(#"{"error_code": 500, "error_message": "Internal Server Error"}"#, status: 500), .serverError),
            (.init(status: 503, headers: ["retry-after": "9"]), .unavailable),
            (.json(#"{"error": {"code": 401, "message": "no"}}"#, status: 401), .unauthenticated),
        ] as [(ScriptedSession.Answer, ServerFailure.Category)])
    func refuses(answer: ScriptedSession.Answer, category: ServerFailure.Category) async throws {
        let error = await #expect(throws: LeaseListFailure.self) { try await read(answer) }
        guard case .refused(let failure) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failure.category == category)
        #expect(failure.status == answer.status)
        #expect(failure.retryAfter == (answer.status == 503 ? 9 : nil))
        #expect(error?.sentence().contains("GET http://cloud.example/reservation/leases") == true)
    }

    @Test func aTokenThatTheServerRepeatsIsNotShown() async throws {
        let text = #"{"error_code": 500, "error_message": "no such token: gAAAAA-a-token"}"#
        let error = await #expect(throws: LeaseListFailure.self) { try await read(.json(text, status: 500)) }
        #expect(error?.sentence().contains("no such token: ***") == true)
        #expect(error?.sentence().contains("gAAAAA") == false)
    }

    @Test func aListThatIsNoneIsRefused() async throws {
        for (body, expected) in [
            ("<html>", LeaseListError.notJSON(offset: 0, looksLikeHTML: true)), ("{}", .noLeasesArray),
            (#"{"leases": [{"id": "a"}"#, .cutShort(bytes: 23)),
        ] {
            let error = await #expect(throws: LeaseListFailure.self) { try await read(.json(body)) }
            guard case .notAList(expected, _, _) = error else {
                Issue.record("\(body): \(String(describing: error))")
                continue
            }
            #expect(error?.sentence().contains(expected.description) == true)
        }
    }

    @Test func aBodyThatBreaksOffIsRefusedEvenAtItsEnd() async throws {
        var answer = ScriptedSession.Answer.json(#"{"leases": [{"id": "a"}]}"#)
        answer.breaksOff = true
        let error = await #expect(throws: LeaseListFailure.self) { try await read(answer) }
        guard case .notAsked(let cause) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.kind == .transport(.closedEarly, .underWay))
    }

    @Test func aCloudThatCannotBeAskedIsSaidToBe() async throws {
        let error = await #expect(throws: LeaseListFailure.self) { try await read(.failing(.authentication)) }
        #expect(error == .notAsked(ServiceError(kind: .authentication, message: "no")))
    }
}
