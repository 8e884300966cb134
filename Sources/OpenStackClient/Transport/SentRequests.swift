import NIOCore
import Synchronization

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
