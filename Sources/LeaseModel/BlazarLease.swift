/// A lease as Blazar describes it, with its reservations and events. It is a plain value; `Lease` is the class to work
/// with.
///
/// Two leases are equal if they have the same content, in whatever order the server listed their parts.
public struct BlazarLease: Sendable, Hashable, Identifiable {
    /// Blazar's identifier, a UUID in every release so far; unique at a site.
    public var id: String
    /// The name its owner gave it; not unique.
    public var name: String
    /// The Keystone id of the user who created it.
    public var userID: String
    /// The Keystone id of the project it belongs to.
    public var projectID: String
    /// When it starts, or started.
    public var startsAt: Timestamp
    /// When it ends, or ended.
    public var endsAt: Timestamp
    /// Its status.
    public var status: LeaseStatus
    /// Whether Blazar had to replace or remove reserved resources.
    public var isDegraded: Bool?
    /// The Keystone trust that Blazar acts under (an identifier, not a secret).
    public var trustID: String?
    /// When it was created.
    public var createdAt: Timestamp?
    /// When Blazar last changed it.
    public var updatedAt: Timestamp?
    /// Its reservations, sorted by id.
    public var reservations: [Reservation] { didSet { reservations.sort(by: Reservation.precedes) } }
    /// Its events, sorted by time.
    public var events: [LeaseEvent] { didSet { events.sort(by: LeaseEvent.precedes) } }
    /// All other fields the server sent, unchanged.
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
    /// Decodes a lease from Blazar's JSON.
    ///
    /// Only `id`, `start_date` and `end_date` are required; they must be valid. Fields that are unknown, or whose
    /// values have an unexpected type, are kept in ``extra``.
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

    /// Encodes this lease as Blazar writes it, including unknown fields.
    ///
    /// - Parameter times: the format of dates.
    /// - Returns: the object. Decoding it gives an equal lease.
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

/// How dates are written in JSON.
public enum TimeFormat: Sendable {
    /// As Blazar writes them: `2026-11-22T17:14:00.000000`, but `2026-11-22 16:14:56` for `created_at` and
    /// `updated_at`.
    case blazar
    /// ISO 8601 in UTC: `2026-11-22T17:14:00Z`.
    case iso8601

    func date(_ time: Timestamp) -> String { self == .blazar ? time.blazarDate : time.iso8601 }
    func record(_ time: Timestamp) -> String { self == .blazar ? time.blazarRecord : time.iso8601 }
}

/// An event of a lease: `start_lease`, `end_lease`, `before_end_lease`, or one that a client added.
public struct LeaseEvent: Sendable, Hashable, Identifiable {
    /// Blazar's identifier.
    public var id: String
    /// The lease it belongs to.
    public var leaseID: String?
    /// Its type.
    public var eventType: String
    /// When it is due; `nil` for some events that a client added.
    public var time: Timestamp?
    /// Its status.
    public var status: EventStatus
    /// When it was created.
    public var createdAt: Timestamp?
    /// When Blazar last changed it. For an event that is done, this is when it was done.
    public var updatedAt: Timestamp?
    /// All other fields the server sent, unchanged.
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

    /// Decodes an event from Blazar's JSON; `nil` if it has no id.
    public init?(json object: JSONObject) {
        var reader = FieldReader(object)
        guard let id = reader.string("id"), !id.isEmpty else { return nil }
        self.init(
            id: id, leaseID: reader.string("lease_id"), eventType: reader.text("event_type"),
            time: reader.time("time"), status: EventStatus(rawValue: reader.text("status")),
            createdAt: reader.time("created_at"), updatedAt: reader.time("updated_at"))
        extra = reader.remainder
    }

    /// Encodes this event as Blazar writes it.
    public func json(times: TimeFormat = .blazar) -> JSONObject {
        var object: JSONObject = [
            "id": .string(id), "lease_id": JSONValue(leaseID), "event_type": .string(eventType),
            "time": JSONValue(time.map(times.date)), "status": .string(status.rawValue),
            "created_at": JSONValue(createdAt.map(times.record)), "updated_at": JSONValue(updatedAt.map(times.record)),
        ]
        object.merge(extra)
        return object
    }

    /// The order of a lease's events: by time, those without a time first. Blazar keeps no order.
    static func precedes(_ left: LeaseEvent, _ right: LeaseEvent) -> Bool {
        let leftTime = left.time?.secondsSince1970 ?? .min
        let rightTime = right.time?.secondsSince1970 ?? .min
        return (leftTime, left.eventType, left.id) < (rightTime, right.eventType, right.id)
    }
}

/// A lease's status as Blazar gives it. Unknown values are kept.
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

    /// A local status: the lease exists only in the queue.
    public static let queued = LeaseStatus(rawValue: "QUEUED")

    /// A local status: the creation of the lease waits for room.
    public static let waiting = LeaseStatus(rawValue: "WAITING")

    /// A local status: the queued creation of the lease was refused.
    public static let rejected = LeaseStatus(rawValue: "REJECTED")

    /// A local status: the lease is no longer listed because somebody deleted it.
    public static let deleted = LeaseStatus(rawValue: "DELETED")

    /// Every status that Blazar is known to use, in the order of a lease's life.
    public static let known: [LeaseStatus] = [
        .creating, .pending, .starting, .active, .updating, .terminating, .terminated, .deleting, .error,
    ]

    /// Whether Blazar leaves this status on its own after a while, so that the lease is worth reading again.
    public var isTransient: Bool {
        switch self {
        case .creating, .starting, .updating, .terminating, .deleting: true
        default: false
        }
    }

    public var description: String { rawValue }
}

/// A reservation's status: `pending`, `active`, `deleted`, `error`, or any other value of Blazar's.
public struct ReservationStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let pending = ReservationStatus(rawValue: "pending")
    public static let active = ReservationStatus(rawValue: "active")
    public static let deleted = ReservationStatus(rawValue: "deleted")
    public static let error = ReservationStatus(rawValue: "error")

    /// A local status: the reservation exists only in the queue.
    public static let queued = ReservationStatus(rawValue: "queued")
    /// A local status: the lease has not been submitted.
    public static let requested = ReservationStatus(rawValue: "requested")

    public var description: String { rawValue }
}

/// An event's status: `UNDONE`, `IN_PROGRESS`, `DONE`, `ERROR`, or any other value of Blazar's.
public struct EventStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let undone = EventStatus(rawValue: "UNDONE")
    public static let inProgress = EventStatus(rawValue: "IN_PROGRESS")
    public static let done = EventStatus(rawValue: "DONE")
    public static let error = EventStatus(rawValue: "ERROR")

    public var description: String { rawValue }
}

/// What a reservation is for: Blazar's `resource_type`.
public enum ResourceType: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// Whole hosts ("nodes" in python-chi).
    case host
    /// Floating IP addresses.
    case floatingIP
    /// Instances whose size the reservation gives.
    case instance
    /// Instances of an existing Nova flavor.
    case flavor
    /// Networks (Chameleon).
    case network
    /// Edge devices (Chameleon).
    case device
    /// A type that this program does not know, by Blazar's name for it.
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

    /// The short names that the command accepts besides Blazar's own.
    public static let shortNames: [(name: String, type: ResourceType)] = [
        ("node", .host), ("host", .host), ("fip", .floatingIP), ("floatingip", .floatingIP), ("instance", .instance),
        ("flavor", .flavor), ("network", .network), ("device", .device),
    ]

    /// Makes a type from a short name (`node`, `fip`, …) or one of Blazar's own. Any other text is kept as it is.
    public init(named text: String) {
        let short = Self.shortNames.first { $0.name == text.lowercased() }
        self = short?.type ?? ResourceType(rawValue: text)
    }

    /// What one resource of the type is called: `host`, `floating IP`.
    package var noun: String {
        switch self {
        case .host: "host"
        case .device: "device"
        case .floatingIP: "floating IP"
        case .instance, .flavor: "instance"
        case .network: "network"
        case .other(let word): word
        }
    }

    /// Whether `free`, `find-slot` and waiting creations can tell when resources of the type are free.
    package var hasCalendar: Bool {
        switch self {
        case .host, .device, .floatingIP, .flavor: true
        case .instance, .network, .other: false
        }
    }

    /// A number of such resources: `1 host`, `2 floating IPs`.
    package func counted(_ number: Int) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    public var description: String { rawValue }
}

/// Takes known fields out of a JSON object, one by one. The rest is kept unchanged.
///
/// A known field whose value has an unexpected type stays in the remainder, so that nothing from the server is lost and
/// nothing is invented.
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

    /// A string that every object should have; empty if it is missing. A `null` stays in the remainder: Chameleon
    /// returns `null` as the status of an event that was sent without one, and it must not become an empty string.
    mutating func text(_ key: String) -> String {
        guard let raw = remainder[key], !raw.isNull else { return "" }
        return string(key) ?? ""
    }

    mutating func bool(_ key: String) -> Bool? { take(key, \.boolValue) }
    mutating func array(_ key: String) -> [JSONValue]? { take(key, \.arrayValue) }
    mutating func time(_ key: String) -> Timestamp? { take(key) { $0.stringValue.flatMap(Timestamp.init(parsing:)) } }
}

/// Why a JSON object cannot be decoded as a lease.
public struct LeaseDecodingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The lease's id, if it could be read.
    public let leaseID: String?
    /// The invalid field, for example `start_date` or `reservations[2].id`.
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
