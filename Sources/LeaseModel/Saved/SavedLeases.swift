/// The leases of a saved file, in whichever of the usual forms.
///
/// Read are what `openstack reservation lease list -f json` and `lease show -f json` print, Blazar's own answers
/// (`{"leases": […]}`, `{"lease": {…}}`), arrays of leases, one JSON value a line, and what `leasehold list -f json`,
/// `show -f json` and `history --states -f json` print.
public struct SavedLeases: Sendable, Hashable {
    /// The leases, in the order of the file; one may occur several times.
    public private(set) var leases: [SavedLease] = []
    /// How many entries were passed over: leases that were only queued, or gone.
    public private(set) var passedOver = 0

    /// Reads the bytes of a file.
    ///
    /// - Throws: ``SavedLeasesError`` if any of it cannot be read: half a file is not believed.
    public init(parsing bytes: [UInt8]) throws(SavedLeasesError) {
        let values: [JSONValue]
        do {
            values = try JSONValue.sequence(parsing: bytes)
        } catch {
            throw SavedLeasesError(description: "it is \(error)")
        }
        guard !values.isEmpty else { throw SavedLeasesError(description: "it is empty") }
        for value in values { try add(value, isList: false) }
    }

    private mutating func add(_ value: JSONValue, isList: Bool) throws(SavedLeasesError) {
        switch value {
        case .array(let items) where !isList:
            for item in items { try add(item, isList: true) }
        case .object(let object):
            do throws(LeaseDecodingError) {
                try add(object)
            } catch {
                throw SavedLeasesError(description: "\(error)")
            }
        default:
            throw SavedLeasesError(description: "it holds \(Self.article(value.kind)) where a lease should be")
        }
    }

    private mutating func add(_ object: JSONObject) throws(LeaseDecodingError) {
        if let list = object["leases"]?.arrayValue {
            for item in list {
                guard let lease = item.objectValue else {
                    throw LeaseDecodingError(leaseID: nil, field: "leases", problem: "holds a \(item.kind)")
                }
                try keep(SavedLease(json: lease))
            }
        } else if let lease = object["lease"]?.objectValue {
            let isState = object["observed_at"] != nil
            if isState { try keep(SavedLease(state: object)) } else { try keep(SavedLease(json: lease)) }
        } else {
            try keep(SavedLease(json: object))
        }
    }

    private mutating func keep(_ lease: SavedLease?) {
        if let lease { leases.append(lease) } else { passedOver += 1 }
    }

    private static func article(_ kind: String) -> String {
        switch kind {
        case "null": "null"
        case "object", "array": "an \(kind)"
        default: "a \(kind)"
        }
    }
}

/// Why a file is not one of saved leases.
public struct SavedLeasesError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}

/// A lease as somebody saved it: the output of OpenStack's client, an answer of Blazar's, or a list of ours.
public struct SavedLease: Sendable, Hashable {
    /// The lease.
    public let lease: BlazarLease
    /// The fields that are known of it, by Blazar's names, if it is an outline: OpenStack's client lists names and dates
    /// only. `nil` for a whole lease.
    public let outlinedFields: Set<String>?
    /// Whether only some of its fields are known.
    public var isOutline: Bool { outlinedFields != nil }
    /// When it was first seen so, if the data tell.
    public let firstSeenAt: Timestamp?
    /// When it was last seen so, if the data tell.
    public let lastSeenAt: Timestamp?

    /// Makes a saved lease from its parts.
    public init(
        lease: BlazarLease, outlinedFields: Set<String>? = nil, firstSeenAt: Timestamp? = nil, lastSeenAt: Timestamp?
    ) {
        self.lease = lease
        self.outlinedFields = outlinedFields
        self.firstSeenAt = firstSeenAt
        self.lastSeenAt = lastSeenAt
    }
}

extension SavedLease {
    /// What our own lists add to Blazar's fields; it is not the server's, so it is not kept.
    private static let ownKeys: Set<String> = [
        "user_name", "project_name", "remaining", "hours", "nodes", "nodes_min", "nodes_max", "floating_ips",
        "resources", "site", "queued",
        "queue", "mine", "deleted", "deleted_after", "deleted_before", "departure", "first_seen_at", "synced_at",
        "ending", "held", "history", "observed_at", "as_known_at",
    ]

    /// Reads a lease from an object of a saved file.
    ///
    /// - Returns: `nil` for a lease that was only queued.
    /// - Throws: ``LeaseDecodingError``.
    init?(json object: JSONObject) throws(LeaseDecodingError) {
        var fields = JSONObject(object.members.map { (Self.key($0.key), $0.value) })
        let isOurs = fields["synced_at"] != nil && fields["site"] != nil
        var firstSeenAt: Timestamp?
        var lastSeenAt: Timestamp?
        if let id = fields["id"]?.stringValue, LocalID.isOne(id) { return nil }
        if isOurs {
            if fields["status"]?.stringValue == LeaseStatus.queued.rawValue { return nil }
            lastSeenAt = fields["synced_at"]?.stringValue.flatMap(Timestamp.init(parsing:))
            if let last = lastSeenAt, fields["deleted"]?.boolValue == false {
                firstSeenAt = fields["observed_at"]?.stringValue.flatMap(Timestamp.init(parsing:)).map { min($0, last) }
            }
            let extra = fields.remove("extra")?.objectValue ?? [:]
            fields = JSONObject(fields.members.filter { !Self.ownKeys.contains($0.key) }.map { ($0.key, $0.value) })
            fields = fields.merging(extra)
        } else if fields["deleted"]?.boolValue == true {
            // A few columns of ours, which do not tell when it was last listed.
            return nil
        }
        for parts in ["reservations", "events"] {
            guard let text = fields[parts]?.stringValue else { continue }
            fields[parts] = .array(try Self.parts(text, of: fields["id"]?.stringValue, parts))
        }
        fields[PartialObservations.key] = nil
        var lease = try BlazarLease(json: fields)
        // Parts know their lease from where they stand.
        for index in lease.reservations.indices { lease.reservations[index].leaseID = lease.id }
        for index in lease.events.indices { lease.events[index].leaseID = lease.id }
        let known = Set(fields.keys)
        self.init(
            lease: lease, outlinedFields: PartialLease.isWhole(known) ? nil : known, firstSeenAt: firstSeenAt,
            lastSeenAt: lastSeenAt)
    }

    /// Reads a state of `history --states`; `nil` if it is none, or one of being gone.
    init?(state object: JSONObject) throws(LeaseDecodingError) {
        guard let lease = object["lease"]?.objectValue, object["deleted"]?.boolValue == false,
            let first = object["observed_at"]?.stringValue.flatMap(Timestamp.init(parsing:)),
            let last = object["last_seen_at"]?.stringValue.flatMap(Timestamp.init(parsing:)), first <= last,
            let saved = try SavedLease(json: lease)
        else { return nil }
        self.init(
            lease: saved.lease, outlinedFields: saved.outlinedFields, firstSeenAt: first, lastSeenAt: last)
    }

    /// OpenStack's client calls its columns `Start Date` in some releases and `start_date` in others.
    private static func key(_ name: String) -> String {
        name.contains(" ") || name.first?.isUppercase == true ? name.lowercased().replacing(" ", with: "_") : name
    }

    /// OpenStack's client strings the objects of a field together in one text, each on lines of its own.
    private static func parts(
        _ text: String, of lease: String?, _ field: String
    ) throws(LeaseDecodingError) -> [JSONValue] {
        do throws(JSONSyntaxError) {
            let values = try JSONValue.sequence(parsing: Array(text.utf8))
            if values.count == 1, let array = values.first?.arrayValue { return array }
            return values
        } catch {
            throw LeaseDecodingError(leaseID: lease, field: field, problem: "is \(error)")
        }
    }
}

/// What the import of one file brought, or would bring.
public struct ImportReport: Sendable, Hashable {
    /// What kind of file it was.
    public enum Kind: String, Sendable, Hashable {
        /// Leases saved as JSON.
        case leases
        /// Another database of Leasehold's.
        case database
    }

    /// The file.
    public let file: String
    /// What kind of file it was.
    public let kind: Kind
    /// The site that the leases are of.
    public let site: String
    /// The name of the project whose leases they are, or whose member or administrator read them.
    public let projectName: String
    /// When the earliest of them was seen; `nil` if there are none.
    public var observedFrom: Timestamp?
    /// When the latest of them was seen; `nil` if there are none.
    public var observedUntil: Timestamp?
    /// Whether the time of the file itself stands in for the time at which they were seen.
    public var isDatedByFile = false
    /// How many leases the file has.
    public var leases = 0
    /// How many of them this database did not know.
    public var new = 0
    /// How many of those it knew have another history now.
    public var changed = 0
    /// How many entries were passed over: leases that were only queued, or gone.
    public var passedOver = 0

    /// Makes a report without counts.
    public init(file: String, kind: Kind, site: String, projectName: String) {
        self.file = file
        self.kind = kind
        self.site = site
        self.projectName = projectName
    }

    /// Notes that something was seen at a moment.
    package mutating func note(_ moment: Timestamp) {
        observedFrom = observedFrom.map { min($0, moment) } ?? moment
        observedUntil = observedUntil.map { max($0, moment) } ?? moment
    }
}

/// How far an import is.
public struct ImportProgress: Sendable, Hashable {
    /// The file.
    public let file: String
    /// How many of its leases are taken in.
    public let done: Int
    /// How many it has.
    public let total: Int

    /// Makes one.
    public init(file: String, done: Int, total: Int) {
        self.file = file
        self.done = done
        self.total = total
    }
}
