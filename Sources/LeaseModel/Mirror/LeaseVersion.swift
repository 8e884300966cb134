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
    public let departure: Departure?
    /// When it was seen in part only; `nil` if it was seen as a whole at both ends.
    package let partial: PartialSightings?

    /// Makes a version from its parts.
    public init(
        lease: BlazarLease, observedAt: Timestamp, lastSeenAt: Timestamp, observedUntil: Timestamp?,
        departure: Departure?
    ) {
        self.init(
            lease: lease, observedAt: observedAt, lastSeenAt: lastSeenAt, observedUntil: observedUntil,
            departure: departure, partial: nil)
    }

    /// Makes a version of which some was seen in part only.
    package init(
        lease: BlazarLease, observedAt: Timestamp, lastSeenAt: Timestamp, observedUntil: Timestamp?,
        departure: Departure?, partial: PartialSightings?
    ) {
        self.lease = lease
        self.observedAt = observedAt
        self.lastSeenAt = lastSeenAt
        self.observedUntil = observedUntil
        self.departure = departure
        self.partial = departure == nil ? partial?.inState(from: observedAt, until: lastSeenAt) : nil
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
    public let departure: Departure?
    /// How a lease that went had ended.
    public var ending: Ending? { departure?.ending(of: lease) }

    /// Makes a change from its parts.
    public init(
        kind: Kind, site: String, lease: BlazarLease, fields: [Field], after: Timestamp?, observedAt: Timestamp,
        departure: Departure? = nil
    ) {
        self.kind = kind
        self.site = site
        self.lease = lease
        self.fields = fields
        self.after = after
        self.observedAt = observedAt
        self.departure = departure
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
