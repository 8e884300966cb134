import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on loopback that answers each request with exactly the given bytes, and closes when it is told to.
final class LoopbackServer: Sendable {
    enum Step: Sendable {
        case write(String)
        /// Writes bytes that bypass the encryption, like an attacker on a TLS connection.
        case writeUnencrypted([UInt8])
        /// Writes this number of bytes in pieces. Each piece waits until the previous one has been sent.
        case writeBytes(total: Int)
        /// Writes the same text forever, at this interval in milliseconds.
        case drip(String, milliseconds: Int64)
        case close
        /// Closes with a TCP reset.
        case reset
    }

    typealias Script = @Sendable (_ request: String, _ number: Int) -> [Step]

    private let channel: any Channel
    private let counts = Mutex((connections: 0, requests: 0, bytesSent: 0))

    var connections: Int { counts.withLock { $0.connections } }
    var requests: Int { counts.withLock { $0.requests } }
    var bytesSent: Int { counts.withLock { $0.bytesSent } }
    var port: Int { channel.localAddress?.port ?? 0 }

    /// Starts a server, runs the body, stops it.
    static func run<Result>(
        tls: NIOSSLContext? = nil, waitsForHead: Bool = true, script: @escaping Script,
        body: (LoopbackServer) async throws -> Result
    ) async throws -> Result {
        let server = try await LoopbackServer(tls: tls, waitsForHead: waitsForHead, script: script)
        do {
            let result = try await body(server)
            try await server.channel.close()
            return result
        } catch {
            try? await server.channel.close()
            throw error
        }
    }

    private init(tls: NIOSSLContext?, waitsForHead: Bool, script: @escaping Script) async throws {
        let box = Box()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptHandler(script: script, waitsForHead: waitsForHead, box: box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        box.server.withLock { $0 = self }
    }

    fileprivate final class Box: Sendable {
        let server = Mutex<LoopbackServer?>(nil)
        func count(_ change: (inout (connections: Int, requests: Int, bytesSent: Int)) -> Void) {
            server.withLock { $0 }?.counts.withLock { change(&$0) }
        }
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: LoopbackServer.Script
    private let waitsForHead: Bool
    private let box: LoopbackServer.Box
    private var received = ""
    private static let piece = 1 << 20

    init(script: @escaping LoopbackServer.Script, waitsForHead: Bool, box: LoopbackServer.Box) {
        self.script = script
        self.waitsForHead = waitsForHead
        self.box = box
    }

    func channelActive(context: ChannelHandlerContext) { box.count { $0.connections += 1 } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += String(buffer: unwrapInboundIn(data))
        // The tests' request bodies contain no blank line, and arrive with the head.
        guard !waitsForHead || received.contains("\r\n\r\n") else { return }
        var number = 0
        box.count {
            $0.requests += 1
            number = $0.requests
        }
        let steps = script(received, number)
        received = ""
        perform(steps[...], context: context)
    }

    private func perform(_ steps: ArraySlice<LoopbackServer.Step>, context: ChannelHandlerContext) {
        guard let step = steps.first else { return }
        let rest = steps.dropFirst()
        switch step {
        case .write(let text):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            perform(rest, context: context)
        case .writeUnencrypted(let bytes):
            let below = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
            below?.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
            perform(rest, context: context)
        case .drip(let text, let milliseconds):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                let (handler, context) = bound.value
                guard context.channel.isActive else { return }
                handler.perform([step], context: context)
            }
        case .close: context.close(promise: nil)
        case .reset:
            _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            context.close(promise: nil)
        case .writeBytes(let total):
            let size = min(total, Self.piece)
            let next: ArraySlice<LoopbackServer.Step> =
                total > size ? [.writeBytes(total: total - size)] + rest : rest
            let buffer = ByteBuffer(repeating: UInt8(ascii: "x"), count: size)
            let bound = NIOLoopBound((self, context, next), eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(buffer)).whenSuccess {
                let (handler, context, next) = bound.value
                handler.box.count { $0.bytesSent += size }
                handler.perform(next, context: context)
            }
        }
    }
}
