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

extension ServerFailure.Category {
    /// Classifies by the words first and by the status then.
    ///
    /// Blazar's statuses mislead: too few hosts is 500, a bad property is 500, too few floating IPs is 400 (500 on
    /// Chameleon), a date outside the lease is 403. Its words are steady.
    init(method: String, status: Int, words: ServerWords) {
        switch status {
        case 401: self = .unauthenticated
        case 429: self = .rateLimited
        case 408, 502, 503, 504: self = .unavailable
        case 400...: self.init(method: method, errorStatus: status, words: words)
        // A redirect, or a success whose content is not what the request asks for.
        default: self = .notBlazar
        }
    }

    private init(method: String, errorStatus status: Int, words: ServerWords) {
        guard words.shape == .openStack else {
            // Nobody but the service itself can say that a lease is gone or belongs to somebody else.
            self = status >= 500 && status != 511 ? .serverError : .notBlazar
            return
        }
        if let category = Self.byWords(words.message, method: method, status: status) {
            self = category
            return
        }
        switch status {
        // Blazar's own 403 begins with "Policy doesn't allow"; any other to a write is a site's enforcement speaking.
        case 403: self = method == "POST" || method == "PUT" ? .policy : .forbidden
        case 404: self = method == "POST" ? .invalid : .notFound
        case 405: self = .notOffered
        case 409: self = .conflict
        case 413: self = words.retryAfter == nil ? .invalid : .rateLimited
        case 400..<500: self = .invalid
        default: self = .serverError
        }
    }

    /// What the words mean, if they are known.
    ///
    /// The words may quote what a person wrote, so they are compared from their beginning, or where nobody's text
    /// comes before.
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
            // Chameleon reads "allocations" as the id of a floating IP where it has no such list.
            return status == 404 && method != "POST" ? .notFound : .invalid
        }
        if begins("invalid lease status", "conflicting reservation types") { return .conflict }
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

/// What a reply of an OpenStack service says went wrong, out of any of the shapes they use.
///
/// - Blazar: `{"error_code": 400, "error_message": "…", "error_name": …}`, and `{"error": 404, "error_message": "…"}`
///   from the layer below its own code;
/// - Keystone, and every service's token check: `{"error": {"code": 401, "title": "…", "message": "…"}}`;
/// - Nova: `{"forbidden": {"code": 403, "message": "…"}}` under a name for each fault;
/// - Neutron: `{"NeutronError": {"type": "…", "message": "…", "detail": "…"}}`, or with a mere string;
/// - Placement and others after the API working group: `{"errors": [{"detail": "…"}]}`.
struct ServerWords {
    /// How the reply is written.
    enum Shape {
        /// An error in one of OpenStack's shapes.
        case openStack
        /// A web page.
        case html
        /// Anything else: other JSON, text, nothing, a body cut short.
        case other
    }

    private(set) var shape = Shape.other
    private(set) var message = ""
    /// Some of Nova's faults say in the body how long to wait.
    private(set) var retryAfter: ServerDelay?

    /// More than this is not kept of a message; Chameleon's longest, with a whole query in it, is about 600.
    private static var longestMessage: Int { 4_000 }

    init(contentType: String?, body: [UInt8]) {
        let looksLikeHTML = HTMLHint.looksLikeHTML(body)
        if MediaType.isHTML(contentType) || looksLikeHTML {
            shape = .html
            message = HTMLHint.title(of: body) ?? ""
            return
        }
        let isJSON = contentType.map(MediaType.isJSON) ?? true
        guard isJSON, let value = try? JSONValue(parsing: body) else {
            if MediaType.isPlainText(contentType) {
                message = Self.shortened(String(decoding: body.prefix(Self.longestMessage), as: UTF8.self))
            }
            return
        }
        guard let object = value.objectValue, let found = Self.message(in: object) else { return }
        shape = .openStack
        message = Self.shortened(found)
        retryAfter =
            object.members.lazy.compactMap { member in
                switch member.value["retryAfter"] {
                case .number(let number)?: ServerDelay(digits: number.text)
                case .string(let text)?: ServerDelay(digits: text)
                default: nil
                }
            }.first
    }

    private static func message(in object: JSONObject) -> String? {
        if let message = object["error_message"] { return text(message) }
        if let error = object["error"] { return fault(error) }
        if let error = object["NeutronError"] { return fault(error) ?? text(error) }
        if let errors = object["errors"]?.arrayValue, let first = errors.first {
            return (first["detail"] ?? first["title"]).flatMap(text)
        }
        guard object.count == 1, let only = object.members.first else { return nil }
        return fault(only.value)
    }

    /// The words in `{"code": …, "title": …, "message": …}`.
    private static func fault(_ value: JSONValue) -> String? {
        guard let object = value.objectValue else { return nil }
        return (object["message"] ?? object["title"]).flatMap(text)
    }

    private static func text(_ value: JSONValue) -> String? {
        value.isNull ? nil : value.stringValue ?? value.text()
    }

    private static func shortened(_ text: String) -> String {
        let kept = text.prefix(longestMessage)
        return kept.endIndex == text.endIndex ? text : kept + "…"
    }
}

/// What `Content-Type` says.
public enum MediaType {
    /// Whether it is JSON: `application/json`, `application/vnd.….+json`, with or without parameters.
    public static func isJSON(_ contentType: String) -> Bool {
        let type = essence(contentType)
        return type == "application/json" || type.hasSuffix("+json")
    }

    static func isHTML(_ contentType: String?) -> Bool {
        contentType.map(essence).map { $0 == "text/html" || $0 == "application/xhtml+xml" } ?? false
    }

    static func isPlainText(_ contentType: String?) -> Bool { contentType.map(essence) == "text/plain" }

    private static func essence(_ contentType: String) -> String {
        let type = contentType.prefix { $0 != ";" }
        return String(type.filter { !$0.isWhitespace }).lowercased()
    }
}

/// Tells a web page from an API's answer.
enum HTMLHint {
    /// Whether the bytes begin as a web page does.
    static func looksLikeHTML(_ bytes: some Collection<UInt8>) -> Bool {
        let start = bytes.prefix(256).drop { $0 <= 0x20 || [0xEF, 0xBB, 0xBF].contains($0) }.prefix(16)
        let text = String(decoding: start, as: UTF8.self).lowercased()
        return ["<!doctype", "<html", "<head", "<body", "<!--", "<?xml", "<title"].contains { text.hasPrefix($0) }
    }

    /// The page's title, or its first heading; `nil` if it has neither.
    static func title(of bytes: [UInt8]) -> String? {
        let page = String(decoding: bytes.prefix(16_384), as: UTF8.self)
        return content(of: "title", in: page) ?? content(of: "h1", in: page)
    }

    private static func content(of tag: String, in page: String) -> String? {
        // Compared as bytes: lower-casing may change how many there are, and with that every index.
        let bytes = Array(page.utf8)
        guard let open = position(of: "<" + tag, in: bytes, from: 0),
            let start = bytes[open...].firstIndex(of: UInt8(ascii: ">")),
            let end = position(of: "</" + tag, in: bytes, from: start + 1)
        else { return nil }
        let text = String(decoding: bytes[(start + 1)..<end].prefix(200), as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.isEmpty ? nil : words
    }

    private static func position(of text: String, in bytes: [UInt8], from start: Int) -> Int? {
        let wanted = Array(text.utf8)
        guard start <= bytes.count, wanted.count <= bytes.count - start else { return nil }
        return (start...(bytes.count - wanted.count)).first { at in
            wanted.indices.allSatisfy { bytes[at + $0] | 0x20 == wanted[$0] | 0x20 }
        }
    }
}

/// How long a server asks to be left alone, an hour at most.
///
/// A server may send any number or date. What it sends becomes a wait only as a value of this type, so that no answer can
/// silence a write for longer, and no arithmetic with it can overflow.
public struct ServerDelay: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// The longest delay, in seconds.
    public static let maxSeconds = 3_600

    /// The seconds to wait: from 0 to ``maxSeconds``.
    public let seconds: Int

    /// Makes a delay; what is out of range becomes the nearest that is not.
    public init(seconds: Int) { self.seconds = min(max(seconds, 0), Self.maxSeconds) }

    public init(integerLiteral value: Int) { self.init(seconds: value) }

    /// Makes a delay from decimal digits, however many; `nil` if the text is anything else.
    package init?(digits text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(seconds: Int(text) ?? Self.maxSeconds)
    }

    public var description: String { "\(seconds)" }
}
