import Foundation
import HTTPTypes
import HummingbirdTesting
import LeaseModel
import MirrorFixtures
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LeaseWeb

@Suite("The page on a socket", .serialized)
struct LiveTests {
    /// A page shows a change within two seconds: half a second until it is noticed, and what the machine needs.
    @Test("A change of the database reaches an open page")
    func change() async throws {
        let site = try TestSite()
        try await site.run(.live) { browser in
            let events = try await EventStream(browser)
            defer { events.close() }
            try await events.wait(for: "retry", seconds: 30)
            try site.mirror.pull([StoreFixture.lease("new")], at: 11)
            try await events.wait(for: "event: change", seconds: 30)
            #expect(WebLive.lookSeconds <= 0.5)
        }
    }

    @Test("Only so many pages are live at once, and the others still work")
    func manyStreams() async throws {
        try await TestSite().run(.live) { browser in
            var streams: [EventStream] = []
            for _ in 0..<200 { streams.append(try await EventStream(browser)) }
            defer { streams.forEach { $0.close() } }
            var refused = 0
            for stream in streams {
                let head = try await stream.wait(for: "HTTP/1.1", seconds: 30)
                if head.contains(" 503 ") { refused += 1 }
            }
            #expect(refused == 200 - WebLive.maxListeners)
            #expect(try await browser.get("/leases").status == .ok)
        }
    }

    @Test("A page's place is free again once its answer is dropped, even if nothing of it was sent")
    func places() throws {
        let site = try TestSite()
        defer { site.mirror.remove() }
        let live = site.server.site.live
        for _ in 0..<3 {
            var answers = try (0..<WebLive.maxListeners).map { _ in try live.response() }
            #expect(throws: WebError.self) { try live.response() }
            answers.removeLast()
            answers.append(try live.response())
            #expect(throws: WebError.self) { try live.response() }
        }
    }

    @Test("A request that arrives in drops is cut off")
    func slowSender() async throws {
        try await TestSite { $0.patienceSeconds = 1 }.run(.ahc()) { browser in
            let head = try await RawConnection(browser)
            try await head.send("GET /leases HTTP/1.1\r\nHost: ")
            let body = try await RawConnection(browser)
            try await body.send(
                """
                POST /new HTTP/1.1\r\nHost: localhost:\(browser.client.port ?? 0)\r\nCookie: \(browser.cookie)\r
                Origin: \(browser.origin)\r\nContent-Length: 1000\r\n\r\n
                """)
            for _ in 0..<16 {
                try? await head.send("l")
                try? await body.send("x")
                try await Task.sleep(for: .milliseconds(250))
            }
            #expect(head.isClosed)
            #expect(body.isClosed)
            #expect(try await browser.get("/leases").status == .ok)
        }
    }

    @Test(
        "A request whose host or head is wrong is refused",
        arguments: ["evil.example", "127.0.0.1:1", "localhost.evil"])
    func badHead(_ host: String) async throws {
        try await TestSite().run(.live) { browser in
            let connection = try await RawConnection(browser)
            try await connection.send("GET /leases HTTP/1.1\r\nHost: \(host)\r\nCookie: \(browser.cookie)\r\n\r\n")
            let answer = try await connection.wait(for: "HTTP/1.1", seconds: 30)
            #expect(answer.contains(" 421 ") || answer.contains(" 400 "))
        }
    }
}

/// A connection on which a test sends what it likes.
class RawConnection {
    private let channel: any Channel
    private let received: Received

    init(_ browser: Browser) async throws {
        let received = Received()
        self.received = received
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(Collector(received)) }
            .connect(host: "127.0.0.1", port: browser.client.port ?? 0).get()
    }

    var isClosed: Bool { !channel.isActive }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    /// Waits until a text has arrived.
    ///
    /// - Returns: everything that has arrived.
    @discardableResult
    func wait(for text: String, seconds: Int) async throws -> String {
        for _ in 0..<(seconds * 50) {
            let all = received.text.withLock(\.self)
            if all.contains(text) { return all }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("'\(text)' has not arrived: \(received.text.withLock(\.self))")
        return ""
    }

    func close() { channel.close(promise: nil) }

    private final class Received: Sendable {
        let text = Mutex("")
    }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let received: Received
        init(_ received: Received) { self.received = received }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            received.text.withLock { $0 += text }
        }
    }
}

/// A connection that listens to the page's events.
final class EventStream: RawConnection {
    override init(_ browser: Browser) async throws {
        try await super.init(browser)
        try await send(
            "GET /events HTTP/1.1\r\nHost: localhost:\(browser.client.port ?? 0)\r\nCookie: \(browser.cookie)\r\n\r\n")
    }
}
