import OpenStackClient
import Testing

@Suite struct TimeoutCappingTests {
    @Test func everyWaitIsBounded() async throws {
        let next = ScriptedTransport { _ throws(TransportError) in .json(200, "{}") }
        let capping = TimeoutCappingTransport(next, maxSeconds: 20)
        _ = try await capping.send(HTTPRequest(method: "GET", url: "http://a"))
        _ = try await capping.send(
            HTTPRequest(method: "GET", url: "http://a", timeouts: HTTPTimeouts(connectSeconds: 30, idleSeconds: 3)))
        #expect(
            next.requests.map(\.timeouts) == [
                HTTPTimeouts(connectSeconds: 10, idleSeconds: 20, totalSeconds: 20),
                HTTPTimeouts(connectSeconds: 20, idleSeconds: 3, totalSeconds: 20),
            ])
    }

    @Test(arguments: ["soon", "0", "-3", "1.5"]) func nonsenseIsRefused(text: String) throws {
        let error = #expect(throws: ServiceError.self) {
            try TimeoutCappingTransport.maxSeconds(environment: ["LEASEHOLD_TIMEOUT_SECONDS": text])
        }
        #expect(error?.kind == .configuration)
        #expect(error?.message.contains("LEASEHOLD_TIMEOUT_SECONDS") == true)
    }

    @Test func nothingIsBoundedUnlessAskedFor() throws {
        #expect(try TimeoutCappingTransport.maxSeconds(environment: [:]) == nil)
        #expect(try TimeoutCappingTransport.maxSeconds(environment: ["LEASEHOLD_TIMEOUT_SECONDS": ""]) == nil)
        #expect(try TimeoutCappingTransport.maxSeconds(environment: ["LEASEHOLD_TIMEOUT_SECONDS": "7"]) == 7)
    }
}
