import LeaseModel
import OpenStackClient
import Testing

/// Failures between a person's login and Keystone for which there is no recording.
@Suite struct OpenIDFailureTests {
    private func transport(scoped: HTTPReply, projects: String) -> ScriptedTransport {
        ScriptedTransport { request in
            if request.url.contains("OS-FEDERATION") {
                return .json(
                    201, #"{"token": {"user": {"id": "u", "name": "bob"}}}"#, headers: ["X-Subject-Token": "UNSCOPED"])
            }
            return request.url.hasSuffix("/auth/projects") ? .json(200, projects) : scoped
        }
    }

    @Test func noProjectConfiguredOrOffered() async throws {
        let transport = transport(scoped: .json(500, "{}"), projects: #"{"projects": []}"#)
        let cloud = OpenIDLab.cloud(.accessToken(Secret("ACCESS")), project: nil)
        let error = await #expect(throws: ServiceError.self) {
            try await OpenIDLab.session(cloud, transport).identity()
        }
        #expect(error?.kind == .configuration)
        #expect(error?.message.contains("offers you no project at all") == true)
        #expect(transport.requests(to: "/auth/tokens").isEmpty)
    }

    @Test func groupMappingIsWarnedOf() async throws {
        let transport = ScriptedTransport { request in
            guard request.url.contains("OS-FEDERATION") else { return tokenReply() }
            return .json(
                201,
                #"{"token": {"user": {"id": "u", "name": "a", "OS-FEDERATION": {"groups": [{"id": "g"}]}}}}"#,
                headers: ["X-Subject-Token": "UNSCOPED"])
        }
        let session = OpenIDLab.session(
            OpenIDLab.cloud(.accessToken(Secret("ACCESS")), project: .id("p1")), transport)
        _ = try await session.identity()
        let warning = session.loginSteps.first { $0.step == .federation }?.warning
        #expect(warning?.contains("Could not find role") == true)
    }

    @Test(arguments: [
        (#"{"issuer": "https://idp.example.org", "token_endpoint": "http://idp.example.org/token"}"#, "is http"),
        (#"{"issuer": "https://evil.example.org", "token_endpoint": "https://idp.example.org/t"}"#, "another provider"),
        (
            #"{"token_endpoint": "https://idp.example.org/t", "grant_types_supported": ["authorization_code"]}"#,
            "does not offer the grant"
        ),
        (#"{"token_endpoint": "file:///etc/passwd"}"#, "is no URL"), ("[]", "no JSON object"), ("<html>", "is no JSON"),
    ]) func descriptionThatCannotBeTrusted(document: String, words: String) async throws {
        let client = OpenIDClient(
            id: "c", secret: Secret("s3cret"),
            discoveryEndpoint: "https://idp.example.org/.well-known/openid-configuration")
        let transport = ScriptedTransport { _ in .json(200, document) }
        let session = OpenIDLab.session(OpenIDLab.cloud(.grant(client, .clientCredentials)), transport)
        let error = await #expect(throws: ServiceError.self) { try await session.identity() }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(transport.requests.count == 1, "nothing may be sent to such a provider")
    }

    @Test func requestIdThatRepeatsASecretIsNotShown() async throws {
        for secret in ["ACCESS-secret-token", "UNSCOPED-secret"] {
            let transport = ScriptedTransport { request in
                if request.url.contains("OS-FEDERATION"), secret.hasPrefix("UNSCOPED") {
                    return .json(
                        201, #"{"token": {"user": {"id": "u"}}}"#, headers: ["X-Subject-Token": "UNSCOPED-secret"])
                }
                return .json(403, "{}", headers: ["x-openstack-request-id": secret])
            }
            let session = OpenIDLab.session(
                OpenIDLab.cloud(.accessToken(Secret("ACCESS-secret-token"))), transport)
            let error = try #require(await #expect(throws: ServiceError.self) { try await session.identity() })
            #expect(!error.message.contains(secret))
            #expect(error.requestID == "***")
        }
    }
}
