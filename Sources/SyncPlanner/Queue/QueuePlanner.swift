package import LeaseModel

/// Decides the next step for a queue, given the queue and the time. It is a pure function.
package struct QueuePlanner: Sendable {
    /// The next step.
    package enum Step: Sendable, Hashable {
        /// Send the creation with this draft.
        case create(Mutation, LeaseDraft)
        /// Read the lease, and change it if it is unchanged.
        case change(Mutation)
        /// Read the lease, and delete it if it belongs to this project.
        case delete(Mutation)
        /// Its time has passed.
        case expire(Mutation, message: String)
        /// It cannot be carried out in its present form.
        case reject(Mutation, message: String)
    }

    private let now: Timestamp

    package init(now: Timestamp) { self.now = now }

    /// The next step; `nil` if nothing is due.
    ///
    /// Writes of one lease are carried out in the order in which they were requested. Writes of different leases never
    /// wait for each other.
    package func next(_ queue: [Mutation]) -> Step? {
        let open = queue.filter { !$0.state.isFinal || $0.state == .rejected }.sorted { $0.id < $1.id }
        let due = open.enumerated().filter { index, mutation in
            mutation.state == .queued && dueTime(mutation) <= now && !waits(mutation, earlier: open[..<index])
        }
        // The one that has been due longest comes first, so that one that keeps failing does not starve the others.
        let chosen = due.min { ($0.element.nextAttemptAt, $0.element.id) < ($1.element.nextAttemptAt, $1.element.id) }
        return chosen.map { step(for: $0.element) }
    }

    /// When the next write is due; `nil` if no write is waiting for a time.
    package func wakeTime(_ queue: [Mutation]) -> Timestamp? {
        let open = queue.sorted { $0.id < $1.id }
        return open.enumerated().filter { index, mutation in
            mutation.state == .queued && !waits(mutation, earlier: open[..<index])
        }.map { dueTime($0.element) }.min()
    }

    /// When a write is to be tried next. A time beyond the longest possible wait was set while the clock was wrong, so
    /// the write is due now.
    private func dueTime(_ mutation: Mutation) -> Timestamp {
        mutation.nextAttemptAt > now.adding(seconds: QueueRules.longestWaitSeconds) ? now : mutation.nextAttemptAt
    }

    private func waits(_ mutation: Mutation, earlier: ArraySlice<Mutation>) -> Bool {
        earlier.contains { other in
            guard other.concernsSameLease(as: mutation) else { return false }
            // Writes after a creation need the lease to exist. A creation that was refused may be retried.
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

/// What to do with a creation that could not be sent before its start.
package enum LateStart: Sendable, Hashable {
    /// Send this.
    case send(LeaseDraft)
    /// Do not send it.
    case expired(message: String)

    /// How far the clock may have been ahead when a write was requested, in seconds. If it was further ahead, it was
    /// wrong.
    static let toleratedClockErrorSeconds: Int64 = 3_600

    /// Applies the policy for late starts.
    ///
    /// A start in the current minute is sent as `now`, because Blazar refuses a start that is past when it arrives in
    /// the next minute.
    ///
    /// - Parameters:
    ///   - draft: the requested lease.
    ///   - policy: what the user wants if the start has passed.
    ///   - askedAt: when it was requested; for a draft that says `now`, this is its start.
    ///   - now: the current time.
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
            // The clock was wrong when the lease was requested, and so is every date that was computed from it.
            let error = askedAt.seconds(since: now)
            sent.endsAt = draft.endsAt.adding(seconds: -error)
            sent.beforeEnd = draft.beforeEnd?.adding(seconds: -error)
            return .send(sent)
        }
        // The start had already passed when the lease was requested. The user was told so, and wants it sent anyway.
        let askedLate = draft.start != .now && wanted.truncatedToMinute < askedAt.truncatedToMinute
        if askedLate, policy == .expire { return .send(sent) }
        let isLate = wanted.truncatedToMinute < minute
        if wanted.truncatedToMinute == minute { sent.start = .now }
        if isLate {
            switch policy {
            case .expire:
                return .expired(
                    message: "Its start, \(wanted), passed before it could be sent, and a late start was not allowed.")
            case .startNow:
                sent.start = .now
            case .shift:
                sent.start = .now
                let lateness = now.seconds(since: wanted)
                sent.endsAt = draft.endsAt.adding(seconds: lateness)
                // The time of the notice must stay between start and end: Blazar refuses others.
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
    /// The write with corrected limits, if the clock was ahead when it was requested. A limit such as "for ten minutes"
    /// was then computed from a time in the future.
    ///
    /// Correcting a write again changes nothing.
    package func countingLimits(from now: Timestamp) -> Mutation {
        let error = createdAt.seconds(since: now)
        guard error > LateStart.toleratedClockErrorSeconds else { return self }
        func counted(_ limit: Timestamp?) -> Timestamp? {
            // A limit before the time of the request has been corrected already, or was meant as it is.
            limit.map { $0 >= createdAt ? $0.adding(seconds: -error) : $0 }
        }
        var next = self
        next.notAfter = counted(notAfter)
        next.retryUntil = counted(retryUntil)
        next.waiting?.earliest = counted(waiting?.earliest)
        return next
    }
}
