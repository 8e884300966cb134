extension ServerFailure {
    /// The failure as a person reads it: what was tried, the lease, why, the request, and what to do.
    ///
    /// - Parameters:
    ///   - operation: what was tried, for example `creating the lease`.
    ///   - lease: the lease's name or id, if the operation is about one.
    ///   - isApplicationCredential: whether the token came from an application credential.
    /// - Returns: text without control characters.
    public func sentence(operation: String, lease: String? = nil, isApplicationCredential: Bool = false) -> String {
        let subject = lease.map { "\(operation) \"\($0)\"" } ?? operation
        let said =
            if category == .notBlazar {
                "the answer is none of the service's" + (message.isEmpty ? "" : ", \"\(message)\"")
            } else {
                message.isEmpty ? reasonWithoutWords : "the server says \"\(message)\""
            }
        let request = [requestLine, "status \(status)", requestID ?? "no request id"].joined(separator: ", ")
        let next = nextStep(isApplicationCredential: isApplicationCredential)
        return "\(subject) failed: \(said) (\(request)). \(next)".escapedForTerminal
    }

    /// What a person is told of a creation that was answered with a failure that does not say whether it was made.
    public func creationInDoubt(isApplicationCredential: Bool) -> String {
        let who = category == .notBlazar ? "Something other than Blazar answered" : "The server failed"
        let request = requestID.map { ", request \($0)" } ?? ""
        let words = message.isEmpty ? "" : " Its words: \"\(message)\"."
        let hint = isApplicationCredential && category == .serverError ? " " + Self.applicationCredentialHint : ""
        return "\(who) (HTTP \(status)\(request)); whether it created the lease is not known yet.\(words)\(hint)"
            .escapedForTerminal
    }

    private var reasonWithoutWords: String {
        switch category {
        case .unauthenticated: "the token was not accepted"
        case .rateLimited: "too many requests"
        case .unavailable: "the service cannot answer now"
        default: "the server gives no reason"
        }
    }

    /// Whether the request was a creation.
    private var isCreation: Bool { requestLine.hasPrefix("POST ") }

    /// What a person can do about it.
    public func nextStep(isApplicationCredential: Bool = false) -> String {
        switch category {
        case .capacity: "Choose another time, fewer resources or looser requirements."
        case .policy: "The site does not allow it: change the dates, or ask the site's operators."
        case .budget: "Ask for more service units for the project, or reserve less."
        case .invalid: "Correct the request; sending it again as it is will not help."
        case .conflict: "Look at its present state (leasehold show), and try again once it has settled."
        case .notFound: "It may have been deleted: run leasehold sync."
        case .notOffered: "This site does not offer it, or the endpoint in its catalogue is wrong."
        case .forbidden: "These credentials do not allow it: use another project or role, or ask the site's operators."
        case .unauthenticated: "Check the credentials (leasehold doctor) and log in again."
        case .rateLimited, .unavailable:
            retryAfter.map { "Try again in \($0) seconds." } ?? "Try again later."
        case .notBlazar:
            "Something between here and the site may have answered (a captive portal, a proxy, a wrong endpoint): "
                + "check the network and the auth_url."
        case .serverError:
            isCreation && isApplicationCredential
                ? Self.applicationCredentialHint
                : "Try again later; if it stays, give the request id to the site's operators."
        }
    }

    /// Blazar makes a Keystone trust with the caller's token. Seen: a restricted credential always gives a bare 500; an
    /// unrestricted one works with Keystone 29.0.0 and gives a bare 500 with 30.0.0, 29.1.0, 28.1.0 and 27.1.0.
    private static var applicationCredentialHint: String {
        "The login is by an application credential, and creating a lease makes Blazar create a Keystone trust with it. "
            + "A restricted credential cannot do that, and newer Keystone releases (27.1.0, 28.1.0, 29.1.0, "
            + "30.0.0) refuse it to unrestricted ones too: make the credential with --unrestricted, or log in with "
            + "a password."
    }
}
