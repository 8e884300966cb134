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
