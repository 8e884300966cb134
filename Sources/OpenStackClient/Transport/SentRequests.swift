import NIOCore
import Synchronization

/// Counts the requests that have been handed to a connection, as observed on the connections themselves.
///
/// If the count is the same before a request and after its failure, no byte of the request was written, whatever the
/// error says. Requests that are under way at the same time count together: one that was not sent may then look as if
/// it was, never the other way round.
final class SentRequests: Sendable {
    private let number = Atomic<Int>(0)

    /// How many have been handed to a connection so far.
    var count: Int { number.load(ordering: .sequentiallyConsistent) }

    /// Observes a connection that is ready for its first request.
    func observe(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.pipeline.addHandler(Observer(requests: self), position: .last)
    }

    /// How far a failed request got, by the ``count`` that there was before it.
    func phase(since before: Int) -> TransportError.Phase { count == before ? .beforeSending : .underWay }

    /// Stands where requests enter the connection, before the handler that takes them up and can still refuse them.
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
