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
