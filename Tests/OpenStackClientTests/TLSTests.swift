import LeaseModel
import NIOSSL
import OpenStackClient
import Testing

@Suite struct TLSTests {
    private static func certificate(_ name: String) -> String { Fixtures.path("certificates/\(name).pem") }

    static func context(_ name: String) throws -> NIOSSLContext {
        try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: NIOSSLCertificate.fromPEMFile(Self.certificate(name)).map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(file: Self.certificate("server-key"), format: .pem))))
    }

    private func status(of certificate: String, _ tls: TLSSettings) async throws -> Int {
        try await LoopbackServer.run(
            tls: Self.context(certificate), script: { _, _ in [.write("HTTP/1.1 204 No Content\r\n\r\n")] }
        ) { server in
            try await HTTPTransportTests.withTransport(tls: tls) { transport in
                try await transport.send(HTTPTransportTests.get(server.port, scheme: "https")).status
            }
        }
    }

    private func refusal(of certificate: String, _ tls: TLSSettings) async -> TransportError? {
        await #expect(throws: TransportError.self) { try await status(of: certificate, tls) }
    }

    private static let trusting = TLSSettings(certificateAuthorityPath: certificate("authority"))

    @Test func authorityOfTheCloudIsTrusted() async throws {
        #expect(try await status(of: "server", Self.trusting) == 204)
        #expect(
            try await status(of: "self-signed", TLSSettings(certificateAuthorityPath: Self.certificate("self-signed")))
                == 204)
    }

    @Test(arguments: ["server", "expired", "self-signed", "other-host"])
    func withoutVerificationAnythingGoes(certificate: String) async throws {
        #expect(try await status(of: certificate, TLSSettings(verifiesServer: false)) == 204)
    }

    @Test func refusalSaysWhy() async throws {
        let expired = await refusal(of: "expired", Self.trusting)
        #expect(expired?.kind == .tlsFailed)
        #expect(
            expired?.detail.hasPrefix("it expired on 2021-01-01T00:00:00Z") == true, "\(String(describing: expired))")
        for certificate in ["server", "self-signed"] {
            let unknown = await refusal(of: certificate, TLSSettings())
            #expect(unknown?.kind == .tlsFailed)
            #expect(unknown?.detail.contains("not trusted here") == true, "\(String(describing: unknown))")
            #expect(unknown?.detail.contains("CERTIFICATE_VERIFY_FAILED") == true)
        }
        #expect(await refusal(of: "other-host", Self.trusting)?.kind == .tlsFailed)
    }

    @Test func plainServerIsSaid() async throws {
        try await LoopbackServer.run(waitsForHead: false) { _, _ in
            [.write("HTTP/1.1 400 Bad Request\r\n\r\n"), .close]
        } body: { server in
            try await HTTPTransportTests.withTransport { transport in
                let error = await #expect(throws: TransportError.self) {
                    try await transport.send(HTTPTransportTests.get(server.port, "POST", scheme: "https"))
                }
                #expect(error?.kind == .tlsFailed)
                #expect(error?.detail.contains("does not speak TLS") == true, "\(String(describing: error))")
            }
        }
    }

    @Test func fileThatCannotBeUsedIsNamed() throws {
        let folder = try TemporaryFolder()
        let empty = try folder.write("empty.pem", "hello\n")
        for (settings, option, words) in [
            (TLSSettings(certificateAuthorityPath: "/nowhere/ca.pem"), "cacert file /nowhere/ca.pem", "does not exist"),
            (TLSSettings(certificateAuthorityPath: empty), "cacert file \(empty)", "no certificate in PEM"),
            (TLSSettings(clientCertificatePath: empty), "cert file \(empty)", "no certificate in PEM"),
            (
                TLSSettings(clientCertificatePath: Self.certificate("server"), clientKeyPath: empty),
                "key file \(empty)", "no private key"
            ),
        ] {
            let error = #expect(throws: ServiceError.self) {
                try AsyncHTTPClientTransport(tls: settings, userAgent: "t", clock: { Lab.start })
            }
            #expect(error?.kind == .configuration)
            #expect(error?.message.contains(option) == true)
            #expect(error?.message.contains(words) == true)
        }
    }
}
