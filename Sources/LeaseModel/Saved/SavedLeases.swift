/// The leases in a saved file, in any of the usual formats.
///
/// Supported are the output of `openstack reservation lease list -f json` and `lease show -f json`, Blazar's own
/// answers (`{"leases": […]}`, `{"lease": {…}}`), arrays of leases, one JSON value per line, and the output of
/// `leasehold list -f json`, `show -f json` and `history --states -f json`.
public struct SavedLeases: Sendable, Hashable {
    /// The leases, in the order of the file. A lease may occur several times.
    public private(set) var leases: [SavedLease] = []
    /// How many entries were skipped: leases that were only queued, or removed.
    public private(set) var passedOver = 0

    /// Parses the contents of a file.
    ///
    /// - Throws: ``SavedLeasesError`` if any part cannot be parsed. A file that is only half readable is not trusted.
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

/// Why a file is not a file of saved leases.
public struct SavedLeasesError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}

/// A lease as somebody saved it: from the output of OpenStack's client, an answer of Blazar's, or Leasehold's output.
public struct SavedLease: Sendable, Hashable {
    /// The lease.
    public let lease: BlazarLease
    /// The known fields, by Blazar's names, if not all of them are known: OpenStack's client lists only names and
    /// dates. `nil` for a whole lease.
    public let outlinedFields: Set<String>?
    /// Whether only some of its fields are known.
    public var isOutline: Bool { outlinedFields != nil }
    /// When it was first seen in this state, if the file says so.
    public let firstSeenAt: Timestamp?
    /// When it was last seen in this state, if the file says so.
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
    /// The fields that Leasehold's output adds to Blazar's. They do not come from the server, so they are not kept.
    private static let ownKeys: Set<String> = [
        "user_name", "project_name", "remaining", "hours", "nodes", "nodes_min", "nodes_max", "floating_ips",
        "resources", "site", "queued",
        "queue", "mine", "deleted", "deleted_after", "deleted_before", "removal", "first_seen_at", "synced_at",
        "ending", "held", "history", "observed_at", "as_known_at",
    ]

    /// Decodes a lease from an object in a saved file.
    ///
    /// - Returns: `nil` for a lease that was only queued, or whose removal has no known time.
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
            // Leasehold's output with few columns. It does not say when the lease was last listed.
            return nil
        }
        for parts in ["reservations", "events"] {
            guard let text = fields[parts]?.stringValue else { continue }
            fields[parts] = .array(try Self.parts(text, of: fields["id"]?.stringValue, parts))
        }
        fields[PartialObservations.key] = nil
        var lease = try BlazarLease(json: fields)
        // Saved reservations and events may lack the id of their lease.
        for index in lease.reservations.indices { lease.reservations[index].leaseID = lease.id }
        for index in lease.events.indices { lease.events[index].leaseID = lease.id }
        let known = Set(fields.keys)
        self.init(
            lease: lease, outlinedFields: PartialLease.isWhole(known) ? nil : known, firstSeenAt: firstSeenAt,
            lastSeenAt: lastSeenAt)
    }

    /// Decodes a state from `history --states`; `nil` if the object is something else, or if the lease was removed in
    /// that state.
    init?(state object: JSONObject) throws(LeaseDecodingError) {
        guard let lease = object["lease"]?.objectValue, object["deleted"]?.boolValue == false,
            let first = object["observed_at"]?.stringValue.flatMap(Timestamp.init(parsing:)),
            let last = object["last_seen_at"]?.stringValue.flatMap(Timestamp.init(parsing:)), first <= last,
            let saved = try SavedLease(json: lease)
        else { return nil }
        self.init(
            lease: saved.lease, outlinedFields: saved.outlinedFields, firstSeenAt: first, lastSeenAt: last)
    }

    /// Depending on the release, OpenStack's client names its columns `Start Date` or `start_date`.
    private static func key(_ name: String) -> String {
        name.contains(" ") || name.first?.isUppercase == true ? name.lowercased().replacing(" ", with: "_") : name
    }

    /// OpenStack's client joins the objects of a field into one text, each on lines of its own.
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

/// The result of importing one file, or of a dry run.
public struct ImportReport: Sendable, Hashable {
    /// What kind of file it was.
    public enum Kind: String, Sendable, Hashable {
        /// Leases saved as JSON.
        case leases
        /// Another Leasehold database.
        case database
    }

    /// The file.
    public let file: String
    /// What kind of file it was.
    public let kind: Kind
    /// The site of the leases.
    public let site: String
    /// The name of the project of the leases, or of the member or administrator who read them.
    public let projectName: String
    /// When the earliest of them was seen; `nil` if there are none.
    public var observedFrom: Timestamp?
    /// When the latest of them was seen; `nil` if there are none.
    public var observedUntil: Timestamp?
    /// Whether the file's own time stands in for the time at which the leases were seen.
    public var isDatedByFile = false
    /// How many leases the file has.
    public var leases = 0
    /// How many of them were not in this database.
    public var new = 0
    /// How many of the known ones have a different history now.
    public var changed = 0
    /// How many entries were skipped: leases that were only queued, or removed.
    public var passedOver = 0

    /// Makes a report without counts.
    public init(file: String, kind: Kind, site: String, projectName: String) {
        self.file = file
        self.kind = kind
        self.site = site
        self.projectName = projectName
    }

    /// Records that something was seen at a moment.
    package mutating func note(_ moment: Timestamp) {
        observedFrom = observedFrom.map { min($0, moment) } ?? moment
        observedUntil = observedUntil.map { max($0, moment) } ?? moment
    }
}

/// The progress of an import.
public struct ImportProgress: Sendable, Hashable {
    /// The file.
    public let file: String
    /// How many of its leases have been imported.
    public let done: Int
    /// How many leases it has.
    public let total: Int

    /// Makes a progress.
    public init(file: String, done: Int, total: Int) {
        self.file = file
        self.done = done
        self.total = total
    }
}
