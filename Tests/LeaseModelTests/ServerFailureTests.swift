import CaptureFixtures
import LeaseModel
import Testing

@Suite struct ServerFailureTests {
    private static func failure(
        _ status: Int, _ body: String, type: String? = "application/json", method: String = "GET"
    ) -> ServerFailure {
        ServerFailure(
            method: method, status: status, contentType: type, body: Array(body.utf8),
            requestLine: "\(method) http://cloud.example/v1/leases", requestID: "req-1")
    }

    @Test func everyCapturedFailureHasItsCategory() {
        var seen: Set<String> = []
        for capture in Capture.all where capture.status >= 300 {
            seen.insert(capture.name)
            let failure = ServerFailure(
                method: capture.method, status: capture.status, contentType: capture.header("content-type"),
                body: capture.body, requestLine: "\(capture.method) \(capture.path)")
            #expect(failure.category == captureCategories[capture.name], "\(capture.name)")
            if failure.category != .notBlazar {
                #expect(
                    String(decoding: capture.body, as: UTF8.self).contains(failure.message.prefix(40)),
                    "\(capture.name)")
                #expect(!failure.message.isEmpty, "\(capture.name)")
            }
        }
        #expect(seen == Set(captureCategories.keys))
        #expect(seen.count == 182)
    }

    @Test(arguments: [
        (#"{"error_code": 404, "error_message": "m", "error_name": 404}"#, "m"),
        (#"{"error": 404, "error_message": "m"}"#, "m"),
        (#"{"error": {"code": 404, "title": "t", "message": "m"}}"#, "m"),
        (#"{"error": {"code": 404, "title": "t"}}"#, "t"),
        (#"{"itemNotFound": {"code": 404, "message": "m"}}"#, "m"),
        (#"{"NeutronError": {"type": "NetworkNotFound", "message": "m", "detail": ""}}"#, "m"),
        (#"{"NeutronError": "m"}"#, "m"),
        (#"{"errors": [{"status": 404, "title": "t", "detail": "m"}]}"#, "m"),
    ])
    func readsEveryShape(body: String, message: String) {
        let failure = Self.failure(404, body)
        #expect(failure.message == message)
        #expect(failure.category == .notFound)
    }

    /// Somebody else's page must not make a lease look deleted, or like another project's.
    @Test(
        arguments: [
            ("", nil), ("", "application/json"), ("<html><h1>404 Not Found</h1></html>", "text/html"),
            ("\u{FEFF}\n <!DOCTYPE html><title>Log in</title>", "application/json"), ("Not Found", "text/plain"),
            (#"{"error_code": 404, "error_mess"#, "application/json"), ("{}", "application/json"),
            ("[]", "application/json"),
            (#"{"detail": "Not Found"}"#, "application/json"), (#"{"error_message": null}"#, "application/json"),
            (#"{"error_code": 404, "error_message": "Object with x not found"}"#, "text/html; charset=utf-8"),
        ] as [(String, String?)])
    func anythingElseIsNotBlazar(body: String, type: String?) {
        for status in [200, 302, 400, 403, 404, 409, 511] {
            #expect(Self.failure(status, body, type: type).category == .notBlazar, "\(status)")
        }
        for status in [502, 503, 504] { #expect(Self.failure(status, body, type: type).category == .unavailable) }
        #expect(Self.failure(500, body, type: type).category == .serverError)
        #expect(Self.failure(401, body, type: type).category == .unauthenticated)
        #expect(Self.failure(429, body, type: type).category == .rateLimited)
    }

    @Test func aPagesTitleIsItsMessage() {
        let page = "<!doctype html><html><head><TITLE lang=en> Hotel\n WiFi </TITLE></head>"
        #expect(Self.failure(200, page, type: "text/html").message == "Hotel WiFi")
        #expect(Self.failure(503, "<html><body><h1>503 Busy</h1>", type: "text/html").message == "503 Busy")
        #expect(Self.failure(503, "<html><title", type: "text/html").message == "")
        #expect(Self.failure(400, "upstream\u{1B}[2J", type: "text/plain").message == "upstream\u{1B}[2J")
    }

    /// A message may quote what a person wrote: a lease's name must not choose the category.
    @Test func quotedWordsDoNotChooseTheCategory() {
        let body =
            #"{"error_code": 400, "error_message": "Malformed requirements Not enough hosts available", "error_name": 400}"#
        #expect(Self.failure(400, body, method: "POST").category == .invalid)
    }

    @Test func writesAndReadsDiffer() {
        let own = #"{"error_code": 403, "error_message": "Leases of this class need an approval.", "error_name": 403}"#
        #expect(Self.failure(403, own, method: "POST").category == .policy)
        #expect(Self.failure(403, own, method: "GET").category == .forbidden)
        let raced = #"{"error_code": 500, "error_message": "abc Lease was not found", "error_name": 500}"#
        #expect(Self.failure(500, raced, method: "DELETE").category == .notFound)
        let gone =
            #"{"error_code": 404, "error_message": "Object with {'lease_id': 'x'} not found", "error_name": 404}"#
        #expect(Self.failure(404, gone, method: "DELETE").category == .notFound)
        #expect(Self.failure(404, gone, method: "POST").category == .invalid)
    }

    @Test func waitingTimeMayStandInTheBody() {
        let body = #"{"overLimit": {"code": 413, "message": "slow down", "retryAfter": "17"}}"#
        let failure = Self.failure(413, body)
        #expect(failure.category == .rateLimited)
        #expect(failure.retryAfter == 17)
        #expect(failure.nextStep().contains("17 seconds"))
    }

    @Test func hugeWordsAreCut() {
        let body = "{\"error_message\": \"" + String(repeating: "x", count: 100_000) + "\"}"
        #expect(Self.failure(400, body).message.count == 4_001)
    }

    @Test func theSentenceNamesEverything() throws {
        let capture = try Capture.named("captures/57-not-enough-hosts.txt")
        let failure = ServerFailure(
            method: "POST", status: 500, contentType: "application/json", body: capture.body,
            requestLine: "POST http://cloud.example/v1/leases", requestID: "req-9")
        let sentence = failure.sentence(operation: "creating the lease", lease: "my\u{1B}lease")
        for part in [
            "creating the lease", #"my\u{1B}lease"#, "Not enough hosts available",
            "POST http://cloud.example/v1/leases",
            "status 500", "req-9", failure.nextStep(),
        ] {
            #expect(sentence.contains(part), "\(part)")
        }
        #expect(!sentence.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test func aBareErrorOnACreationByApplicationCredentialIsExplained() throws {
        let capture = try Capture.named("captures/05-appcred-post-lease-r.txt")
        func sentence(_ method: String, isApplicationCredential: Bool) -> String {
            ServerFailure(
                method: method, status: 500, contentType: "application/json", body: capture.body,
                requestLine: "\(method) http://cloud.example/v1/leases", requestID: nil
            ).sentence(operation: "it", isApplicationCredential: isApplicationCredential)
        }
        #expect(sentence("POST", isApplicationCredential: true).contains("trust"))
        #expect(!sentence("POST", isApplicationCredential: false).contains("trust"))
        #expect(!sentence("PUT", isApplicationCredential: true).contains("trust"))
    }

    @Test func codesAreFixed() {
        #expect(
            ServerFailure.Category.allCases.map(\.rawValue) == [
                "capacity", "policy", "budget", "invalid", "conflict", "not-found", "not-offered", "forbidden",
                "unauthenticated", "rate-limited", "unavailable", "server-error", "not-blazar",
            ])
    }

    @Test func noBytesCrashIt() {
        var random = SeededRandom(seed: 3)
        let types = ["application/json", "text/html", "text/plain", nil, "\u{FFFD};;", ""]
        let bodies = Capture.all.filter { $0.status >= 300 }.map(\.body)
        for round in 0..<3_000 {
            let body = bodies[round % bodies.count].mutated(using: &random)
            let failure = ServerFailure(
                method: ["GET", "POST", "PUT", "DELETE"][round % 4],
                status: [0, 200, 302, 400, 403, 404, 500, 503, 999][round % 9], contentType: types[round % types.count],
                body: body, requestLine: "GET /")
            _ = failure.sentence(operation: "fuzzing")
        }
    }
}
