import LeaseModel
import OpenStackClient
import Testing

/// Behavior of the grants that the requests of ``RecordingTests`` do not cover.
@Suite struct OpenIDGrantTests {
    @Test func deviceWithProofKey() async throws {
        let folder = try TemporaryFolder()
        let cache = RefreshTokenCache(path: "\(folder.path)/deep/refresh_token.json")
        let person = SilentPerson()
        let login = OpenIDLogin.grant(OpenIDLab.publicClient, .device(OpenIDDevice(), cache: cache))
        let servers = try RecordedServers(OpenIDExchange.all("11-device-pkce-s256").filter { !$0.isBrowser })
        let session = OpenIDLab.session(OpenIDLab.cloud(login), servers.transport, person: person)
        _ = try? await session.identity()
        #expect(session.loginSteps.first { $0.step == .federation }?.finding == "user alice")
        let invitation = try #require(await person.invitations.first)
        #expect(invitation.completeAddress?.hasPrefix(OpenIDLab.provider + "/device?user_code=") == true)
        #expect(await person.hasEnded)
        #expect(try cache.read() != nil)
        #expect(!cache.isExposed)
    }

    @Test func notebookHub() async throws {
        let exchanges = try OpenIDExchange.all("70-jupyterhub")
            .filter { $0.status < 300 && ($0.url.contains("/hub/") || $0.url.contains("/identity/")) }
        let hub = NotebookHub(
            apiURL: "http://127.0.0.1:18081/hub/api", token: Secret("hub-api-token"), user: "alice")
        let replay = ScriptedTransport { request in
            let found = exchanges.first { $0.url == request.url }
            if request.url.contains("/hub/") { #expect(request.headers["authorization"] == "token hub-api-token") }
            return found?.reply ?? .json(404, "{}")
        }
        let session = OpenIDLab.session(OpenIDLab.cloud(.hub(hub)), replay)
        #expect(try await session.identity().userName == "alice")
        let refused = ScriptedTransport { _ in .json(403, #"{"status": 403, "message": "Forbidden"}"#) }
        let error = await #expect(throws: ServiceError.self) {
            try await OpenIDLab.session(OpenIDLab.cloud(.hub(hub)), refused).identity()
        }
        #expect(error?.message.contains("JUPYTERHUB_API_TOKEN") == true)
        #expect(error?.kind == .authentication)
    }

    @Test func oneTimePasswordIsAskedFor() async throws {
        let client = OpenIDClient(id: "c", accessTokenEndpoint: "https://idp.example.org/token")
        let login = OpenIDLogin.grant(
            client, .password(userName: "u", password: Secret("p"), oneTimeKey: "totp"))
        let transport = ScriptedTransport { _ in .json(401, #"{"error": "invalid_grant"}"#) }
        _ = try? await OpenIDLab.session(OpenIDLab.cloud(login), transport, person: SilentPerson(answer: "123456"))
            .identity()
        let sent = String(decoding: try #require(transport.requests.first?.body), as: UTF8.self)
        #expect(sent == "username=u&password=p&scope=openid%20profile&grant_type=password&totp=123456&client_id=c")
        let error = await #expect(throws: ServiceError.self) {
            try await OpenIDLab.session(OpenIDLab.cloud(login), transport).identity()
        }
        #expect(error?.kind == .authentication)
        #expect(transport.requests.count == 1)
    }
}
