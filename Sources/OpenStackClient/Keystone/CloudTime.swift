package import LeaseModel
import Synchronization

/// The time by a cloud's clock.
///
/// Observations of a cloud are dated by its clock, so that a computer with a wrong clock does not record wrong dates.
/// Each login compares the two clocks. Keystone states the time twice: in the `Date` of its answer, and in the token.
/// If these agree, they are right. If only one of them agrees with the computer's clock, that one is right. A single
/// one that disagrees may be a proxy's mistake.
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
        /// The uptime at the login, in seconds. It does not change when somebody sets the clock.
        var uptime: Int64?
    }

    /// The largest difference, in seconds, at which two clocks still agree.
    private static let toleratedSeconds: Int64 = 60
    /// An earlier time cannot be right, because this program did not exist: 1 January 2025.
    private static let earliest = Timestamp(secondsSince1970: 1_735_689_600)

    /// - Parameters:
    ///   - clock: The computer's clock.
    ///   - uptime: A count of seconds that does not change when the clock is set; `nil` if nobody sets the clock.
    package init(clock: @escaping @Sendable () -> Timestamp, uptime: (@Sendable () -> Int64)? = nil) {
        self.clock = clock
        self.uptime = uptime
    }

    /// The current time: by the cloud's clock, once that is known.
    package var now: Timestamp {
        let own = clock()
        return own.adding(seconds: -secondsAhead(at: own))
    }

    /// How far the computer's clock is ahead of the cloud's, in seconds. Negative if it is behind; 0 if it is not
    /// known.
    package var secondsAhead: Int64 { secondsAhead(at: clock()) }

    private func secondsAhead(at own: Timestamp) -> Int64 {
        guard let comparison = comparison.withLock({ $0 }) else { return 0 }
        guard let before = comparison.uptime, let uptime = uptime?() else { return comparison.secondsAhead }
        // Somebody may have set the clock since the login.
        let jump = own.seconds(since: comparison.ownTime) - (uptime - before)
        return jump.magnitude > 1 ? comparison.secondsAhead + jump : comparison.secondsAhead
    }

    /// The `Date` of a later answer, if it shows something new about the cloud's clock.
    ///
    /// - Parameters:
    ///   - date: The answer's `Date`.
    ///   - sent: The time, by this object, before the request was sent.
    /// - Returns: The date. `nil` if the cloud's clock is known and did not show this date when the answer was written;
    ///   that can be decided only if the changes to the computer's clock since the login are known.
    package func confirmed(_ date: Timestamp?, sent: Timestamp) -> Timestamp? {
        guard let date, comparison.withLock({ $0?.uptime }) != nil else { return date }
        let tolerated = Self.toleratedSeconds
        return (sent.adding(seconds: -tolerated)...max(sent, now).adding(seconds: tolerated)).contains(date)
            ? date : nil
    }

    /// Compares the clocks, using the answer to a login.
    ///
    /// - Parameters:
    ///   - date: The answer's `Date`.
    ///   - issuedAt: When the token was issued, according to the token.
    ///   - sent: The computer's clock before the request was sent.
    ///   - received: The computer's clock when the answer arrived.
    package func compare(date: Timestamp?, issuedAt: Timestamp?, sent: Timestamp, received: Timestamp) {
        func distance(from time: Timestamp) -> Int64 {
            let latest = received.seconds(since: time)
            // `Date` has no fractions of a second. If this computer is ahead, its time must not be taken for later than
            // the cloud's, so the answer counts as written when it arrived.
            return sent.seconds(since: time) > 1 ? latest : min(0, latest)
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
