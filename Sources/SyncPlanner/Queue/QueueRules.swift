package import LeaseModel

/// The rules by which a mutation moves from state to state. Pure: same input, same output.
package struct QueueRules: Sendable, Hashable {
    /// How long the server may still be working on a request whose answer was lost, in seconds.
    package var quietPeriodSeconds: Int64
    /// How many failures without a known reason are tolerated in a row.
    package var failuresBeforeParking: Int
    package var backoff: Backoff
    /// The longest that anything waits for its next attempt, in seconds, whatever a server asks for.
    package static let longestWaitSeconds: Int64 = 3_600
    /// A lease that is between two states is tried again at least this often, in seconds.
    private static let betweenStates = Backoff(baseSeconds: 2, capSeconds: 30)
    /// That many times as many tries as after a failure without a reason: about an hour.
    private static let patienceBetweenStates = 15
    /// How many whole lists without the lease, begun after the quiet period, prove that it was not created.
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

    /// The mutation after one of its requests has ended.
    ///
    /// - Parameters:
    ///   - mutation: as it was when the request left.
    ///   - outcome: what came of it.
    ///   - now: the time.
    ///   - random: the source of chance, for the backoff.
    /// - Returns: the mutation as it is now.
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
        // A second at least, so that a queue in which everything fails comes to rest.
        let seconds = min(max(1, wait.rounded(.up)), Double(Self.longestWaitSeconds))
        mutation.nextAttemptAt = now.adding(seconds: Int64(seconds))
    }

    // MARK: - After a crash

    /// A mutation that was being sent when its process died: nobody knows whether the request left.
    package static func recovered(_ mutation: Mutation, now: Timestamp) -> Mutation {
        guard mutation.state == .sending else { return mutation }
        var next = mutation
        next.updatedAt = now
        if mutation.verb == .create {
            next.state = .unknown
            next.message = "The program stopped while the request was under way."
        } else {
            // A change and a deletion look before they act, so that repeating one does no harm.
            next.state = .queued
            next.unconfirmed = nil
        }
        return next
    }

    // MARK: - After a list

    /// A whole list of the scope, as far as it concerns a mutation in doubt.
    package struct ListObservation: Sendable, Hashable {
        /// The run that brought the list.
        package var run: Int64
        /// The server's clock when it began to answer; ours if it did not say.
        package var serverDate: Timestamp
        /// The leases that may be the one wanted.
        package var matches: [String]
        /// Whether the matches carry the token, rather than merely look alike.
        package var isCertain: Bool

        package init(run: Int64, serverDate: Timestamp, matches: [String], isCertain: Bool) {
            self.run = run
            self.serverDate = serverDate
            self.matches = matches
            self.isCertain = isCertain
        }
    }

    /// The mutation after a whole list has been read.
    ///
    /// Found: it is that lease, whatever its status. Not found in two lists that began after the quiet period: it was
    /// not created, and is sent again with the same token. The period is measured on the server's clock, from the
    /// first list after the attempt, so that setting or suspending this machine's clock cannot shorten it.
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

    /// The mutation after a whole list has been read that has, or has not, the lease of an accepted one.
    package func settled(_ mutation: Mutation, isListed: Bool, now: Timestamp) -> Mutation {
        guard mutation.state == .accepted else { return mutation }
        var next = mutation
        next.state = .settled
        next.updatedAt = now
        if !isListed { next.message = "The lease was deleted before it was seen in a list." }
        return next
    }
}

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
