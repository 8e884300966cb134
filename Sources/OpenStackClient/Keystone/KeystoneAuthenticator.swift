import LeaseModel

/// Gets a token for a cloud, by whatever its configuration offers.
struct KeystoneAuthenticator: Sendable {
    let cloud: CloudConfiguration
    let transport: any HTTPTransport
    let clock: @Sendable () -> Timestamp

    private var failure: AuthenticationFailure { AuthenticationFailure(cloud: cloud) }
    private var root: String { EndpointURL.identityRoot(cloud.authURL) }

    /// Authenticates.
    ///
    /// - Throws: ``ServiceError``: refused, not Keystone, no answer, or a token for another project.
    func authenticate(generation: Int) async throws(ServiceError) -> KeystoneToken {
        let startedAt = clock()
        let reply = try await tokenReply()
        return try token(from: reply, requestedAt: startedAt, generation: generation)
    }

    private func tokenReply() async throws(ServiceError) -> AuthenticationReply {
        switch cloud.credentials {
        case .password(let user, let password):
            return try await post(TokenRequestBody.password(user, password, project: cloud.project))
        case .applicationCredential(let reference, let secret):
            return try await post(TokenRequestBody.applicationCredential(reference, secret))
        case .token(let token):
            return try await post(TokenRequestBody.token(token, project: cloud.project))
        case .oidcPassword(let endpoint, let grant):
            let access = try await OIDCTokenSource(grant: grant, failure: failure, send: send).accessToken()
            return try await federated(endpoint, access)
        case .oidcAccessToken(let endpoint, let access):
            return try await federated(endpoint, access)
        }
    }

    private func post(_ body: JSONValue) async throws(ServiceError) -> AuthenticationReply {
        let reply = try await send(
            HTTPRequest(
                method: "POST", url: root + "/auth/tokens",
                headers: ["Accept": "application/json", "Content-Type": "application/json"],
                body: Array(body.text().utf8)))
        guard (200..<300).contains(reply.status) else { throw failure.keystone(reply) }
        return reply
    }

    /// Shows the provider's token to Keystone, gets an unscoped token for it, and exchanges that for one of the project.
    ///
    /// Source: keystoneauth, `identity/v3/federation.py`. Our lab has no identity provider: this runs in tests against
    /// a scripted stand-in only.
    private func federated(_ endpoint: FederationEndpoint, _ access: Secret) async throws(ServiceError)
        -> AuthenticationReply
    {
        let provider = EndpointURL.segment(endpoint.identityProvider)
        let protocolName = EndpointURL.segment(endpoint.protocolName)
        let unscoped = try await send(
            HTTPRequest(
                method: "POST",
                url: "\(root)/OS-FEDERATION/identity_providers/\(provider)/protocols/\(protocolName)/auth",
                headers: ["Accept": "application/json", "Authorization": "Bearer \(access.reveal())"], body: []))
        guard (200..<300).contains(unscoped.status) else { throw failure.keystone(unscoped) }
        guard let token = unscoped.headers["x-subject-token"], !token.isEmpty else {
            throw failure.unusable(unscoped, "Keystone's answer holds no token")
        }
        return try await post(TokenRequestBody.token(Secret(token), project: cloud.project))
    }

    private func send(_ request: HTTPRequest) async throws(ServiceError) -> AuthenticationReply {
        do {
            let reply = try await transport.send(request)
            return AuthenticationReply(
                status: reply.status, headers: reply.headers, body: try await reply.body.collect(),
                requestLine: request.description)
        } catch {
            throw ServiceError(error, requestLine: request.description, cloud: cloud.displayName)
        }
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
        let catalogue = ServiceCatalogue(body["catalog"])
        let identity = TokenIdentity(
            authURL: cloud.authURL, site: Result { () throws(ServiceError) in try catalogue.site(of: cloud) },
            userID: userID,
            userName: body["user"]?["name"]?.stringValue ?? userID, projectID: projectID,
            projectName: project["name"]?.stringValue ?? projectID, roles: Set(roles), expiresAt: expiry,
            isApplicationCredential: body["methods"]?.arrayValue?.contains("application_credential") ?? false,
            isProjectConfigured: cloud.project != nil)
        let renewAt = TokenRenewal.moment(
            requestedAt: requestedAt, issuedAt: body["issued_at"]?.stringValue.flatMap(Timestamp.init(parsing:)),
            expiresAt: expiry)
        return KeystoneToken(
            secret: Secret(secret), identity: identity, catalogue: catalogue, renewAt: renewAt, generation: generation)
    }

    /// An application credential has its own project whatever the configuration says, and leases must not end up in
    /// another project than the user thinks.
    private func checkProject(_ project: JSONValue, id: String, requestID: String?) throws(ServiceError) {
        let name = project["name"]?.stringValue ?? id
        switch cloud.project {
        case nil: return
        case .id(let wanted)?:
            // Keystone keeps ids without dashes and takes both.
            guard wanted.replacing("-", with: "") != id.replacing("-", with: "") else { return }
            throw failure.otherProject(wanted: wanted, got: "\(name) (\(id))", requestID: requestID)
        case .name(let wanted, let domain)?:
            // Keystone's database compares names without regard to case.
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
