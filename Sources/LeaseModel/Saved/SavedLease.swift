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
        fields[PartialSightings.key] = nil
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
