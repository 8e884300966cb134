import LeaseModel
import OpenStackClient
import Testing

@Suite struct HTTPTransportTests {
    static func withTransport<Result>(
        tls: TLSSettings = TLSSettings(), proxies: ProxySettings = ProxySettings(),
        body: (AsyncHTTPClientTransport) async throws -> Result
    ) async throws -> Result {
        let transport = try AsyncHTTPClientTransport(
            tls: tls, proxies: proxies, userAgent: "leasehold/test", clock: { Lab.start })
        do {
            let result = try await body(transport)
            await transport.shutdown()
            return result
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    static func get(_ port: Int, _ method: String = "GET", idleSeconds: Int = 60, scheme: String = "http")
        -> HTTPRequest
    {
        HTTPRequest(
            method: method, url: "\(scheme)://127.0.0.1:\(port)/leases",
            body: method == "POST" ? Array(#"{"a":1}"#.utf8) : nil,
            timeouts: HTTPTimeouts(connectSeconds: 30, idleSeconds: idleSeconds))
    }

    private static func failure(
        of request: (Int) -> HTTPRequest, script: @escaping LoopbackServer.Script
    ) async throws -> (error: TransportError?, requests: Int) {
        try await LoopbackServer.run(script: script) { server in
            try await withTransport { transport in
                let error = await #expect(throws: TransportError.self) {
                    _ = try await transport.send(request(server.port)).body.collect()
                }
                return (error, server.requests)
            }
        }
    }

    private static let fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Openstack-Request-Id: req-9\r\n\r\nhi"

    @Test func replyArrivesWithHeadersAndBody() async throws {
        let text = try await LoopbackServer.run(script: { request, _ in
            #expect(request.hasPrefix("POST /leases HTTP/1.1\r\n"))
            #expect(request.lowercased().contains("user-agent: leasehold/test\r\n"))
            #expect(request.hasSuffix("\r\n\r\n{\"a\":1}"))
            return [.write(Self.fine)]
        }) { server in
            try await Self.withTransport { transport in
                let reply = try await transport.send(Self.get(server.port, "POST"))
                #expect(reply.status == 200)
                #expect(reply.headers["x-openstack-request-id"] == "req-9")
                return String(decoding: try await reply.body.collect(), as: UTF8.self)
            }
        }
        #expect(text == "hi")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,2]",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2]\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n[1,2]",
        "HTTP/1.1 200 OK\r\nContent-Le", "",
    ]) func answerCutShortIsNeverComplete(answer: String) async throws {
        for method in ["GET", "POST"] {
            let result = try await Self.failure(of: { Self.get($0, method) }) { _, _ in [.write(answer), .close] }
            #expect(result.error?.kind == .closedEarly, "\(method): \(String(describing: result.error))")
        }
    }

    @Test func resetIsAnEarlyClose() async throws {
        let result = try await Self.failure(of: { Self.get($0, "POST") }) { _, _ in
            [.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1"), .reset]
        }
        #expect(result.error?.kind == .closedEarly)
    }

    @Test func onlyReadsAreSentAgainAfterAnEarlyClose() async throws {
        for (method, times) in [("GET", 2), ("HEAD", 2), ("POST", 1), ("PUT", 1), ("DELETE", 1)] {
            let result = try await Self.failure(of: { Self.get($0, method) }) { _, _ in [.close] }
            #expect(result.error?.kind == .closedEarly)
            #expect(result.requests == times, "\(method)")
        }
    }

    @Test func bodyAlreadyArrivingIsNotAskedForAgain() async throws {
        let result = try await Self.failure(of: { Self.get($0) }) { _, _ in
            [.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1"), .close]
        }
        #expect(result.requests == 1)
        #expect(result.error?.phase == .underWay)
    }

    @Test func readsShareAConnectionAndWritesDoNot() async throws {
        try await LoopbackServer.run(script: { _, _ in [.write(Self.fine)] }) { server in
            try await Self.withTransport { transport in
                // A connection becomes free a moment after its body has been read to the end, so on a busy machine a
                // read may not find one.
                for _ in 0..<20 { _ = try await transport.send(Self.get(server.port)).body.collect() }
                let afterReads = server.connections
                #expect(afterReads < 20)
                for _ in 0..<2 { _ = try await transport.send(Self.get(server.port, "POST")).body.collect() }
                #expect(server.connections == afterReads + 2)
            }
        }
    }

    @Test func silenceTimesOut() async throws {
        for script in [[], [LoopbackServer.Step.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1")]] {
            let result = try await Self.failure(of: { Self.get($0, "POST", idleSeconds: 1) }) { _, _ in script }
            #expect(result.error?.kind == .timedOut)
        }
    }

    @Test func redirectIsAReply() async throws {
        try await LoopbackServer.run(script: { _, _ in
            [.write("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n")]
        }) { server in
            try await Self.withTransport { transport in
                let reply = try await transport.send(Self.get(server.port))
                #expect(reply.status == 302)
                #expect(reply.headers["location"] == "http://127.0.0.1:1/x")
            }
        }
    }

    @Test func whatIsNotHTTPIsSaid() async throws {
        let result = try await Self.failure(of: { Self.get($0, "POST") }) { _, _ in
            [.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"), .close]
        }
        #expect(result.error?.kind == .notHTTP)
    }

    @Test func refusedAndUnknownHosts() async throws {
        let port = try await LoopbackServer.run(script: { _, _ in [] }) { $0.port }
        try await Self.withTransport { transport in
            let refused = await #expect(throws: TransportError.self) { try await transport.send(Self.get(port)) }
            #expect(refused?.kind == .cannotConnect)
            #expect(refused?.detail.hasSuffix("connection refused") == true)
            let unknown = await #expect(throws: TransportError.self) {
                try await transport.send(HTTPRequest(method: "GET", url: "http://no-such-host.invalid/"))
            }
            #expect(unknown?.kind == .cannotResolve)
            #expect(unknown?.detail == "no-such-host.invalid")
        }
    }

    @Test func afterShutdownNothingIsSent() async throws {
        let transport = try AsyncHTTPClientTransport(userAgent: "t", clock: { Lab.start })
        await transport.shutdown()
        let error = await #expect(throws: TransportError.self) { try await transport.send(Self.get(1)) }
        #expect(error?.kind == .cancelled)
    }

    @Test func cancelledWhileWaiting() async throws {
        try await LoopbackServer.run(script: { _, _ in [] }) { server in
            try await Self.withTransport { transport in
                let kind = await withTaskGroup(of: TransportError.Kind?.self) { group in
                    group.addTask {
                        do throws(TransportError) {
                            _ = try await transport.send(Self.get(server.port))
                            return nil
                        } catch { return error.kind }
                    }
                    while server.requests == 0 { await Task.yield() }
                    group.cancelAll()
                    return await group.next() ?? nil
                }
                #expect(kind == .cancelled)
            }
        }
    }

    /// A body of 64 MB is taken from the network only as fast as it is read.
    @Test func bodyWaitsForItsReader() async throws {
        let total = 64 << 20
        try await LoopbackServer.run(script: { request, _ in
            request.hasPrefix("GET /leases")
                ? [.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n"), .writeBytes(total: total)]
                : [.write(Self.fine)]
        }) { server in
            try await Self.withTransport { transport in
                let reply = try await transport.send(Self.get(server.port))
                var parts = reply.body.makeAsyncIterator()
                var count = try await parts.next()?.count ?? 0
                // While other requests come and go, the unread body stays in the network.
                for _ in 0..<50 {
                    let ping = HTTPRequest(method: "GET", url: "http://127.0.0.1:\(server.port)/ping")
                    _ = try await transport.send(ping).body.collect()
                }
                #expect(server.bytesSent < total / 2)
                while let part = try await parts.next() { count += part.count }
                #expect(count == total)
            }
        }
    }
}
