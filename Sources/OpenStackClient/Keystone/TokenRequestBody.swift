import LeaseModel

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
