import LeaseModel
import Logging
import OpenStackClient
import Synchronization
import Testing

/// Prints, interpolates, dumps and mirrors everything that contains a secret, and searches the output for it.
@Suite struct SecrecyTests {
    private static let secret = "hunter2-s3cr3t"

    private func expectAbsent(_ value: Any, _ what: String) {
        var texts = ["\(value)", String(reflecting: value)]
        var dumped = ""
        dump(value, to: &dumped)
        texts.append(dumped)
        for text in texts { #expect(!text.contains(Self.secret), "\(what): \(text)") }
        expectNoChild(value, what, depth: 0)
    }

    private func expectNoChild(_ value: Any, _ what: String, depth: Int) {
        guard depth < 12 else { return }
        for child in Mirror(reflecting: value).children {
            #expect((child.value as? String)?.contains(Self.secret) != true, "\(what).\(child.label ?? "?")")
            #expect(
                (child.value as? [UInt8]).map { String(decoding: $0, as: UTF8.self) }?.contains(Self.secret) != true)
            expectNoChild(child.value, what, depth: depth + 1)
        }
    }

    private static var everyCredential: [Credentials] {
        let secret = Secret(secret)
        let endpoint = FederationEndpoint(identityProvider: "i", protocolName: "p")
        return [
            .password(user: .id("u"), password: secret), .applicationCredential(.id("a"), secret: secret),
            .token(secret), .federated(endpoint, .accessToken(secret)),
            .federated(
                endpoint,
                .grant(
                    OpenIDClient(id: "c", secret: secret, accessTokenEndpoint: "https://idp/token"),
                    .password(userName: "u", password: secret, oneTimeKey: nil))),
            .totp(user: .id("u"), passcode: secret),
            .multifactor([.password(user: .id("u"), password: secret), .totp(user: .id("u"), passcode: secret)]),
        ]
    }

    @Test func valuesHideSecrets() {
        expectAbsent(Secret(Self.secret), "Secret")
        for credentials in Self.everyCredential {
            expectAbsent(credentials, "Credentials")
            expectAbsent(Lab.cloud(credentials), "CloudConfiguration")
        }
        for name in ["X-Auth-Token", "authorization", "X-Subject-Token", "Cookie"] {
            let headers: HTTPFields = [name: "Bearer \(Self.secret)", "Accept": "a"]
            expectAbsent(headers, name)
            expectAbsent(HTTPReply(status: 200, headers: headers, body: .whole([])), "HTTPReply")
            expectAbsent(
                HTTPRequest(
                    method: "POST", url: "http://u:\(Self.secret)@h/x", headers: headers, body: Array(Self.secret.utf8)),
                "HTTPRequest")
            #expect("\(headers)".contains("***"))
        }
        expectAbsent(ProxySettings(environment: ["HTTPS_PROXY": "http://u:\(Self.secret)@proxy:3128"]), "ProxySettings")
        #expect("\(HTTPRequest(method: "GET", url: "http://u:p@h/x?y"))" == "GET http://h/x?y")
    }

    /// Authenticates with servers that repeat what they were sent, and that succeed or fail in every way.
    @Test func sessionsErrorsAndLogsHideSecrets() async throws {
        let lines = Mutex<[String]>([])
        let logger = Logger(label: "test") { _ in RecordingLogHandler { line in lines.withLock { $0.append(line) } } }
        for credentials in Self.everyCredential {
            for status in [200, 201, 400, 401, 403, 404, 500] {
                let scripted = ScriptedTransport { request in
                    let echo = String(decoding: request.body ?? [], as: UTF8.self)
                    let message = JSONValue.string("you sent \(Self.secret) \(echo)").text()
                    let token: JSONValue = ["access_token": .string(Self.secret), "token": [:]]
                    if request.url.hasSuffix("/token") { return .json(200, token.text()) }
                    if status == 201 {
                        return request.url.hasSuffix("/auth/tokens")
                            ? tokenReply(Self.secret) : .json(201, "{}", headers: ["X-Subject-Token": Self.secret])
                    }
                    return .json(
                        status, "{\"error\": {\"message\": \(message)}}", headers: ["X-Subject-Token": Self.secret])
                }
                let transport = LoggingTransport(scripted, logger: logger)
                let session = Lab.session(transport, cloud: Lab.cloud(credentials))
                do {
                    expectAbsent(try await session.identity(), "TokenIdentity")
                    expectAbsent(try await session.send(ServiceRequest(.reservation, "GET", "/leases")), "ServiceReply")
                    #expect(status == 201)
                } catch {
                    #expect(status != 201)
                    expectAbsent(error, "ServiceError \(status)")
                }
                expectAbsent(session, "KeystoneSession")
            }
        }
        let log = lines.withLock { $0 }
        #expect(log.count > 30)
        expectAbsent(log, "log")
        #expect(log.contains { $0.hasPrefix("POST \(Lab.authURL)/auth/tokens → 401 in ") })
    }

    @Test func configurationErrorsHideSecrets() throws {
        let folder = try TemporaryFolder()
        let entries = [
            "auth: {auth_url: 'no url', username: u, password: \(Self.secret)}",
            "auth: {auth_url: 'http://h', password: \(Self.secret)}",
            "auth_type: nope\n    auth: {password: \(Self.secret)}",
            "auth: {password: \(Self.secret): x}", "auth: {password: \"\(Self.secret)",
            "auth: [\(Self.secret)", "auth:\n\tpassword: \(Self.secret)",
            "auth: {auth_url: 'http://h', username: u, password: [\(Self.secret)]}",
        ]
        for entry in entries {
            try folder.write("cwd/clouds.yaml", "clouds:\n  one:\n    \(entry)\n")
            let error = try #require(
                #expect(throws: CloudConfigurationError.self, "\(entry)") { try folder.loader().load(name: "one") })
            expectAbsent(error, "CloudConfigurationError")
            expectAbsent(ServiceError(error), "ServiceError")
        }
    }
}

private struct RecordingLogHandler: LogHandler {
    let record: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(_ record: @escaping @Sendable (String) -> Void) { self.record = record }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { record("\(event.message) \(event.metadata.map { "\($0)" } ?? "")") }
}
