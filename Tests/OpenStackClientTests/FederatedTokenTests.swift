import LeaseModel
import OpenStackClient
import Testing

/// Logins with a password or a token through an identity provider, request by request.
@Suite struct FederatedTokenTests {
    private static let federation = FederationEndpoint(identityProvider: "cham eleon", protocolName: "openid")
    private static let client = OpenIDClient(
        id: "keystone-uc", secret: Secret("none"),
        discoveryEndpoint: "https://idp.example.org/.well-known/openid-configuration")

    private static func password(_ client: OpenIDClient = client) -> Credentials {
        .federated(
            federation,
            .grant(
                client, .password(userName: "me@example.org", password: Secret("p&ss word"), oneTimeKey: nil)))
    }

    private func provider(_ answer: String = #"{"access_token": "ACCESS", "id_token": "ID"}"#) -> ScriptedTransport {
        ScriptedTransport { request in
            switch request.url {
            case "https://idp.example.org/.well-known/openid-configuration":
                .json(200, #"{"token_endpoint": "https://idp.example.org/token"}"#)
            case "https://idp.example.org/token": .json(200, answer)
            case let url where url.hasSuffix("/auth") && request.headers["authorization"] == "Bearer ACCESS":
                .json(201, #"{"token": {"user": {"id": "u1"}}}"#, headers: ["X-Subject-Token": "UNSCOPED"])
            case let url where url.hasSuffix("/auth/tokens"): tokenReply()
            default: .json(401, #"{"error": {"message": "no"}}"#)
            }
        }
    }

    @Test func passwordGrantThenFederationThenRescope() async throws {
        let transport = provider()
        let cloud = Lab.cloud(Self.password(), project: .id("p1"))
        #expect(try await Lab.session(transport, cloud: cloud).identity().userName == "user1")
        let requests = transport.requests
        try #require(requests.count == 4)
        #expect(requests[0].method == "GET")
        #expect(requests[1].method == "POST")
        #expect(
            String(decoding: requests[1].body ?? [], as: UTF8.self)
                == "username=me%40example.org&password=p%26ss%20word&scope=openid%20profile&grant_type=password")
        #expect(requests[1].headers["authorization"] == "Basic a2V5c3RvbmUtdWM6bm9uZQ==")
        #expect(requests[1].headers["content-type"] == "application/x-www-form-urlencoded")
        #expect(
            requests[2].url
                == "\(Lab.authURL)/OS-FEDERATION/identity_providers/cham%20eleon/protocols/openid/auth")
        #expect(requests[2].method == "POST")
        #expect(
            try JSONValue(parsing: requests[3].body ?? [])
                == [
                    "auth": [
                        "identity": ["methods": ["token"], "token": ["id": "UNSCOPED"]],
                        "scope": ["project": ["id": "p1"]],
                    ]
                ])
    }

    @Test func endpointAndClientWithoutASecret() async throws {
        let client = OpenIDClient(id: "keystone-uc", accessTokenEndpoint: "https://idp.example.org/token")
        let transport = provider()
        _ = try await Lab.session(transport, cloud: Lab.cloud(Self.password(client))).identity()
        let request = try #require(transport.requests.first)
        #expect(request.url == "https://idp.example.org/token")
        #expect(request.headers["authorization"] == nil)
        #expect(String(decoding: request.body ?? [], as: UTF8.self).hasSuffix("&client_id=keystone-uc"))
    }

    @Test func accessTokenIsShownToKeystone() async throws {
        let transport = provider()
        let cloud = Lab.cloud(.federated(Self.federation, .accessToken(Secret("ACCESS"))))
        _ = try await Lab.session(transport, cloud: cloud).identity()
        #expect(transport.requests.count == 2)
        let expired = Lab.cloud(.federated(Self.federation, .accessToken(Secret("EXPIRED"))))
        let error = await #expect(throws: ServiceError.self) {
            try await Lab.session(provider(), cloud: expired).identity()
        }
        #expect(error?.kind == .authentication)
        #expect(error?.message.contains("no rule of its mapping fits") == true)
    }

    @Test func providerRefuses() async throws {
        let transport = ScriptedTransport { _ in
            .json(401, #"{"error": "invalid_grant", "error_description": "Invalid user credentials"}"#)
        }
        let client = OpenIDClient(id: "keystone-uc", accessTokenEndpoint: "https://idp.example.org/token")
        let error = await #expect(throws: ServiceError.self) {
            try await Lab.session(transport, cloud: Lab.cloud(Self.password(client))).identity()
        }
        #expect(error?.kind == .authentication)
        #expect(error?.message.contains("identity provider refuses") == true)
        #expect(error?.message.contains("Invalid user credentials") == true)
    }

    @Test func answerWithoutTheWantedToken() async throws {
        let error = await #expect(throws: ServiceError.self) {
            try await Lab.session(provider("{}"), cloud: Lab.cloud(Self.password()))
                .identity()
        }
        #expect(error?.kind == .badAnswer)
        #expect(error?.message.contains("holds no access_token") == true)
    }
}
