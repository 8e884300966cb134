import AsyncHTTPClient
import NIOCore

/// Reads a body part by part, in step with the reader: what is not asked for stays in the network.
actor HTTPBodyReader {
    private let body: HTTPClientResponse.Body
    private var iterator: HTTPClientResponse.Body.AsyncIterator?
    private let limit: BodyLimit
    private let limitSeconds: Int

    /// - Parameters:
    ///   - body: the body.
    ///   - limitSeconds: how long to wait in all for a body that makes no progress.
    init(_ body: HTTPClientResponse.Body, limitSeconds: Int) {
        self.body = body
        self.limitSeconds = limitSeconds
        limit = BodyLimit(seconds: limitSeconds)
    }

    /// The next part, `nil` only after a complete body.
    func next() async throws(TransportError) -> [UInt8]? {
        // Not a child, so that the limit can cancel it; it is awaited here, and cancelled with its caller.
        let pull = Task(operation: pull)
        limit.beginWaiting { pull.cancel() }
        let result = await withTaskCancellationHandler {
            await pull.result
        } onCancel: {
            pull.cancel()
        }
        guard !limit.endWaiting(try? result.get()) else {
            throw TransportError(
                kind: .timedOut, phase: .underWay, detail: "it went on for \(limitSeconds) seconds without progress")
        }
        do {
            return try result.get()
        } catch {
            throw TransportError(classifying: error, phase: .underWay)
        }
    }

    @Sendable private func pull() async throws -> [UInt8]? {
        // The library's body may be iterated once and traps on a second time, so its iterator is made here, once.
        var current = iterator ?? body.makeAsyncIterator()
        defer { iterator = current }
        guard let part = try await current.next(isolation: self) else {
            // A sequence that was cancelled ends as if it were complete.
            try Task.checkCancellation()
            return nil
        }
        return Array(buffer: part)
    }
}
