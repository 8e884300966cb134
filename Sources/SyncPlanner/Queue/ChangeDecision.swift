package import LeaseModel

/// Whether a change that was asked for some time ago still fits the lease as it is now.
package enum ChangeDecision: Sendable, Hashable {
    /// The lease is as it was, or as wanted in part: send these fields.
    case send(JSONObject)
    /// The lease is as wanted.
    case alreadySo
    /// Somebody else has changed these fields meanwhile.
    case conflict(theirs: JSONObject)

    /// Compares, field by field, what the change was based on, what it wants, and what the server has.
    ///
    /// - Parameters:
    ///   - mine: the fields and their new values, as a PUT takes them.
    ///   - base: the values they had when the change was asked for, in the same form; a field without one is not
    ///     compared.
    ///   - theirs: the lease as the server has it.
    /// - Returns: the decision.
    package static func of(mine: JSONObject, base: JSONObject, theirs: BlazarLease) -> ChangeDecision {
        let present = values(of: theirs, for: mine.keys)
        var conflicts: JSONObject = [:]
        var send: JSONObject = [:]
        for (field, wanted) in mine.members {
            if let now = present[field], now == wanted { continue }
            if let before = base[field], let now = present[field], now != before { conflicts[field] = now }
            send[field] = wanted
        }
        if !conflicts.isEmpty { return .conflict(theirs: conflicts) }
        return send.isEmpty ? .alreadySo : .send(send)
    }

    /// The values of fields of a lease in the form in which a PUT takes them; only those that can be compared.
    package static func values(of lease: BlazarLease, for fields: [String]) -> JSONObject {
        var values: JSONObject = [:]
        for field in fields {
            switch field {
            case "name": values[field] = .string(lease.name)
            case "start_date": values[field] = .string(lease.startsAt.blazarRequest)
            case "end_date": values[field] = .string(lease.endsAt.blazarRequest)
            default: break
            }
        }
        return values
    }
}
