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
