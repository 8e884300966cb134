import LeaseModel
import OpenStackClient
import Testing

/// An answer that never ends, although something keeps arriving, is ended by the limit for the whole answer.
@Suite struct TotalLimitTests {
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    private static let chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"

    struct Endless: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var steps: [LoopbackServer.Step]
    }

    static let answers = [
        Endless(testDescription: "interim answers", steps: [.drip("HTTP/1.1 100 Continue\r\n\r\n", milliseconds: 50)]),
        Endless(
            testDescription: "other interim answers",
            steps: [.drip("HTTP/1.1 103 Early Hints\r\n\r\n", milliseconds: 50)]),
        Endless(testDescription: "a status line", steps: [.write("HTTP/1.1 200 "), .drip("O", milliseconds: 50)]),
        Endless(testDescription: "header fields", steps: [.write(ok), .drip("X: y\r\n", milliseconds: 50)]),
        Endless(testDescription: "a header field", steps: [.write(ok + "X: "), .drip("y", milliseconds: 50)]),
        Endless(
            testDescription: "a byte at a time",
            steps: [.write(ok + "Content-Length: 999999\r\n\r\n"), .drip("1", milliseconds: 50)]),
        Endless(testDescription: "until it is closed", steps: [.write(ok + "\r\n"), .drip("1", milliseconds: 50)]),
        Endless(testDescription: "small chunks", steps: [.write(chunked), .drip("1\r\n1\r\n", milliseconds: 50)]),
        Endless(
            testDescription: "white space, much of it",
            steps: [.write(chunked), .drip("400\r\n" + String(repeating: " ", count: 1_024) + "\r\n", milliseconds: 5)]),
        Endless(testDescription: "a chunk's size", steps: [.write(chunked), .drip("0", milliseconds: 50)]),
        Endless(testDescription: "a chunk's extension", steps: [.write(chunked + "1;"), .drip("x", milliseconds: 50)]),
        Endless(
            testDescription: "trailers",
            steps: [.write(chunked + "1\r\n1\r\n0\r\n"), .drip("X: y\r\n", milliseconds: 50)]),
        Endless(
            testDescription: "a refusal",
            steps: [.write("HTTP/1.1 500 No\r\nContent-Length: 999999\r\n\r\n"), .drip("1", milliseconds: 50)]),
    ]

    private func time(_ method: String, _ steps: [LoopbackServer.Step], limit: Int) async throws -> (
        TransportError?, Duration
    ) {
        try await LoopbackServer.run(script: { _, _ in steps }) { server in
            try await HTTPTransportTests.withTransport { transport in
                let start = ContinuousClock.now
                let error = await #expect(throws: TransportError.self) {
                    var request = HTTPTransportTests.get(server.port, method)
                    request.timeouts = HTTPTimeouts(connectSeconds: 30, idleSeconds: 300, totalSeconds: limit)
                    _ = try await transport.send(request).body.collect()
                }
                return (error, start.duration(to: .now))
            }
        }
    }

    @Test(arguments: ["GET", "POST"], answers)
    func endsByItsLimit(method: String, answer: Endless) async throws {
        let (error, time) = try await time(method, answer.steps, limit: 2)
        #expect(error?.phase == .underWay)
        #expect([.timedOut, .notHTTP].contains(error?.kind), "\(String(describing: error))")
        #expect(time < .seconds(200), "far less than the silence that is allowed")
    }

    @Test func progressIsNotCutShort() async throws {
        // 60 parts of 2 KiB, 200 ms apart: longer than the limit, but always fast enough to extend it.
        let part = String(repeating: "x", count: 2_048)
        let steps = [
            LoopbackServer.Step.write(Self.ok + "Content-Length: \(60 * 2_048)\r\n\r\n"),
            .drip(part, milliseconds: 200),
        ]
        try await LoopbackServer.run(script: { _, _ in steps }) { server in
            try await HTTPTransportTests.withTransport { transport in
                var request = HTTPTransportTests.get(server.port)
                request.timeouts = HTTPTimeouts(connectSeconds: 30, idleSeconds: 30, totalSeconds: 10)
                let body = try await transport.send(request).body.collect()
                #expect(body.count == 60 * 2_048)
            }
        }
    }

    @Test func slowReaderIsNotWaitedFor() async throws {
        let steps = [LoopbackServer.Step.write(Self.ok + "Content-Length: 6\r\n\r\n[1, 2]")]
        try await LoopbackServer.run(script: { _, _ in steps }) { server in
            try await HTTPTransportTests.withTransport { transport in
                var request = HTTPTransportTests.get(server.port)
                request.timeouts = HTTPTimeouts(connectSeconds: 30, idleSeconds: 30, totalSeconds: 10)
                let body = try await transport.send(request).body
                var parts = body.makeAsyncIterator()
                let first = try await parts.next()
                #expect(first?.isEmpty == false)
                try await Task.sleep(for: .seconds(11))
                let end = try await parts.next()
                #expect(end == nil)
            }
        }
    }
}
