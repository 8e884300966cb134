import LeaseModel

/// An answer during authentication, read to its end.
struct AuthenticationReply: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: [UInt8]
    /// The computer's clock before the request left, and when the answer began.
    let sent, received: Timestamp
    /// The request without secrets: `POST https://cloud:5000/v3/auth/tokens`.
    let requestLine: String
    /// What the request carried that nobody may see.
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

    /// The id under which an operator finds the request in the logs.
    var requestID: String? { headers.requestID.map(redacted) }

    /// A text of the server's as it may be shown: it may repeat what it was sent.
    func redacted(_ text: String) -> String { secrets.reduce(text) { $1.redacted(from: $0) } }

    var json: JSONValue? { try? JSONValue(parsing: body) }

    /// What the server says is wrong, short and safe to show; `nil` if it says nothing that can be read.
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

    /// Whether it is a web page, as a captive portal or a proxy sends it.
    var isPage: Bool {
        if headers["content-type"]?.lowercased().contains("text/html") == true { return true }
        return body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "<")
    }
}
