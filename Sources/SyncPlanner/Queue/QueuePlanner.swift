package import LeaseModel

/// Decides what to do next for a scope's queue. Pure: from the queue and the clock to one step.
package struct QueuePlanner: Sendable {
    /// The next thing to do.
    package enum Step: Sendable, Hashable {
        /// Send the creation, with this body.
        case create(Mutation, LeaseDraft)
        /// Read the lease, and change it if it is as it was.
        case change(Mutation)
        /// Read the lease, and delete it if it is of this project.
        case delete(Mutation)
        /// Its time has passed.
        case expire(Mutation, message: String)
        /// It cannot be done as it stands.
        case reject(Mutation, message: String)
    }

    private let now: Timestamp

    package init(now: Timestamp) { self.now = now }

    /// The next step; `nil` if nothing is due.
    ///
    /// The mutations of one lease are done in the order in which they were asked for; those of different leases never
    /// wait for each other.
    package func next(_ queue: [Mutation]) -> Step? {
        let open = queue.filter { !$0.state.isFinal || $0.state == .rejected }.sorted { $0.id < $1.id }
        let due = open.enumerated().filter { index, mutation in
            mutation.state == .queued && dueTime(mutation) <= now && !waits(mutation, earlier: open[..<index])
        }
        // The longest due first, so that one that fails again and again never starves the others.
        let chosen = due.min { ($0.element.nextAttemptAt, $0.element.id) < ($1.element.nextAttemptAt, $1.element.id) }
        return chosen.map { step(for: $0.element) }
    }

    /// When something will be due; `nil` if nothing waits for time alone.
    package func wakeTime(_ queue: [Mutation]) -> Timestamp? {
        let open = queue.sorted { $0.id < $1.id }
        return open.enumerated().filter { index, mutation in
            mutation.state == .queued && !waits(mutation, earlier: open[..<index])
        }.map { dueTime($0.element) }.min()
    }

    /// When a mutation is to be tried next. Nothing waits longer than the longest wait there is: a time beyond it was set
    /// by a clock that was wrong, and the mutation is due.
    private func dueTime(_ mutation: Mutation) -> Timestamp {
        mutation.nextAttemptAt > now.adding(seconds: QueueRules.longestWaitSeconds) ? now : mutation.nextAttemptAt
    }

    private func waits(_ mutation: Mutation, earlier: ArraySlice<Mutation>) -> Bool {
        earlier.contains { other in
            guard other.concernsSameLease(as: mutation) else { return false }
            // What follows a creation needs the lease; a creation that was refused may be retried.
            if other.verb == .create, mutation.leaseID == nil { return true }
            return other.state.holdsUpLater
        }
    }

    private func step(for mutation: Mutation) -> Step {
        if let limit = mutation.notAfter, now > limit {
            return .expire(mutation, message: "It was not to be sent after \(limit).")
        }
        switch mutation.verb {
        case .create: return creation(mutation)
        case .delete: return .delete(mutation)
        case .update, .extend: return .change(mutation)
        }
    }

    private func creation(_ mutation: Mutation) -> Step {
        let draft: LeaseDraft
        do {
            draft = try LeaseDraft(body: mutation.body)
        } catch {
            return .reject(mutation, message: "The draft cannot be sent: \(error).")
        }
        switch LateStart.resolve(draft, policy: mutation.lateStart, askedAt: mutation.createdAt, now: now) {
        case .send(let draft): return .create(mutation, draft)
        case .expired(let message): return .expire(mutation, message: message)
        }
    }
}

/// What becomes of a creation that could not be sent before its start.
package enum LateStart: Sendable, Hashable {
    /// Send this.
    case send(LeaseDraft)
    /// Do not send it any more.
    case expired(message: String)

    /// A clock that was ahead by more than this, in seconds, when something was asked for was wrong then.
    static let toleratedClockErrorSeconds: Int64 = 3_600

    /// Decides.
    ///
    /// A start in the current minute goes out as `now`: Blazar refuses one that arrives in the next minute.
    ///
    /// - Parameters:
    ///   - draft: what was asked for.
    ///   - policy: what the person wants if the start has passed.
    ///   - askedAt: when it was asked for: the start of a draft that says `now`.
    ///   - now: the time.
    /// - Returns: what to send, if anything.
    package static func resolve(
        _ draft: LeaseDraft, policy: LateStartPolicy, askedAt: Timestamp, now: Timestamp
    ) -> LateStart {
        var sent = draft
        let wanted: Timestamp
        switch draft.start {
        case .now: wanted = askedAt
        case .at(let time): wanted = time
        }
        let minute = now.truncatedToMinute
        if draft.start == .now, askedAt > now.adding(seconds: toleratedClockErrorSeconds) {
            // The clock was wrong when it was asked for, and with it every date that was counted from then.
            let error = askedAt.seconds(since: now)
            sent.endsAt = draft.endsAt.adding(seconds: -error)
            sent.beforeEnd = draft.beforeEnd?.adding(seconds: -error)
            return .send(sent)
        }
        // Somebody who asked for a date that was past by then has been told, and wants it sent all the same.
        let askedLate = draft.start != .now && wanted.truncatedToMinute < askedAt.truncatedToMinute
        if askedLate, policy == .expire { return .send(sent) }
        let isLate = wanted.truncatedToMinute < minute
        if wanted.truncatedToMinute == minute { sent.start = .now }
        if isLate {
            switch policy {
            case .expire:
                return .expired(
                    message: "Its start, \(wanted), passed before it could be sent, and it was not to start late.")
            case .startNow:
                sent.start = .now
            case .shift:
                sent.start = .now
                let lateness = now.seconds(since: wanted)
                sent.endsAt = draft.endsAt.adding(seconds: lateness)
                // Blazar refuses one that is not between start and end.
                sent.beforeEnd = draft.beforeEnd?.adding(seconds: lateness)
            }
        }
        guard sent.endsAt.truncatedToMinute > minute || draft.endsAt.truncatedToMinute <= askedAt.truncatedToMinute
        else {
            return .expired(message: "Its end, \(draft.endsAt), passed before it could be sent.")
        }
        return .send(sent)
    }
}

extension Mutation {
    /// The write with limits that make sense now, if the clock was ahead when it was asked for: "for ten minutes" was
    /// counted from a time that has not come yet.
    ///
    /// Doing it again changes nothing more.
    package func countingLimits(from now: Timestamp) -> Mutation {
        let error = createdAt.seconds(since: now)
        guard error > LateStart.toleratedClockErrorSeconds else { return self }
        func counted(_ limit: Timestamp?) -> Timestamp? {
            // One that is before the write was asked for has been counted anew, or was meant as it is.
            limit.map { $0 >= createdAt ? $0.adding(seconds: -error) : $0 }
        }
        var next = self
        next.notAfter = counted(notAfter)
        next.retryUntil = counted(retryUntil)
        return next
    }
}
