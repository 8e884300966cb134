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

/// SHA-256, as in FIPS 180-4. Only PKCE's challenge needs it.
package enum SHA256 {
    private static let initial: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]

    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]

    /// The 32 bytes of the digest.
    package static func digest(of message: [UInt8]) -> [UInt8] {
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count) * 8
        padded += (0..<8).reversed().map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
        var state = initial
        for start in stride(from: 0, to: padded.count, by: 64) { mix(padded[start..<start + 64], into: &state) }
        return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
    }

    private static func mix(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
        func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }
        let bytes = Array(block)
        var schedule = (0..<16).map { index in
            bytes[index * 4..<index * 4 + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        for index in 16..<64 {
            let (early, late) = (schedule[index - 15], schedule[index - 2])
            let small = rotated(early, 7) ^ rotated(early, 18) ^ early >> 3
            let large = rotated(late, 17) ^ rotated(late, 19) ^ late >> 10
            schedule.append(schedule[index - 16] &+ small &+ schedule[index - 7] &+ large)
        }
        var word = state
        for index in 0..<64 {
            let upper = rotated(word[4], 6) ^ rotated(word[4], 11) ^ rotated(word[4], 25)
            let choice = (word[4] & word[5]) ^ (~word[4] & word[6])
            let first = word[7] &+ upper &+ choice &+ constants[index] &+ schedule[index]
            let lower = rotated(word[0], 2) ^ rotated(word[0], 13) ^ rotated(word[0], 22)
            let majority = (word[0] & word[1]) ^ (word[0] & word[2]) ^ (word[1] & word[2])
            word = [
                first &+ lower &+ majority, word[0], word[1], word[2], word[3] &+ first, word[4], word[5], word[6],
            ]
        }
        for index in state.indices { state[index] = state[index] &+ word[index] }
    }
}
