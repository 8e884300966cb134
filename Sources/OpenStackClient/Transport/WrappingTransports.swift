import LeaseModel
package import Logging
import NIOCore
import Synchronization

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

/// Counts the requests that were passed to a connection, as observed on the connections themselves.
///
/// If the count is the same before a request and after its failure, no byte of the request was written, whatever the
/// error says. Simultaneous requests are counted together, so a request that was not sent may look as if it was, but
/// never the other way round.
final class SentRequests: Sendable {
    private let number = Atomic<Int>(0)

    /// The number of requests that were passed to a connection so far.
    var count: Int { number.load(ordering: .sequentiallyConsistent) }

    /// Observes a connection that is ready for its first request.
    func observe(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.pipeline.addHandler(Observer(requests: self), position: .last)
    }

    /// How far a failed request got, given the ``count`` before it.
    func phase(since before: Int) -> TransportError.Phase { count == before ? .beforeSending : .underWay }

    /// Sits where requests enter the connection, before the handler that accepts them or refuses them.
    private final class Observer: ChannelOutboundHandler, Sendable {
        typealias OutboundIn = NIOAny
        typealias OutboundOut = NIOAny

        private let requests: SentRequests

        init(requests: SentRequests) { self.requests = requests }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            requests.number.add(1, ordering: .sequentiallyConsistent)
            context.write(data, promise: promise)
        }
    }
}

/// Requests and replies carry tokens in their headers and passwords in their bodies. Their descriptions and mirrors
/// leave those out; the values themselves are unchanged.

extension HTTPFields.Field: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private static let secretNames: Set<String> = [
        "authorization", "cookie", "proxy-authorization", "set-cookie", "x-auth-token", "x-service-token",
        "x-subject-token",
    ]

    var isSecret: Bool { Self.secretNames.contains(name.lowercased()) }
    private var shownValue: String { isSecret ? "***" : value }

    package var description: String { "\(name): \(shownValue)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["name": name, "value": shownValue]) }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(method) \(DisplayURL.text(url))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror {
        Mirror(
            self,
            children: ["request": description, "headers": headers, "bodyBytes": body?.count ?? 0, "timeouts": timeouts])
    }
}

extension HTTPRequest {
    /// The secrets in the request. They must be hidden in what a server or a proxy says, because it may repeat them.
    package var secrets: [Secret] {
        var found = headers.fields.filter(\.isSecret).flatMap { field in
            // "Bearer TOKEN": the token may also be repeated without the first word.
            [field.value] + field.value.split(separator: " ").dropFirst().map(String.init)
        }
        if let body, headers["content-type"]?.hasPrefix("application/x-www-form-urlencoded") == true {
            found += Self.formSecrets(String(decoding: body, as: UTF8.self))
        } else if let body, headers["content-type"]?.hasPrefix("application/json") == true,
            let auth = (try? JSONValue(parsing: body))?["auth"]
        {
            found += Self.secrets(in: auth["identity"] ?? auth, below: "")
        }
        return found.filter { !$0.isEmpty }.map(Secret.init)
    }

    /// The names of form fields for identity providers whose values need not be hidden.
    private static let plainNames: Set<String> = [
        "client_id", "code_challenge_method", "grant_type", "redirect_uri", "scope", "token_type_hint", "username",
    ]

    private static func formSecrets(_ form: String) -> [String] {
        form.split(separator: "&").flatMap { field -> [String] in
            let parts = field.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, !plainNames.contains(parts[0]) else { return [] }
            return [parts[1], EndpointURL.decoded(parts[1])]
        }
    }

    private static func secrets(in value: JSONValue, below name: String) -> [String] {
        switch value {
        case .object(let object):
            object.members.flatMap { key, value -> [String] in
                let isSecret = ["password", "secret", "passcode"].contains(key) || (name == "token" && key == "id")
                if isSecret, let text = value.stringValue { return [text] }
                return secrets(in: value, below: key)
            }
        case .array(let elements): elements.flatMap { secrets(in: $0, below: name) }
        case .string, .number, .bool, .null: []
        }
    }
}

extension HTTPFields {
    /// The id that OpenStack gives a request, if it looks like one: no service's id is longer than 100 characters.
    package var requestID: String? {
        (self["x-openstack-request-id"] ?? self["x-compute-request-id"]).map {
            $0.count > 100 ? String($0.prefix(8)) + "…" : $0
        }
    }
}

/// A URL that is safe to show: without a user name and password before the host, without query values that may be
/// secret, and without control characters.
enum DisplayURL {
    private static let secretWords = [
        "token", "password", "passwd", "secret", "key", "code", "auth", "sig", "credential",
    ]

    static func text(_ url: String) -> String {
        let halves = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let base = withoutUser(String(halves[0]))
        guard halves.count == 2 else { return base.escapedForTerminal }
        let query = halves[1].split(separator: "&", omittingEmptySubsequences: false).map { item -> String in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].lowercased()
            let isSecret = parts.count == 2 && secretWords.contains { name.contains($0) }
            return isSecret ? "\(parts[0])=***" : String(item)
        }
        return "\(base)?\(query.joined(separator: "&"))".escapedForTerminal
    }

    /// The URL without the user name and password before the host.
    static func withoutUser(_ url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[1].isEmpty, let at = parts[2].lastIndex(of: "@") else { return url }
        let host = parts[2][parts[2].index(after: at)...]
        return (parts[..<2] + [host] + parts[3...]).joined(separator: "/")
    }
}

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
