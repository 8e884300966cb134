package import LeaseModel

/// An authenticated session with one cloud. It finds the service's endpoint, adds the token and renews it.
///
/// ``KeystoneSession`` is the real implementation; tests of the clients above provide their own.
package protocol ServiceSession: Sendable {
    /// Sends a request to a service of the cloud.
    ///
    /// After a 401, the token is renewed once and the request is sent again. A reply with any other status is returned.
    ///
    /// - Throws: ``ServiceError`` if there is no answer from the service: the configuration, the authentication, no
    ///   such service in the catalog, or no reply.
    func send(_ request: ServiceRequest) async throws(ServiceError) -> ServiceReply

    /// The user and project of the token. This authenticates if that has not happened yet.
    func identity() async throws(ServiceError) -> TokenIdentity

    /// The steps of the latest login and their results.
    var loginSteps: [LoginJournal.Entry] { get }

    /// The time by the cloud's clock; `nil` if the clocks are not compared.
    var time: CloudTime? { get }
}

extension ServiceSession {
    package var loginSteps: [LoginJournal.Entry] { [] }
    package var time: CloudTime? { nil }
}

/// A service, by its type in Keystone's catalog.
package struct ServiceType: RawRepresentable, Sendable, Hashable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let reservation = ServiceType(rawValue: "reservation")
    package static let compute = ServiceType(rawValue: "compute")
    package static let network = ServiceType(rawValue: "network")
    package static let identity = ServiceType(rawValue: "identity")
}

/// A request to a service, before its endpoint and token are known.
package struct ServiceRequest: Sendable {
    package var service: ServiceType
    package var method: String
    /// The path below the service's endpoint, percent-encoded, beginning with `/`, and followed by the query if there
    /// is one.
    package var path: String
    package var headers: HTTPFields
    /// A JSON body.
    package var body: JSONValue?
    package var timeouts: HTTPTimeouts

    package init(
        _ service: ServiceType, _ method: String, _ path: String, headers: HTTPFields = [:], body: JSONValue? = nil,
        timeouts: HTTPTimeouts = .init()
    ) {
        self.service = service
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
    }
}

/// A service's reply, and what an error message about it needs.
package struct ServiceReply: Sendable {
    package let http: HTTPReply
    /// The request in a form that can be shown, without secrets: `GET http://127.0.0.1:1234/v1/leases`.
    package let requestLine: String
    /// The secrets in the request.
    private let secrets: [Secret]

    package init(http: HTTPReply, requestLine: String, secrets: [Secret] = []) {
        self.http = http
        self.requestLine = requestLine
        self.secrets = secrets
    }

    /// Removes the request's secrets from a text of the server. A server or a proxy might repeat the token it was sent.
    package func redacted(_ text: String) -> String { secrets.reduce(text) { $1.redacted(from: $0) } }

    package var status: Int { http.status }
    /// OpenStack's id of the request, with which an operator finds it in the logs.
    package var requestID: String? { http.headers.requestID.map(redacted) }
    /// The value of `Date`, as the server wrote it.
    package var serverDate: String? { http.headers["date"] }
    package var contentType: String? { http.headers["content-type"] }
    /// `Retry-After`, as seconds or as a date.
    package func retryAfter(now: Timestamp) -> ServerDelay? { RetryAfter.delay(http.headers["retry-after"], now: now) }
}

/// The user and project that a token is for.
package struct TokenIdentity: Sendable, Hashable {
    /// The `auth_url` that issued the token.
    package var authURL: String
    /// The site whose reservation service gets the requests, or why the catalog has none for this cloud.
    package var site: Result<SiteAddress, ServiceError>
    package var userID: String
    package var userName: String
    package var projectID: String
    package var projectName: String
    /// Role names, for example `member`, `admin`.
    package var roles: Set<String>
    package var expiresAt: Timestamp
    /// Whether the token came from an application credential. Blazar may refuse to create leases with one.
    package var isApplicationCredential: Bool
    /// Whether the configuration itself names the project; otherwise the credential implies it.
    package var isProjectConfigured: Bool

    package init(
        authURL: String, site: Result<SiteAddress, ServiceError>, userID: String, userName: String, projectID: String,
        projectName: String, roles: Set<String>, expiresAt: Timestamp, isApplicationCredential: Bool,
        isProjectConfigured: Bool
    ) {
        self.authURL = authURL
        self.site = site
        self.userID = userID
        self.userName = userName
        self.projectID = projectID
        self.projectName = projectName
        self.roles = roles
        self.expiresAt = expiresAt
        self.isApplicationCredential = isApplicationCredential
        self.isProjectConfigured = isProjectConfigured
    }

    /// Whether the token sees the leases of all projects: Blazar's default policy allows this to the role `admin`.
    package var seesAllProjects: Bool { roles.contains("admin") }
}

/// Why a request to a cloud failed. Its description is its message.
package struct ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The cloud's configuration is missing or wrong.
        case configuration
        /// Keystone refused the credentials (HTTP 401 or 403 from it).
        case authentication
        /// The token's catalog has no such service, region or interface.
        case noEndpoint
        /// There was no reply, or one in another protocol. The phase says how far the request to the service got.
        case transport(TransportError.Kind, TransportError.Phase)
        /// Keystone answered with something that is neither a token nor a refusal.
        case badAnswer
    }

    /// How far the request to the service got. Without a token or an endpoint, it is not sent.
    package var phase: TransportError.Phase {
        switch kind {
        case .transport(_, let phase): phase
        case .configuration, .authentication, .noEndpoint, .badAnswer: .beforeSending
        }
    }

    package let kind: Kind
    /// One sentence: what is wrong, where, and what to do. It contains no secret.
    package let message: String
    /// The id of the failed request, if the server gave one.
    package let requestID: String?

    package var description: String { message }

    package init(kind: Kind, message: String, requestID: String? = nil) {
        self.kind = kind
        self.message = message
        self.requestID = requestID
    }

    /// The same error, for a request that failed because an earlier one did, such as one for a token. The request
    /// itself was not sent.
    var ofRequirement: ServiceError {
        guard case .transport(let kind, _) = kind else { return self }
        return ServiceError(kind: .transport(kind, .beforeSending), message: message, requestID: requestID)
    }
}

/// HTTP's `Retry-After` (RFC 9110, section 10.2.3).
package enum RetryAfter {
    /// The time to wait, as seconds or as a date; `nil` if there is none or it cannot be parsed.
    package static func delay(_ value: String?, now: Timestamp) -> ServerDelay? {
        guard let value else { return nil }
        if let delay = ServerDelay(digits: value) { return delay }
        guard let date = HTTPDate.parse(value) else { return nil }
        return ServerDelay(seconds: Int(clamping: date.seconds(since: now)))
    }
}

/// The date format of HTTP's header fields: `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The time, or `nil` if the text is not such a date.
    package static func parse(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let time = parts[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3 else { return nil }
        return Timestamp(year: year, month: month + 1, day: day, hour: time[0], minute: time[1], second: time[2])
    }
}
