package import LeaseModel

/// Decides what to do about a kept lease. It is a pure function: the clock and the verdict about an extension are passed
/// in.
package struct KeepPlanner: Sendable {
    /// What is known of a kept lease.
    package struct Situation: Sendable {
        /// The lease in the mirror; `nil` if it is not known yet.
        package var lease: MirroredLease?
        /// The write that was to create it, if it is only queued.
        package var creation: Mutation?
        /// The lease's unfinished writes, whoever asked for them.
        package var writes: [Mutation]
        /// The rule's last extension, in any state.
        package var lastExtension: Mutation?

        package init(
            lease: MirroredLease?, creation: Mutation? = nil, writes: [Mutation] = [], lastExtension: Mutation? = nil
        ) {
            self.lease = lease
            self.creation = creation
            self.writes = writes
            self.lastExtension = lastExtension
        }
    }

    /// What to do.
    package struct Step: Sendable, Hashable {
        /// The rule in its new form.
        package var rule: KeepRule
        /// The end to extend the lease to.
        package var newEnd: Timestamp?
        /// An extension of the rule's own that nothing was sent of, and that is to be cancelled.
        package var withdrawn: Mutation?
    }

    private let now: Timestamp

    package init(now: Timestamp) { self.now = now }

    /// The longest pause after a refusal, in seconds.
    package static let longestPauseSeconds: Int64 = 3_600

    /// Decides about a rule.
    ///
    /// - Parameters:
    ///   - rule: the rule.
    ///   - situation: what is known of the lease.
    ///   - mayExtend: whether the queue may be changed now.
    ///   - verdict: whether the lease can be extended to an end, or how far it can be if there is none.
    /// - Returns: what to do.
    /// - Throws: what `verdict` throws.
    package func step<Failure: Error>(
        _ rule: KeepRule, _ situation: Situation, mayExtend: Bool,
        verdict: (MirroredLease, Timestamp?) throws(Failure) -> ExtensionVerdict
    ) throws(Failure) -> Step {
        var step = Step(rule: rule)
        guard rule.ending == nil else { return step }
        conclude(situation.lastExtension, of: situation.lease, &step)
        guard mayExtend || step.withdrawn == nil else { return Step(rule: rule) }
        guard step.rule.ending == nil, step.withdrawn == nil else { return step }
        guard let lease = situation.lease else {
            switch situation.creation?.state {
            case .cancelled, .expired, .superseded:
                step.rule.end(.gone, at: now, message: "The lease was never created.")
            // It can be changed and tried again.
            case .rejected:
                let words = situation.creation?.message.map { ": \($0)" } ?? "."
                step.rule.message = "Its creation was refused\(words)"
            case .queued, .sending, .unknown, .accepted, .settled, .blocked, .parked, .waiting, nil:
                step.rule.message = nil
            }
            return step
        }
        end(&step, lease)
        // One write at a time: what is under way decides where the next extension begins. The next list settles a
        // creation that was accepted, and the window is known already.
        let writes = situation.writes
        guard step.rule.ending == nil, writes.allSatisfy({ $0.verb == .create }) else { return step }
        try extend(&step, lease, mayExtend: mayExtend && writes.isEmpty, verdict)
        return step
    }

    // MARK: - The last extension

    /// Takes into account what came of the last extension.
    private func conclude(_ last: Mutation?, of lease: MirroredLease?, _ step: inout Step) {
        guard let last else { return }
        switch last.state {
        case .settled, .accepted:
            step.rule.failures = 0
            step.rule.retryAt = nil
            step.rule.message = nil
            if last.state == .settled { step.rule.mutationID = nil }
        case .superseded: step.rule.mutationID = nil
        case .cancelled:
            step.rule.mutationID = nil
            step.rule.end(.stopped, at: now, message: "Its extension, write \(last.id), was cancelled.")
        case .rejected, .expired: refuse(last, of: lease, &step)
        case .parked where isOwn(last, of: step.rule):
            refuse(last, of: lease, &step)
            step.withdrawn = last
        // Somebody else has changed the lease meanwhile. The rule still holds, so the next extension begins there.
        case .blocked where last.reason == "conflict" && isOwn(last, of: step.rule):
            step.rule.mutationID = nil
            step.withdrawn = last
        case .queued, .sending, .unknown, .blocked, .waiting, .parked: break
        }
    }

    /// Whether an extension is as the rule may have made it. One that a person has edited waits for that person.
    private func isOwn(_ last: Mutation, of rule: KeepRule) -> Bool {
        let end = last.body["end_date"]?.stringValue.flatMap(Timestamp.init(parsing:))
        return last.body.keys == ["end_date"] && (end.map { $0 <= rule.until } ?? false)
    }

    private func refuse(_ last: Mutation, of lease: MirroredLease?, _ step: inout Step) {
        step.rule.mutationID = nil
        step.rule.failures += 1
        step.rule.message = last.message
        let left = max(0, (lease?.lease.endsAt ?? now).seconds(since: now))
        step.rule.retryAt = now.adding(seconds: Self.pauseSeconds(failures: step.rule.failures, left: left))
    }

    /// The pause after refusals: it grows, but several more tries always fit into what is left of the lease.
    static func pauseSeconds(failures: Int, left: Int64) -> Int64 {
        let growing = Int64(60) << min(max(0, failures - 1), 6)
        return max(5, min(growing, longestPauseSeconds, left / 8))
    }

    // MARK: - The lease

    /// Ends the rule if there is nothing more to do.
    private func end(_ step: inout Step, _ lease: MirroredLease) {
        let end = lease.lease.endsAt
        if end >= step.rule.until {
            step.rule.message = nil
            step.rule.end(.reached, at: now)
        } else if let removal = lease.removal, removal.after < end {
            let isHidden = removal.reason == .outOfScope
            step.rule.end(
                .gone, at: now,
                message: isHidden ? "This project no longer sees the lease." : "The lease was deleted.")
        } else if end <= now || lease.lease.status == .terminated || lease.removal != nil {
            step.rule.end(.missed, at: now)
        }
    }

    /// Extends the lease as far as the site allows.
    private func extend<Failure: Error>(
        _ step: inout Step, _ lease: MirroredLease, mayExtend: Bool,
        _ verdict: (MirroredLease, Timestamp?) throws(Failure) -> ExtensionVerdict
    ) throws(Failure) {
        let (end, until) = (lease.lease.endsAt, step.rule.until)
        guard lease.lease.startsAt <= now else {
            step.rule.opensAt = lease.lease.startsAt
            return
        }
        // A time beyond the longest pause was set while the clock was wrong.
        if let retryAt = step.rule.retryAt, retryAt > now,
            retryAt <= now.adding(seconds: Self.longestPauseSeconds)
        {
            return
        }
        let furthest = try verdict(lease, nil)
        // Without its rules, a window would count as open and a limit as none.
        if let problem = furthest.rulesProblem {
            step.rule.message = problem
            return
        }
        step.rule.opensAt = furthest.opensAt
        if let opensAt = furthest.opensAt, now <= opensAt {
            step.rule.message = nil
            return
        }
        let limit = min(until, furthest.furthestEnd ?? until)
        guard limit == until || limit.seconds(since: end) >= step.rule.minStepSeconds else {
            let shortest = min(until, end.adding(seconds: step.rule.minStepSeconds))
            let obstacles = try verdict(lease, shortest).obstacles.map { $0.message() }
            step.rule.message =
                obstacles.isEmpty ? "It can be extended until \(limit) only." : obstacles.joined(separator: " ")
            return
        }
        // What the site refused may be too long: somebody whom the mirror does not show may come next.
        let whole = limit.seconds(since: end)
        let length = max(min(whole, step.rule.minStepSeconds), whole >> Int64(min(step.rule.failures, 30)))
        let newEnd = end.adding(seconds: length).truncatedToMinute
        guard mayExtend, newEnd > end else { return }
        step.rule.retryAt = nil
        step.newEnd = newEnd
    }
}
