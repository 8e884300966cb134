package import LeaseModel
package import Logging

/// An authenticated session with one cloud, using Keystone.
///
/// Only one authentication is under way at a time, however many callers there are. If the token was renewed since a
/// caller used it, the caller gets the new one. A request is sent twice only after a 401, which means that it was not
/// executed.
package actor KeystoneSession: ServiceSession {
    /// The cloud that this session talks to.
    package nonisolated let cloud: CloudConfiguration
    private nonisolated let transport: any HTTPTransport
    nonisolated let authenticator: KeystoneAuthenticator
    private let clock: @Sendable () -> Timestamp
    private nonisolated let logger: Logger?
    package nonisolated let time: CloudTime?

    private var token: KeystoneToken?
    private var generation = 0
    private var isAuthenticating = false
    private var waiting: [CheckedContinuation<Outcome, Never>] = []

    /// How an authentication ended that other callers waited for.
    private enum Outcome: Sendable {
        case renewed(KeystoneToken)
        case failed(ServiceError)
        /// The caller that was authenticating was canceled; another one has to do it.
        case abandoned
    }

    /// Makes a session. Nothing is sent before the first request.
    ///
    /// - Parameters:
    ///   - cloud: The cloud and its credentials.
    ///   - transport: The transport that sends the requests.
    ///   - clock: The current time, for renewing tokens before they end.
    ///   - uptime: A count of seconds that does not change when the clock is set; `nil` if nobody sets the clock.
    ///   - sleep: Waits for this number of seconds.
    ///   - assistant: Asks a person to log in; `nil` if there is nobody to ask.
    ///   - logger: Logs decisions.
    package init(
        cloud: CloudConfiguration, transport: any HTTPTransport, clock: @escaping @Sendable () -> Timestamp,
        uptime: (@Sendable () -> Int64)? = nil,
        sleep: @escaping @Sendable (Double) async throws -> Void = { try await Task.sleep(for: .seconds($0)) },
        assistant: (any LoginAssistant)? = nil, logger: Logger? = nil
    ) {
        self.cloud = cloud
        self.transport = transport
        self.clock = clock
        let time = CloudTime(clock: clock, uptime: uptime)
        self.time = time
        authenticator = KeystoneAuthenticator(
            cloud: cloud, transport: transport, clock: clock, time: time, sleep: sleep, assistant: assistant,
            logger: logger)
        self.logger = logger
    }

    package nonisolated var loginSteps: [LoginJournal.Entry] { authenticator.journal.entries }

    package func identity() async throws(ServiceError) -> TokenIdentity { try await currentToken().identity }

    package nonisolated func send(_ request: ServiceRequest) async throws(ServiceError) -> ServiceReply {
        let token = try await tokenToSend()
        let reply = try await send(request, with: token)
        guard reply.status == 401 else { return reply }
        logger?.info("the token is refused: getting another, and asking again")
        // The body is read to its end, so that the connection can be reused; its contents do not matter.
        _ = try? await reply.http.body.collect(upTo: 1 << 16)
        return try await send(request, with: try await tokenToSend(otherThan: token.generation))
    }

    /// Gets a token for a request. If this fails, the request was not sent, however far the request for the token got.
    private nonisolated func tokenToSend(otherThan refused: Int? = nil) async throws(ServiceError) -> KeystoneToken {
        do {
            return try await currentToken(otherThan: refused)
        } catch {
            throw error.ofRequirement
        }
    }

    private nonisolated func send(_ request: ServiceRequest, with token: KeystoneToken) async throws(ServiceError)
        -> ServiceReply
    {
        let url = EndpointURL.joined(
            endpoint: try endpoint(of: request.service, in: token.catalog), path: request.path,
            service: request.service)
        var message = HTTPRequest(
            method: request.method, url: url, headers: request.headers, timeouts: request.timeouts)
        if message.headers["Accept"] == nil { message.headers["Accept"] = "application/json" }
        if let body = request.body {
            message.headers["Content-Type"] = "application/json"
            message.body = Array(body.text().utf8)
        }
        message.headers["X-Auth-Token"] = token.secret.reveal()
        do {
            return ServiceReply(
                http: try await transport.send(message), requestLine: message.description, secrets: message.secrets)
        } catch {
            throw ServiceError(error, requestLine: message.description, cloud: cloud.displayName)
        }
    }

    private nonisolated func endpoint(
        of service: ServiceType, in catalog: ServiceCatalog
    ) throws(ServiceError) -> String {
        if let override = cloud.endpointOverrides[service] { return override }
        return try catalog.endpoint(
            of: service, region: cloud.region, interface: cloud.interface,
            cloud: "cloud \"\(cloud.displayName.escapedForTerminal)\""
        ).url
    }
}

// MARK: - The token

extension KeystoneSession {
    /// A token that stays valid for a while, and is not the given one, which a service has refused.
    func currentToken(otherThan refused: Int? = nil) async throws(ServiceError) -> KeystoneToken {
        while true {
            if let token, token.generation != refused, clock() < token.renewAt {
                await keepLogin(of: token)
                return token
            }
            if let token, token.generation != refused, !isAuthenticating {
                logger?.info("the token ends at \(token.identity.expiresAt): getting another")
            }
            guard isAuthenticating else { return try await authenticate() }
            let outcome = await withCheckedContinuation { waiting.append($0) }
            if Task.isCancelled { throw cancelled }
            switch outcome {
            case .renewed(let token): return token
            case .failed(let error): throw error
            case .abandoned: continue
            }
        }
    }

    /// Uses the login that a token came from before that login ends. The token may outlive it by hours.
    private func keepLogin(of current: KeystoneToken) async {
        guard let moment = current.keepLoginAt, clock() >= moment else { return }
        // Only one of several callers does this.
        token?.keepLoginAt = nil
        logger?.info("the login ends soon: using it, so that it lives on")
        let next = await authenticator.keepLogin()
        if token?.generation == current.generation { token?.keepLoginAt = next }
    }

    private func authenticate() async throws(ServiceError) -> KeystoneToken {
        isAuthenticating = true
        generation += 1
        do {
            let renewed = try await authenticator.authenticate(generation: generation)
            token = renewed
            finish(.renewed(renewed))
            return renewed
        } catch {
            token = nil
            if case .transport(.cancelled, _) = error.kind { finish(.abandoned) } else { finish(.failed(error)) }
            throw error
        }
    }

    private func finish(_ outcome: Outcome) {
        isAuthenticating = false
        let all = waiting
        waiting = []
        for waiter in all { waiter.resume(returning: outcome) }
    }

    private var cancelled: ServiceError {
        ServiceError(kind: .transport(.cancelled, .beforeSending), message: "canceled while waiting for a token")
    }
}

extension KeystoneSession {
    /// Logs in, asking a person if necessary, and finds the projects.
    ///
    /// - Parameter asksAgain: whether to ask even if there is a saved login.
    /// - Returns: the user that logged in, and the projects that the login can use.
    /// - Throws: ``ServiceError``: refused, denied, not in time, or no answer.
    package nonisolated func logIn(askingAgain asksAgain: Bool) async throws(ServiceError) -> LoginSummary {
        guard case .federated(let endpoint, let login) = cloud.credentials else {
            let identity = try await identity()
            return LoginSummary(
                userName: identity.userName, projects: try await offeredProjects(),
                configuredProject: identity.projectName, isMember: true, cachePath: nil)
        }
        let token = try await authenticator.unscopedToken(endpoint, askingAgain: asksAgain)
        let projects = try await authenticator.projects(token)
        var cachePath: String?
        if case .grant(_, let grant) = login, let cache = grant.cache, try cache.read() != nil {
            cachePath = cache.path
        }
        return LoginSummary(
            userName: token.userName, projects: projects, configuredProject: cloud.project?.text,
            isMember: cloud.project.map { wanted in projects.contains { wanted.isMet(by: $0) } } ?? false,
            cachePath: cachePath)
    }

    /// Ends the saved login.
    ///
    /// - Returns: whether there was one.
    package nonisolated func logOut() async throws(ServiceError) -> Bool {
        try await authenticator.tokenSource?.logOut() ?? false
    }

    private func offeredProjects() async throws(ServiceError) -> [LoginProject] {
        let token = try await currentToken()
        return try await authenticator.projects(
            KeystoneAuthenticator.UnscopedToken(
                secret: token.secret, userName: token.identity.userName, expiresAt: nil))
    }
}

extension ProjectReference {
    /// The project's name or id.
    package var text: String {
        switch self {
        case .id(let id): id
        case .name(let name, _): name
        }
    }

    /// Whether this may refer to a project. Keystone stores ids without dashes and accepts both spellings. It compares
    /// names case-insensitively, within a domain of which only the id may be known here.
    package func isMet(by project: LoginProject) -> Bool {
        switch self {
        case .id(let id): id.replacing("-", with: "") == project.id.replacing("-", with: "")
        case .name(let name, _): name.lowercased() == project.name.lowercased()
        }
    }
}
