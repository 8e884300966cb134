import HTTPTypes
import Hummingbird
import Leasehold
import NIOCore
import ServiceLifecycle
import Synchronization

/// Tells open pages that something has changed, by server-sent events.
///
/// An event says only that something is different: the page reads its own address again. So pages need no other form of
/// their data, and an event that is lost does no harm.
final class WebLive: Service {
    /// What is sent to a page.
    enum Event: Sendable {
        case change
        /// Nothing, which finds connections that no longer exist.
        case beat
    }

    private struct State {
        var listeners: [Int: AsyncStream<Event>.Continuation] = [:]
        var last = 0
    }

    /// The number of pages that may listen at once.
    static let maxListeners = 32
    /// How often the database is looked at, in seconds.
    static let lookSeconds = 0.5
    /// How often an open connection is used, in seconds.
    private static let beatSeconds = 15.0

    private let manager: LeaseManager
    private let state = Mutex(State())

    init(manager: LeaseManager) { self.manager = manager }

    /// Looks for changes until the server stops.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.watch() }
                group.addTask { await self.beat() }
            }
        }
    }

    private func watch() async {
        while !Task.isCancelled {
            do {
                try await manager.watchChanges(every: Self.lookSeconds) {
                    self.hasListeners
                } each: {
                    self.announce(.change)
                }
            } catch {
                // The database may be locked for long, or be replaced: pages go on when it can be read again.
                try? await Task.sleep(for: .seconds(Self.beatSeconds))
            }
        }
    }

    /// Keeps connections in use. Each minute, what pages say about the time is out of date.
    private func beat() async {
        var count = 0
        while (try? await Task.sleep(for: .seconds(Self.beatSeconds))) != nil {
            count += 1
            announce(count % 4 == 0 ? .change : .beat)
        }
    }

    private var hasListeners: Bool { state.withLock { !$0.listeners.isEmpty } }

    /// Tells all pages.
    func announce(_ event: Event) {
        state.withLock { state in
            for listener in state.listeners.values { listener.yield(event) }
        }
    }

    /// The events for one page; `nil` if too many listen already.
    private func listen() -> AsyncStream<Event>? {
        state.withLock { state in
            guard state.listeners.count < Self.maxListeners else { return nil }
            state.last += 1
            let number = state.last
            let (events, listener) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(1))
            listener.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
            }
            state.listeners[number] = listener
            return events
        }
    }

    /// The stream of events, as an answer that does not end by itself.
    ///
    /// Its place is taken here, so no page is answered as if it were live without being so. It is free again once the
    /// answer is dropped, sent or not: that ends the stream.
    func response() throws(WebError) -> Response {
        guard let events = listen() else {
            throw WebError(.serviceUnavailable, "Too many pages are open. They go on without being live.")
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: "retry: 3000\n\n"))
                for await event in events.cancelOnGracefulShutdown() {
                    let text = event == .change ? "event: change\ndata: \n\n" : ": beat\n\n"
                    try await writer.write(ByteBuffer(string: text))
                }
                try await writer.finish(nil)
            })
    }
}
