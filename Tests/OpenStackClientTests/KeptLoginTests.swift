import Foundation
import LeaseModel
import OpenStackClient
import Synchronization
import Testing

/// The refresh token in ccauth's file is rotated, shared and never lost, and nobody is asked unnecessarily.
@Suite struct KeptLoginTests {
    private let folder: TemporaryFolder
    private let cache: RefreshTokenCache
    private static let client = OpenIDClient(id: "c", accessTokenEndpoint: "https://idp.example.org/token")

    init() throws {
        folder = try TemporaryFolder()
        cache = RefreshTokenCache(path: "\(folder.path)/refresh_token.json")
    }

    private func put(_ token: String) throws {
        try folder.write("refresh_token.json", #"{"refresh_token": "\#(token)", "cached_at": 1764291600.5}"#)
    }

    private func session(
        _ transport: any HTTPTransport, slept: SleptTime = SleptTime(), person: SilentPerson? = nil
    ) -> KeystoneSession {
        let device = OpenIDDevice(endpoint: "https://idp.example.org/device")
        return OpenIDLab.session(
            OpenIDLab.cloud(.grant(Self.client, .device(device, cache: cache)), project: .id("p1")), transport,
            slept: slept, person: person)
    }

    /// A provider that rotates: only its newest refresh token is valid, and a second use of an old one ends the login.
    private final class Provider: Sendable {
        let newest: Mutex<String?>
        let answers = Mutex<[String]>([])
        init(_ token: String?) { newest = Mutex(token) }

        func answer(_ request: HTTPRequest, _ cache: RefreshTokenCache) -> HTTPReply {
            let form = String(decoding: request.body ?? [], as: UTF8.self)
            if request.url.hasSuffix("/token") {
                return newest.withLock { newest in
                    guard let token = newest, form.contains("refresh_token=\(token)&") else {
                        newest = nil
                        return .json(400, #"{"error": "invalid_grant", "error_description": "Token is not active"}"#)
                    }
                    newest = token + "x"
                    return .json(
                        200, #"{"access_token": "ACCESS-\#(token.count + 1)", "refresh_token": "\#(token)x"}"#)
                }
            }
            guard request.url.contains("OS-FEDERATION") else { return tokenReply() }
            // The access token is being used, so the refresh token that came with it, or a newer one of another process,
            // must be in the file by now.
            let length = request.headers["Authorization"]?.split(separator: "-").last.flatMap { Int($0) }
            let written = (try? cache.read())??.reveal().count
            #expect(length != nil && written ?? 0 >= length ?? 0)
            return .json(201, #"{"token": {"user": {"id": "u"}}}"#, headers: ["X-Subject-Token": "UNSCOPED"])
        }

        func transport(_ cache: RefreshTokenCache) -> ScriptedTransport {
            ScriptedTransport { request in self.answer(request, cache) }
        }
    }

    @Test func rotatedTokenIsWrittenBeforeTheAccessTokenIsUsed() async throws {
        try put("r")
        let provider = Provider("r")
        let transport = provider.transport(cache)
        _ = try await session(transport).identity()
        #expect(try cache.read() == Secret("rx"))
        #expect(!cache.isExposed)
        let text = try String(contentsOfFile: cache.path, encoding: .utf8)
        #expect(try JSONValue(parsing: text)["cached_at"]?.doubleValue == Double(Lab.start.secondsSince1970))
        #expect(
            String(decoding: transport.requests[0].body ?? [], as: UTF8.self)
                == "grant_type=refresh_token&refresh_token=r&scope=openid%20profile&client_id=c")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["refresh_token.json", "refresh_token.json.lock"])
    }

    @Test func manyAtOnceKeepOneLogin() async throws {
        try put("r")
        let provider = Provider("r")
        let transport = provider.transport(cache)
        let cloud = OpenIDLab.cloud(
            .grant(Self.client, .device(OpenIDDevice(), cache: cache)), project: .id("p1"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                // Time is real here: otherwise a task that waits for the lock would give up at once.
                group.addTask {
                    _ = try await KeystoneSession(cloud: cloud, transport: transport, clock: { Lab.start }).identity()
                }
            }
            try await group.waitForAll()
        }
        #expect(try cache.read() == Secret("r" + String(repeating: "x", count: 20)))
    }

    @Test func staleTokenIsReadAgainOnce() async throws {
        try put("old")
        let provider = Provider("new")
        let (path, cache) = (cache.path, cache)
        let transport = ScriptedTransport { request in
            let form = String(decoding: request.body ?? [], as: UTF8.self)
            if form.contains("refresh_token=old") {
                // Another program has used the old token, and writes the new one now.
                try? #"{"refresh_token": "new"}"#.write(toFile: path, atomically: true, encoding: .utf8)
                return .json(400, #"{"error": "invalid_grant"}"#)
            }
            return provider.answer(request, cache)
        }
        _ = try await session(transport).identity()
        #expect(try cache.read() == Secret("newx"))
    }

    @Test func endedLoginSaysWhatToDoAndIsNotTriedAgain() async throws {
        try put("dead")
        let provider = Provider(nil)
        let transport = provider.transport(cache)
        let session = session(transport)
        for _ in 0..<3 {
            let error = await #expect(throws: ServiceError.self) { try await session.identity() }
            #expect(error?.kind == .authentication)
            #expect(error?.message.contains("log in again: leasehold login lab") == true)
        }
        #expect(transport.requests.count == 1)
        // Somebody has logged in meanwhile.
        try put("r")
        provider.newest.withLock { $0 = "r" }
        #expect(try await session.identity().projectName == "project1")
    }

    @Test func smallerScopeOfTheLoginIsTaken() async throws {
        try put("r")
        let transport = ScriptedTransport { request in
            let form = String(decoding: request.body ?? [], as: UTF8.self)
            if form.contains("scope=") { return .json(400, #"{"error": "invalid_scope"}"#) }
            if request.url.hasSuffix("/token") { return .json(200, #"{"access_token": "A"}"#) }
            guard request.url.contains("OS-FEDERATION") else { return tokenReply() }
            return .json(201, #"{"token": {"user": {"id": "u"}}}"#, headers: ["X-Subject-Token": "U"])
        }
        _ = try await session(transport).identity()
        #expect(try cache.read() == Secret("r"))
    }

    @Test func troubleOfTheProviderEndsNoLogin() async throws {
        try put("r")
        let person = SilentPerson()
        let transport = ScriptedTransport { _ in .json(503, "{}") }
        let error = await #expect(throws: ServiceError.self) {
            try await session(transport, person: person).identity()
        }
        #expect(error?.kind == .badAnswer)
        #expect(await person.invitations.isEmpty)
        #expect(try cache.read() == Secret("r"))
    }

    @Test(arguments: ["", "{", "[]", #"{"refresh_token": 7}"#]) func brokenFileIsNamed(text: String) async throws {
        try folder.write("refresh_token.json", text)
        let transport = ScriptedTransport { _ in .json(500, "{}") }
        let error = try #require(
            await #expect(throws: ServiceError.self) { try await session(transport).identity() })
        #expect(text.isEmpty ? error.kind == .authentication : error.message.contains(cache.path))
        #expect(transport.requests.isEmpty)
    }

    // MARK: The device flow

    private func deviceTransport(_ polls: [String]) -> ScriptedTransport {
        let rest = Mutex(polls)
        return ScriptedTransport { request in
            if request.url.hasSuffix("/device") {
                return .json(
                    200,
                    """
                    {"device_code": "DEVICE", "user_code": "ABCD", "expires_in": 60, "interval": 2,
                     "verification_uri": "https://idp.example.org/device"}
                    """)
            }
            if request.url.hasSuffix("/token") {
                let error = rest.withLock { $0.isEmpty ? "authorization_pending" : $0.removeFirst() }
                return error.isEmpty
                    ? .json(200, #"{"access_token": "A", "refresh_token": "first"}"#)
                    : .json(400, #"{"error": "\#(error)"}"#)
            }
            guard request.url.contains("OS-FEDERATION") else { return tokenReply() }
            return .json(201, #"{"token": {"user": {"id": "u"}}}"#, headers: ["X-Subject-Token": "U"])
        }
    }

    @Test func slowDownIsObeyedForGood() async throws {
        let slept = SleptTime()
        let transport = deviceTransport(["authorization_pending", "slow_down", "authorization_pending", ""])
        _ = try await session(transport, slept: slept, person: SilentPerson()).identity()
        // 2 s, then 7 s twice: the answer asked for five more.
        #expect(slept.seconds == 16)
        #expect(try cache.read() == Secret("first"))
    }

    @Test(arguments: [
        ("access_denied", "denied in the browser"), ("expired_token", "its code has expired"),
        ("authorization_pending", "its code has expired"), ("invalid_grant", "identity provider refuses"),
    ]) func endWithoutALogin(error code: String, words: String) async throws {
        let person = SilentPerson()
        let transport = deviceTransport([String](repeating: code, count: 50))
        let error = await #expect(throws: ServiceError.self) {
            try await session(transport, person: person).identity()
        }
        #expect(error?.kind == .authentication)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(await person.hasEnded)
        #expect(try cache.read() == nil)
    }

    // MARK: The browser

    @Test func browserComesBackWithACode() async throws {
        let discovery = "https://idp.example.org/.well-known/openid-configuration"
        let client = OpenIDClient(id: "c", discoveryEndpoint: discovery)
        let challenge = Mutex("")
        let transport = ScriptedTransport { request in
            if request.url == discovery {
                return .json(
                    200,
                    """
                    {"issuer": "https://idp.example.org", "token_endpoint": "https://idp.example.org/token",
                     "authorization_endpoint": "https://idp.example.org/auth",
                     "code_challenge_methods_supported": ["S256"]}
                    """)
            }
            if request.url.hasSuffix("/token") {
                let form = String(decoding: request.body ?? [], as: UTF8.self)
                #expect(form.contains("code=CODE&code_verifier="))
                return .json(200, #"{"access_token": "A", "refresh_token": "kept"}"#)
            }
            guard request.url.contains("OS-FEDERATION") else { return tokenReply() }
            return .json(201, #"{"token": {"user": {"id": "u"}}}"#, headers: ["X-Subject-Token": "U"])
        }
        let browser = try AsyncHTTPClientTransport(userAgent: "browser", clock: { Lab.start })
        let person = SilentPerson { invitation in
            let items = URLComponents(string: invitation.address)?.queryItems ?? []
            func value(_ name: String) -> String { items.first { $0.name == name }?.value ?? "" }
            challenge.withLock { $0 = value("code_challenge") }
            let forged = "\(value("redirect_uri"))?code=EVIL&state=guessed"
            let real = "\(value("redirect_uri"))?code=CODE&state=\(value("state"))"
            for url in [forged, real] {
                let reply = try? await browser.send(HTTPRequest(method: "GET", url: url))
                #expect(reply?.status == (url == real ? 200 : 404))
            }
        }
        let login = OpenIDLogin.grant(client, .browser(redirectURI: nil, cache: cache))
        let session = KeystoneSession(
            cloud: OpenIDLab.cloud(login, project: .id("p1")), transport: transport, clock: { Lab.start },
            assistant: person)
        #expect(try await session.identity().projectName == "project1")
        #expect(try cache.read() == Secret("kept"))
        #expect(challenge.withLock { $0.count } == 43)
        await browser.shutdown()
    }
}
