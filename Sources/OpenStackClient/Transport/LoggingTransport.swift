import LeaseModel
package import Logging

/// Writes one debug line for each request: method, URL, status, milliseconds, request id. Never a header or a body.
package struct LoggingTransport: HTTPTransport {
    private let next: any HTTPTransport
    private let logger: Logger
    private let elapsed: @Sendable () -> ContinuousClock.Instant

    /// Wraps a transport.
    package init(
        _ next: any HTTPTransport, logger: Logger,
        elapsed: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.next = next
        self.logger = logger
        self.elapsed = elapsed
    }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPReply {
        let start = elapsed()
        do {
            let reply = try await next.send(request)
            let requestID = request.secrets.reduce(reply.headers.requestID ?? "-") { $1.redacted(from: $0) }
            logger.debug(
                "\(request) → \(reply.status) in \(milliseconds(since: start)) ms, \(requestID.escapedForTerminal)")
            return reply
        } catch {
            logger.debug("\(request) → \(error) after \(milliseconds(since: start)) ms")
            throw error
        }
    }

    private func milliseconds(since start: ContinuousClock.Instant) -> Int64 {
        let duration = start.duration(to: elapsed()).components
        return duration.seconds * 1_000 + duration.attoseconds / 1_000_000_000_000_000
    }
}
