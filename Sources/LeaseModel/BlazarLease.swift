/// A lease as Blazar describes it, with its reservations and events: what was read, not what one works with.
///
/// Two leases are equal if they say the same, in whatever order the server listed their parts.
public struct BlazarLease: Sendable, Hashable, Identifiable {
    /// Blazar's identifier, a UUID in every release so far; unique at a site.
    public var id: String
    /// The name its owner gave it; not unique.
    public var name: String
    /// The Keystone id of the user who made it.
    public var userID: String
    /// The Keystone id of the project it belongs to.
    public var projectID: String
    /// When it starts, or started.
    public var startsAt: Timestamp
    /// When it ends, or ended.
    public var endsAt: Timestamp
    /// Where it is in its life.
    public var status: LeaseStatus
    /// Whether Blazar has had to replace or take away reserved resources.
    public var isDegraded: Bool?
    /// The Keystone trust that Blazar acts under (an identifier, not a secret).
    public var trustID: String?
    /// When it was made.
    public var createdAt: Timestamp?
    /// When Blazar last changed it.
    public var updatedAt: Timestamp?
    /// What it reserves, by id.
    public var reservations: [Reservation] { didSet { reservations.sort(by: Reservation.precedes) } }
    /// What happens, or happened, to it, in the order of time.
    public var events: [LeaseEvent] { didSet { events.sort(by: LeaseEvent.precedes) } }
    /// Every other field of the server's, kept as it came.
    public var extra: JSONObject

    /// Makes a lease from its parts.
    public init(
        id: String, name: String, userID: String, projectID: String, startsAt: Timestamp, endsAt: Timestamp,
        status: LeaseStatus, isDegraded: Bool? = nil, trustID: String? = nil, createdAt: Timestamp? = nil,
        updatedAt: Timestamp? = nil, reservations: [Reservation] = [], events: [LeaseEvent] = [],
        extra: JSONObject = [:]
    ) {
        self.id = id
        self.name = name
        self.userID = userID
        self.projectID = projectID
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.status = status
        self.isDegraded = isDegraded
        self.trustID = trustID
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.reservations = reservations.sorted(by: Reservation.precedes)
        self.events = events.sorted(by: LeaseEvent.precedes)
        self.extra = extra
    }
}

extension BlazarLease {
    /// Reads a lease from the object that Blazar gives for one.
    ///
    /// Only its `id`, `start_date` and `end_date` must be there and sound; any other field may be missing. Fields that
    /// are not known, or not of the expected kind, are kept in ``extra``.
    ///
    /// - Throws: ``LeaseDecodingError`` naming the lease and the field.
    public init(json object: JSONObject) throws(LeaseDecodingError) {
        var fields = FieldReader(object)
        guard let id = fields.string("id"), !id.isEmpty else {
            throw LeaseDecodingError(leaseID: nil, field: "id", problem: "is missing or not a string")
        }
        func required(_ time: Timestamp?, _ field: String) throws(LeaseDecodingError) -> Timestamp {
            guard let time else {
                let given = object[field]?.text() ?? "missing"
                throw LeaseDecodingError(leaseID: id, field: field, problem: "is not a date (\(given))")
            }
            return time
        }
        let starts = try required(fields.time("start_date"), "start_date")
        let ends = try required(fields.time("end_date"), "end_date")
        var reservations: [Reservation] = []
        for (index, value) in (fields.array("reservations") ?? []).enumerated() {
            guard let reservation = value.objectValue.flatMap(Reservation.init(json:)) else {
                throw LeaseDecodingError(leaseID: id, field: "reservations[\(index)]", problem: "has no id")
            }
            reservations.append(reservation)
        }
        var events: [LeaseEvent] = []
        for (index, value) in (fields.array("events") ?? []).enumerated() {
            guard let event = value.objectValue.flatMap(LeaseEvent.init(json:)) else {
                throw LeaseDecodingError(leaseID: id, field: "events[\(index)]", problem: "has no id")
            }
            events.append(event)
        }
        self.init(
            id: id, name: fields.text("name"), userID: fields.text("user_id"),
            projectID: fields.text("project_id"), startsAt: starts, endsAt: ends,
            status: LeaseStatus(rawValue: fields.text("status")), isDegraded: fields.bool("degraded"),
            trustID: fields.string("trust_id"), createdAt: fields.time("created_at"),
            updatedAt: fields.time("updated_at"), reservations: reservations, events: events)
        extra = fields.remainder
    }

    /// This lease as Blazar writes it, unknown fields included.
    ///
    /// - Parameter times: how moments are written.
    /// - Returns: the object; read again, it gives an equal lease.
    public func json(times: TimeFormat = .blazar) -> JSONObject {
        var object: JSONObject = [
            "id": .string(id), "name": .string(name), "user_id": .string(userID), "project_id": .string(projectID),
            "start_date": .string(times.date(startsAt)), "end_date": .string(times.date(endsAt)),
            "status": .string(status.rawValue), "degraded": JSONValue(isDegraded), "trust_id": JSONValue(trustID),
            "created_at": JSONValue(createdAt.map(times.record)), "updated_at": JSONValue(updatedAt.map(times.record)),
            "reservations": .array(reservations.map { .object($0.json(times: times)) }),
            "events": .array(events.map { .object($0.json(times: times)) }),
        ]
        object.merge(extra)
        return object
    }
}

/// How moments are written in JSON.
public enum TimeFormat: Sendable {
    /// As Blazar writes them: `2026-11-22T17:14:00.000000`, and `2026-11-22 16:14:56` for record keeping.
    case blazar
    /// ISO 8601 in UTC: `2026-11-22T17:14:00Z`.
    case iso8601

    func date(_ time: Timestamp) -> String { self == .blazar ? time.blazarDate : time.iso8601 }
    func record(_ time: Timestamp) -> String { self == .blazar ? time.blazarRecord : time.iso8601 }
}
