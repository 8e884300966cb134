package import LeaseModel
import Synchronization

/// The time by a cloud's clock.
///
/// What is seen at a cloud is dated by its clock, so that a computer whose clock is wrong leaves no wrong dates behind.
/// Each login compares the two. Keystone says twice what time it is: in the `Date` of its answer, and in the token. If
/// these agree, they are right; if only one agrees with the computer's clock, that is. One alone may be a proxy's mistake.
package final class CloudTime: Sendable {
    private let clock: @Sendable () -> Timestamp
    private let uptime: (@Sendable () -> Int64)?
    private let comparison = Mutex<Comparison?>(nil)

    /// The clocks at a login.
    private struct Comparison {
        /// How far the computer's clock is ahead, in seconds; negative if it is behind.
        var secondsAhead: Int64
        /// The computer's clock at the login.
        var ownTime: Timestamp
        /// The seconds that had passed on it since some moment, whoever sets the clock.
        var uptime: Int64?
    }

    /// How far two clocks that agree may lie apart, in seconds.
    private static let toleratedSeconds: Int64 = 60
    /// No cloud answers this program from before it was written: 1 January 2025.
    private static let earliest = Timestamp(secondsSince1970: 1_735_689_600)

    /// - Parameters:
    ///   - clock: The computer's clock.
    ///   - uptime: Counts seconds whoever sets the clock; `nil` if nobody sets it.
    package init(clock: @escaping @Sendable () -> Timestamp, uptime: (@Sendable () -> Int64)? = nil) {
        self.clock = clock
        self.uptime = uptime
    }

    /// The time: the cloud's, once it is known.
    package var now: Timestamp {
        let own = clock()
        return own.adding(seconds: -secondsAhead(at: own))
    }

    /// How far the computer's clock is ahead of the cloud's, in seconds; negative if it is behind, 0 if that is not
    /// known.
    package var secondsAhead: Int64 { secondsAhead(at: clock()) }

    private func secondsAhead(at own: Timestamp) -> Int64 {
        guard let comparison = comparison.withLock({ $0 }) else { return 0 }
        guard let before = comparison.uptime, let uptime = uptime?() else { return comparison.secondsAhead }
        // Somebody may have set the clock since.
        let jump = own.seconds(since: comparison.ownTime) - (uptime - before)
        return jump.magnitude > 1 ? comparison.secondsAhead + jump : comparison.secondsAhead
    }

    /// The `Date` of a later answer; `nil` if the cloud's clock is known, and did not show that when it was written. What
    /// the computer's clock has done since the login must be known for that.
    ///
    /// - Parameters:
    ///   - date: The answer's `Date`.
    ///   - sent: The time, by this object, before the request left.
    /// - Returns: That date, or `nil`.
    package func confirmed(_ date: Timestamp?, sent: Timestamp) -> Timestamp? {
        guard let date, comparison.withLock({ $0?.uptime }) != nil else { return date }
        let tolerated = Self.toleratedSeconds
        return (sent.adding(seconds: -tolerated)...max(sent, now).adding(seconds: tolerated)).contains(date)
            ? date : nil
    }

    /// Compares the clocks by the answer to a login.
    ///
    /// - Parameters:
    ///   - date: The answer's `Date`.
    ///   - issuedAt: When the token was made, as it says itself.
    ///   - sent: The computer's clock before the request left.
    ///   - received: The computer's clock when the answer was there.
    package func compare(date: Timestamp?, issuedAt: Timestamp?, sent: Timestamp, received: Timestamp) {
        func distance(from time: Timestamp) -> Int64 {
            // `Date` has no fractions of a second.
            max(0, sent.seconds(since: time) - 1) + min(0, received.seconds(since: time))
        }
        func agree(_ distance: Int64) -> Bool { distance.magnitude <= UInt64(Self.toleratedSeconds) }
        let ahead: Int64
        if let date, let issuedAt, date >= Self.earliest, agree(date.seconds(since: issuedAt)) {
            ahead = distance(from: date)
        } else {
            guard [date, issuedAt].compactMap(\.self).map(distance).contains(where: agree) else { return }
            ahead = 0
        }
        let uptime = uptime?()
        comparison.withLock { $0 = Comparison(secondsAhead: ahead, ownTime: received, uptime: uptime) }
    }
}
