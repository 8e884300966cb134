import AsyncHTTPClient
package import LeaseModel
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Sends requests with AsyncHTTPClient. No other file uses that library.
///
/// It follows no redirects: a redirected POST would lose its body, and a redirected GET would carry the token to
/// another host. A 3xx is a reply like any other.
package final class AsyncHTTPClientTransport: HTTPTransport {
    /// AsyncHTTPClient fixes timeouts, proxy and reuse when a client is made, so each combination has a client.
    private struct ClientKey: Hashable {
        var timeouts: HTTPTimeouts
        var proxy: ProxySettings.Server?
        var reusesConnections: Bool
    }

    private struct Client {
        var http: HTTPClient
        var sent: SentRequests
    }

    private struct Clients {
        var byKey: [ClientKey: Client] = [:]
        var isShutDown = false
    }

    private let clients = Mutex(Clients())
    private let tls: TLSConfiguration
    private let tlsSettings: TLSSettings
    private let proxies: ProxySettings
    private let userAgent: String
    private let clock: @Sendable () -> Timestamp

    /// Makes a transport. Nothing is sent yet.
    ///
    /// - Parameters:
    ///   - tls: Which certificates to trust and to present. Their files are read now.
    ///   - proxies: Which proxy to use.
    ///   - userAgent: The value of `User-Agent`, for example `leasehold/1.0`.
    ///   - clock: The current time, for finding out whether a refused certificate has expired.
    /// - Throws: ``ServiceError`` of kind `configuration` if a certificate or key cannot be read.
    package init(
        tls: TLSSettings = TLSSettings(), proxies: ProxySettings = ProxySettings(), userAgent: String,
        clock: @escaping @Sendable () -> Timestamp
    ) throws(ServiceError) {
        self.tls = try tls.makeConfiguration()
        self.tlsSettings = tls
        self.proxies = proxies
        self.userAgent = userAgent
        self.clock = clock
    }

    /// Closes all connections. This must be called before the transport is released. Requests under way fail.
    package func shutdown() async {
        let all = clients.withLock { state in
            state.isShutDown = true
            defer { state.byKey = [:] }
            return Array(state.byKey.values)
        }
        for client in all { try? await client.http.shutdown() }
    }

    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPReply {
        let isSafe = request.method == "GET" || request.method == "HEAD"
        do {
            return try await attempt(request, reusingConnections: isSafe)
        } catch {
            // The server may close a reused connection just as a request is sent on it. Repeating a read does no harm.
            // A write is never sent on a reused connection, so for a write an early close has a meaning.
            guard isSafe, error.phase == .underWay, error.kind == .closedEarly, !Task.isCancelled else { throw error }
            return try await attempt(request, reusingConnections: false)
        }
    }

    private func attempt(_ request: HTTPRequest, reusingConnections: Bool) async throws(TransportError) -> HTTPReply {
        let proxy: ProxySettings.Server?
        do throws(ProxySettings.Unusable) {
            proxy = try proxies.server(for: request.url)
        } catch {
            throw TransportError(kind: .cannotConnect, phase: .beforeSending, detail: error.description)
        }
        let key = ClientKey(timeouts: request.timeouts, proxy: proxy, reusesConnections: reusingConnections)
        let client = try client(for: key)
        let sentBefore = client.sent.count
        do {
            let response = try await client.http.execute(
                translated(request), deadline: .now() + .seconds(Int64(request.timeouts.totalSeconds)))
            let reader = HTTPBodyReader(response.body, limitSeconds: request.timeouts.totalSeconds)
            return HTTPReply(
                status: Int(response.status.code), headers: Self.fields(response.headers),
                body: HTTPBody { { () async throws(TransportError) in try await reader.next() } })
        } catch {
            let failure = TransportError(classifying: error, phase: client.sent.phase(since: sentBefore))
            guard failure.kind == .tlsFailed, failure.phase == .beforeSending, key.proxy == nil,
                tlsSettings.verifiesServer,
                let reason = await CertificateProbe(now: clock()).explanation(url: request.url)
            else { throw failure }
            throw TransportError(kind: .tlsFailed, phase: failure.phase, detail: "\(reason); \(failure.detail)")
        }
    }

    private func translated(_ request: HTTPRequest) -> HTTPClientRequest {
        var translated = HTTPClientRequest(url: request.url)
        translated.method = HTTPMethod(rawValue: request.method)
        for field in request.headers.fields { translated.headers.add(name: field.name, value: field.value) }
        if !translated.headers.contains(name: "user-agent") {
            translated.headers.add(name: "user-agent", value: userAgent)
        }
        if let body = request.body { translated.body = .bytes(ByteBuffer(bytes: body)) }
        return translated
    }

    private static func fields(_ headers: HTTPHeaders) -> HTTPFields {
        headers.reduce(into: HTTPFields()) { $0.add($1.name, $1.value) }
    }

    private func client(for key: ClientKey) throws(TransportError) -> Client {
        let client = clients.withLock { state -> Client? in
            guard !state.isShutDown else { return nil }
            if let known = state.byKey[key] { return known }
            let sent = SentRequests()
            var configuration = configuration(for: key)
            configuration.http1_1ConnectionDebugInitializer = { sent.observe($0) }
            let http = HTTPClient(
                eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
            state.byKey[key] = Client(http: http, sent: sent)
            return state.byKey[key]
        }
        guard let client else {
            throw TransportError(kind: .cancelled, phase: .beforeSending, detail: "the program is ending")
        }
        return client
    }

    private func configuration(for key: ClientKey) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: .seconds(Int64(key.timeouts.connectSeconds)), read: .seconds(Int64(key.timeouts.idleSeconds))))
        configuration.httpVersion = .http1Only
        // A refused connection is an answer. With retries, it would be reported only after the whole connect timeout.
        configuration.connectionPool.retryConnectionEstablishment = false
        // gunicorn, which serves most OpenStack APIs, closes an idle connection after 2 s.
        configuration.connectionPool.idleTimeout = .milliseconds(1_500)
        // Waiting for a free connection counts as connecting, so there should always be one.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.maximumUsesPerConnection = key.reusesConnections ? nil : 1
        if let proxy = key.proxy {
            let authorization = proxy.userName.map {
                HTTPClient.Authorization.basic(username: $0, password: proxy.password?.reveal() ?? "")
            }
            configuration.proxy = .server(host: proxy.host, port: proxy.port, authorization: authorization)
        }
        return configuration
    }
}

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
        // This is not a child task, so that the limit can cancel it. It is awaited here, and canceled with its caller.
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
            // A canceled sequence ends as if it were complete.
            try Task.checkCancellation()
            return nil
        }
        return Array(buffer: part)
    }
}

/// Limits the total time spent waiting for a body.
///
/// Only the time in which the reader waits counts, and every useful byte allows a little more. A large list may take as
/// long as it needs, while a body that arrives at a byte a second, or consists of white space, is cut off.
final class BodyLimit: Sendable {
    /// This number of bytes that are not white space allows another second.
    static let bytesPerSecond = 1_024

    private struct State {
        var allowed: Duration
        var waitingSince: ContinuousClock.Instant?
        var stop: (@Sendable () -> Void)?
        var isExceeded = false
        var timer: Scheduled<Void>?
    }

    private let state: Mutex<State>
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    /// - Parameter seconds: how long to wait for a body that makes no progress.
    init(seconds: Int) { state = Mutex(State(allowed: .seconds(seconds))) }

    deinit { state.withLock { $0.timer }?.cancel() }

    /// Records that the reader starts to wait. `stop` is called when it has waited too long.
    func beginWaiting(stop: @escaping @Sendable () -> Void) {
        let allowed = state.withLock { state in
            state.waitingSince = .now
            state.stop = stop
            return state.timer == nil ? state.allowed : nil
        }
        if let allowed { check(after: allowed) }
    }

    /// Records that the reader has stopped waiting.
    ///
    /// - Parameter part: the part that arrived.
    /// - Returns: whether it has waited too long.
    func endWaiting(_ part: [UInt8]?) -> Bool {
        let useful = part.map(Self.usefulBytes) ?? 0
        return state.withLock { state in
            if let start = state.waitingSince { state.allowed -= start.duration(to: .now) }
            state.allowed += .milliseconds(useful * 1_000 / Self.bytesPerSecond)
            state.waitingSince = nil
            state.stop = nil
            return state.isExceeded
        }
    }

    /// The approximate number of bytes that are not white space. It is estimated from a sample, because every byte of a
    /// list passes through here.
    private static func usefulBytes(_ part: [UInt8]) -> Int {
        let step = 8
        var found = 0
        for index in stride(from: 0, to: part.count, by: step) where part[index] > UInt8(ascii: " ") { found += step }
        return min(found, part.count)
    }

    private func check(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let delay = TimeAmount.nanoseconds(max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
        let timer = eventLoop.scheduleTask(in: delay) { [weak self] in
            guard let self else { return }
            self.check()
        }
        state.withLock { $0.timer = timer }
    }

    private func check() {
        let (left, stop) = state.withLock { state -> (Duration, (@Sendable () -> Void)?) in
            let waited = state.waitingSince.map { $0.duration(to: .now) } ?? .zero
            let left = state.allowed - waited
            guard left <= .zero, state.waitingSince != nil else { return (max(left, .milliseconds(10)), nil) }
            state.isExceeded = true
            return (left, state.stop)
        }
        if let stop { stop() } else { check(after: left) }
    }
}
