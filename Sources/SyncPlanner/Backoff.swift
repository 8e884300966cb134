package import LeaseModel

/// How long to wait before trying again: exponential, with full jitter.
///
/// Full jitter spreads clients that failed together over the whole interval (Brooker, "Exponential Backoff And Jitter",
/// AWS Architecture Blog, 2015).
package struct Backoff: Sendable, Hashable {
    /// The longest wait after the first failure, in seconds.
    package var baseSeconds: Double
    /// The longest wait ever, in seconds.
    package var capSeconds: Double

    package init(baseSeconds: Double = 2, capSeconds: Double = 600) {
        self.baseSeconds = baseSeconds
        self.capSeconds = capSeconds
    }

    /// The longest wait, in seconds, after so many failures in a row.
    package func ceiling(failures: Int) -> Double {
        guard failures > 0 else { return 0 }
        var ceiling = baseSeconds
        for _ in 1..<failures where ceiling < capSeconds { ceiling *= 2 }
        return min(ceiling, capSeconds)
    }

    /// The wait in seconds after so many failures in a row.
    ///
    /// - Parameters:
    ///   - failures: failures since the last success.
    ///   - retryAfter: what the server asked for; never waited less.
    ///   - random: the source of chance.
    /// - Returns: seconds to wait.
    package func seconds(
        failures: Int, retryAfter: ServerDelay?, using random: inout some RandomNumberGenerator
    ) -> Double {
        let ceiling = ceiling(failures: failures)
        // Not `Double.random(in:using:)`: it draws again until it likes the number, for ever from a constant source.
        let jittered = ceiling * Double(random.next() >> 11) / Double(1 << 53 as UInt64)
        return max(jittered, Double(retryAfter?.seconds ?? 0))
    }
}
