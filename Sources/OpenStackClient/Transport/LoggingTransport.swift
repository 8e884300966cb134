import LeaseModel
package import Logging

/// Logs each request. Level info has one line with method, URL, status, milliseconds and request id. Level debug also
/// has the names and sizes of what was sent and received.
///
/// Bodies are never logged. Of an answer's headers, only those that are known to contain no secret are.
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

    private static let shownHeaders = [
        "date", "server", "content-type", "content-length", "retry-after", "x-openstack-request-id",
        "x-compute-request-id",
    ]

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPReply {
        let start = elapsed()
        if logger.logLevel <= .debug {
            let headers = request.headers.fields.map(\.description).joined(separator: ", ")
            logger.debug(
                "→ \(request), \(request.body?.count ?? 0) bytes, \(redacted(headers, of: request))")
        }
        do {
            let reply = try await next.send(request)
            let id = reply.headers.requestID ?? "-"
            logger.info(
                "\(request) → \(reply.status) in \(milliseconds(since: start)) ms, \(redacted(id, of: request))")
            if logger.logLevel <= .debug {
                let headers = Self.shownHeaders.compactMap { name in reply.headers[name].map { "\(name): \($0)" } }
                logger.debug("← \(redacted(headers.joined(separator: ", "), of: request))")
            }
            return reply
        } catch {
            logger.info("\(request) → \(error) after \(milliseconds(since: start)) ms")
            throw error
        }
    }

    private func redacted(_ text: String, of request: HTTPRequest) -> String {
        request.secrets.reduce(text) { $1.redacted(from: $0) }.escapedForTerminal
    }

    private func milliseconds(since start: ContinuousClock.Instant) -> Int64 {
        let duration = start.duration(to: elapsed()).components
        return duration.seconds * 1_000 + duration.attoseconds / 1_000_000_000_000_000
    }
}
