import LeaseModel

/// Describes in one sentence why an authentication failed, and what to do.
struct AuthenticationFailure: Sendable {
    let cloud: CloudConfiguration

    var name: String { "cloud \"\(cloud.displayName.escapedForTerminal)\"" }

    /// Where the user's settings are, for the advice.
    var place: String {
        switch cloud.origin {
        case .environment: cloud.overriddenBy.isEmpty ? "the OS_* variables" : "the OS_* variables or \(overrides)"
        case .file(let path):
            "clouds.\(cloud.reference.entry.escapedForTerminal) of \(path.escapedForTerminal)"
                + (cloud.overriddenBy.isEmpty ? "" : ", or \(overrides)")
        }
    }

    /// The options and variables that replaced settings of the entry.
    private var overrides: String { cloud.overriddenBy.joined(separator: ", ") }

    /// Why Keystone gave no token.
    func keystone(_ reply: AuthenticationReply) -> ServiceError {
        switch reply.status {
        case 401: error(.authentication, reply, "Keystone refuses the \(credential)", "check \(checks) in \(place)")
        case 403:
            error(
                .authentication, reply, "Keystone denies access",
                "ask whoever runs the cloud whether the account is enabled and has a role in the project")
        case 300, 404, 405:
            error(
                .configuration, reply, "there is no Keystone version 3 at that address",
                "correct auth_url (\(DisplayURL.text(cloud.authURL))) in \(place); it usually ends in /v3")
        case 301, 302, 303, 307, 308:
            error(
                .configuration, reply,
                "the address has moved\(reply.headers["location"].map { " to \(DisplayURL.text(reply.redacted($0)))" } ?? "")",
                "correct auth_url in \(place)")
        case 400:
            error(.configuration, reply, "Keystone does not understand the request", "check \(checks) in \(place)")
        default: other(reply, "Keystone")
        }
    }

    /// Why an answer that should contain a token does not.
    func unusable(_ reply: AuthenticationReply, _ problem: String) -> ServiceError {
        reply.isPage ? page(reply) : error(.badAnswer, reply, problem, "check auth_url in \(place)")
    }

    /// The token is for another project than the requested one.
    func otherProject(wanted: String, got: String, requestID: String?) -> ServiceError {
        ServiceError(
            kind: .configuration,
            message: "\(name) is configured for the project \"\(wanted.escapedForTerminal)\", but its credential is "
                + "for \"\(got.escapedForTerminal)\": correct the project or the credential in \(place)",
            requestID: requestID)
    }

    /// The token is for no project.
    func noProject(requestID: String?) -> ServiceError {
        ServiceError(
            kind: .configuration,
            message: "the token that \(name) gives is for no project: set project_name (OS_PROJECT_NAME) in \(place)",
            requestID: requestID)
    }

    var credential: String {
        switch cloud.credentials {
        case .password(.name(let user, _), _): "password of user \"\(user.escapedForTerminal)\"\(forProject)"
        case .password(.id(let id), _): "password of user \"\(id.escapedForTerminal)\"\(forProject)"
        case .applicationCredential: "application credential"
        case .token: "token\(forProject)"
        case .totp(let user, _): "passcode of user \"\(Self.text(user))\"\(forProject)"
        case .multifactor(let methods): "\(methods.map(\.name).joined(separator: " and "))\(forProject)"
        case .federated(_, .grant(_, .password(let user, _, _))):
            "password of user \"\(user.escapedForTerminal)\"\(forProject)"
        case .federated: "access token\(forProject)"
        }
    }

    private static func text(_ user: UserReference) -> String {
        switch user {
        case .name(let name, _): name.escapedForTerminal
        case .id(let id): id.escapedForTerminal
        }
    }

    var forProject: String {
        switch cloud.project {
        case nil: ""
        case .name(let name, _)?: " for the project \"\(name.escapedForTerminal)\""
        case .id(let id)?: " for the project \"\(id.escapedForTerminal)\""
        }
    }

    private var checks: String {
        switch cloud.credentials {
        case .password: "user name, password, project and domains"
        case .applicationCredential: "id and secret of the application credential, and that it has not expired,"
        case .token: "the token (it may have expired: get a new one)"
        case .totp: "user name, passcode (each can be used once), project and domains"
        case .multifactor: "auth_methods and what each of them needs, project and domains"
        case .federated(_, .accessToken):
            "the access token (it may have expired: get a new one), identity_provider and protocol"
        case .federated: "identity_provider, protocol and project"
        }
    }

    func other(_ reply: AuthenticationReply, _ server: String) -> ServiceError {
        if reply.isPage, reply.status < 500 { return page(reply) }
        if reply.status == 429 || reply.status >= 500 {
            // Without a request id, the answer may come from another server.
            let step =
                reply.requestID == nil
                ? "check auth_url in \(place), and try again later"
                : "try again later; if it lasts, give whoever runs the cloud the request id"
            return error(.badAnswer, reply, "\(server) has an internal error", step)
        }
        return error(.badAnswer, reply, "\(server) gives an unexpected answer", "check auth_url in \(place)")
    }

    private func page(_ reply: AuthenticationReply) -> ServiceError {
        error(
            .badAnswer, reply, "a web page arrived instead of Keystone's answer",
            "check auth_url in \(place), and whether this network wants you to log in or to use a proxy")
    }

    func error(
        _ kind: ServiceError.Kind, _ reply: AuthenticationReply, _ what: String, _ step: String
    ) -> ServiceError {
        let words = reply.explanation(without: cloud.credentials.secrets).map { ", \"\($0)\"" } ?? ""
        let id = reply.requestID.map { ", request id \($0.escapedForTerminal)" } ?? ""
        return ServiceError(
            kind: kind,
            message: "\(name): \(what) (\(reply.requestLine): HTTP \(reply.status)\(words)\(id)): \(step)",
            requestID: reply.requestID)
    }
}

extension ServiceError {
    /// No reply to a request.
    init(_ error: TransportError, requestLine: String, cloud: String) {
        let step =
            switch error.kind {
            case .cannotConnect where error.detail.contains("_PROXY "):
                "set it to an http:// address, or name the host in NO_PROXY"
            case .cannotResolve: "check the host name in the URL and your network"
            case .cannotConnect: "check the URL and your network, and whether the service runs"
            case .tlsFailed where error.detail.contains("expired on"): "ask whoever runs the cloud to renew it"
            case .tlsFailed where error.detail.contains("does not speak TLS"): "correct the URL"
            case .tlsFailed: "if the cloud has its own authority, set cacert (OS_CACERT) to its certificate file"
            case .timedOut, .closedEarly, .tlsBroken: "try again later"
            case .notHTTP: "check the URL: http:// or https://, and the port"
            case .bodyTooLarge, .cancelled, .other: "try again"
            }
        self.init(
            kind: .transport(error.kind, error.phase),
            message: "cloud \"\(cloud.escapedForTerminal)\" gave no answer to \(requestLine): "
                + "\(error.description.escapedForTerminal): \(step)")
    }
}

/// Why a login through an identity provider failed.
extension AuthenticationFailure {
    /// A person has to log in, but there is nobody to ask.
    func loginNeeded(hasEnded: Bool) -> ServiceError {
        ServiceError(
            kind: .authentication,
            message: hasEnded
                ? "\(name): the login has ended: log in again: \(loginCommand)"
                : "\(name): nobody is logged in here: log in again: \(loginCommand)")
    }

    /// The command that logs a person in.
    var loginCommand: String {
        cloud.origin == .environment ? "leasehold login" : "leasehold login \(cloud.reference.entry.escapedForTerminal)"
    }

    func loginExpired() -> ServiceError {
        ServiceError(
            kind: .authentication,
            message: "\(name): the login was not completed in time, and its code has expired: begin again: "
                + loginCommand)
    }

    func loginDenied(_ reply: AuthenticationReply) -> ServiceError {
        error(.authentication, reply, "the login was denied in the browser", "begin again: \(loginCommand)")
    }

    func browserRefused(_ code: String) -> ServiceError {
        let code = code.prefix(60).description.escapedForTerminal
        return ServiceError(
            kind: .authentication,
            message: code == "access_denied"
                ? "\(name): the login was denied in the browser: begin again: \(loginCommand)"
                : "\(name): the identity provider refuses the login (\(code)): check client_id, openid_scope and "
                    + "redirect_uri in \(place)")
    }

    /// Asks a person for a passcode. If there is nobody to ask, the error says that a passcode is needed.
    func ask(_ question: String, _ assistant: (any LoginAssistant)?) async throws(ServiceError) -> Secret {
        guard let answer = await assistant?.answer(to: question), !answer.isEmpty else {
            throw ServiceError(
                kind: .authentication,
                message: "\(name): a one-time password is needed, and nobody can be asked for it here: run "
                    + "\(loginCommand) on a terminal")
        }
        return Secret(answer)
    }

    func discovery(_ reply: AuthenticationReply) -> ServiceError {
        error(
            reply.status >= 500 ? .badAnswer : .configuration, reply,
            "the identity provider's description is not at that address", "correct discovery_endpoint in \(place)")
    }

    func badProvider(_ reply: AuthenticationReply, _ problem: String) -> ServiceError {
        error(
            .configuration, reply, "the identity provider's description cannot be used: \(problem)",
            "correct discovery_endpoint or auth_type in \(place)")
    }

    func noEndpoint(_ endpoint: String, setting: String) -> ServiceError {
        ServiceError(
            kind: .configuration,
            message: "\(name): the identity provider's description names no \(endpoint): set \(setting) in \(place)")
    }

    func noListener(redirectURI: String?, reason: String) -> ServiceError {
        let address = redirectURI.map { " (\(DisplayURL.text($0)))" } ?? ""
        return ServiceError(
            kind: .configuration,
            message:
                "\(name): the browser cannot come back to redirect_uri\(address): \(reason): correct it in \(place)")
    }

    func hub(_ reply: AuthenticationReply) -> ServiceError {
        reply.status >= 500
            ? error(.badAnswer, reply, "JupyterHub has an internal error", "try again later")
            : error(
                .authentication, reply, "JupyterHub refuses the notebook's token (JUPYTERHUB_API_TOKEN)",
                "restart the notebook server")
    }

    func hubWithoutToken(_ reply: AuthenticationReply) -> ServiceError {
        error(
            .authentication, reply, "JupyterHub has no access token for you",
            "log out of the hub and in again; if it lasts, ask whoever runs the hub")
    }

    /// Why an identity provider gave no token. The codes are OAuth's (RFC 6749, section 5.2).
    func identityProvider(_ reply: AuthenticationReply) -> ServiceError {
        guard case .grant(let client, let grant)? = cloud.credentials.login else { return other(reply, Self.provider) }
        let clientName = "\"\(client.id.escapedForTerminal)\""
        func refuses(_ what: String, _ step: String) -> ServiceError {
            error(.authentication, reply, "\(Self.provider) refuses \(what)", step)
        }
        switch reply.oauthError {
        case "invalid_client":
            return refuses("the client \(clientName)", "check client_id and client_secret in \(place)")
        case "unauthorized_client", "unsupported_grant_type":
            return refuses(
                "a login of this kind to the client \(clientName)",
                "check auth_type, client_id and client_secret in \(place)")
        case "invalid_scope":
            return refuses("the scope \"\(client.scope.escapedForTerminal)\"", "correct openid_scope in \(place)")
        case "invalid_grant":
            switch grant {
            case .password: return refuses("the \(credential)", "check username and password in \(place)")
            case .code:
                return refuses(
                    "the code: it has expired, was used before, or is for another client_id or redirect_uri",
                    "get a new one, and put it into \(place)")
            case .clientCredentials:
                return refuses("the client \(clientName)", "check client_id and client_secret in \(place)")
            case .device, .browser: return refuses("the code of this login", "begin again: \(loginCommand)")
            }
        default: break
        }
        switch reply.status {
        case 400, 401, 403:
            return refuses(
                "the \(credential)", "check username, password, client_id and client_secret in \(place)")
        case 404, 405:
            return error(
                .configuration, reply, "\(Self.provider) is not at that address",
                "correct discovery_endpoint or access_token_endpoint in \(place)")
        default: return other(reply, Self.provider)
        }
    }

    private static var provider: String { "the identity provider" }

    /// Why Keystone, or the gateway in front of it, rejected the provider's token.
    func federation(_ reply: AuthenticationReply, _ endpoint: FederationEndpoint) -> ServiceError {
        let provider = "\"\(endpoint.identityProvider.escapedForTerminal)\""
        let protocolName = "\"\(endpoint.protocolName.escapedForTerminal)\""
        let words = reply.json?["error"]?["message"]?.stringValue ?? ""
        switch reply.status {
        case 401 where reply.json == nil && (reply.isPage || reply.headers["www-authenticate"] != nil):
            let again = cloud.credentials.login?.isInteractive == true ? loginCommand : "get a new one"
            return error(
                .authentication, reply,
                "the gateway before Keystone does not accept the access token: it has expired, was revoked, or is for "
                    + "another service, or this computer's or the server's clock is wrong", again)
        case 401 where words.contains("unsupported method"):
            return error(
                .configuration, reply, "Keystone does not know the protocol \(protocolName)",
                "correct protocol in \(place)")
        case 401:
            return error(
                .authentication, reply,
                "the identity provider knows you, but Keystone does not: no rule of its mapping fits your account",
                "ask whoever runs the cloud to let your account in")
        case 403:
            return error(
                .authentication, reply,
                "Keystone does not allow the identity provider \(provider): it is disabled, or the access token is of "
                    + "another issuer than Keystone trusts",
                "check discovery_endpoint and identity_provider in \(place), or ask whoever runs the cloud")
        case 404 where words.contains("Identity Provider"):
            return error(
                .configuration, reply, "Keystone knows no identity provider \(provider)",
                "correct identity_provider in \(place)")
        case 404 where words.contains("mapping"):
            return error(
                .configuration, reply, "Keystone lacks the mapping of the identity provider \(provider)",
                "ask whoever runs the cloud")
        case 404 where words.contains("protocol"):
            return error(
                .configuration, reply,
                "the identity provider \(provider) has no protocol \(protocolName) in Keystone",
                "correct protocol in \(place)")
        default: return keystone(reply)
        }
    }

    /// Keystone gave no token for the project. `projects` are those that it offers; `nil` if they are not known.
    func project(_ reply: AuthenticationReply, offered projects: [LoginProject]?) -> ServiceError {
        guard reply.status == 401, let projects else { return keystone(reply) }
        return error(
            .authentication, reply, "you are logged in, but not a member of the project\(forProject)",
            "\(Self.choice(projects)) in \(place)")
    }

    /// The configuration names no project.
    func noProject(offered projects: [LoginProject]) -> ServiceError {
        ServiceError(
            kind: .configuration,
            message: "\(name): you are logged in, but the configuration names no project: "
                + "\(Self.choice(projects)) in \(place)")
    }

    private static func choice(_ projects: [LoginProject]) -> String {
        guard !projects.isEmpty else {
            return "Keystone offers you no project at all: ask whoever runs the cloud, or your project's owner, to add "
                + "you to one, and name it"
        }
        let list = projects.prefix(20).map { "\($0.id.escapedForTerminal) (\($0.name.escapedForTerminal))" }
        return "set project_id to one of \(list.joined(separator: ", "))"
    }
}

extension Credentials {
    /// The login at an identity provider, if this is one.
    package var login: OpenIDLogin? { if case .federated(_, let login) = self { login } else { nil } }
}

extension OpenIDLogin {
    /// Whether a person can log in again.
    package var isInteractive: Bool { if case .grant(_, let grant) = self { grant.cache != nil } else { false } }
}
