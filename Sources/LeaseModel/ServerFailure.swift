/// A server's refusal, or an answer that is not what was asked for: everything known about it, classified.
///
/// Made by ``ServerFailure/init(method:status:contentType:body:requestLine:requestID:retryAfter:)``, which
/// never fails, whatever the bytes are.
public struct ServerFailure: Error, Sendable, Hashable {
    /// The HTTP status.
    public var status: Int
    /// What kind of failure it is.
    public var category: Category
    /// The server's own words; empty if it said nothing that can be shown. They may hold control characters: show them
    /// by way of ``Swift/String/escapedForTerminal``.
    public var message: String
    /// OpenStack's id of the request, by which an operator finds it in the logs.
    public var requestID: String?
    /// The request as a person would name it, without secrets: `POST http://127.0.0.1:1234/v1/leases`.
    public var requestLine: String
    /// How long the server asks to wait before another try.
    public var retryAfter: ServerDelay?

    /// Makes a failure that has been classified already.
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
    ///   - body: as much of the body as there is; it may be cut, empty, or anything.
    ///   - requestLine: the request as a person would name it.
    ///   - requestID: OpenStack's id of the request.
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
    /// What kind of failure it is. The raw value is the fixed code in JSON output and in the database.
    public enum Category: String, Sendable, Hashable, CaseIterable {
        /// Too little of what was asked for is free at that time.
        case capacity
        /// A rule of the site's: longest duration, extension window, its enforcement service.
        case policy
        /// The project has too few service units left.
        case budget
        /// The request can never succeed as it is: a parameter is missing, malformed, or names what does not exist.
        case invalid
        /// The request does not go with the state that the thing is in.
        case conflict
        /// The thing asked for does not exist. Only an OpenStack service's own word counts, never a proxy's 404.
        case notFound = "not-found"
        /// The server does not know the URL or the method: a service that is not there, or a wrong endpoint.
        case notOffered = "not-offered"
        /// The credentials do not allow it.
        case forbidden
        /// The token was not accepted.
        case unauthenticated
        /// Too many requests.
        case rateLimited = "rate-limited"
        /// The service, or what stands before it, cannot answer now.
        case unavailable
        /// The server failed and does not say why.
        case serverError = "server-error"
        /// The answer does not come from the service: a captive portal, a proxy's page, something else's answer.
        case notBlazar = "not-blazar"
    }
}
