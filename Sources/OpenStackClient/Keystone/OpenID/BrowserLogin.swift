import LeaseModel
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The authorization code flow for a program on a person's own computer (RFC 8252). A person logs in with a browser,
/// and the provider sends the browser back to a port of this computer with a code.
struct BrowserLogin: Sendable {
    let source: OpenIDTokenSource
    let provider: OpenIDProvider
    let assistant: any LoginAssistant

    /// How long a person may take, in seconds: the usual lifetime of a device code.
    private static var patienceSeconds: Int64 { 600 }

    private var failure: AuthenticationFailure { source.failure }

    /// - Returns: the provider's answer with the tokens.
    func run(redirectURI: String?) async throws(ServiceError) -> AuthenticationReply {
        guard let endpoint = provider.authorizationEndpoint else {
            throw failure.noEndpoint("authorization_endpoint", setting: "discovery_endpoint")
        }
        let proof = DeviceLogin.offered(provider).map(ProofKey.init)
        let state = ProofKey.randomText(bytes: 16)
        let listener: LoopbackListener
        do {
            listener = try await LoopbackListener(redirectURI: redirectURI, state: state)
        } catch {
            throw failure.noListener(redirectURI: redirectURI, reason: error.text)
        }
        var query = [
            ("response_type", "code"), ("client_id", source.client.id), ("redirect_uri", listener.redirectURI),
            ("scope", source.client.scope), ("state", state),
        ]
        if let proof {
            query += [("code_challenge", proof.challenge), ("code_challenge_method", proof.method.rawValue)]
        }
        let end = source.world.clock().adding(seconds: Self.patienceSeconds)
        await assistant.invite(
            LoginInvitation(
                cloud: failure.cloud.displayName,
                address: endpoint + (endpoint.contains("?") ? "&" : "?") + EndpointURL.form(query), code: nil,
                completeAddress: nil, expiresAt: end))
        let outcome = await listener.outcome { [world = source.world, assistant] in
            _ = await world.pause(Double(Self.patienceSeconds), until: end, assistant)
        }
        await assistant.conclude()
        switch outcome {
        case .code(let code):
            var fields = [("redirect_uri", listener.redirectURI), ("code", code)]
            if let proof { fields.append(("code_verifier", proof.verifier.reveal())) }
            return try await source.exchange(fields + [("grant_type", "authorization_code")], at: provider)
        case .refused(let error): throw failure.browserRefused(error)
        case .nobody: throw failure.loginExpired()
        }
    }
}

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Listens on this computer for the browser that a provider sends back with a code.
final class LoopbackListener: Sendable {
    enum Outcome: Sendable, Equatable {
        case code(String)
        /// The provider's error code.
        case refused(String)
        case nobody
    }

    struct Problem: Error { let text: String }

    /// The address to which the browser is sent.
    let redirectURI: String
    private let channel: any Channel
    private let arrived: AsyncStream<Outcome>
    private let arrival: AsyncStream<Outcome>.Continuation

    /// - Parameters:
    ///   - redirectURI: the address on this computer that is registered with the provider; `nil` for any port.
    ///   - state: a value that the browser must bring, so that nobody else can inject a code.
    /// - Throws: ``Problem`` if the address is not on this computer, or the port is not available.
    init(redirectURI: String?, state: String) async throws(Problem) {
        let parts = redirectURI.flatMap { URLComponents(string: $0) }
        let host = parts?.host ?? "127.0.0.1"
        guard redirectURI == nil || parts?.scheme == "http", ["127.0.0.1", "localhost", "::1", "[::1]"].contains(host)
        else { throw Problem(text: "it is not an http:// address of this computer") }
        (arrived, arrival) = AsyncStream.makeStream(of: Outcome.self)
        let path = parts.map { $0.path.isEmpty ? "/" : $0.path } ?? "/"
        let arrival = arrival
        do {
            channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(
                            CallbackHandler(path: path, state: state) { arrival.yield($0) })
                    }
                }
                .bind(
                    host: host == "localhost" ? "127.0.0.1" : host.filter { $0 != "[" && $0 != "]" },
                    port: redirectURI == nil ? 0 : parts?.port ?? 80
                )
                .get()
        } catch {
            throw Problem(text: "the port is taken, or may not be used")
        }
        self.redirectURI = redirectURI ?? "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/"
    }

    /// Waits for the browser until `patience` returns, then closes the port.
    func outcome(before patience: @escaping @Sendable () async -> Void) async -> Outcome {
        let outcome = await withTaskGroup(of: Outcome.self) { [arrived] group in
            group.addTask {
                for await outcome in arrived { return outcome }
                return .nobody
            }
            group.addTask {
                await patience()
                return .nobody
            }
            let first = await group.next() ?? .nobody
            group.cancelAll()
            return first
        }
        arrival.finish()
        try? await channel.close().get()
        return outcome
    }

    /// What a request to the callback brings; `nil` if it is not the expected request.
    static func outcome(uri: String, path: String, state: String) -> Outcome? {
        guard let parts = URLComponents(string: uri), parts.path == path else { return nil }
        let items = parts.queryItems ?? []
        func value(_ name: String) -> String? { items.first { $0.name == name }?.value }
        guard value("state") == state else { return nil }
        if let code = value("code"), !code.isEmpty { return .code(code) }
        return value("error").map(Outcome.refused)
    }
}

/// Answers the browser.
private final class CallbackHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let path: String
    private let state: String
    private let tell: @Sendable (LoopbackListener.Outcome) -> Void

    init(path: String, state: String, tell: @escaping @Sendable (LoopbackListener.Outcome) -> Void) {
        self.path = path
        self.state = state
        self.tell = tell
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        let outcome =
            head.method == .GET ? LoopbackListener.outcome(uri: head.uri, path: path, state: state) : nil
        let text: String
        switch outcome {
        case .code?: text = "You are logged in. You may close this window and go back to the terminal."
        case .refused?, .nobody?: text = "The login was refused. You may close this window."
        case nil: text = "There is nothing here."
        }
        var answer = HTTPResponseHead(version: .http1_1, status: outcome == nil ? .notFound : .ok)
        answer.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        answer.headers.add(name: "Content-Length", value: "\(text.utf8.count)")
        answer.headers.add(name: "Connection", value: "close")
        answer.headers.add(name: "Cache-Control", value: "no-store")
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let tell = tell
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if let outcome { tell(outcome) }
            loopBound.value.close(promise: nil)
        }
    }
}

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Proof that a code is redeemed by the program that requested it: PKCE, RFC 7636.
package struct ProofKey: Sendable {
    package enum Method: String, Sendable {
        case plain
        case s256 = "S256"
    }

    let method: Method
    let verifier: Secret

    /// Makes a key of 56 characters, like keystoneauth.
    init(_ method: Method) {
        self.method = method
        verifier = Secret(Self.randomText(bytes: 42))
    }

    /// The value that the first request carries.
    var challenge: String {
        switch method {
        case .plain: verifier.reveal()
        case .s256: Self.base64URL(SHA256.digest(of: Array(verifier.reveal().utf8)))
        }
    }

    /// Random bytes from the system's generator, as text that can be used in a URL.
    static func randomText(bytes count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return base64URL((0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
