import Foundation
import LeaseModel
import OpenStackClient
import Testing

/// The exchange of each auth type, compared with a real Keystone's.
@Suite struct TokenRequestTests {
    private func body(_ request: HTTPRequest) throws -> JSONValue { try JSONValue(parsing: request.body ?? []) }

    @Test func passwordAsCaptured() async throws {
        let capture = try Capture("01-token-password.txt")
        let transport = ScriptedTransport { _ in capture.reply }
        let identity = try await Lab.session(transport).identity()
        let request = try #require(transport.requests.first)
        #expect("\(request.method) \(request.url)" == "POST http://127.0.0.1:5000/identity/v3/auth/tokens")
        #expect(capture.requestLine.hasPrefix("POST /identity/v3/auth/tokens"))
        #expect(try body(request) == capture.requestBody)
        #expect(request.headers["content-type"] == "application/json")
        #expect(identity.userName == "user1")
        #expect(identity.projectName == "project1")
        #expect(identity.projectID == "17d8f03477ff499f8705a39a43bfd9af")
        #expect(identity.roles == ["member", "reader"])
        #expect(identity.expiresAt == Timestamp(parsing: "2026-11-22T17:14:51Z"))
        #expect(identity.authURL == Lab.authURL)
        #expect(!identity.isApplicationCredential)
        #expect(identity.isProjectConfigured)
        #expect(!identity.seesAllProjects)
    }

    @Test func wrongPasswordAsCaptured() async throws {
        let capture = try Capture("01b-token-badpassword.txt")
        let transport = ScriptedTransport { _ in capture.reply }
        let cloud = Lab.cloud(
            .password(user: .name("user1", domain: .name("Default")), password: Secret("wrong")), project: nil)
        let error = await #expect(throws: ServiceError.self) {
            try await Lab.session(transport, cloud: cloud).identity()
        }
        #expect(try body(try #require(transport.requests.first)) == capture.requestBody)
        #expect(error?.kind == .authentication)
        #expect(error?.requestID == "req-d61dcd4b-ad61-4a64-bc31-07e41a5b5ff7")
        #expect(error?.message.contains("password of user \"user1\"") == true)
        #expect(error?.message.contains("clouds.lab of /home/me/clouds.yaml") == true)
    }

    @Test(arguments: ["r", "u"]) func applicationCredentialAsCaptured(kind: String) async throws {
        let capture = try Capture("03-token-appcred-\(kind).txt")
        let created = try Capture("02-appcred-create-\(kind).txt")
        let id = try #require(
            try JSONValue(parsing: created.body)["application_credential"]?["id"]?.stringValue)
        let transport = ScriptedTransport { _ in capture.reply }
        let cloud = Lab.cloud(.applicationCredential(.id(id), secret: Secret("SECRET")), project: nil)
        let identity = try await Lab.session(transport, cloud: cloud).identity()
        #expect(try body(try #require(transport.requests.first)) == capture.requestBody)
        #expect(identity.isApplicationCredential)
        #expect(!identity.isProjectConfigured)
    }

    @Test func applicationCredentialIsNeverScopedButItsProjectIsChecked() async throws {
        let transport = ScriptedTransport { _ in tokenReply(project: "other") }
        let cloud = Lab.cloud(
            .applicationCredential(.name("n", user: .name("u", domain: .id("d"))), secret: Secret("s")))
        let error = await #expect(throws: ServiceError.self) {
            try await Lab.session(transport, cloud: cloud).identity()
        }
        #expect(
            try body(try #require(transport.requests.first))
                == [
                    "auth": [
                        "identity": [
                            "methods": ["application_credential"],
                            "application_credential": [
                                "name": "n", "user": ["name": "u", "domain": ["id": "d"]], "secret": "s",
                            ],
                        ]
                    ]
                ])
        #expect(error?.kind == .configuration)
        #expect(error?.message.contains("the project \"project1\"") == true)
        #expect(error?.message.contains("\"other\"") == true)
    }

    @Test(arguments: [
        (ProjectReference.id("p1"), true), (.id("p2"), false), (.name("PROJECT1", domain: .name("default")), true),
        (.name("project1", domain: .id("default")), true), (.name("project1", domain: .id("else")), false),
        (.name("project2", domain: .id("default")), false),
    ]) func projectOfTheTokenIsCompared(project: ProjectReference, fits: Bool) async throws {
        let transport = ScriptedTransport { _ in tokenReply() }
        let session = Lab.session(transport, cloud: Lab.cloud(project: project))
        if fits {
            #expect(try await session.identity().projectName == "project1")
        } else {
            await #expect(throws: ServiceError.self) { try await session.identity() }
        }
    }

    @Test func tokenForNoProjectIsAnError() async throws {
        let transport = ScriptedTransport { _ in
            .json(
                201, #"{"token": {"user": {"id": "u"}, "expires_at": "2026-11-22T17:14:51.000000Z"}}"#,
                headers: ["X-Subject-Token": "T"])
        }
        let error = await #expect(throws: ServiceError.self) {
            try await Lab.session(transport, cloud: Lab.cloud(project: nil)).identity()
        }
        #expect(error?.kind == .configuration)
        #expect(error?.message.contains("project_name") == true)
    }

    @Test func tokenIsExchanged() async throws {
        let transport = ScriptedTransport { _ in tokenReply() }
        _ = try await Lab.session(transport, cloud: Lab.cloud(.token(Secret("OLD")), project: .id("p1"))).identity()
        #expect(
            try body(try #require(transport.requests.first))
                == [
                    "auth": [
                        "identity": ["methods": ["token"], "token": ["id": "OLD"]],
                        "scope": ["project": ["id": "p1"]],
                    ]
                ])
    }

    @Test(arguments: [
        "http://h:5000", "http://h:5000/", "http://h:5000/v3", "http://h:5000/v3/", "http://h:5000/v2.0",
        "http://h:5000/v3/auth/tokens",
    ]) func authURLInAnyForm(url: String) async throws {
        let transport = ScriptedTransport { _ in tokenReply() }
        var cloud = Lab.cloud()
        cloud.authURL = url
        _ = try await Lab.session(transport, cloud: cloud).identity()
        #expect(transport.requests.map(\.url) == ["http://h:5000/v3/auth/tokens"])
    }
}
