import NIOCore
import NIOPosix
import Synchronization

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
