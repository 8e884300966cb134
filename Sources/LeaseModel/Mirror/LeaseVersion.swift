/// One state in which a lease was observed.
public struct LeaseVersion: Sendable, Hashable {
    /// The lease in that state, with its reservations and events.
    public let lease: BlazarLease
    /// When it was first seen so.
    public let observedAt: Timestamp
    /// When it was last seen so.
    public let lastSeenAt: Timestamp
    /// When it was first seen otherwise; `nil` for the state that holds now.
    public let observedUntil: Timestamp?
    /// Set for the state of being gone.
    public let removal: Removal?
    /// When it was seen in part only; `nil` if it was seen as a whole at both ends.
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

    /// Makes a version of which some was seen in part only.
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

/// What one observation of a lease changed.
public struct LeaseChange: Sendable, Hashable {
    /// What kind of change it was.
    public enum Kind: String, Sendable, Hashable {
        /// Seen for the first time, or again after having been gone.
        case new
        /// Something about it is different.
        case changed
        /// It is now TERMINATED.
        case ended
        /// Its site no longer lists it.
        case vanished
    }

    /// A field whose value is different.
    public struct Field: Sendable, Hashable {
        /// Its name: `end_date`, or `reservations[ID].status`.
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
    /// The lease as it is now, or was last.
    public let lease: BlazarLease
    /// What is different; empty for a new lease.
    public let fields: [Field]
    /// Not before this moment; `nil` if the lease had not been seen before.
    public let after: Timestamp?
    /// Seen at this moment.
    public let observedAt: Timestamp
    /// How the lease went, if that is what changed.
    public let removal: Removal?
    /// How a lease that went had ended.
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
    /// The fields in which two states of a lease differ, in the order of Blazar's keys, parts by their ids.
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
