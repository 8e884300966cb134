import LeaseModel

// Tokens: how they are requested, checked and revoked.
extension BlazarModel {
    /// The token of a request, if it is valid for reading.
    func validToken(_ request: ModelRequest) -> Identity.Token? {
        guard let id = request.header("X-Auth-Token"), let token = identity.tokens[id], now < token.expiresAt else {
            return nil
        }
        return token.revokedAt == nil ? token : nil
    }

    /// Revokes every token, as a restart of Keystone with new keys does.
    package mutating func revokeAllTokens() { identity.tokens = [:] }

    /// Copies all identities and tokens, because regions share one Keystone.
    package mutating func shareIdentity(of other: BlazarModel) { identity = other.identity }

    /// The project of a token, if the token exists.
    package func projectID(ofToken id: String) -> String? { identity.tokens[id]?.project?.id }

    mutating func issueToken(_ request: ModelRequest) -> ModelResponse {
        guard let body = try? JSONValue(parsing: request.body), let auth = body["auth"],
            let methods = auth["identity"]?["methods"]?.arrayValue?.compactMap(\.stringValue)
        else {
            return keystoneError(
                400, "Bad Request",
                "Expecting to find auth in request body. The server could not "
                    + "comply with the request since it is either malformed or otherwise incorrect. The client is assumed "
                    + "to be in error.")
        }
        let proof = auth["identity"]
        var user: Identity.User?
        var credential: Identity.ApplicationCredential?
        var bound: Identity.Project?
        switch methods.first {
        case "password": user = userByPassword(proof?["password"]?["user"])
        case "token":
            guard let id = proof?["token"]?["id"]?.stringValue, let old = identity.tokens[id], now < old.expiresAt,
                old.revokedAt == nil
            else { return keystoneUnauthorized() }
            user = old.user
            bound = old.project
        case "application_credential":
            let given = proof?["application_credential"]
            if let id = given?["id"]?.stringValue, !identity.credentials.contains(where: { $0.id == id }) {
                return keystoneError(404, "Not Found", "Could not find Application Credential: \(id).")
            }
            credential = applicationCredential(given)
            user = credential?.user
        default: return keystoneUnauthorized()
        }
        guard let user else { return keystoneUnauthorized() }
        let project: Identity.Project?
        switch scope(auth["scope"], of: user, bound: bound) {
        case .refused: return keystoneUnauthorized()
        case .granted(let granted): project = granted
        }
        let token = Identity.Token(
            id: "gAAAAAB" + identifiers.hex() + identifiers.hex() + identifiers.hex(),
            auditID: String(identifiers.hex().prefix(22)), methods: methods, user: user, project: project,
            credential: credential, issuedAt: now, expiresAt: now.adding(seconds: policy.tokenSeconds))
        identity.tokens[token.id] = token
        dropExpiredTokens()
        return .json(
            201, ["token": tokenJSON(token)], headers: [("X-Subject-Token", token.id)] + keystoneHeaders())
    }

    private mutating func dropExpiredTokens() {
        guard identity.tokens.count > 256 else { return }
        identity.tokens = identity.tokens.filter { now < $0.value.expiresAt }
    }

    private func userByPassword(_ given: JSONValue?) -> Identity.User? {
        guard let given, let password = given["password"]?.stringValue else { return nil }
        let user = identity.users.first { candidate in
            if let id = given["id"]?.stringValue { return candidate.id == id }
            return candidate.name == given["name"]?.stringValue && Self.isDefaultDomain(given["domain"])
        }
        return user?.password == password ? user : nil
    }

    private static func isDefaultDomain(_ domain: JSONValue?) -> Bool {
        domain?["id"]?.stringValue == "default" || domain?["name"]?.stringValue?.lowercased() == "default"
    }

    private func applicationCredential(_ given: JSONValue?) -> Identity.ApplicationCredential? {
        guard let given, let secret = given["secret"]?.stringValue else { return nil }
        let found = identity.credentials.first { candidate in
            if let id = given["id"]?.stringValue { return candidate.id == id }
            let user = given["user"]
            return candidate.name == given["name"]?.stringValue
                && (candidate.user.id == user?["id"]?.stringValue
                    || candidate.user.name == user?["name"]?.stringValue && Self.isDefaultDomain(user?["domain"]))
        }
        return found?.secret == secret ? found : nil
    }

    private enum Scope {
        case granted(Identity.Project?)
        case refused
    }

    private func scope(_ given: JSONValue?, of user: Identity.User, bound: Identity.Project?) -> Scope {
        guard let given, !given.isNull else {
            return .granted(bound ?? identity.project(id: user.projectID))
        }
        if given.stringValue == "unscoped" || given["unscoped"] != nil { return .granted(nil) }
        let project = identity.projects(of: user).first { candidate in
            if let id = given["project"]?["id"]?.stringValue { return candidate.id == id }
            return candidate.name == given["project"]?["name"]?.stringValue
                && Self.isDefaultDomain(given["project"]?["domain"])
        }
        return project.map { .granted($0) } ?? .refused
    }

    private func tokenJSON(_ token: Identity.Token) -> JSONValue {
        let domain: JSONValue = ["id": "default", "name": "Default"]
        var body: JSONObject = [
            "methods": .array(token.methods.map(JSONValue.string)),
            "user": [
                "domain": domain, "id": .string(token.user.id), "name": .string(token.user.name),
                "password_expires_at": nil,
            ],
            "audit_ids": [.string(token.auditID)],
            "expires_at": .string(token.expiresAt.keystoneDate),
            "issued_at": .string(token.issuedAt.keystoneDate),
        ]
        if let project = token.project {
            body["project"] = ["domain": domain, "id": .string(project.id), "name": .string(project.name)]
            body["is_domain"] = false
            body["roles"] = .array(Identity.roles(of: token.user))
            body["catalog"] = .array(catalog())
        }
        if let credential = token.credential {
            body["application_credential"] = [
                "id": .string(credential.id), "name": .string(credential.name),
                "restricted": .bool(!credential.isUnrestricted),
            ]
        }
        return .object(body)
    }

    mutating func validateToken(_ request: ModelRequest) -> ModelResponse {
        guard let id = request.header("X-Subject-Token"), let token = identity.tokens[id], now < token.expiresAt,
            token.revokedAt == nil
        else { return keystoneError(404, "Not Found", "Could not find token.") }
        return .json(200, ["token": tokenJSON(token)], headers: [("X-Subject-Token", id)] + keystoneHeaders())
    }

    mutating func revokeToken(_ request: ModelRequest) -> ModelResponse {
        guard let id = request.header("X-Subject-Token"), identity.tokens[id] != nil else {
            return keystoneError(404, "Not Found", "Could not find token.")
        }
        identity.tokens[id]?.revokedAt = now
        return ModelResponse(status: 204, headers: keystoneHeaders())
    }

    mutating func applicationCredentials(
        _ request: ModelRequest, _ parts: [String], _ token: Identity.Token
    ) -> ModelResponse {
        switch (request.method, parts) {
        case ("GET", []):
            let own = identity.credentials.filter { $0.user.id == token.user.id }.map { credentialJSON($0) }
            return .json(200, ["application_credentials": .array(own)], headers: keystoneHeaders())
        case ("POST", []):
            let given = (try? JSONValue(parsing: request.body))?["application_credential"]
            guard let name = given?["name"]?.stringValue else {
                return keystoneError(400, "Bad Request", "'name' is a required property")
            }
            let credential = Identity.ApplicationCredential(
                id: identifiers.hex(), name: name, secret: given?["secret"]?.stringValue ?? identifiers.hex(),
                user: token.user, isUnrestricted: given?["unrestricted"]?.boolValue ?? false)
            identity.credentials.append(credential)
            var body = credentialJSON(credential).objectValue ?? [:]
            body["secret"] = .string(credential.secret)
            return .json(201, ["application_credential": .object(body)], headers: keystoneHeaders())
        case ("DELETE", _) where parts.count == 1:
            identity.credentials.removeAll { $0.id == parts[0] }
            return ModelResponse(status: 204, headers: keystoneHeaders())
        default: return keystoneError(404, "Not Found", Self.keystoneNotFound)
        }
    }

    private func credentialJSON(_ credential: Identity.ApplicationCredential) -> JSONValue {
        [
            "id": .string(credential.id), "name": .string(credential.name), "description": nil,
            "user_id": .string(credential.user.id), "project_id": .string(credential.user.projectID), "system": nil,
            "expires_at": nil, "unrestricted": .bool(credential.isUnrestricted),
            "roles": .array(Identity.roles(of: credential.user)),
            "links": ["self": .string(endpoints.identity + "/application_credentials/" + credential.id)],
        ]
    }
}
