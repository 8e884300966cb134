import LeaseModel

/// A lease as the model's cloud stores it.
struct LeaseRecord: Sendable {
    let id: String
    var name: String
    var userID: String
    var projectID: String
    var trustID: String
    var startsAt: Timestamp
    var endsAt: Timestamp
    var status: LeaseStatus
    var createdAt: Timestamp
    var updatedAt: Timestamp?
    var reservations: [ReservationRecord] = []
    var events: [EventRecord] = []
    /// The lease as JSON, until something changes it.
    var encoded: [UInt8]?

    var window: Window { Window(start: startsAt, end: endsAt) }

    /// The event of a type that Blazar would find; if there are two, either.
    func event(_ type: String) -> EventRecord? { events.first { $0.type == type } }
}

/// A time during which something is reserved.
struct Window: Sendable, Equatable {
    var start: Timestamp
    var end: Timestamp

    func overlaps(_ other: Window) -> Bool { start < other.end && other.start < end }
    /// Whether the two share at least a moment, as Blazar's SQL compares them.
    func touches(_ other: Window) -> Bool { start <= other.end && other.start <= end }
}

/// An event of a lease.
struct EventRecord: Sendable {
    var id: String
    let leaseID: String
    var type: String?
    var time: Timestamp?
    var status: EventStatus?
    var createdAt: Timestamp
    var updatedAt: Timestamp?
}

/// A reservation of a lease.
struct ReservationRecord: Sendable {
    let id: String
    let leaseID: String
    let type: String
    var resourceID: String?
    var status: ReservationStatus = .pending
    var createdAt: Timestamp
    var updatedAt: Timestamp?
    var detail: ReservationDetail = .none
}

/// What a reservation's type adds.
enum ReservationDetail: Sendable {
    /// Nothing, or nothing that Blazar shows: `virtual:dummy`, and Chameleon's `network`.
    case none
    case host(HostReservation)
    case device(HostReservation)
    case floatingIP(networkID: String, amount: Int, required: [String])
    case instance(InstanceReservation)
}

/// Hosts or devices: a minimum and a maximum of those that match.
struct HostReservation: Sendable {
    var minimum: Int
    var maximum: Int
    /// A string, or `null`.
    var hypervisorProperties: JSONValue
    /// A string, or `null`.
    var resourceProperties: JSONValue
    var beforeEnd: String
}

/// Instances of a size, or of a flavor.
struct InstanceReservation: Sendable {
    var vcpus: Int
    var memoryMB: Int
    var diskGB: Int
    var amount: Int
    var affinity: Bool?
    /// The requirements for the host; for a flavor reservation, the flavor itself.
    var resourceProperties: JSONValue
    var aggregateID: Int
    var serverGroupID: String?
    let isOfFlavor: Bool
}

struct LeaseTable: Sendable {
    private(set) var records: [String: LeaseRecord] = [:]
    /// The order of the list: by id, which is not the order of creation.
    private(set) var order: [String] = []

    var count: Int { order.count }

    subscript(id: String) -> LeaseRecord? { records[id] }

    mutating func insert(_ lease: LeaseRecord) {
        let position = Self.position(of: lease.id, in: order)
        records[lease.id] = lease
        order.insert(lease.id, at: position)
    }

    /// Adds leases to an empty table.
    mutating func fill(_ leases: [LeaseRecord]) {
        for lease in leases { records[lease.id] = lease }
        order = records.keys.sorted()
    }

    mutating func remove(_ id: String) {
        guard records.removeValue(forKey: id) != nil else { return }
        order.remove(at: Self.position(of: id, in: order))
    }

    /// Changes a lease in place, and drops its cached JSON.
    mutating func change(_ id: String, _ body: (inout LeaseRecord) -> Void) {
        guard let index = records.index(forKey: id) else { return }
        records.values[index].encoded = nil
        body(&records.values[index])
    }

    /// The lease as JSON, cached until something changes it.
    mutating func encoded(_ id: String, _ encode: (LeaseRecord) -> [UInt8]) -> [UInt8] {
        guard let index = records.index(forKey: id) else { return [] }
        if let kept = records.values[index].encoded { return kept }
        let bytes = encode(records.values[index])
        records.values[index].encoded = bytes
        return bytes
    }

    private static func position(of id: String, in order: [String]) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
