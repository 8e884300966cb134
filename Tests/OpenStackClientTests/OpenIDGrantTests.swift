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

    @Test func challengeIsTheStandardsExample() {
        // The examples of RFC 7636, appendix B, and FIPS 180-4.
        let hex = { (text: String) in
            SHA256.digest(of: Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(
            hex("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
                == "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3")
        #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hex(String(repeating: "a", count: 1_000))
                == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3")
    }
}
