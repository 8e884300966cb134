import Foundation
import LeaseModel
import OpenStackClient
import Testing

/// Every recording of a real identity provider, gateway, Keystone and Blazar: the same situation has the expected
/// outcome here.
@Suite struct RecordingTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// When the recordings were made, so that their contents are neither old nor in the future.
    private static let recorded = Timestamp(secondsSince1970: 1_795_833_240)

    private func session(
        _ cloud: CloudConfiguration, _ servers: RecordedServers, person: SilentPerson? = nil, slept: SleptTime
    ) -> KeystoneSession {
        KeystoneSession(
            cloud: cloud, transport: servers.transport,
            clock: { Self.recorded.adding(seconds: Int64(slept.seconds)) }, sleep: { slept.add($0) }, assistant: person)
    }

    @Test(arguments: RecordedCase.all) func recording(situation: RecordedCase) async throws {
        let exchanges = try situation.exchanges()
        let servers = try RecordedServers(exchanges)
        let cloud = try situation.cloud(in: folder, exchanges)
        let kept = try keptLogin(of: cloud, exchanges)
        let person = situation.isPersonThere ? SilentPerson() : nil
        let session = session(cloud, servers, person: person, slept: SleptTime())
        switch situation.outcome {
        case .signedInTo(let project): #expect(try await session.identity().projectName == project)
        case .reads:
            let reply = try await session.send(ServiceRequest(.reservation, "GET", "/leases"))
            #expect(reply.status == 200)
        case .warned(let words):
            _ = try await session.identity()
            #expect(session.loginSteps.contains { $0.warning?.contains(words) == true })
        case .offered(let names):
            #expect(try await session.logIn(askingAgain: false).projects.map(\.name) == names)
        case .refused(let kind, let step, let words):
            let error = try #require(await #expect(throws: ServiceError.self) { try await session.identity() })
            #expect(error.kind == kind)
            for word in words { #expect(error.message.contains(word), "\(error.message)") }
            for secret in ["-TOKEN-", "-CODE-", "-SECRET-", "labsecret", "lab-client-secret"] {
                #expect(!error.message.contains(secret))
            }
            #expect(session.loginSteps.last?.step == step)
            #expect(session.loginSteps.last?.finding == nil)
            #expect(servers.transport.requests(to: "/v1/leases").isEmpty)
        }
        #expect(servers.left.isEmpty)
        // Nobody is asked twice, and whatever outlives the process is saved.
        #expect((await person?.invitations.count ?? 0) <= 1)
        if let cache = cloud.credentials.keptLogin {
            #expect(try cache.read()?.reveal() == servers.refreshToken ?? kept)
        }
    }

    /// Puts the recorded refresh token into the file that the login reads.
    private func keptLogin(of cloud: CloudConfiguration, _ exchanges: [OpenIDExchange]) throws -> String? {
        guard let cache = cloud.credentials.keptLogin,
            let token = exchanges.firstNonNil({ $0.formField("refresh_token") })
        else { return nil }
        let content: JSONValue = ["refresh_token": .string(token)]
        try FileManager.default.createDirectory(
            atPath: (cache.path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try content.text().write(toFile: cache.path, atomically: true, encoding: .utf8)
        return token
    }

    /// Recordings that are not about a login with one entry of clouds.yaml.
    private static let others: Set = [
        "02-claims", "11d-device-pkce-unknown-method", "55-authcode-pkce-public-client", "82-appcred-by-federated-user",
    ]

    @Test func everyRecordingHasARow() throws {
        let root = Fixtures.path("captures-oidc")
        let files = try #require(FileManager.default.enumerator(atPath: root)).compactMap { $0 as? String }
        let names = Set(files.filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) })
        #expect(names.count > 60)
        #expect(names == Self.others.union(RecordedCase.all.map(\.recording)))
    }

    // MARK: Other recordings

    @Test func accessTokenSaysWhoseItIs() async throws {
        let text = try String(contentsOfFile: Fixtures.path("captures-oidc/02-claims.txt"), encoding: .utf8)
        let claims = try #require(text.split(separator: "\n").first { $0.hasPrefix("# {\"iss\"") }).dropFirst(2)
        let token = "h.\(Data(claims.utf8).base64EncodedString().replacing("=", with: "")).s"
        let session = session(
            OpenIDLab.cloud(.accessToken(Secret(token))), try RecordedServers([]), slept: SleptTime())
        _ = try await session.identity()
        #expect(session.loginSteps.first { $0.step == .token }?.finding == "user alice, valid for 269 s")
    }

    @Test func unknownKindOfProofKeyIsRefusedBeforeAnythingIsSent() throws {
        let situation = RecordedCase(
            "11d-device-pkce-unknown-method", with: ["code_challenge_method": "S512"], then: .signedIn)
        let error = #expect(throws: CloudConfigurationError.self) {
            try situation.cloud(in: folder, try situation.exchanges())
        }
        #expect(error?.message.contains("it should be S256 or plain") == true)
    }

    @Test func credentialOfAPersonFromAProvider() async throws {
        let made = try #require(OpenIDExchange.all("82-appcred-by-federated-user").first)
        let credential = try #require(try JSONValue(parsing: made.body)["application_credential"])
        let situation = RecordedCase(
            "82-appcred-by-federated-user", [], as: "v3applicationcredential",
            with: [
                "application_credential_id": try #require(credential["id"]?.stringValue),
                "application_credential_secret": try #require(credential["secret"]?.stringValue),
            ], then: .signedIn)
        let session = session(
            try situation.cloud(in: folder, []), try RecordedServers([]), slept: SleptTime())
        #expect(try await session.identity().projectName == "project1")
    }

    /// The browser brings what the provider gave it: a code, a code for another proof key, or a refusal.
    @Test(
        arguments: [
            (0, [0], nil), (1, [1], "refuses the code of this login"), (2, [], "the login was denied in the browser"),
        ] as [(Int, [Int], String?)])
    func browser(visit: Int, indexes: [Int], words: String?) async throws {
        let recording = "55-authcode-pkce-public-client"
        let location = try OpenIDExchange.all(recording).filter { $0.status == 302 }[visit].headers["location"]
        let brought = (URLComponents(string: location ?? "")?.queryItems ?? []).filter { $0.name != "state" }
        #expect(brought.contains { ["code", "error"].contains($0.name) })
        let situation = RecordedCase(
            recording, indexes, as: "v3oidcauthcode", with: ["client_id": "lab-browser", "code": ""], then: .signedIn)
        let network = try AsyncHTTPClientTransport(userAgent: "browser", clock: { Self.recorded })
        let person = SilentPerson { invitation in
            let asked = URLComponents(string: invitation.address)?.queryItems ?? []
            var back = URLComponents(string: asked.first { $0.name == "redirect_uri" }?.value ?? "")
            back?.queryItems = brought + asked.filter { $0.name == "state" }
            let reply = try? await network.send(HTTPRequest(method: "GET", url: back?.string ?? ""))
            #expect(reply?.status == 200)
        }
        let exchanges = try situation.exchanges()
        let servers = try RecordedServers(exchanges)
        let session = KeystoneSession(
            cloud: try situation.cloud(in: folder, exchanges), transport: servers.transport,
            clock: { Self.recorded }, assistant: person)
        if let words {
            let error = await #expect(throws: ServiceError.self) { try await session.identity() }
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("begin again: leasehold login lab") == true)
        } else {
            #expect(try await session.identity().projectName == "project1")
        }
        #expect(servers.left.isEmpty)
        await network.shutdown()
    }

    /// Blazar's answers to a user who is logged in.
    @Test(arguments: [
        ("35-unscoped-token-at-blazar", 500, ServerFailure.Category.serverError, "encountered an internal error"),
        ("48-scoped-token-details", 401, .unauthenticated, "requires authentication"),
        ("59-revoked-keystone-token-asks-again", 401, .unauthenticated, "requires authentication"),
        ("80-leases-list-create-delete", 500, .conflict, "Invalid lease status."),
        ("81-leases-with-group-mapping", 500, .serverError, "Internal Server Error"),
    ]) func leases(recording: String, status: Int, category: ServerFailure.Category, words: String) throws {
        let refused = try OpenIDExchange.all(recording).filter { $0.url.contains("/v1/leases") && $0.status >= 400 }
        #expect(!refused.isEmpty)
        for exchange in refused {
            let failure = ServerFailure(
                method: exchange.method, status: exchange.status, contentType: exchange.headers["content-type"],
                body: Array(exchange.body.utf8), requestLine: "\(exchange.method) \(exchange.url)",
                requestID: exchange.headers.requestID)
            #expect(failure.status == status)
            #expect(failure.category == category)
            #expect(failure.sentence(operation: "it").contains(words))
        }
    }

    // MARK: What ccauth writes

    @Test func filesOfCcauth() throws {
        func remark(_ recording: String) throws -> [Substring] {
            try String(contentsOfFile: Fixtures.path("captures-oidc/\(recording).txt"), encoding: .utf8)
                .split(separator: "\n").filter { $0.hasPrefix("# ") }.map { $0.dropFirst(2) }
        }
        let file = try remark("62-ccauth-clouds-yaml").drop { $0 != "clouds:" }.prefix { !$0.hasPrefix("$") }
            .joined(separator: "\n")
        try folder.write("cwd/clouds.yaml", file)
        let named = try folder.loader().load(name: "openstack_project1")
        let pairs = try remark("62-ccauth-clouds-yaml").filter { $0.hasPrefix("export ") }.map { line in
            let halves = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
            return (String(halves[0]), String(halves[1].replacing("\"", with: "")))
        }
        let other = try TemporaryFolder()
        let variables = Dictionary(uniqueKeysWithValues: pairs + [("XDG_CACHE_HOME", "\(folder.path)/home/.cache")])
        let loader = CloudConfigurationLoader(
            environment: variables, homeDirectory: "\(folder.path)/home", currentDirectory: "\(other.path)/cwd",
            siteDirectories: [])
        let exported = try loader.loadDefault()
        #expect(named.credentials == exported.credentials)
        #expect(named.project == .id("2478df46ad194a99b386785f8fe95e49"))
        #expect(exported.project == named.project)
        #expect(exported.authURL == named.authURL)
        #expect(exported.region == "RegionOne")
        let line = try #require(try remark("61-ccauth-second-login-is-silent").first { $0.hasPrefix("refresh_token") })
        let json = try #require(line.split(separator: ": ", maxSplits: 1).last)
        let cache = try #require(named.credentials.keptLogin)
        try folder.write(String(cache.path.dropFirst(folder.path.count + 1)), String(json))
        #expect(try cache.read()?.reveal().hasPrefix("REFRESH-TOKEN-19-") == true)
    }
}

extension Credentials {
    /// Where the login is saved, if it lasts.
    fileprivate var keptLogin: RefreshTokenCache? {
        if case .grant(_, let grant)? = login { grant.cache } else { nil }
    }
}
