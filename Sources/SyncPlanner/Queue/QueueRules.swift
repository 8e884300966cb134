package import LeaseModel

/// The rules by which a write changes its state. They are pure functions.
package struct QueueRules: Sendable, Hashable {
    /// How long the server may still be working on a request whose answer was lost, in seconds.
    package var quietPeriodSeconds: Int64
    /// The number of unexplained failures in a row after which a write is parked.
    package var failuresBeforeParking: Int
    package var backoff: Backoff
    /// The longest wait until the next attempt, in seconds, whatever the server asks for.
    package static let longestWaitSeconds: Int64 = 3_600
    /// The backoff for a lease in a transient status. The waits are short, because the status may change at any time.
    private static let betweenStates = Backoff(baseSeconds: 2, capSeconds: 30)
    /// How many times more attempts a transient status gets than an unexplained failure: enough for about an hour.
    private static let patienceBetweenStates = 15
    /// How many complete lists without the lease, requested after the quiet period, prove that it was not created.
    package static let absencesThatProve = 2

    package init(
        quietPeriodSeconds: Int64, failuresBeforeParking: Int = 8,
        backoff: Backoff = Backoff(baseSeconds: 2, capSeconds: 600)
    ) {
        self.quietPeriodSeconds = quietPeriodSeconds
        self.failuresBeforeParking = failuresBeforeParking
        self.backoff = backoff
    }

    // MARK: - After an attempt

    /// The write after one of its attempts has ended.
    ///
    /// - Parameters:
    ///   - mutation: the write as it was when the request was sent.
    ///   - outcome: the outcome of the attempt.
    ///   - now: the current time.
    ///   - random: the source of randomness for the backoff.
    /// - Returns: the write in its new state.
    package func mutation(
        _ mutation: Mutation, after outcome: AttemptOutcome, now: Timestamp,
        using random: inout some RandomNumberGenerator
    ) -> Mutation {
        var next = mutation
        next.updatedAt = now
        next.reason = nil
        next.message = outcome.message
        next.requestID = outcome.requestID
        if case .outcomeUnknown = outcome {} else { next.unconfirmed = nil }
        switch outcome {
        case .accepted(let leaseID):
            next.state = mutation.verb == .delete ? .settled : .accepted
            next.leaseID = leaseID
            next.failures = 0
        case .alreadySo(let leaseID):
            next.state = .settled
            next.leaseID = leaseID
            next.failures = 0
        case .rejected(let reason, _, _):
            next.state = .rejected
            next.reason = reason
            if reason == "capacity", let until = mutation.retryUntil {
                retry(&next, now: now, retryAfter: nil, using: &random)
                if next.nextAttemptAt <= until { next.state = .queued }
            }
            if reason == "capacity" { wait(&next, now: now, using: &random) }
        case .notDone(_, _, let retryAfter):
            next.state = .queued
            retry(&next, now: now, retryAfter: retryAfter, using: &random)
        case .failed(_, _, let retryAfter):
            next.state = .queued
            retry(&next, now: now, retryAfter: retryAfter, using: &random)
            park(&next, after: failuresBeforeParking)
        case .tooEarly(_, _, let retryAfter):
            next.state = .queued
            retry(&next, now: now, retryAfter: retryAfter, Self.betweenStates, using: &random)
            park(&next, after: failuresBeforeParking * Self.patienceBetweenStates)
        case .outcomeUnknown:
            next.state = .unknown
            next.failures += 1
        case .unauthenticated:
            next.state = .blocked
            next.reason = "auth"
        case .conflict(let theirs, _):
            next.state = .blocked
            next.reason = "conflict"
            next.theirs = theirs
        }
        return next
    }

    /// A creation that may wait does so again: nothing was created. The same request is not tried again at once.
    private func wait(_ mutation: inout Mutation, now: Timestamp, using random: inout some RandomNumberGenerator) {
        guard var terms = mutation.waiting else { return }
        terms.choices[terms.current].refusals += 1
        let pause = backoff.seconds(
            failures: terms.choices[terms.current].refusals, retryAfter: nil, using: &random)
        let seconds = min(max(1, Int64(pause.rounded(.up))), WaitingPlanner.longestPauseSeconds)
        terms.choices[terms.current].retryAt = now.adding(seconds: seconds)
        mutation.waiting = terms
        mutation.state = .waiting
        mutation.reason = nil
    }

    private func park(_ mutation: inout Mutation, after failures: Int) {
        guard mutation.failures >= failures else { return }
        mutation.state = .parked
        mutation.reason = "failing"
    }

    private func retry(
        _ mutation: inout Mutation, now: Timestamp, retryAfter: ServerDelay?, _ backoff: Backoff? = nil,
        using random: inout some RandomNumberGenerator
    ) {
        mutation.failures += 1
        let wait = (backoff ?? self.backoff).seconds(
            failures: mutation.failures, retryAfter: retryAfter, using: &random)
        // Wait at least a second, so that a queue in which everything fails comes to rest.
        let seconds = min(max(1, wait.rounded(.up)), Double(Self.longestWaitSeconds))
        mutation.nextAttemptAt = now.adding(seconds: Int64(seconds))
    }

    // MARK: - After a crash

    /// A write whose process died while sending it. Nobody knows whether the request was sent.
    package static func recovered(_ mutation: Mutation, now: Timestamp) -> Mutation {
        guard mutation.state == .sending else { return mutation }
        var next = mutation
        next.updatedAt = now
        if mutation.verb == .create {
            next.state = .unknown
            next.message = "The program stopped while the request was under way."
        } else {
            // Changes and deletions read the lease first, so repeating them is safe.
            next.state = .queued
            next.unconfirmed = nil
        }
        return next
    }

    // MARK: - After a list

    /// What a complete list of the scope says about an unconfirmed write.
    package struct ListObservation: Sendable, Hashable {
        /// The sync run that read the list.
        package var run: Int64
        /// The server's time when it began to answer, or the local time if the server did not give one.
        package var serverDate: Timestamp
        /// The leases that may be the result of the write.
        package var matches: [String]
        /// Whether the matches carry the token, rather than only look alike.
        package var isCertain: Bool

        package init(run: Int64, serverDate: Timestamp, matches: [String], isCertain: Bool) {
            self.run = run
            self.serverDate = serverDate
            self.matches = matches
            self.isCertain = isCertain
        }
    }

    /// The write after a complete list has been read.
    ///
    /// If the lease is found, the write is settled, whatever the lease's status. If it is missing from two lists that
    /// were requested after the quiet period, it was not created, and the creation is sent again with the same token.
    /// The period is measured by the server's clock, from the first list after the attempt, so that setting the local
    /// clock or suspending this machine cannot shorten it.
    package func mutation(_ mutation: Mutation, after observation: ListObservation, now: Timestamp) -> Mutation {
        guard mutation.state == .unknown, var unconfirmed = mutation.unconfirmed,
            observation.run > max(unconfirmed.run, unconfirmed.seenRun)
        else { return mutation }
        unconfirmed.seenRun = observation.run
        var next = mutation
        next.updatedAt = now
        if observation.matches.count == 1 {
            next.state = .settled
            next.leaseID = observation.matches[0]
            next.message = nil
            next.failures = 0
            next.unconfirmed = nil
            return next
        }
        if observation.matches.count > 1 {
            next.state = .blocked
            next.reason = "ambiguous"
            // Whoever says that none of them is the lease has seen them up to this list.
            next.unconfirmed = unconfirmed
            next.message = "More than one lease may be this one: \(observation.matches.joined(separator: ", "))."
            return next
        }
        if let anchor = unconfirmed.anchor {
            if observation.serverDate.seconds(since: anchor) > quietPeriodSeconds { unconfirmed.absences += 1 }
        } else {
            unconfirmed.anchor = observation.serverDate
        }
        next.unconfirmed = unconfirmed
        guard unconfirmed.absences >= Self.absencesThatProve else { return next }
        next.unconfirmed = nil
        next.nextAttemptAt = now
        next.state = .queued
        park(&next, after: failuresBeforeParking)
        return next
    }

    /// An accepted write after a complete list has been read.
    package func settled(_ mutation: Mutation, isListed: Bool, now: Timestamp) -> Mutation {
        guard mutation.state == .accepted else { return mutation }
        var next = mutation
        next.state = .settled
        next.updatedAt = now
        if !isListed { next.message = "The lease was deleted before it was seen in a list." }
        return next
    }
}

/// Exponential backoff with full jitter.
///
/// Full jitter spreads clients that failed together over the whole interval (Brooker, "Exponential Backoff And Jitter",
/// AWS Architecture Blog, 2015).
package struct Backoff: Sendable, Hashable {
    /// The longest wait after the first failure, in seconds.
    package var baseSeconds: Double
    /// The longest wait after any number of failures, in seconds.
    package var capSeconds: Double

    package init(baseSeconds: Double = 2, capSeconds: Double = 600) {
        self.baseSeconds = baseSeconds
        self.capSeconds = capSeconds
    }

    /// The longest wait after this many failures in a row, in seconds.
    package func ceiling(failures: Int) -> Double {
        guard failures > 0 else { return 0 }
        var ceiling = baseSeconds
        for _ in 1..<failures where ceiling < capSeconds { ceiling *= 2 }
        return min(ceiling, capSeconds)
    }

    /// The wait after this many failures in a row.
    ///
    /// - Parameters:
    ///   - failures: the number of failures since the last success.
    ///   - retryAfter: the server's requested delay, which is the minimum.
    ///   - random: the source of randomness.
    /// - Returns: the wait in seconds.
    package func seconds(
        failures: Int, retryAfter: ServerDelay?, using random: inout some RandomNumberGenerator
    ) -> Double {
        let ceiling = ceiling(failures: failures)
        // Not `Double.random(in:using:)`: it draws until it gets a suitable number, which takes forever with a constant
        // source.
        let jittered = ceiling * Double(random.next() >> 11) / Double(1 << 53 as UInt64)
        return max(jittered, Double(retryAfter?.seconds ?? 0))
    }
}
