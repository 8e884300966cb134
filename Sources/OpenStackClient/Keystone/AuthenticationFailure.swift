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
