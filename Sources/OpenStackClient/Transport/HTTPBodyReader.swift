import AsyncHTTPClient
import NIOCore

/// Reads a body part by part, in step with the reader: what is not asked for stays in the network.
actor HTTPBodyReader {
    private let body: HTTPClientResponse.Body
    private var iterator: HTTPClientResponse.Body.AsyncIterator?

    init(_ body: HTTPClientResponse.Body) { self.body = body }

    /// The next part, `nil` only after a complete body.
    func next() async throws(TransportError) -> [UInt8]? {
        // The library's body may be iterated once and traps on a second time, so its iterator is made here, once.
        var current = iterator ?? body.makeAsyncIterator()
        defer { iterator = current }
        do {
            guard let part = try await current.next(isolation: self) else { return nil }
            return Array(buffer: part)
        } catch {
            throw TransportError(classifying: error, phase: .underWay)
        }
    }
}
