import LeaseModel
import OpenStackClient
import Testing

@Suite struct ProxyTests {
    /// The proxy is asked to CONNECT unless the host is excepted; on loopback, the server here plays the proxy.
    @Test(arguments: [
        ("", true), ("127.0.0.1", false), ("*", false), ("example.org, 127.0.0.1", false), ("127.0.0.1:1", true),
        ("27.0.0.1", true),
    ]) func exceptions(noProxy: String, isProxied: Bool) async throws {
        try await LoopbackServer.run(script: { request, _ in
            request.hasPrefix("CONNECT")
                ? [.write("HTTP/1.1 407 Password\r\nContent-Length: 0\r\n\r\n"), .close]
                : [.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
        }) { server in
            let proxies = ProxySettings(environment: [
                "http_proxy": "http://u:p@127.0.0.1:\(server.port)", "NO_PROXY": noProxy,
            ])
            try await HTTPTransportTests.withTransport(proxies: proxies) { transport in
                guard isProxied else {
                    let status = try await transport.send(HTTPTransportTests.get(server.port)).status
                    #expect(status == 200)
                    return
                }
                let error = await #expect(throws: TransportError.self) {
                    try await transport.send(HTTPTransportTests.get(server.port))
                }
                #expect(error?.kind == .cannotConnect)
                #expect(error?.detail.contains("proxy") == true)
            }
        }
    }
}
