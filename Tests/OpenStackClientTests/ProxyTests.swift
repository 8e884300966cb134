import LeaseModel
import OpenStackClient
import Testing

@Suite struct ProxyTests {
    /// The proxy gets a CONNECT unless the host is excepted. On loopback, the server here plays the proxy.
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

    private static let exceptedCases: [(String, String, Bool)] = [
        ("127.0.0.0/8", "http://127.3.2.1:80", true), ("127.0.0.0/8", "http://128.0.0.1", false),
        ("10.0.0.0/9", "https://10.127.255.255", true), ("10.0.0.0/9", "https://10.128.0.0", false),
        ("0.0.0.0/0", "http://8.8.8.8", true), ("10.0.0.1/32", "http://10.0.0.2", false),
        ("10.0.0.0/33", "http://10.0.0.0", false), ("10.0.0.0/x", "http://10.0.0.0", false),
        ("fd00::/8", "http://[fd12::1]:5000", true), ("fd00::/8", "http://[fe80::1]", false),
        ("::1", "http://[::1]:5000", true), ("[::1]:5000", "http://[::1]:5000", true),
        ("[::1]:5000", "http://[::1]:80", false), ("0:0:0:0:0:0:0:1", "http://[::1]", true),
        ("example.org", "https://api.example.org", true), (".example.org", "https://example.org", true),
        ("*.example.org", "https://a.b.example.org", true), ("example.org", "https://badexample.org", false),
        ("EXAMPLE.org:5000", "https://Api.Example.ORG:5000", true), ("example.org:5000", "https://example.org", false),
        ("example.org:443", "https://example.org", true), ("a.org example.org", "https://example.org", true),
        ("*", "https://anything", true), ("", "https://example.org", false), (",,", "https://example.org", false),
        ("10.0.0.0/8", "https://example.org", false), ("1", "http://10.0.0.1", false),
    ]

    @Test(arguments: exceptedCases)
    func networksHostsAndPortsAreExcepted(noProxy: String, url: String, isExcepted: Bool) {
        let proxies = ProxySettings(environment: ["ALL_PROXY": "http://proxy:3128", "no_proxy": noProxy])
        #expect((proxies.route(to: url) == nil) == isExcepted)
    }

    @Test(arguments: [
        "https://u:s3cr3t@proxy:1", "socks5://proxy", "socks5h://proxy:1080", "http://", "ftp://proxy", "http://[",
    ])
    func unusableProxiesAreRefused(proxy: String) throws {
        let proxies = ProxySettings(environment: ["HTTPS_PROXY": proxy, "NO_PROXY": "here"])
        let error = #expect(throws: ServiceError.self) { try proxies.check("https://there/v3", cloud: "one") }
        #expect(error?.kind == .configuration)
        #expect(error?.message.contains("HTTPS_PROXY") == true)
        #expect(error?.message.contains("s3cr3t") == false)
        #expect(throws: Never.self) { try proxies.check("https://here/v3", cloud: "one") }
        #expect(throws: Never.self) { try proxies.check("http://there/v3", cloud: "one") }
    }
}
