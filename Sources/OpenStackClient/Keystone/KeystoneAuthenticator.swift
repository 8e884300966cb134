import LeaseModel
import Logging

/// Gets a token for a cloud, in the way that its configuration allows.
struct KeystoneAuthenticator: Sendable {
    let cloud: CloudConfiguration
    let clock: @Sendable () -> Timestamp
    let journal: LoginJournal
    private let time: CloudTime
    private let assistant: (any LoginAssistant)?
    private let send: @Sendable (HTTPRequest) async throws(ServiceError) -> AuthenticationReply
    /// Gets the provider's token, if there is a provider. `true` asks a person even if there is a saved login.
    private let accessToken: @Sendable (Bool) async throws(ServiceError) -> Secret
    let tokenSource: OpenIDTokenSource?

    init(
        cloud: CloudConfiguration, transport: any HTTPTransport, clock: @escaping @Sendable () -> Timestamp,
        time: CloudTime, sleep: @escaping @Sendable (Double) async throws -> Void, assistant: (any LoginAssistant)?,
        logger: Logger? = nil
    ) {
        self.cloud = cloud
        self.clock = clock
        self.time = time
        self.assistant = assistant
        let journal = LoginJournal(logger: logger)
        self.journal = journal
        let name = cloud.displayName
        let send = { @Sendable (request: HTTPRequest) async throws(ServiceError) -> AuthenticationReply in
            do throws(TransportError) {
                let sent = clock()
                let reply = try await transport.send(request)
                let received = clock()
                return AuthenticationReply(
                    to: request, status: reply.status, headers: reply.headers, body: try await reply.body.collect(),
                    sent: sent, received: received)
            } catch {
                throw ServiceError(error, requestLine: request.description, cloud: name)
            }
        }
        self.send = send
        let failure = AuthenticationFailure(cloud: cloud)
        let world = OpenIDTokenSource.Surroundings(
            send: send, clock: clock, sleep: sleep, assistant: assistant, journal: journal)
        switch cloud.credentials.login {
        case nil:
            tokenSource = nil
            accessToken = { (_) async throws(ServiceError) in throw failure.loginNeeded(hasEnded: false) }
        case .accessToken(let token)?:
            tokenSource = nil
            accessToken = { (_) async throws(ServiceError) in
                journal.finish(.token, AccessTokenFacts(token.reveal()).text(now: clock()) ?? "as configured")
                return token
            }
        case .hub(let hub)?:
            tokenSource = nil
            let source = HubTokenSource(hub: hub, failure: failure, world: world)
            accessToken = { (_) async throws(ServiceError) in try await source.accessToken() }
        case .grant(let client, let grant)?:
            let source = OpenIDTokenSource(client, grant, failure: failure, world: world)
            tokenSource = source
            accessToken = { (asksAgain) async throws(ServiceError) in
                try await source.accessToken(askingAgain: asksAgain)
            }
        }
    }

    private var failure: AuthenticationFailure { AuthenticationFailure(cloud: cloud) }
    private var root: String { EndpointURL.identityRoot(cloud.authURL) }

    /// Gets a token.
    ///
    /// - Throws: ``ServiceError``: refused, not Keystone, no answer, or a token for another project.
    func authenticate(generation: Int) async throws(ServiceError) -> KeystoneToken {
        let startedAt = clock()
        journal.restart()
        let reply = try await tokenReply()
        let token = try token(from: reply, requestedAt: startedAt, generation: generation)
        journal.finish(.project, "\(token.identity.projectName.escapedForTerminal)")
        return token
    }

    private func tokenReply() async throws(ServiceError) -> AuthenticationReply {
        switch cloud.credentials {
        case .password(let user, let password):
            return try await post(TokenRequestBody.password(user, password, project: cloud.project))
        case .applicationCredential(let reference, let secret):
            return try await post(TokenRequestBody.applicationCredential(reference, secret))
        case .token(let token):
            return try await post(TokenRequestBody.token(token, project: cloud.project))
        case .totp(let user, let passcode):
            let passcode = try await self.passcode(passcode)
            return try await post(TokenRequestBody.passcode(user, passcode, project: cloud.project))
        case .multifactor(let methods):
            let asks = methods.contains { if case .totp(_, nil) = $0 { true } else { false } }
            let passcode = asks ? try await self.passcode(nil) : nil
            return try await post(TokenRequestBody.several(methods, passcode: passcode, project: cloud.project))
        case .federated(let endpoint, _):
            let unscoped = try await unscopedToken(endpoint, askingAgain: false)
            return try await scoped(unscoped)
        }
    }

    private func passcode(_ configured: Secret?) async throws(ServiceError) -> Secret {
        if let configured { return configured }
        return try await failure.ask("TOTP passcode: ", assistant)
    }

    private func post(_ body: JSONValue) async throws(ServiceError) -> AuthenticationReply {
        let reply = try await send(tokenRequest(body))
        guard (200..<300).contains(reply.status) else { throw failure.keystone(reply) }
        return reply
    }

    private func tokenRequest(_ body: JSONValue) -> HTTPRequest {
        HTTPRequest(
            method: "POST", url: root + "/auth/tokens",
            headers: ["Accept": "application/json", "Content-Type": "application/json"],
            body: Array(body.text().utf8))
    }
}

// MARK: - Logins at an identity provider

extension KeystoneAuthenticator {
    /// A Keystone token for a person, not yet for a project.
    struct UnscopedToken: Sendable {
        let secret: Secret
        let userName: String
        let expiresAt: Timestamp?
    }

    /// Sends the provider's token to Keystone.
    ///
    /// The requests are in the order of keystoneauth, `identity/v3/federation.py`.
    func unscopedToken(
        _ endpoint: FederationEndpoint, askingAgain: Bool
    ) async throws(ServiceError) -> UnscopedToken {
        let access = try await accessToken(askingAgain)
        journal.begin(.federation)
        let provider = EndpointURL.segment(endpoint.identityProvider)
        let protocolName = EndpointURL.segment(endpoint.protocolName)
        let reply = try await send(
            HTTPRequest(
                method: "POST",
                url: "\(root)/OS-FEDERATION/identity_providers/\(provider)/protocols/\(protocolName)/auth",
                headers: ["Accept": "application/json", "Authorization": "Bearer \(access.reveal())"], body: []))
        guard (200..<300).contains(reply.status) else { throw failure.federation(reply, endpoint) }
        guard let token = reply.headers["x-subject-token"], !token.isEmpty else {
            throw failure.unusable(reply, "Keystone's answer holds no token")
        }
        let user = reply.json?["token"]?["user"]
        let name = user?["name"]?.stringValue ?? user?["id"]?.stringValue ?? "?"
        let groups = user?["OS-FEDERATION"]?["groups"]?.arrayValue ?? []
        journal.finish(
            .federation, "user \(name.escapedForTerminal)",
            warning: groups.isEmpty
                ? nil
                : """
                Your roles come from a group that the provider puts you in. Leases can be read, but where a site lets \
                people in so, Blazar cannot make a trust for you and answers creations with 500 \
                ("Could not find role"): ask whoever runs the cloud for roles of your own.
                """)
        return UnscopedToken(
            secret: Secret(token), userName: name,
            expiresAt: reply.json?["token"]?["expires_at"]?.stringValue.flatMap(Timestamp.init(parsing:)))
    }

    /// Exchanges a token for one of the configured project.
    private func scoped(_ unscoped: UnscopedToken) async throws(ServiceError) -> AuthenticationReply {
        journal.begin(.project)
        guard let project = cloud.project else {
            throw failure.noProject(offered: try await projects(unscoped))
        }
        var request = tokenRequest(TokenRequestBody.token(unscoped.secret, project: project))
        request.headers["X-Auth-Token"] = unscoped.secret.reveal()
        let reply = try await send(request)
        guard (200..<300).contains(reply.status) else {
            throw failure.project(reply, offered: try? await projects(unscoped))
        }
        return reply
    }

    /// The projects for which a token may be exchanged, by their names: Keystone lists them in any order.
    func projects(_ token: UnscopedToken) async throws(ServiceError) -> [LoginProject] {
        let reply = try await send(
            HTTPRequest(
                method: "GET", url: root + "/auth/projects",
                headers: ["Accept": "application/json", "X-Auth-Token": token.secret.reveal()]))
        guard (200..<300).contains(reply.status) else { throw failure.keystone(reply) }
        guard let projects = reply.json?["projects"]?.arrayValue else {
            throw failure.unusable(reply, "Keystone's answer holds no projects")
        }
        return projects.compactMap(LoginProject.init).sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }
}

// MARK: - Reading the token

extension KeystoneAuthenticator {
    private func token(
        from reply: AuthenticationReply, requestedAt: Timestamp, generation: Int
    ) throws(ServiceError) -> KeystoneToken {
        guard let body = reply.json?["token"] else {
            throw failure.unusable(reply, "the answer is not Keystone's: it is no JSON with a token")
        }
        guard let secret = reply.headers["x-subject-token"], !secret.isEmpty,
            let expiry = body["expires_at"]?.stringValue.flatMap(Timestamp.init(parsing:)),
            let userID = body["user"]?["id"]?.stringValue
        else { throw failure.unusable(reply, "Keystone's answer holds no token, user or expiry") }
        guard let project = body["project"], let projectID = project["id"]?.stringValue else {
            throw failure.noProject(requestID: reply.requestID)
        }
        try checkProject(project, id: projectID, requestID: reply.requestID)
        let roles = (body["roles"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        let catalog = ServiceCatalog(body["catalog"])
        let identity = TokenIdentity(
            authURL: cloud.authURL, site: Result { () throws(ServiceError) in try catalog.site(of: cloud) },
            userID: userID,
            userName: body["user"]?["name"]?.stringValue ?? userID, projectID: projectID,
            projectName: project["name"]?.stringValue ?? projectID, roles: Set(roles), expiresAt: expiry,
            isApplicationCredential: body["methods"]?.arrayValue?.contains("application_credential") ?? false,
            isProjectConfigured: cloud.project != nil)
        let issuedAt = body["issued_at"]?.stringValue.flatMap(Timestamp.init(parsing:))
        time.compare(
            date: reply.headers["date"].flatMap(HTTPDate.parse), issuedAt: issuedAt, sent: reply.sent,
            received: reply.received)
        let renewAt = TokenRenewal.moment(requestedAt: requestedAt, issuedAt: issuedAt, expiresAt: expiry)
        return KeystoneToken(
            secret: Secret(secret), identity: identity, catalog: catalog,
            renewAt: renewAt, keepLoginAt: loginRenewal(now: requestedAt), generation: generation)
    }

    /// Uses a saved login, so that it stays valid. Nobody is asked.
    ///
    /// - Returns: when to do so again; `nil` if there is no such login, or its end cannot be postponed.
    func keepLogin() async -> Timestamp? {
        let now = clock()
        do throws(ServiceError) {
            try await tokenSource?.keepLogin()
            return loginRenewal(now: now)
        } catch {
            return now.adding(seconds: 60)
        }
    }

    /// When to use a saved login so that it does not end. Each use postpones its end.
    private func loginRenewal(now: Timestamp) -> Timestamp? {
        guard let life = tokenSource?.grant.cache?.life() else { return nil }
        let renewal = life.endsAt.adding(seconds: -max(20, life.endsAt.seconds(since: life.cachedAt) / 3))
        // A login whose end cannot be postponed would be used again and again.
        return renewal > now.adding(seconds: 10) ? renewal : nil
    }

    /// An application credential has a project of its own, whatever the configuration says. Leases must not be created
    /// in another project than the user expects.
    private func checkProject(_ project: JSONValue, id: String, requestID: String?) throws(ServiceError) {
        let name = project["name"]?.stringValue ?? id
        switch cloud.project {
        case nil: return
        case .id(let wanted)?:
            // Keystone stores ids without dashes and accepts both spellings.
            guard wanted.replacing("-", with: "") != id.replacing("-", with: "") else { return }
            throw failure.otherProject(wanted: wanted, got: "\(name) (\(id))", requestID: requestID)
        case .name(let wanted, let domain)?:
            // Keystone's database compares names case-insensitively.
            let isSameDomain =
                switch domain {
                case .id(let id): project["domain"]?["id"]?.stringValue.map { $0 == id } ?? true
                case .name(let name):
                    project["domain"]?["name"]?.stringValue.map { $0.lowercased() == name.lowercased() } ?? true
                }
            guard wanted.lowercased() != name.lowercased() || !isSameDomain else { return }
            let domainName = project["domain"]?["name"]?.stringValue ?? "?"
            throw failure.otherProject(
                wanted: wanted, got: isSameDomain ? name : "\(name)\" of the domain \"\(domainName)",
                requestID: requestID)
        }
    }
}

/// The body of `POST /v3/auth/tokens`.
enum TokenRequestBody {
    /// A password, for a project or for the user's default project.
    static func password(_ user: UserReference, _ password: Secret, project: ProjectReference?) -> JSONValue {
        var member = fields(user)
        member["password"] = .string(password.reveal())
        return body(method: "password", ["user": .object(member)], project: project)
    }

    /// An application credential. Keystone refuses a scope with it, because the credential has its own project.
    static func applicationCredential(_ reference: ApplicationCredentialReference, _ secret: Secret) -> JSONValue {
        var member: JSONObject =
            switch reference {
            case .id(let id): ["id": .string(id)]
            case .name(let name, let user): ["name": .string(name), "user": .object(fields(user))]
            }
        member["secret"] = .string(secret.reveal())
        return body(method: "application_credential", member, project: nil)
    }

    /// A token, exchanged for one of the project.
    static func token(_ token: Secret, project: ProjectReference?) -> JSONValue {
        body(method: "token", ["id": .string(token.reveal())], project: project)
    }

    /// A one-time password.
    static func passcode(_ user: UserReference, _ passcode: Secret, project: ProjectReference?) -> JSONValue {
        body(["totp": ["user": .object(fields(user, passcode: passcode))]], project: project)
    }

    /// Several methods at once, for one user.
    static func several(_ methods: [AuthMethod], passcode: Secret?, project: ProjectReference?) -> JSONValue {
        var members = JSONObject()
        for method in methods {
            switch method {
            case .password(let user, let password):
                var member = fields(user)
                member["password"] = .string(password.reveal())
                members["password"] = ["user": .object(member)]
            case .totp(let user, let own):
                members["totp"] = ["user": .object(fields(user, passcode: own ?? passcode ?? Secret("")))]
            case .token(let token): members["token"] = ["id": .string(token.reveal())]
            }
        }
        return body(members, project: project)
    }

    private static func fields(_ user: UserReference, passcode: Secret) -> JSONObject {
        var member = fields(user)
        member["passcode"] = .string(passcode.reveal())
        return member
    }

    private static func body(method: String, _ member: JSONObject, project: ProjectReference?) -> JSONValue {
        body([method: .object(member)], project: project)
    }

    private static func body(_ methods: JSONObject, project: ProjectReference?) -> JSONValue {
        var identity: JSONObject = ["methods": .array(methods.keys.map(JSONValue.string))]
        for (key, value) in methods.members { identity[key] = value }
        var auth: JSONObject = ["identity": .object(identity)]
        if let project { auth["scope"] = ["project": .object(fields(project))] }
        return ["auth": .object(auth)]
    }

    private static func fields(_ user: UserReference) -> JSONObject {
        switch user {
        case .id(let id): ["id": .string(id)]
        case .name(let name, let domain): ["name": .string(name), "domain": field(domain)]
        }
    }

    private static func fields(_ project: ProjectReference) -> JSONObject {
        switch project {
        case .id(let id): ["id": .string(id)]
        case .name(let name, let domain): ["name": .string(name), "domain": field(domain)]
        }
    }

    private static func field(_ domain: DomainReference) -> JSONValue {
        switch domain {
        case .id(let id): ["id": .string(id)]
        case .name(let name): ["name": .string(name)]
        }
    }
}
