package import LeaseModel

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
