package import LeaseModel

/// Whether a change that was asked for some time ago still fits the lease as it is now.
package enum ChangeDecision: Sendable, Hashable {
    /// The lease is as it was, or has a part of what is asked for already: send these fields.
    case send(JSONObject)
    /// The lease is as asked for.
    case alreadySo
    /// Somebody else has changed these fields meanwhile.
    case conflict(theirs: JSONObject)

    /// Compares what the change was based on, what it asks for, and what the server has: field by field, and the fields
    /// of each reservation one by one.
    ///
    /// - Parameters:
    ///   - mine: the fields and their new values, as a PUT takes them.
    ///   - base: the values they had when the change was asked for, in the same form; a field without one is not
    ///     compared.
    ///   - theirs: the lease as the server has it.
    ///   - ours: values that come from here as well, such as those of an earlier change that was under way when this one
    ///     was asked for: they are nobody else's.
    /// - Returns: the decision.
    package static func of(
        mine: JSONObject, base: JSONObject, theirs: BlazarLease, ours: [JSONObject] = []
    ) -> ChangeDecision {
        let mine = LeaseFields(mine)
        let base = LeaseFields(base)
        let present = mine.values(of: theirs)
        let ours = ours.map { LeaseFields($0) }
        var conflicts = LeaseFields()
        var send = LeaseFields()
        for (field, wanted) in mine.lease.members {
            let verdict = Verdict(
                field, wanted: wanted, before: base.lease[field], now: present.lease[field],
                ours: ours.compactMap { $0.lease[field] })
            if let conflict = verdict.conflict { conflicts.lease[field] = conflict }
            if verdict.isSent { send.lease[field] = wanted }
        }
        for (id, fields) in mine.reservations {
            var changes: JSONObject = [:]
            for (field, wanted) in fields.members {
                let verdict = Verdict(
                    field, wanted: wanted, before: base[reservation: id]?[field], now: present[reservation: id]?[field],
                    ours: ours.compactMap { $0[reservation: id]?[field] })
                if let conflict = verdict.conflict { conflicts.merge([field: conflict], into: id) }
                if verdict.isSent { changes[field] = wanted }
            }
            guard !changes.isEmpty else { continue }
            let reservation = theirs.reservations.first { $0.id == id }
            var request = reservation?.request(changing: changes) ?? changes
            _ = request.remove("id")
            send.merge(request, into: id)
        }
        send.unidentified = mine.unidentified
        if !conflicts.isEmpty { return .conflict(theirs: conflicts.body) }
        return send.isEmpty ? .alreadySo : .send(send.body)
    }

    /// The values of a lease for the fields that a change names, in the form in which a PUT takes them; only those that
    /// can be compared.
    package static func values(of lease: BlazarLease, for change: JSONObject) -> JSONObject {
        LeaseFields(change).values(of: lease).body
    }

    /// The values that changes made here have brought, or may have brought, to a lease since a change was first asked
    /// for, and those that these changes were based on.
    ///
    /// - Parameters:
    ///   - change: the change that is about to be sent.
    ///   - history: every change of the lease that was asked for here, finished ones too.
    /// - Returns: the values.
    package static func ours(_ change: Mutation, among history: [Mutation]) -> [JSONObject] {
        var since = change.createdAt
        var values: [JSONObject] = []
        for old in history.sorted(by: { $0.id > $1.id }) {
            guard old.id < change.id, old.verb == .update || old.verb == .extend, old.concernsSameLease(as: change),
                !old.state.isFinal || old.updatedAt >= since
            else { continue }
            // What took its place asks for what it asked for, and is based on what it was based on.
            if old.state == .superseded { since = min(since, old.createdAt) }
            if old.attempts > 0 { values += [old.body, old.base] }
        }
        return values
    }
}

/// What is to be done with one field.
private struct Verdict {
    var conflict: JSONValue?
    var isSent = false

    init(_ field: String, wanted: JSONValue, before: JSONValue?, now: JSONValue?, ours: [JSONValue]) {
        guard let now else {
            // The server does not show it.
            isSent = true
            return
        }
        guard !LeaseFields.areSame(field, now, wanted) else { return }
        isSent = true
        guard let before, !LeaseFields.areSame(field, now, before),
            !ours.contains(where: { LeaseFields.areSame(field, now, $0) })
        else { return }
        conflict = now
    }
}
