import LeaseModel
import OpenStackClient
import Testing

/// Answers of Keystone, or of something in its place. Each becomes one sentence with a next step.
@Suite struct KeystoneAnswerTests {
    struct Answer: Sendable, CustomTestStringConvertible {
        let status: Int
        let body: String
        var headers: HTTPFields = [:]
        let kind: ServiceError.Kind
        let words: [String]
        var testDescription: String { "\(status) \(body.prefix(20))" }
    }

    private static let page = "<!DOCTYPE html><html><body>Log in to the airport's network</body></html>"

    static let answers: [Answer] = [
        Answer(
            status: 401,
            body: #"{"error":{"code":401,"message":"The request you have made requires authentication."}}"#,
            kind: .authentication,
            words: ["password of user \"user1\" for the project \"project1\"", "HTTP 401", "req-7"]),
        Answer(
            status: 403, body: #"{"error":{"message":"User is disabled"}}"#, kind: .authentication,
            words: ["User is disabled", "has a role", "req-7"]),
        Answer(status: 404, body: Self.page, kind: .configuration, words: ["auth_url", "/v3"]),
        Answer(status: 300, body: #"{"versions": {}}"#, kind: .configuration, words: ["auth_url"]),
        Answer(
            status: 302, body: "", headers: ["Location": "https://cloud/v3"], kind: .configuration,
            words: ["moved to https://cloud/v3"]),
        Answer(status: 200, body: Self.page, kind: .badAnswer, words: ["web page", "log in"]),
        Answer(status: 511, body: Self.page, kind: .badAnswer, words: ["HTTP 511"]),
        Answer(status: 200, body: "hello", kind: .badAnswer, words: ["no JSON"]),
        Answer(status: 201, body: #"{"token": {}}"#, kind: .badAnswer, words: ["no token"]),
        Answer(
            status: 500, body: #"{"error":{"message":"An unexpected error"}}"#, kind: .badAnswer,
            words: ["internal error", "An unexpected error", "try again later", "req-7"]),
        Answer(status: 503, body: Self.page, kind: .badAnswer, words: ["internal error"]),
        Answer(
            status: 400, body: #"{"error":{"message":"Expecting to find domain in user."}}"#, kind: .configuration,
            words: ["Expecting to find domain"]),
        Answer(status: 418, body: "{}", kind: .badAnswer, words: ["unexpected answer", "HTTP 418"]),
        Answer(
            status: 401, body: "{\"error\":{\"message\":\"red \\u001b[31m\"}}", kind: .authentication,
            words: ["red \\u{1B}[31m"]),
    ]

    @Test(arguments: answers) func isOneSentence(answer: Answer) async throws {
        let transport = ScriptedTransport { _ in
            var headers = answer.headers
            headers["x-openstack-request-id"] = "req-7"
            headers["content-type"] = answer.body.hasPrefix("<") ? "text/html" : "application/json"
            return HTTPReply(status: answer.status, headers: headers, body: .whole(Array(answer.body.utf8)))
        }
        let error = try #require(
            await #expect(throws: ServiceError.self) { try await Lab.session(transport).identity() })
        #expect(error.kind == answer.kind)
        #expect(error.requestID == "req-7")
        #expect(error.message.hasPrefix("cloud \"lab\": "), "\(error.message)")
        for words in answer.words { #expect(error.message.contains(words), "\(error.message)") }
        #expect(!error.message.contains("\n"))
        #expect(!error.message.contains("airport"))
    }

    @Test(arguments: [
        (TransportError.Kind.cannotResolve, "host name"), (.cannotConnect, "whether the service runs"),
        (.tlsFailed, "cacert"), (.timedOut, "later"), (.notHTTP, "port"),
    ]) func noAnswerIsOneSentence(kind: TransportError.Kind, words: String) async throws {
        let transport = ScriptedTransport { _ throws(TransportError) in
            throw TransportError(kind: kind, phase: .beforeSending, detail: "d")
        }
        let error = await #expect(throws: ServiceError.self) { try await Lab.session(transport).identity() }
        #expect(error?.kind == .transport(kind, .beforeSending))
        #expect(error?.message.contains(words) == true)
        #expect(error?.message.contains("POST \(Lab.authURL)/auth/tokens") == true)
    }
}
