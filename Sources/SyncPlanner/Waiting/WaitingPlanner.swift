package import LeaseModel

/// Decides when a creation that waits for room is sent, and what it asks for. It is a pure function: the clock and the
/// room that the mirror shows are passed in.
package struct WaitingPlanner: Sendable {
    private let now: Timestamp

    package init(now: Timestamp) { self.now = now }

    /// The longest pause after a refusal, in seconds: somebody whom the mirror does not show holds the resources.
    package static let longestPauseSeconds: Int64 = 600

    /// The creation in its new form: still waiting, about to be sent, or expired. Unless it is open to choice, it stays
    /// as it is.
    ///
    /// - Parameters:
    ///   - creation: the creation.
    ///   - makeToken: makes a token for a creation at another site: a lease with the old token is none of its own.
    ///   - room: looks for room for a request.
    /// - Returns: the creation.
    /// - Throws: what `room` throws.
    package func next<Failure: Error>(
        _ creation: Mutation, makeToken: () -> String,
        room: (WaitingTerms.Choice, WaitingTerms.Period) throws(Failure) -> WaitingTerms.Room
    ) throws(Failure) -> Mutation {
        guard creation.isOpenToChoice else { return creation }
        var next = creation.countingLimits(from: now)
        guard var terms = next.waiting, let draft = try? LeaseDraft(body: next.body) else { return creation }
        let start: Timestamp = if case .at(let time) = draft.start { time } else { creation.createdAt }
        guard draft.endsAt > start else { return creation }
        if let latest = next.notAfter, now > latest {
            return expired(next, "There was no room for it that begins by \(latest).")
        }
        // People may have changed what it asks for now.
        terms.choices[terms.current].reservations = draft.reservations
        let from = max(now.truncatedToMinute, terms.earliest ?? now.truncatedToMinute).roundedUpToMinute
        let period = WaitingTerms.Period(
            from: from, latest: next.notAfter, seconds: draft.endsAt.seconds(since: start))
        if let latest = period.latest, from > latest {
            return expired(next, "It was to begin after \(from) and by \(latest), which is impossible.")
        }
        var found: [(start: Timestamp, isGuess: Bool, index: Int)] = []
        var isCurrentUnseen = false
        for (index, choice) in terms.choices.enumerated() where !isPaused(choice) {
            switch try room(choice, period) {
            case .unseen where index == terms.current: isCurrentUnseen = true
            case .from(let time) where time >= from && period.latest.map({ time <= $0 }) ?? true:
                found.append((time, false, index))
            case .unknown: found.append((from, true, index))
            case .from, .none, .unseen: break
            }
        }
        let best = found.min { ($0.start, $0.isGuess ? 1 : 0, $0.index) < ($1.start, $1.isGuess ? 1 : 0, $1.index) }
        guard let best else {
            // The next sync of its site decides.
            guard !isCurrentUnseen else { return creation }
            terms.roomAt = nil
            next.waiting = terms
            return wait(next, was: creation)
        }
        terms.roomAt = best.isGuess ? nil : best.start
        let isDue = terms.aheadSeconds.map { best.start <= now.adding(seconds: $0) } ?? true
        var sent = draft
        sent.start = .at(best.start)
        sent.endsAt = best.start.adding(seconds: period.seconds)
        sent.beforeEnd = draft.beforeEnd?.adding(seconds: best.start.seconds(since: start))
        guard isDue else {
            next.body = sent.body
            next.waiting = terms
            return wait(next, was: creation)
        }
        let choice = terms.choices[best.index]
        terms.current = best.index
        sent.reservations = choice.reservations
        next.body = sent.body
        next.waiting = terms
        if choice.address != next.address {
            next.address = choice.address
            next.token = makeToken()
        }
        next.scopeID = choice.scopeID
        return send(next, was: creation)
    }

    /// A time beyond the longest pause was set while the clock was wrong.
    private func isPaused(_ choice: WaitingTerms.Choice) -> Bool {
        guard let retryAt = choice.retryAt else { return false }
        return retryAt > now && retryAt <= now.adding(seconds: Self.longestPauseSeconds)
    }

    private func send(_ creation: Mutation, was before: Mutation) -> Mutation {
        var next = creation
        next.state = .queued
        next.reason = nil
        if before.state != .queued || before.address != next.address {
            next.message = nil
            next.nextAttemptAt = now
        }
        if next != before { next.updatedAt = now }
        return next
    }

    private func wait(_ creation: Mutation, was before: Mutation) -> Mutation {
        var next = creation
        next.state = .waiting
        next.reason = nil
        if next != before { next.updatedAt = now }
        return next
    }

    private func expired(_ creation: Mutation, _ message: String) -> Mutation {
        var next = creation
        next.state = .expired
        next.reason = "late"
        next.message = message
        next.updatedAt = now
        return next
    }
}

extension Timestamp {
    /// The first minute that begins at this moment or after it.
    fileprivate var roundedUpToMinute: Timestamp {
        truncatedToMinute == self ? self : truncatedToMinute.adding(seconds: 60)
    }
}
