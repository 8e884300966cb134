import AsyncHTTPClient
import NIOCore

/// Reads a body part by part, at the reader's speed. Parts that were not requested stay in the network.
actor HTTPBodyReader {
    private let body: HTTPClientResponse.Body
    private var iterator: HTTPClientResponse.Body.AsyncIterator?
    private let limit: BodyLimit
    private let limitSeconds: Int

    /// - Parameters:
    ///   - body: the body.
    ///   - limitSeconds: the total time to wait for a body that makes no progress.
    init(_ body: HTTPClientResponse.Body, limitSeconds: Int) {
        self.body = body
        self.limitSeconds = limitSeconds
        limit = BodyLimit(seconds: limitSeconds)
    }

    /// The next part, `nil` only after a complete body.
    func next() async throws(TransportError) -> [UInt8]? {
        // This is not a child task, so that the limit can cancel it. It is awaited here, and cancelled with its caller.
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
        // The library's body may be iterated only once, and traps the second time, so its iterator is made here.
        var current = iterator ?? body.makeAsyncIterator()
        defer { iterator = current }
        guard let part = try await current.next(isolation: self) else {
            // A cancelled sequence ends as if it were complete.
            try Task.checkCancellation()
            return nil
        }
        return Array(buffer: part)
    }
}
