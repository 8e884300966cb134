/// Never waits longer than a given limit, even if a request allows more.
///
/// It is for people on a network where no answer comes after a minute's silence, and for tests.
package struct TimeoutCappingTransport: HTTPTransport {
    private let next: any HTTPTransport
    private let maxSeconds: Int

    /// Wraps a transport.
    ///
    /// - Parameters:
    ///   - next: the transport that sends.
    ///   - maxSeconds: the longest wait, in seconds: for a connection, for each part of an answer, and for a whole
    ///     answer
    ///     that makes no progress.
    package init(_ next: any HTTPTransport, maxSeconds: Int) {
        self.next = next
        self.maxSeconds = maxSeconds
    }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPReply {
        var request = request
        request.timeouts = HTTPTimeouts(
            connectSeconds: min(request.timeouts.connectSeconds, maxSeconds),
            idleSeconds: min(request.timeouts.idleSeconds, maxSeconds),
            totalSeconds: min(request.timeouts.totalSeconds, maxSeconds))
        return try await next.send(request)
    }

    /// The limit in `LEASEHOLD_TIMEOUT_SECONDS`; `nil` if the environment sets none.
    ///
    /// - Throws: ``ServiceError`` of kind `configuration` for a value that is not a whole number of 1 or more.
    package static func maxSeconds(environment: [String: String]) throws(ServiceError) -> Int? {
        guard let text = environment["LEASEHOLD_TIMEOUT_SECONDS"], !text.isEmpty else { return nil }
        guard let seconds = Int(text), seconds >= 1 else {
            throw ServiceError(
                kind: .configuration,
                message: "LEASEHOLD_TIMEOUT_SECONDS takes a whole number of seconds, 1 or more: correct or unset it.")
        }
        return seconds
    }
}
