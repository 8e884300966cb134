import LeaseModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Gets access tokens from an identity provider, with the same requests in the same order as keystoneauth.
///
/// If a grant needs a person, a refresh token from an earlier login is tried first, as in ccauth.
actor OpenIDTokenSource {
    /// The dependencies of a login.
    struct Surroundings: Sendable {
        let send: @Sendable (HTTPRequest) async throws(ServiceError) -> AuthenticationReply
        let clock: @Sendable () -> Timestamp
        let sleep: @Sendable (Double) async throws -> Void
        /// Asks a person; `nil` if there is nobody to ask.
        let assistant: (any LoginAssistant)?
        let journal: LoginJournal

        /// Waits while a person is at work, and shows them how many seconds are left.
        ///
        /// - Returns: `false` if the task was canceled meanwhile.
        func pause(_ seconds: Double, until end: Timestamp, _ assistant: any LoginAssistant) async -> Bool {
            var rest = seconds
            while rest > 0 {
                await assistant.note(secondsLeft: max(0, end.seconds(since: clock())))
                let part = min(1, rest)
                guard (try? await sleep(part)) != nil else { return false }
                rest -= part
            }
            return true
        }
    }

    nonisolated let client: OpenIDClient
    nonisolated let grant: OpenIDGrant
    nonisolated let failure: AuthenticationFailure
    nonisolated let world: Surroundings
    /// The provider's description, which is requested once.
    private var known: OpenIDProvider?
    /// The refresh token that the provider refused. It is not tried again until the file contains another.
    private var refused: Secret?

    init(_ client: OpenIDClient, _ grant: OpenIDGrant, failure: AuthenticationFailure, world: Surroundings) {
        self.client = client
        self.grant = grant
        self.failure = failure
        self.world = world
    }

    /// The token for Keystone.
    ///
    /// - Parameter asksAgain: whether a person has to log in even if there is a saved login.
    /// - Returns: the token.
    /// - Throws: ``ServiceError``
    func accessToken(askingAgain asksAgain: Bool = false) async throws(ServiceError) -> Secret {
        let provider = try await provider()
        world.journal.begin(.provider)
        if let cache = grant.cache {
            if !asksAgain, let answer = try await refreshed(cache, at: provider) { return try accessToken(answer) }
            return try accessToken(try await login(cache, at: provider))
        }
        let answer = try await exchange(try await fields(), at: provider)
        world.journal.finish(.provider, "\(grant.name.escapedForTerminal) accepted")
        return try accessToken(answer)
    }

    private func fields() async throws(ServiceError) -> [(String, String)] {
        switch grant {
        case .password(let userName, let password, let oneTimeKey):
            var fields = [
                ("username", userName), ("password", password.reveal()), ("scope", client.scope),
                ("grant_type", grant.name),
            ]
            if let oneTimeKey {
                let passcode = try await failure.ask("One-time password of \(userName): ", world.assistant)
                fields.append((oneTimeKey, passcode.reveal()))
            }
            return fields
        case .clientCredentials: return [("scope", client.scope), ("grant_type", grant.name)]
        case .code(let code, let redirectURI):
            let redirect = redirectURI.map { [("redirect_uri", $0)] } ?? []
            return redirect + [("code", code.reveal()), ("grant_type", grant.name)]
        case .browser, .device: return []
        }
    }

    // MARK: Requests

    /// The provider, from its description or from the configuration.
    func provider() async throws(ServiceError) -> OpenIDProvider {
        if let known { return known }
        guard let address = client.discoveryEndpoint else {
            let unknown = OpenIDProvider()
            known = unknown
            return unknown
        }
        world.journal.begin(.discovery)
        let reply = try await world.send(HTTPRequest(method: "GET", url: address, headers: ["Accept": "*/*"]))
        guard (200..<300).contains(reply.status) else { throw failure.discovery(reply) }
        guard let document = reply.json else { throw failure.badProvider(reply, "it is no JSON") }
        let described: OpenIDProvider
        do throws(OpenIDProvider.Problem) {
            described = try OpenIDProvider(document, from: address)
        } catch {
            throw failure.badProvider(reply, error.text)
        }
        if let types = described.grantTypes, !types.isEmpty, !types.contains(grant.name) {
            throw failure.badProvider(reply, "it does not offer the grant \"\(grant.name)\"")
        }
        world.journal.finish(.discovery, DisplayURL.text(address))
        known = described
        return described
    }

    /// Sends a form to the provider.
    func post(
        _ fields: [(String, String)], to url: String, namesClient: Bool = false
    ) async throws(ServiceError) -> AuthenticationReply {
        var fields = fields
        var headers: HTTPFields = ["Accept": "*/*", "Content-Type": "application/x-www-form-urlencoded"]
        if let secret = client.secret {
            headers["Authorization"] = "Basic \(Data("\(client.id):\(secret.reveal())".utf8).base64EncodedString())"
        }
        if client.secret == nil || namesClient, !fields.contains(where: { $0.0 == "client_id" }) {
            fields.append(("client_id", client.id))
        }
        return try await world.send(
            HTTPRequest(method: "POST", url: url, headers: headers, body: Array(EndpointURL.form(fields).utf8)))
    }

    /// Sends a form to the token endpoint.
    func postForToken(
        _ fields: [(String, String)], at provider: OpenIDProvider
    ) async throws(ServiceError) -> AuthenticationReply {
        guard let url = client.accessTokenEndpoint ?? provider.tokenEndpoint else {
            throw failure.noEndpoint("token_endpoint", setting: "access_token_endpoint")
        }
        return try await post(fields, to: url)
    }

    func exchange(
        _ fields: [(String, String)], at provider: OpenIDProvider
    ) async throws(ServiceError) -> AuthenticationReply {
        let reply = try await postForToken(fields, at: provider)
        guard (200..<300).contains(reply.status) else { throw failure.identityProvider(reply) }
        return reply
    }

    private func accessToken(_ answer: AuthenticationReply) throws(ServiceError) -> Secret {
        world.journal.begin(.token)
        guard let token = answer.json?[client.accessTokenType]?.stringValue, !token.isEmpty else {
            throw failure.unusable(
                answer, "the identity provider's answer holds no \(client.accessTokenType.escapedForTerminal)")
        }
        world.journal.finish(.token, AccessTokenFacts(token).text(now: world.clock()) ?? client.accessTokenType)
        return Secret(token)
    }
}

// MARK: - Saved logins

extension OpenIDTokenSource {
    /// The provider's answer to the cached refresh token, or `nil` if a person has to log in.
    private func refreshed(
        _ cache: RefreshTokenCache, at provider: OpenIDProvider
    ) async throws(ServiceError) -> AuthenticationReply? {
        // Without a file there is nothing to lock, and perhaps no folder for the lock.
        guard try cache.read() != nil else { return nil }
        return try await cache.locked(sleep: world.sleep) { () throws(ServiceError) in
            try await self.refresh(cache, at: provider)
        }
    }

    /// Uses the cached refresh token, so that its end is postponed. Nobody is asked.
    ///
    /// - Throws: ``ServiceError``
    func keepLogin() async throws(ServiceError) {
        guard let cache = grant.cache else { return }
        _ = try await refreshed(cache, at: try await provider())
    }

    private func refresh(
        _ cache: RefreshTokenCache, at provider: OpenIDProvider
    ) async throws(ServiceError) -> AuthenticationReply? {
        guard let token = try cache.read(), token != refused else { return nil }
        if let answer = try await redeem(token, of: cache, at: provider) { return answer }
        // ccauth takes no lock. It may have received the next token just now, and be about to write it.
        try? await world.sleep(0.3)
        guard let newer = try cache.read(), newer != token else { return nil }
        return try await redeem(newer, of: cache, at: provider)
    }

    /// Uses a refresh token, and saves the new one before anything else happens.
    private func redeem(
        _ token: Secret, of cache: RefreshTokenCache, at provider: OpenIDProvider
    ) async throws(ServiceError) -> AuthenticationReply? {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.reveal())]
        var reply = try await postForToken(fields + [("scope", client.scope)], at: provider)
        if reply.oauthError == "invalid_scope" {
            // The login was for less than the configuration requests, as with ccauth's logins: request what it was for.
            reply = try await postForToken(fields, at: provider)
        }
        guard (200..<300).contains(reply.status) else {
            guard reply.oauthError == "invalid_grant" else { throw failure.identityProvider(reply) }
            refused = token
            return nil
        }
        if let next = reply.refreshToken, next != token.reveal() || reply.refreshTokenLife != nil {
            try cache.write(Secret(next), at: world.clock(), lifeSeconds: reply.refreshTokenLife)
        }
        refused = nil
        world.journal.finish(.provider, "refresh token of \(cache.path.escapedForTerminal) accepted")
        return reply
    }

    /// Asks a person to log in, and saves the refresh token.
    private func login(
        _ cache: RefreshTokenCache, at provider: OpenIDProvider
    ) async throws(ServiceError) -> AuthenticationReply {
        guard let assistant = world.assistant else {
            throw failure.loginNeeded(hasEnded: refused != nil)
        }
        let answer: AuthenticationReply
        switch grant {
        case .browser(let redirectURI, _):
            answer = try await BrowserLogin(source: self, provider: provider, assistant: assistant)
                .run(redirectURI: redirectURI)
        case .device(let device, _):
            answer = try await DeviceLogin(source: self, provider: provider, assistant: assistant).run(device)
        case .password, .clientCredentials, .code: throw failure.loginNeeded(hasEnded: false)
        }
        if let token = answer.refreshToken {
            let now = world.clock()
            try await cache.locked(sleep: world.sleep) { () throws(ServiceError) in
                try cache.write(Secret(token), at: now, lifeSeconds: answer.refreshTokenLife)
            }
            world.journal.finish(.provider, "logged in; the login is kept in \(cache.path.escapedForTerminal)")
        } else {
            world.journal.finish(.provider, "logged in", warning: "The provider gave no refresh token to keep.")
        }
        return answer
    }

    /// Ends the login: at the provider if possible, and in the file.
    ///
    /// - Returns: whether there was one.
    func logOut() async throws(ServiceError) -> Bool {
        guard let cache = grant.cache, try cache.read() != nil else { return false }
        let revocation = try? await provider().revocationEndpoint
        try await cache.locked(sleep: world.sleep) { () throws(ServiceError) in
            if let token = try? cache.read(), let revocation {
                // A provider that cannot be reached must not prevent logging out here.
                _ = try? await self.post(
                    [("token", token.reveal()), ("token_type_hint", "refresh_token")], to: revocation)
            }
            try cache.remove()
        }
        return true
    }
}

extension AuthenticationReply {
    /// The refresh token, if there is one.
    var refreshToken: String? {
        json?["refresh_token"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The lifetime of the refresh token in seconds. OAuth has no member for it; this one is Keycloak's.
    var refreshTokenLife: Double? { json?["refresh_expires_in"]?.doubleValue }

    /// The error code of OAuth 2.0 (RFC 6749, section 5.2), if there is one.
    var oauthError: String? { (400..<500).contains(status) ? json?["error"]?.stringValue : nil }
}

/// The contents of an access token, if it is a JWT. They are not verified, only shown to a person.
struct AccessTokenFacts {
    private let claims: JSONValue?

    init(_ token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            claims = nil
            return
        }
        var base = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        while base.count % 4 != 0 { base += "=" }
        claims = Data(base64Encoded: String(base)).flatMap { try? JSONValue(parsing: Array($0)) }
    }

    /// When it ends; `nil` if the token does not say.
    var endsAt: Timestamp? {
        guard let end = claims?["exp"]?.doubleValue, end > 0, end < 1e11 else { return nil }
        return Timestamp(secondsSince1970: Int64(end))
    }

    /// The token's user and remaining lifetime; `nil` if the token does not say.
    func text(now: Timestamp) -> String? {
        guard let claims else { return nil }
        let user = claims["preferred_username"]?.stringValue.map { "user \($0.escapedForTerminal)" }
        let life = claims["exp"]?.doubleValue.flatMap { end -> String? in
            guard end.magnitude < 1e12 else { return nil }
            let left = Int64(end) - now.secondsSince1970
            return left > 0 ? "valid for \(left) s" : "expired \(-left) s ago by this computer's clock"
        }
        let parts = [user, life].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}
