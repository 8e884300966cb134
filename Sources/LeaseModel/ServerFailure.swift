/// A server's refusal, or an answer that is not what was asked for, with everything known about it and a category.
///
/// It is made by ``ServerFailure/init(method:status:contentType:body:requestLine:requestID:retryAfter:)``, which never
/// fails, whatever the bytes are.
public struct ServerFailure: Error, Sendable, Hashable {
    /// The HTTP status.
    public var status: Int
    /// The category of the failure.
    public var category: Category
    /// The server's own words; empty if it said nothing that can be shown. They may contain control characters: use
    /// ``Swift/String/escapedForTerminal`` to show them.
    public var message: String
    /// OpenStack's request id, by which an operator finds the request in the logs.
    public var requestID: String?
    /// The request in readable form, without secrets: `POST http://127.0.0.1:1234/v1/leases`.
    public var requestLine: String
    /// How long the server asked to wait before the next request.
    public var retryAfter: ServerDelay?

    /// Makes a failure whose category is already known.
    public init(
        status: Int, category: Category, message: String, requestID: String? = nil, requestLine: String,
        retryAfter: ServerDelay? = nil
    ) {
        self.status = status
        self.category = category
        self.message = message
        self.requestID = requestID
        self.requestLine = requestLine
        self.retryAfter = retryAfter
    }

    /// Classifies a reply.
    ///
    /// - Parameters:
    ///   - method: the request's method, in capitals.
    ///   - status: the HTTP status.
    ///   - contentType: the value of `Content-Type`, if there is one.
    ///   - body: as much of the body as was received. It may be cut short, empty or anything else.
    ///   - requestLine: the request in readable form, without secrets.
    ///   - requestID: OpenStack's request id.
    ///   - retryAfter: the value of `Retry-After`.
    public init(
        method: String, status: Int, contentType: String?, body: [UInt8], requestLine: String,
        requestID: String? = nil, retryAfter: ServerDelay? = nil
    ) {
        let words = ServerWords(contentType: contentType, body: body)
        self.init(
            status: status, category: Category(method: method, status: status, words: words), message: words.message,
            requestID: requestID, requestLine: requestLine,
            retryAfter: retryAfter ?? words.retryAfter)
    }
}

extension ServerFailure {
    /// The category of a failure. The raw value is used in JSON output and in the database.
    public enum Category: String, Sendable, Hashable, CaseIterable {
        /// Too few of the requested resources are free at that time.
        case capacity
        /// A site rule forbids it: the longest duration, the extension window, the enforcement service.
        case policy
        /// The project has too few service units left.
        case budget
        /// The request can never succeed as it is: a parameter is missing or malformed, or names something that does
        /// not exist.
        case invalid
        /// The request does not fit the present state of the lease or resource.
        case conflict
        /// The requested object does not exist. Only an OpenStack service can say so; a proxy's 404 does not count.
        case notFound = "not-found"
        /// The server does not know the URL or the method: the service is not offered, or the endpoint is wrong.
        case notOffered = "not-offered"
        /// The credentials do not permit it.
        case forbidden
        /// The token was not accepted.
        case unauthenticated
        /// Too many requests.
        case rateLimited = "rate-limited"
        /// The service, or a proxy in front of it, cannot answer now.
        case unavailable
        /// The server failed and does not say why.
        case serverError = "server-error"
        /// The answer does not come from the service, but from a captive portal, a proxy or something else.
        case notBlazar = "not-blazar"
    }
}

extension ServerFailure.Category {
    /// Classifies a reply, by its words first and by its status second.
    ///
    /// Blazar's statuses are misleading: too few hosts is 500, a bad property is 500, too few floating IPs is 400 (500
    /// on Chameleon), a date outside the lease is 403. Its wording is stable.
    init(method: String, status: Int, words: ServerWords) {
        switch status {
        case 401: self = .unauthenticated
        case 429: self = .rateLimited
        case 408, 502, 503, 504: self = .unavailable
        case 400...: self.init(method: method, errorStatus: status, words: words)
        // A redirect, or a success with the wrong kind of content.
        default: self = .notBlazar
        }
    }

    private init(method: String, errorStatus status: Int, words: ServerWords) {
        guard words.shape == .openStack else {
            // Only the service itself can say that a lease does not exist or belongs to somebody else.
            self = status >= 500 && status != 511 ? .serverError : .notBlazar
            return
        }
        if let category = Self.byWords(words.message, method: method, status: status) {
            self = category
            return
        }
        switch status {
        // Blazar's own 403 begins with "Policy doesn't allow". Any other 403 to a write comes from the site's
        // enforcement.
        case 403: self = method == "POST" || method == "PUT" ? .policy : .forbidden
        case 404: self = method == "POST" ? .invalid : .notFound
        case 405: self = .notOffered
        case 409: self = .conflict
        case 413: self = words.retryAfter == nil ? .invalid : .rateLimited
        case 400..<500: self = .invalid
        default: self = .serverError
        }
    }

    /// How Blazar refuses to change a lease that is between two states.
    fileprivate static let betweenStates = "invalid lease status"

    /// The category that the words stand for, if they are known.
    ///
    /// The words may quote what a user wrote. So they are compared from their beginning, or where no quoted text can
    /// come before.
    private static func byWords(_ message: String, method: String, status: Int) -> Self? {
        let words = message.lowercased()
        func begins(_ prefixes: String...) -> Bool { prefixes.contains { words.hasPrefix($0) } }

        if begins("not enough ") { return .capacity }
        if begins("policy doesn't allow ", "not authorized") { return .forbidden }
        if begins("missing parameter", "malformed ", "invalid values", "invalid input", "content type ") {
            return .invalid
        }
        if begins("the requested url was not found", "the method is not allowed") { return .notOffered }
        if begins("object with {") {
            // Without a list of allocations of floating IPs, Chameleon reads "allocations" as the id of one.
            return status == 404 && method != "POST" ? .notFound : .invalid
        }
        if begins(betweenStates, "conflicting reservation types") { return .conflict }
        if begins(
            "lease duration of ", "lease can only be extended within ", "datetime is out of lease limits",
            "external service enforcement filter")
        {
            return .policy
        }
        if begins("reservation for project "), words.contains("would spend") || words.contains(" sus") {
            return .budget
        }
        if begins("would spend ") || words.hasSuffix(" sus") || words.contains(" sus, only ") { return .budget }
        if begins("blazardbnotfound") { return .invalid }
        if status >= 500, words.hasSuffix(" lease was not found") { return .notFound }
        if status >= 500, words.hasSuffix(" was not found") { return .invalid }
        // "The … resource type is not supported" (500), "Updating parameters … is not yet supported." (409)
        if words.hasSuffix(" is not supported") || words.hasSuffix(" is not yet supported.") { return .invalid }
        return nil
    }
}

extension ServerFailure {
    /// Whether the lease cannot be changed because Blazar's manager is working on it.
    ///
    /// Its status will change on its own, or never.
    package var isBetweenStates: Bool {
        category == .conflict && message.lowercased().hasPrefix(Category.betweenStates)
    }
}

extension ServerFailure {
    /// The failure in words for people: what failed, which lease, why, the request, and what to do.
    ///
    /// - Parameters:
    ///   - operation: what was attempted, for example `creating the lease`.
    ///   - lease: the lease's name or id, if there is one.
    ///   - isApplicationCredential: whether the token came from an application credential.
    /// - Returns: text without control characters.
    public func sentence(operation: String, lease: String? = nil, isApplicationCredential: Bool = false) -> String {
        let subject = lease.map { "\(operation) \"\($0)\"" } ?? operation
        let said =
            if category == .notBlazar {
                "the answer does not come from the service" + (message.isEmpty ? "" : ", \"\(message)\"")
            } else {
                message.isEmpty ? reasonWithoutWords : "the server says \"\(message)\""
            }
        let request = [requestLine, "status \(status)", requestID ?? "no request id"].joined(separator: ", ")
        let next = nextStep(isApplicationCredential: isApplicationCredential)
        return "\(subject) failed: \(said) (\(request)). \(next)".escapedForTerminal
    }

    /// The message for a creation whose answer is a failure that does not say whether the lease was created.
    public func unconfirmedCreation(isApplicationCredential: Bool) -> String {
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

    /// What a person can do about the failure.
    public func nextStep(isApplicationCredential: Bool = false) -> String {
        switch category {
        case .capacity: "Choose another time, fewer resources or looser requirements."
        case .policy: "The site does not allow it: change the dates, or ask the site's operators."
        case .budget: "Ask for more service units for the project, or reserve less."
        case .invalid: "Correct the request; sending it again as it is will not help."
        case .conflict: "Look at its present state (leasehold show), and try again once it has settled."
        case .notFound: "It may have been deleted: run leasehold sync."
        case .notOffered: "This site does not offer it, or the endpoint in its catalog is wrong."
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
                : "Try again later; if it keeps failing, give the request id to the site's operators."
        }
    }

    /// Blazar makes a Keystone trust with the caller's token. Observed: a restricted credential always gets a bare 500.
    /// An unrestricted one works with Keystone 29.0.0, and gets a bare 500 with 30.0.0, 29.1.0, 28.1.0 and 27.1.0.
    private static var applicationCredentialHint: String {
        "The login is by an application credential, and creating a lease makes Blazar create a Keystone trust with it. "
            + "A restricted credential cannot do that, and newer Keystone releases (27.1.0, 28.1.0, 29.1.0, "
            + "30.0.0) refuse it to unrestricted ones too: make the credential with --unrestricted, or log in with "
            + "a password."
    }
}

/// How long a server asks to wait before the next request: at most one hour.
///
/// A server may send any number or date. Only a value of this type becomes a wait, so no answer can delay a write for
/// longer, and no arithmetic can overflow.
public struct ServerDelay: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// The longest delay, in seconds.
    public static let maxSeconds = 3_600

    /// The seconds to wait: from 0 to ``maxSeconds``.
    public let seconds: Int

    /// Makes a delay. A value out of range becomes the nearest one in range.
    public init(seconds: Int) { self.seconds = min(max(seconds, 0), Self.maxSeconds) }

    public init(integerLiteral value: Int) { self.init(seconds: value) }

    /// Makes a delay from any number of decimal digits; `nil` if the text is anything else.
    package init?(digits text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(seconds: Int(text) ?? Self.maxSeconds)
    }

    public var description: String { "\(seconds)" }
}
