/// When a change took effect, as narrowly as the data tell.
public struct ChangeEffect: Sendable, Hashable {
    /// Not before this moment; `nil` if nothing was seen before.
    public let after: Timestamp?
    /// Not after this moment.
    public let before: Timestamp
    /// The moment, where Blazar itself has noted it.
    public let moment: Timestamp?

    /// Makes one from its parts.
    public init(after: Timestamp?, before: Timestamp, moment: Timestamp?) {
        self.after = after
        self.before = before
        self.moment = moment
    }
}

extension LeaseChange {
    /// How far the server's clock may be from ours before its stamps are taken for those of another change.
    private static var clockDifferenceSeconds: Int64 { 300 }

    /// When a field's new value took effect, or, without a field, when the lease appeared or went.
    ///
    /// Blazar stamps an event when it carries it out, so a start and an end are known to the second. Of everything else
    /// it stamps only the last change, which bounds the others.
    public func effect(of field: Field? = nil) -> ChangeEffect {
        var moment: Timestamp?
        var bound: Timestamp?
        switch (kind, field) {
        case (.vanished, _): break
        case (.new, nil): moment = lease.createdAt
        case (_, let field?): (moment, bound) = stamp(of: field)
        default: bound = lease.updatedAt
        }
        let known = moment.flatMap { isWithin($0) ? $0 : nil }
        let before = bound.flatMap { isWithin($0) ? min($0, observedAt) : nil } ?? observedAt
        return ChangeEffect(after: after, before: known ?? before, moment: known)
    }

    private func stamp(of field: Field) -> (moment: Timestamp?, bound: Timestamp?) {
        if field.name == "status" {
            switch field.new?.stringValue.map(LeaseStatus.init(rawValue:)) {
            case .active: return (lease.startedAt, lease.updatedAt)
            case .terminated: return (lease.endedAt, lease.updatedAt)
            default: return (nil, lease.updatedAt)
            }
        }
        if field.name.hasPrefix("events[") {
            let event = lease.events.first { field.name.hasPrefix("events[\($0.id)]") }
            let isDone = event?.status == .done && field.name.hasSuffix(".status")
            return (isDone ? event?.updatedAt : nil, event?.updatedAt)
        }
        if field.name.hasPrefix("reservations[") {
            return (nil, lease.reservations.first { field.name.hasPrefix("reservations[\($0.id)]") }?.updatedAt)
        }
        return (nil, lease.updatedAt)
    }

    private var latest: Timestamp { observedAt.adding(seconds: Self.clockDifferenceSeconds) }

    private func isWithin(_ stamp: Timestamp) -> Bool {
        stamp <= latest && after.map { stamp >= $0.adding(seconds: -Self.clockDifferenceSeconds) } ?? true
    }
}
