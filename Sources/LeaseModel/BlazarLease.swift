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

/// Something that happens to a lease: `start_lease`, `end_lease`, `before_end_lease`, or a client's own mark.
public struct LeaseEvent: Sendable, Hashable, Identifiable {
    /// Blazar's identifier.
    public var id: String
    /// The lease it belongs to.
    public var leaseID: String?
    /// What happens.
    public var eventType: String
    /// When it is due; a client's own mark has no time.
    public var time: Timestamp?
    /// Whether it has happened.
    public var status: EventStatus
    /// When it was planned.
    public var createdAt: Timestamp?
    /// When Blazar last changed it: for a done event, when it was done.
    public var updatedAt: Timestamp?
    /// Every other field of the server's, kept as it came.
    public var extra: JSONObject

    /// Makes an event from its parts.
    public init(
        id: String, leaseID: String? = nil, eventType: String, time: Timestamp?, status: EventStatus,
        createdAt: Timestamp? = nil, updatedAt: Timestamp? = nil, extra: JSONObject = [:]
    ) {
        self.id = id
        self.leaseID = leaseID
        self.eventType = eventType
        self.time = time
        self.status = status
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.extra = extra
    }

    /// Reads an event from the object that Blazar gives for one; `nil` if it has no id.
    public init?(json object: JSONObject) {
        var reader = FieldReader(object)
        guard let id = reader.string("id"), !id.isEmpty else { return nil }
        self.init(
            id: id, leaseID: reader.string("lease_id"), eventType: reader.text("event_type"),
            time: reader.time("time"), status: EventStatus(rawValue: reader.text("status")),
            createdAt: reader.time("created_at"), updatedAt: reader.time("updated_at"))
        extra = reader.remainder
    }

    /// This event as Blazar writes it.
    public func json(times: TimeFormat = .blazar) -> JSONObject {
        var object: JSONObject = [
            "id": .string(id), "lease_id": JSONValue(leaseID), "event_type": .string(eventType),
            "time": JSONValue(time.map(times.date)), "status": .string(status.rawValue),
            "created_at": JSONValue(createdAt.map(times.record)), "updated_at": JSONValue(updatedAt.map(times.record)),
        ]
        object.merge(extra)
        return object
    }

    /// Listed by time, those without one first, since Blazar keeps no order.
    static func precedes(_ left: LeaseEvent, _ right: LeaseEvent) -> Bool {
        let leftTime = left.time?.secondsSince1970 ?? .min
        let rightTime = right.time?.secondsSince1970 ?? .min
        return (leftTime, left.eventType, left.id) < (rightTime, right.eventType, right.id)
    }
}

/// A lease's status as Blazar gives it. One that is not named here is kept as it came.
public struct LeaseStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let creating = LeaseStatus(rawValue: "CREATING")
    public static let pending = LeaseStatus(rawValue: "PENDING")
    public static let starting = LeaseStatus(rawValue: "STARTING")
    public static let active = LeaseStatus(rawValue: "ACTIVE")
    public static let updating = LeaseStatus(rawValue: "UPDATING")
    public static let terminating = LeaseStatus(rawValue: "TERMINATING")
    public static let terminated = LeaseStatus(rawValue: "TERMINATED")
    public static let deleting = LeaseStatus(rawValue: "DELETING")
    public static let error = LeaseStatus(rawValue: "ERROR")

    /// Not Blazar's: a lease that is only queued here.
    public static let queued = LeaseStatus(rawValue: "QUEUED")

    /// Not Blazar's: a lease whose queued creation was refused.
    public static let rejected = LeaseStatus(rawValue: "REJECTED")

    /// Not Blazar's: a lease that is gone, because somebody deleted it.
    public static let deleted = LeaseStatus(rawValue: "DELETED")

    /// Every status that Blazar is known to use, in the order of a lease's life.
    public static let known: [LeaseStatus] = [
        .creating, .pending, .starting, .active, .updating, .terminating, .terminated, .deleting, .error,
    ]

    /// Whether Blazar passes through this status on its own, so that it is worth reading again.
    public var isTransient: Bool {
        switch self {
        case .creating, .starting, .updating, .terminating, .deleting: true
        default: false
        }
    }

    public var description: String { rawValue }
}

/// A reservation's status: `pending`, `active`, `deleted`, `error`, or what else Blazar may say.
public struct ReservationStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let pending = ReservationStatus(rawValue: "pending")
    public static let active = ReservationStatus(rawValue: "active")
    public static let deleted = ReservationStatus(rawValue: "deleted")
    public static let error = ReservationStatus(rawValue: "error")

    /// Not Blazar's: one that is only queued here.
    public static let queued = ReservationStatus(rawValue: "queued")
    /// Not Blazar's: one of a lease that has not been submitted.
    public static let requested = ReservationStatus(rawValue: "requested")

    public var description: String { rawValue }
}

/// An event's status: `UNDONE`, `IN_PROGRESS`, `DONE`, `ERROR`, or what else Blazar may say.
public struct EventStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let undone = EventStatus(rawValue: "UNDONE")
    public static let inProgress = EventStatus(rawValue: "IN_PROGRESS")
    public static let done = EventStatus(rawValue: "DONE")
    public static let error = EventStatus(rawValue: "ERROR")

    public var description: String { rawValue }
}

/// What a reservation is for, by Blazar's `resource_type`.
public enum ResourceType: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// Whole hosts ("nodes" in python-chi).
    case host
    /// Floating IP addresses.
    case floatingIP
    /// Instances of a size given in the reservation.
    case instance
    /// Instances of an existing Nova flavor.
    case flavor
    /// Networks (Chameleon).
    case network
    /// Edge devices (Chameleon).
    case device
    /// A type that this program does not know, by Blazar's word.
    case other(String)

    public init(rawValue: String) {
        self = Self.known.first { $0.rawValue == rawValue } ?? .other(rawValue)
    }

    private static let known: [ResourceType] = [.host, .floatingIP, .instance, .flavor, .network, .device]

    public var rawValue: String {
        switch self {
        case .host: "physical:host"
        case .floatingIP: "virtual:floatingip"
        case .instance: "virtual:instance"
        case .flavor: "flavor:instance"
        case .network: "network"
        case .device: "device"
        case .other(let word): word
        }
    }

    /// The short names that the command takes, beside Blazar's own.
    public static let shortNames: [(name: String, type: ResourceType)] = [
        ("node", .host), ("host", .host), ("fip", .floatingIP), ("floatingip", .floatingIP), ("instance", .instance),
        ("flavor", .flavor), ("network", .network), ("device", .device),
    ]

    /// Reads a short name (`node`, `fip`, …) or one of Blazar's own; anything else is taken as it is.
    public init(named text: String) {
        let short = Self.shortNames.first { $0.name == text.lowercased() }
        self = short?.type ?? ResourceType(rawValue: text)
    }

    public var description: String { rawValue }
}

/// Takes known fields out of a JSON object, one by one; what remains is kept as it came.
///
/// A known field whose value is not of the expected kind stays in the remainder, so that nothing the server said is
/// lost and nothing is made up.
struct FieldReader {
    private(set) var remainder: JSONObject

    init(_ object: JSONObject) { remainder = object }

    private mutating func take<Value>(_ key: String, _ convert: (JSONValue) -> Value?) -> Value? {
        guard let raw = remainder[key] else { return nil }
        if raw.isNull {
            _ = remainder.remove(key)
            return nil
        }
        guard let value = convert(raw) else { return nil }
        _ = remainder.remove(key)
        return value
    }

    mutating func string(_ key: String) -> String? { take(key, \.stringValue) }

    /// A string that is always there; empty if it is not. A `null` stays in the remainder: Chameleon gives one for the
    /// status of an event that was sent without, and it must not come back as an empty string.
    mutating func text(_ key: String) -> String {
        guard let raw = remainder[key], !raw.isNull else { return "" }
        return string(key) ?? ""
    }

    mutating func bool(_ key: String) -> Bool? { take(key, \.boolValue) }
    mutating func array(_ key: String) -> [JSONValue]? { take(key, \.arrayValue) }
    mutating func time(_ key: String) -> Timestamp? { take(key) { $0.stringValue.flatMap(Timestamp.init(parsing:)) } }
}

/// Why a JSON object is not a lease.
public struct LeaseDecodingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The lease, if it could be told.
    public let leaseID: String?
    /// The field at fault, for example `start_date` or `reservations[2].id`.
    public let field: String
    /// What is wrong with it.
    public let problem: String

    /// Makes an error about a field of a lease.
    public init(leaseID: String?, field: String, problem: String) {
        self.leaseID = leaseID
        self.field = field
        self.problem = problem
    }

    public var description: String { "lease \(leaseID ?? "(no id)"): \(field) \(problem)" }
}
