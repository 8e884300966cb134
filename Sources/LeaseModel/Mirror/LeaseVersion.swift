/// One state in which a lease was observed.
public struct LeaseVersion: Sendable, Hashable {
    /// The lease in that state, with its reservations and events.
    public let lease: BlazarLease
    /// When it was first seen in this state.
    public let observedAt: Timestamp
    /// When it was last seen in this state.
    public let lastSeenAt: Timestamp
    /// When it was first seen in another state; `nil` for the current state.
    public let observedUntil: Timestamp?
    /// How the lease was removed, if this state is its removal; `nil` while it was listed.
    public let removal: Removal?
    /// When only part of the state was seen; `nil` if all of it was seen at both ends.
    package let partial: PartialObservations?

    /// Makes a version from its parts.
    public init(
        lease: BlazarLease, observedAt: Timestamp, lastSeenAt: Timestamp, observedUntil: Timestamp?,
        removal: Removal?
    ) {
        self.init(
            lease: lease, observedAt: observedAt, lastSeenAt: lastSeenAt, observedUntil: observedUntil,
            removal: removal, partial: nil)
    }

    /// Makes a version, part of which may have been seen incompletely.
    package init(
        lease: BlazarLease, observedAt: Timestamp, lastSeenAt: Timestamp, observedUntil: Timestamp?,
        removal: Removal?, partial: PartialObservations?
    ) {
        self.lease = lease
        self.observedAt = observedAt
        self.lastSeenAt = lastSeenAt
        self.observedUntil = observedUntil
        self.removal = removal
        self.partial = removal == nil ? partial?.inState(from: observedAt, until: lastSeenAt) : nil
    }
}

/// A change that one observation of a lease revealed.
public struct LeaseChange: Sendable, Hashable {
    /// What kind of change it was.
    public enum Kind: String, Sendable, Hashable {
        /// The lease was seen for the first time, or again after a removal.
        case new
        /// Something about the lease is different.
        case changed
        /// The lease is now TERMINATED.
        case ended
        /// The site no longer lists the lease.
        case vanished
    }

    /// A field whose value is different.
    public struct Field: Sendable, Hashable {
        /// Its name: `end_date` or `reservations[ID].status`.
        public let name: String
        /// Its value before; `nil` if there was none.
        public let old: JSONValue?
        /// Its value now; `nil` if there is none.
        public let new: JSONValue?

        /// Makes a field from its parts.
        public init(name: String, old: JSONValue?, new: JSONValue?) {
            self.name = name
            self.old = old
            self.new = new
        }
    }

    /// What kind of change it was.
    public let kind: Kind
    /// The name of the site.
    public let site: String
    /// The lease as it is now, or as it last was.
    public let lease: BlazarLease
    /// What is different; empty for a new lease.
    public let fields: [Field]
    /// The change happened at or after this moment; `nil` if the lease had not been seen before.
    public let after: Timestamp?
    /// When the change was observed.
    public let observedAt: Timestamp
    /// How the lease was removed, if that is the change.
    public let removal: Removal?
    /// How the lease ended, if it was removed.
    public var ending: Ending? { removal?.ending(of: lease) }

    /// Makes a change from its parts.
    public init(
        kind: Kind, site: String, lease: BlazarLease, fields: [Field], after: Timestamp?, observedAt: Timestamp,
        removal: Removal? = nil
    ) {
        self.kind = kind
        self.site = site
        self.lease = lease
        self.fields = fields
        self.after = after
        self.observedAt = observedAt
        self.removal = removal
    }
}

extension LeaseChange {
    /// The fields in which two states of a lease differ, in the order of Blazar's keys. Reservations and events are
    /// matched by id.
    public static func differences(from old: BlazarLease, to new: BlazarLease) -> [Field] {
        var fields: [Field] = []
        compare(old.json(times: .iso8601), new.json(times: .iso8601), prefix: "", into: &fields)
        return fields
    }

    private static func compare(_ old: JSONObject, _ new: JSONObject, prefix: String, into fields: inout [Field]) {
        let (before, after) = (old.finder, new.finder)
        let names = new.keys + old.keys.filter { after[$0] == nil }
        for name in names where before[name] != after[name] {
            let path = prefix + name
            if ["reservations", "events"].contains(name), prefix.isEmpty {
                compareParts(before[name]?.arrayValue ?? [], after[name]?.arrayValue ?? [], of: name, into: &fields)
            } else {
                fields.append(Field(name: path, old: before[name], new: after[name]))
            }
        }
    }

    private static func compareParts(
        _ old: [JSONValue], _ new: [JSONValue], of name: String, into fields: inout [Field]
    ) {
        func byID(_ parts: [JSONValue]) -> [String: JSONObject] {
            Dictionary(
                parts.compactMap { part in part.objectValue.map { ($0["id"]?.stringValue ?? "", $0) } },
                uniquingKeysWith: { $1 })
        }
        let oldParts = byID(old)
        let newParts = byID(new)
        for id in Set(oldParts.keys).union(newParts.keys).sorted() {
            switch (oldParts[id], newParts[id]) {
            case (let before?, let after?): compare(before, after, prefix: "\(name)[\(id)].", into: &fields)
            case (let before, let after):
                fields.append(
                    Field(
                        name: "\(name)[\(id)]", old: before.map(JSONValue.object), new: after.map(JSONValue.object)))
            }
        }
    }
}

/// When a change took effect, as precisely as the data show.
public struct ChangeEffect: Sendable, Hashable {
    /// At or after this moment; `nil` if the lease had not been seen before.
    public let after: Timestamp?
    /// At or before this moment.
    public let before: Timestamp
    /// The exact moment, if Blazar recorded it.
    public let moment: Timestamp?

    /// Makes one from its parts.
    public init(after: Timestamp?, before: Timestamp, moment: Timestamp?) {
        self.after = after
        self.before = before
        self.moment = moment
    }
}

extension LeaseChange {
    /// When a field's new value took effect or, without a field, when the lease appeared or was removed.
    ///
    /// Blazar stamps an event when it carries the event out, so starts and ends are known to the second. For everything
    /// else it stamps only the last change, which is a bound for earlier ones.
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

    private var latest: Timestamp { observedAt.adding(seconds: Timestamp.clockToleranceSeconds) }

    /// Whether a time stamp belongs to this change, though the server's clock may differ from the local one.
    private func isWithin(_ stamp: Timestamp) -> Bool {
        stamp <= latest && after.map { stamp >= $0.adding(seconds: -Timestamp.clockToleranceSeconds) } ?? true
    }
}
