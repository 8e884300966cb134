import LeaseModel

/// A complete answer during authentication.
struct AuthenticationReply: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: [UInt8]
    /// The computer's clock before the request was sent, and when the answer began.
    let sent, received: Timestamp
    /// The request without secrets: `POST https://cloud:5000/v3/auth/tokens`.
    let requestLine: String
    /// The secrets in the request.
    let secrets: [Secret]

    init(
        to request: HTTPRequest, status: Int, headers: HTTPFields, body: [UInt8], sent: Timestamp, received: Timestamp
    ) {
        self.sent = sent
        self.received = received
        self.status = status
        self.headers = headers
        self.body = body
        requestLine = request.description
        secrets = request.secrets
    }

    /// The id with which an operator finds the request in the logs.
    var requestID: String? { headers.requestID.map(redacted) }

    /// Removes the request's secrets from a text of the server, which may repeat them.
    func redacted(_ text: String) -> String { secrets.reduce(text) { $1.redacted(from: $0) } }

    var json: JSONValue? { try? JSONValue(parsing: body) }

    /// The server's own explanation, short and safe to show; `nil` if there is none that can be parsed.
    ///
    /// Keystone writes `{"error": {"message": …}}`, an identity provider `{"error": …, "error_description": …}`.
    func explanation(without secrets: [Secret]) -> String? {
        let json = json
        let text =
            json?["error"]?["message"]?.stringValue ?? json?["error_description"]?.stringValue
            ?? json?["error"]?.stringValue ?? json?["message"]?.stringValue
        guard let text, !text.isEmpty else { return nil }
        let clean = redacted(secrets.reduce(text) { $1.redacted(from: $0) }).escapedForTerminal
        return clean.count > 200 ? clean.prefix(200) + "…" : clean
    }

    /// Whether it is a web page, such as one from a captive portal or a proxy.
    var isPage: Bool {
        if headers["content-type"]?.lowercased().contains("text/html") == true { return true }
        return body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "<")
    }
}
