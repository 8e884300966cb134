package import LeaseModel

/// An answer of the model's cloud.
package struct ModelResponse: Sendable {
    /// The HTTP status code.
    package var status: Int
    /// The header fields, in the order in which they are sent.
    package var headers: [(name: String, value: String)]
    /// The body in pieces: a list of 100,000 leases is never one string.
    package var chunks: [[UInt8]]

    package init(status: Int, headers: [(name: String, value: String)] = [], chunks: [[UInt8]] = []) {
        self.status = status
        self.headers = headers
        self.chunks = chunks
    }

    /// The body in one piece.
    package var body: [UInt8] {
        chunks.count == 1 ? chunks[0] : chunks.reduce(into: []) { $0 += $1 }
    }

    /// The body's length in bytes.
    package var contentLength: Int { chunks.reduce(0) { $0 + $1.count } }

    /// The first header field with a name, whatever its case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// The body as JSON.
    ///
    /// - Throws: `JSONSyntaxError` if it is not JSON.
    package func json() throws(JSONSyntaxError) -> JSONValue { try JSONValue(parsing: body) }

    static func json(_ status: Int, _ value: JSONValue, headers: [(name: String, value: String)] = []) -> ModelResponse
    {
        ModelResponse(
            status: status, headers: [("Content-Type", "application/json")] + headers, chunks: [value.pythonBytes])
    }
}
