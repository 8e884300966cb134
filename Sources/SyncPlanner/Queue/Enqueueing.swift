package import LeaseModel

/// How a new write combines with the writes that are queued already.
package struct Enqueueing: Sendable, Hashable {
    /// The write to queue; `nil` if nothing more needs to be sent.
    package let mutation: Mutation?
    /// The queued writes that change, in their new form.
    package let changed: [Mutation]
    /// The write that already covers the request, if no new one is queued.
    package let standing: Mutation?

    /// Combines a new write with the queue.
    ///
    /// - Two waiting changes of one lease are merged field by field, so that all requested values are sent.
    /// - A change of an unsent creation changes its draft.
    /// - A deletion of an unsent creation cancels both.
    /// - A deletion replaces waiting changes.
    /// - A second deletion changes nothing.
    ///
    /// - Parameters:
    ///   - mutation: the new write.
    ///   - queue: the queued writes.
    ///   - now: the current time.
    package init(_ mutation: Mutation, onto queue: [Mutation], now: Timestamp) {
        let waiting = queue.filter { $0.concernsSameLease(as: mutation) && Self.neverLeft($0) }
        var mutation = mutation
        var changed: [Mutation] = []
        func supersede(_ old: Mutation, _ state: MutationState, _ message: String) {
            var old = old
            old.state = state
            old.message = message
            old.updatedAt = now
            changed.append(old)
        }
        if let creation = waiting.first(where: { $0.verb == .create }) {
            if mutation.verb == .delete {
                supersede(creation, .cancelled, "Deleted before it was sent.")
                for old in waiting where old.id != creation.id {
                    supersede(old, .cancelled, "The creation it was for was deleted before it was sent.")
                }
                self.mutation = nil
                self.changed = changed
                standing = changed.first
                return
            }
            var creation = creation.amended(by: mutation.body)
            creation.updatedAt = now
            if creation.state == .rejected {
                // The refused creation has been changed, so try it again.
                creation.state = .queued
                creation.reason = nil
                creation.nextAttemptAt = now
            }
            self.mutation = nil
            self.changed = [creation]
            standing = creation
            return
        }
        if mutation.verb == .delete,
            let same = queue.first(where: {
                $0.verb == .delete && $0.concernsSameLease(as: mutation) && $0.state.isPending
            })
        {
            self.mutation = nil
            self.changed = []
            standing = same
            return
        }
        switch mutation.verb {
        case .create: break
        case .delete:
            for old in waiting where old.verb != .delete {
                supersede(old, .superseded, "A later deletion replaced it.")
            }
        case .update, .extend:
            // Merge only with the last waiting write: the ones before it are carried out in their order. Writes with
            // different time limits stay separate.
            for old in waiting.suffix(1) where old.verb != .delete && old.notAfter == mutation.notAfter {
                mutation.body = Self.merge(old.body, mutation.body)
                // The first change was based on what the user saw. After a conflict, the new change is based on it.
                let isDecided = old.state == .blocked && old.reason == "conflict"
                mutation.base =
                    isDecided ? Self.merge(old.base, mutation.base) : Self.merge(mutation.base, old.base)
                if old.verb == .update { mutation.verb = .update }
                supersede(old, .superseded, "A later change replaced it.")
            }
        }
        mutation.base = Self.expected(mutation, after: queue)
        self.mutation = mutation
        self.changed = changed
        standing = nil
    }

    private static func merge(_ older: JSONObject, _ newer: JSONObject) -> JSONObject {
        LeaseFields(older).merging(LeaseFields(newer)).body
    }

    /// The values that the change will find: where earlier changes are being carried out, their values replace the
    /// base.
    private static func expected(_ mutation: Mutation, after queue: [Mutation]) -> JSONObject {
        var base = LeaseFields(mutation.base)
        for old in queue where old.concernsSameLease(as: mutation) && [.sending, .accepted].contains(old.state) {
            guard old.verb == .update || old.verb == .extend else { continue }
            let asked = LeaseFields(old.body)
            for (field, value) in asked.lease.members where base.lease[field] != nil { base.lease[field] = value }
            for (id, fields) in asked.reservations {
                guard let known = base[reservation: id] else { continue }
                base.merge(
                    JSONObject(fields.members.filter { known[$0.key] != nil }.map { ($0.key, $0.value) }), into: id)
            }
        }
        return base.body
    }

    /// Whether none of its requests can have been carried out.
    private static func neverLeft(_ mutation: Mutation) -> Bool {
        // The server said that it did not create the lease.
        mutation.wasNeverSent || (mutation.verb == .create && mutation.state == .rejected)
    }
}
