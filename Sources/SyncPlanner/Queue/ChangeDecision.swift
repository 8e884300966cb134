package import LeaseModel

/// Whether a change still fits the lease, which may have changed since the change was requested.
package enum ChangeDecision: Sendable, Hashable {
    /// The lease is unchanged, or already has some of the requested values: send these fields.
    case send(JSONObject)
    /// The lease has the requested values already.
    case alreadySo
    /// Somebody else has changed these fields in the meantime.
    case conflict(theirs: JSONObject)

    /// Compares the values that the change was based on, the values that it asks for, and the server's values: field by
    /// field, for the lease and for each reservation.
    ///
    /// - Parameters:
    ///   - mine: the fields and their new values, as in the body of a PUT.
    ///   - base: the values that the fields had when the change was requested, in the same form. A field without one is
    ///     not compared.
    ///   - theirs: the lease as the server has it.
    ///   - ours: values that this program may have set itself, for example by an earlier change that was being sent
    ///     when this one was requested. They are not conflicts.
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

    /// The values of a lease for the fields of a change, as in the body of a PUT. Only fields that can be compared are
    /// included.
    package static func values(of lease: BlazarLease, for change: JSONObject) -> JSONObject {
        LeaseFields(change).values(of: lease).body
    }

    /// The values that changes from here have set, or may have set, since a change was first requested, and the values
    /// that those changes were based on.
    ///
    /// - Parameters:
    ///   - change: the change that is about to be sent.
    ///   - history: every change of the lease that was requested here, including finished ones.
    /// - Returns: the values.
    package static func ours(_ change: Mutation, among history: [Mutation]) -> [JSONObject] {
        var since = change.createdAt
        var values: [JSONObject] = []
        for old in history.sorted(by: { $0.id > $1.id }) {
            guard old.id < change.id, old.verb == .update || old.verb == .extend, old.concernsSameLease(as: change),
                !old.state.isFinal || old.updatedAt >= since
            else { continue }
            // This change replaced the superseded one: it includes its fields, and is based on the same values.
            if old.state == .superseded { since = min(since, old.createdAt) }
            if old.attempts > 0 { values += [old.body, old.base] }
        }
        return values
    }
}

/// What to do with one field.
private struct Verdict {
    var conflict: JSONValue?
    var isSent = false

    init(_ field: String, wanted: JSONValue, before: JSONValue?, now: JSONValue?, ours: [JSONValue]) {
        guard let now else {
            // The server does not show this field.
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
