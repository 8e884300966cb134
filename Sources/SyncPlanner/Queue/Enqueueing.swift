package import LeaseModel

/// What asking for a mutation does to those that are queued already.
package struct Enqueueing: Sendable, Hashable {
    /// The mutation as it is to be queued; `nil` if nothing needs to be sent any more.
    package let mutation: Mutation?
    /// Those that change, as they are now.
    package let changed: [Mutation]
    /// The one that stands for what is asked for, if nothing new is queued.
    package let standing: Mutation?

    /// Decides.
    ///
    /// Two changes of one lease that wait become one, field by field, so that everything that was asked for is sent; a
    /// change of a creation that was never sent changes the draft; a deletion of a creation that was never sent makes both
    /// go away; a deletion makes waiting changes pointless, and a second deletion changes nothing.
    ///
    /// - Parameters:
    ///   - mutation: what is asked for.
    ///   - queue: what is queued.
    ///   - now: the time.
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
            var creation = creation
            creation.body = LeaseFields.merge(
                mutation.body, intoDraft: creation.body, localID: creation.localID ?? "")
            creation.leaseName = creation.body["name"]?.stringValue ?? creation.leaseName
            creation.updatedAt = now
            if creation.state == .rejected {
                // What was refused is asked for differently now.
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
                supersede(old, .superseded, "The lease is to be deleted.")
            }
        case .update, .extend:
            // Only with the last one that waits: what stands before it, or between, is done in its order.
            // Two that are not to be sent after different times stay two.
            for old in waiting.suffix(1) where old.verb != .delete && old.notAfter == mutation.notAfter {
                mutation.body = Self.merge(old.body, mutation.body)
                // What the first was based on is what the person saw; after a conflict it is what is asked for now.
                let isDecided = old.state == .blocked && old.reason == "conflict"
                mutation.base =
                    isDecided ? Self.merge(old.base, mutation.base) : Self.merge(mutation.base, old.base)
                if old.verb == .update { mutation.verb = .update }
                supersede(old, .superseded, "A later change took its place.")
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

    /// The values that a change will find: those of changes of ours that are under way, where there are some.
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

    /// Whether no request for it can have been carried out.
    private static func neverLeft(_ mutation: Mutation) -> Bool {
        switch mutation.state {
        case .queued, .blocked, .parked: mutation.unconfirmed == nil
        // The server has said that it did not make it.
        case .rejected: mutation.verb == .create
        default: false
        }
    }
}
