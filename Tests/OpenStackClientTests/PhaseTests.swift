import LeaseModel
import NIOSSL
import OpenStackClient
import Testing

/// How far a request got decides whether a write is repeated. It is observed, not guessed from the error.
@Suite struct PhaseTests {
    static let methods = ["GET", "POST", "PUT", "DELETE"]

    private func failure(
        _ method: String, _ port: Int, scheme: String = "http", tls: TLSSettings = TLSSettings(),
        proxies: ProxySettings = ProxySettings(), connectSeconds: Int = 30, idleSeconds: Int = 30
    ) async throws -> TransportError? {
        try await HTTPTransportTests.withTransport(tls: tls, proxies: proxies) { transport in
            await #expect(throws: TransportError.self) {
                var request = HTTPTransportTests.get(port, method, idleSeconds: idleSeconds, scheme: scheme)
                if method == "PUT" { request.body = Array("{}".utf8) }
                request.timeouts.connectSeconds = connectSeconds
                _ = try await transport.send(request).body.collect()
            }
        }
    }

    // MARK: - Before

    @Test(arguments: methods) func refusedConnectionIsBefore(method: String) async throws {
        let port = try await LoopbackServer.run(script: { _, _ in [] }) { $0.port }
        let error = try await failure(method, port)
        #expect(error?.phase == .beforeSending)
        #expect(error?.kind == .cannotConnect)
    }

    @Test(arguments: methods) func unknownHostIsBefore(method: String) async throws {
        try await HTTPTransportTests.withTransport { transport in
            let error = await #expect(throws: TransportError.self) {
                try await transport.send(HTTPRequest(method: method, url: "http://no-such-host.invalid/"))
            }
            #expect(error?.phase == .beforeSending)
            #expect(error?.kind == .cannotResolve)
        }
    }

    @Test(arguments: methods) func refusedCertificateIsBefore(method: String) async throws {
        try await LoopbackServer.run(tls: TLSTests.context("self-signed"), script: { _, _ in [] }) { server in
            let error = try await failure(method, server.port, scheme: "https")
            #expect(error?.phase == .beforeSending)
            #expect(error?.kind == .tlsFailed)
            #expect(server.requests == 0)
        }
    }

    /// Answers to a TLS greeting that are not TLS.
    static let greetings: [[LoopbackServer.Step]] = [
        [.write("HTTP/1.1 400 Bad Request\r\n\r\n"), .close], [.close], [.reset],
        [.write("\u{15}\u{3}\u{3}\0\u{2}\u{2}("), .close],
    ]

    @Test(arguments: methods, greetings.indices)
    func failedHandshakeIsBefore(method: String, greeting: Int) async throws {
        try await LoopbackServer.run(waitsForHead: false, script: { _, _ in Self.greetings[greeting] }) { server in
            let error = try await failure(method, server.port, scheme: "https")
            #expect(error?.phase == .beforeSending)
        }
    }

    @Test(arguments: methods) func handshakeThatNeverEndsIsBefore(method: String) async throws {
        try await LoopbackServer.run(waitsForHead: false, script: { _, _ in [] }) { server in
            let error = try await failure(method, server.port, scheme: "https", connectSeconds: 1)
            #expect(error?.phase == .beforeSending)
            #expect(error?.kind == .timedOut)
        }
    }

    @Test func proxyThatRefusesIsBefore() async throws {
        try await LoopbackServer.run(script: { _, _ in [.write("HTTP/1.1 502 Bad Gateway\r\n\r\n"), .close] }) {
            server in
            let proxies = ProxySettings(environment: ["HTTPS_PROXY": "http://127.0.0.1:\(server.port)"])
            let error = try await failure("POST", 9, scheme: "https", proxies: proxies)
            #expect(error?.phase == .beforeSending)
        }
    }

    @Test func shutDownIsBefore() async throws {
        let transport = try AsyncHTTPClientTransport(userAgent: "t", clock: { Lab.start })
        await transport.shutdown()
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(HTTPTransportTests.get(1, "POST"))
        }
        #expect(error?.phase == .beforeSending)
    }

    // MARK: - Under way

    /// What may happen to a connection after a request was sent on it.
    static let breaks: [[LoopbackServer.Step]] = [
        [.close], [.reset], [], [.write("SSH-2.0-OpenSSH_9.2\r\n\r\n"), .close],
        [.write("HTTP/1.1 200 OK\r\nX"), .close],
        [.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1"), .reset],
        [.write("HTTP/1.1 201 Created\r\nContent-Length: 99999999999999999999\r\n\r\n"), .close],
        [.write("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), .close],
    ]

    @Test(arguments: methods, breaks.indices)
    func brokenConnectionIsUnderWay(method: String, index: Int) async throws {
        try await LoopbackServer.run(script: { _, _ in Self.breaks[index] }) { server in
            let isSilent = Self.breaks[index].isEmpty
            let error = try await failure(method, server.port, idleSeconds: isSilent ? 3 : 30)
            #expect(error?.phase == .underWay, "\(String(describing: error))")
            // The server may be slower than the client's patience.
            for _ in 0..<200 where server.requests == 0 { try await Task.sleep(for: .milliseconds(50)) }
            #expect(server.requests >= 1, "\(String(describing: error))")
        }
    }

    /// What may happen to a TLS connection after a request was sent on it: a plain-text alert, plain HTTP, an invalid
    /// record, one with a wrong authentication tag, a truncated record.
    static let tlsBreaks: [[LoopbackServer.Step]] = [
        [.writeUnencrypted([0x15, 3, 3, 0, 2, 2, 0x28]), .close],
        [.writeUnencrypted([0x15, 3, 3, 0, 2, 2, 0x30])],
        [.writeUnencrypted(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))],
        [.writeUnencrypted(Array(repeating: 0xFF, count: 64))],
        [.writeUnencrypted([0x17, 3, 3, 0, 32] + Array(repeating: 7, count: 32))],
        [.writeUnencrypted([0x17, 3, 3, 0, 32, 1, 2]), .reset],
        [.reset], [.close],
    ]

    @Test(arguments: methods, tlsBreaks.indices)
    func brokenTLSIsUnderWay(method: String, index: Int) async throws {
        let tls = TLSSettings(verifiesServer: false)
        try await LoopbackServer.run(tls: TLSTests.context("server"), script: { _, _ in Self.tlsBreaks[index] }) {
            server in
            let error = try await failure(method, server.port, scheme: "https", tls: tls)
            #expect(error?.phase == .underWay, "\(String(describing: error))")
            #expect(error?.kind != .tlsFailed, "the certificate was accepted")
            #expect(server.requests >= 1, "\(String(describing: error))")
        }
    }

    @Test(arguments: methods) func cancelledWhileWaitingIsUnderWay(method: String) async throws {
        try await LoopbackServer.run(script: { _, _ in [] }) { server in
            try await HTTPTransportTests.withTransport { transport in
                let phase = await withTaskGroup(of: TransportError.Phase?.self) { group in
                    group.addTask {
                        do throws(TransportError) {
                            _ = try await transport.send(HTTPTransportTests.get(server.port, method))
                            return nil
                        } catch { return error.phase }
                    }
                    while server.requests == 0 { await Task.yield() }
                    group.cancelAll()
                    return await group.next() ?? nil
                }
                #expect(phase == .underWay)
            }
        }
    }

    @Test func laterRequestIsJudgedByItself() async throws {
        try await LoopbackServer.run(script: { _, _ in [.write("HTTP/1.1 204 No Content\r\n\r\n")] }) { server in
            try await HTTPTransportTests.withTransport { transport in
                for method in Self.methods {
                    let reply = try await transport.send(HTTPTransportTests.get(server.port, method))
                    #expect(reply.status == 204)
                }
                let closed = try await LoopbackServer.run(script: { _, _ in [] }) { $0.port }
                for method in Self.methods {
                    let error = await #expect(throws: TransportError.self) {
                        try await transport.send(HTTPTransportTests.get(closed, method))
                    }
                    #expect(error?.phase == .beforeSending)
                }
            }
        }
    }
}
