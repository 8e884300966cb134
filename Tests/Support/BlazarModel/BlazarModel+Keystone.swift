import LeaseModel

// Keystone: versions, tokens, and the few lists that a client reads.
extension BlazarModel {
    mutating func keystone(_ request: ModelRequest, _ path: String) -> ModelResponse {
        let parts = path.split(separator: "/").map(String.init)
        if parts.isEmpty {
            return .json(300, ["versions": ["values": [keystoneVersion]]], headers: keystoneHeaders())
        }
        guard parts[0] == "v3" else { return keystoneError(404, "Not Found", Self.keystoneNotFound) }
        switch (request.method, Array(parts.dropFirst())) {
        case ("GET", []): return .json(200, ["version": keystoneVersion], headers: keystoneHeaders())
        case ("POST", ["auth", "tokens"]): return issueToken(request)
        default: break
        }
        guard let token = validToken(request) else { return keystoneUnauthorized() }
        return keystoneRead(request, Array(parts.dropFirst()), token)
    }

    private mutating func keystoneRead(
        _ request: ModelRequest, _ parts: [String], _ token: Identity.Token
    ) -> ModelResponse {
        let isAdmin = token.user.isAdmin
        switch (request.method, parts) {
        case ("GET", ["auth", "tokens"]), ("HEAD", ["auth", "tokens"]): return validateToken(request)
        case ("DELETE", ["auth", "tokens"]): return revokeToken(request)
        case ("GET", ["auth", "catalog"]): return keystoneList("catalog", token.project == nil ? [] : catalog())
        case ("GET", ["auth", "projects"]):
            return keystoneList("projects", identity.projects(of: token.user).map(projectJSON))
        case ("GET", ["users", token.user.id, "projects"]):
            return keystoneList("projects", identity.projects(of: token.user).map(projectJSON))
        case ("GET", ["projects"]):
            guard isAdmin else { return keystoneForbidden("identity:list_projects") }
            return keystoneList("projects", identity.projects.map(projectJSON))
        case ("GET", ["users"]):
            guard isAdmin else { return keystoneForbidden("identity:list_users") }
            return keystoneList("users", identity.users.map(userJSON))
        case ("GET", _) where parts.count == 2 && parts[0] == "projects":
            guard isAdmin || token.project?.id == parts[1] else { return keystoneForbidden("identity:get_project") }
            guard let project = identity.project(id: parts[1]) else {
                return keystoneError(404, "Not Found", "Could not find project: \(parts[1]).")
            }
            return .json(200, ["project": projectJSON(project)], headers: keystoneHeaders())
        case ("GET", _) where parts.count == 2 && parts[0] == "users":
            guard isAdmin || token.user.id == parts[1] else { return keystoneForbidden("identity:get_user") }
            guard let user = identity.users.first(where: { $0.id == parts[1] }) else {
                return keystoneError(404, "Not Found", "Could not find user: \(parts[1]).")
            }
            return .json(200, ["user": userJSON(user)], headers: keystoneHeaders())
        case (_, _) where parts.count >= 3 && parts[0] == "users" && parts[2] == "application_credentials":
            return applicationCredentials(request, Array(parts.dropFirst(3)), token)
        default: return keystoneError(404, "Not Found", Self.keystoneNotFound)
        }
    }

    static let keystoneNotFound =
        "The requested URL was not found on the server. If you entered the URL manually please check your spelling and "
        + "try again."

    private var keystoneVersion: JSONValue {
        [
            "id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
            "links": [["rel": "self", "href": .string(endpoints.identity + "/")]],
            "media-types": [
                ["base": "application/json", "type": "application/vnd.openstack.identity-v3+json"]
            ],
        ]
    }

    mutating func keystoneHeaders() -> [(name: String, value: String)] {
        [("Vary", "X-Auth-Token"), requestIDHeader()]
    }

    mutating func keystoneError(_ status: Int, _ title: String, _ message: String) -> ModelResponse {
        let body: JSONValue = [
            "error": ["code": JSONValue(status), "message": .string(message), "title": .string(title)]
        ]
        return ModelResponse(
            status: status, headers: [("Content-Type", "application/json")] + keystoneHeaders(),
            chunks: [body.compactBytes])
    }

    mutating func keystoneUnauthorized() -> ModelResponse {
        var response = keystoneError(401, "Unauthorized", Self.unauthorizedMessage)
        response.headers.append(authenticateHeader)
        return response
    }

    private mutating func keystoneForbidden(_ action: String) -> ModelResponse {
        keystoneError(403, "Forbidden", "You are not authorized to perform the requested action: \(action).")
    }

    static let unauthorizedMessage = "The request you have made requires authentication."

    var authenticateHeader: (name: String, value: String) {
        ("WWW-Authenticate", "Keystone uri=\"\(endpoints.identity)\"")
    }

    private mutating func keystoneList(_ name: String, _ elements: [JSONValue]) -> ModelResponse {
        let links: JSONValue = ["next": nil, "self": .string(endpoints.identity + "/" + name), "previous": nil]
        return .json(
            200, .object(JSONObject([(name, .array(elements)), ("links", links)])), headers: keystoneHeaders())
    }

    private func projectJSON(_ project: Identity.Project) -> JSONValue {
        [
            "id": .string(project.id), "name": .string(project.name), "domain_id": "default", "description": "",
            "enabled": true, "parent_id": "default", "is_domain": false, "tags": [], "options": [:],
            "links": ["self": .string(endpoints.identity + "/projects/" + project.id)],
        ]
    }

    private func userJSON(_ user: Identity.User) -> JSONValue {
        [
            "id": .string(user.id), "name": .string(user.name), "domain_id": "default", "enabled": true,
            "default_project_id": .string(user.projectID), "password_expires_at": nil, "options": [:],
            "links": ["self": .string(endpoints.identity + "/users/" + user.id)],
        ]
    }

    func catalog() -> [JSONValue] {
        let services = [
            ("identity", "keystone", endpoints.identity), ("reservation", "blazar", endpoints.reservation),
            ("compute", "nova", endpoints.compute), ("network", "neutron", endpoints.network),
        ]
        // The catalog's identifiers mean nothing, but must not change from token to token.
        var fixed = IdentifierGenerator(seed: 0x0CA7)
        return services.map { type, name, url in
            let others = type == "reservation" ? endpoints.otherRegions : []
            let entries: [JSONValue] = ([("RegionOne", url)] + others).flatMap { region, url in
                ["public", "internal", "admin"].map { interface in
                    [
                        "id": .string(fixed.hex()), "interface": .string(interface), "region_id": .string(region),
                        "url": .string(url), "region": .string(region),
                    ]
                }
            }
            return [
                "endpoints": .array(entries), "id": .string(fixed.hex()), "type": .string(type),
                "name": .string(name),
            ]
        }
    }
}
