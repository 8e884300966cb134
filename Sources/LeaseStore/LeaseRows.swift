import GRDB
import LeaseModel

/// Turns rows of the mirror into leases.
enum LeaseRows {
    /// The leases of some rows, in the order of their keys, with reservations and events.
    static func leases(_ database: Database, keys: some Collection<Int64>) throws -> [(
        key: Int64, row: Row, lease: BlazarLease
    )] {
        let list = keys.map(String.init).joined(separator: ",")
        var reservations: [Int64: [Reservation]] = [:]
        let reservationRows = try Row.fetchCursor(
            database, sql: "SELECT \(Reservation.columns) FROM reservation WHERE lease_key IN (\(list))")
        while let row = try reservationRows.next() {
            reservations[row[0], default: []].append(Reservation(row: row))
        }
        var events: [Int64: [LeaseEvent]] = [:]
        let eventRows = try Row.fetchCursor(
            database, sql: "SELECT \(LeaseEvent.columns) FROM event WHERE lease_key IN (\(list))")
        while let row = try eventRows.next() {
            events[row[0], default: []].append(LeaseEvent(row: row))
        }
        var rows: [Int64: Row] = [:]
        let leaseRows = try Row.fetchCursor(database, sql: "SELECT * FROM lease WHERE lease_key IN (\(list))")
        while let row = try leaseRows.next() { rows[row["lease_key"]] = row.copy() }
        return keys.compactMap { key in
            guard let row = rows[key] else { return nil }
            let lease = BlazarLease(row: row, reservations: reservations[key] ?? [], events: events[key] ?? [])
            return (key, row, lease)
        }
    }

    /// Parses a JSON column, which this module wrote; anything else becomes an empty object.
    static func object(_ text: String?) -> JSONObject {
        guard let text, let object = try? JSONValue(parsing: text).objectValue else { return [:] }
        return object
    }

    /// The text of an object for a JSON column; `nil` for an empty object.
    static func text(_ object: JSONObject) -> String? {
        object.isEmpty ? nil : JSONValue.object(object).text()
    }
}

extension BlazarLease {
    init(row: Row, reservations: [Reservation], events: [LeaseEvent]) {
        let id: String = row["id"]
        var extra = LeaseRows.object(row["extra"])
        extra[PartialObservations.key] = nil
        func owned(_ reservation: Reservation) -> Reservation {
            var reservation = reservation
            reservation.leaseID = id
            return reservation
        }
        func owned(_ event: LeaseEvent) -> LeaseEvent {
            var event = event
            event.leaseID = id
            return event
        }
        self.init(
            id: id, name: row["name"], userID: row["user_id"], projectID: row["project_id"],
            startsAt: Timestamp(secondsSince1970: row["start_at"]), endsAt: Timestamp(secondsSince1970: row["end_at"]),
            status: LeaseStatus(rawValue: row["status"]), isDegraded: row["degraded"], trustID: row["trust_id"],
            createdAt: row.time("created_at"), updatedAt: row.time("updated_at"),
            reservations: reservations.map(owned), events: events.map(owned), extra: extra)
    }
}

// By position: GRDB compares the name of a column with each column's, ignoring case, for every row.
extension Reservation {
    fileprivate static let columns = """
        lease_key, id, resource_id, resource_type, status, missing_resources, resources_changed, created_at, updated_at,
        fields
        """

    fileprivate init(row: Row) {
        self.init(
            id: row[1], resourceID: row[2], resourceType: ResourceType(rawValue: row[3]),
            status: ReservationStatus(rawValue: row[4]), isMissingResources: row[5], areResourcesChanged: row[6],
            createdAt: row.time(at: 7), updatedAt: row.time(at: 8), fields: LeaseRows.object(row[9]))
    }
}

extension LeaseEvent {
    fileprivate static let columns = "lease_key, id, event_type, time_at, status, created_at, updated_at, extra"

    /// Reads a row of ``columns``, in their order.
    init(row: Row) {
        self.init(
            id: row[1], eventType: row[2], time: row.time(at: 3), status: EventStatus(rawValue: row[4]),
            createdAt: row.time(at: 5), updatedAt: row.time(at: 6), extra: LeaseRows.object(row[7]))
    }
}

extension Row {
    fileprivate func time(at position: Int) -> Timestamp? {
        (self[position] as Int64?).map(Timestamp.init(secondsSince1970:))
    }
}

/// What drafts asked of networks. Chameleon's leases report neither the names of networks nor their properties, so
/// these come from the creation.
struct DraftedNetworks {
    let database: Database

    /// Adds the draft's fields to the network reservations of a lease that was created here. If the draft asked for
    /// several different networks, there is no telling which is which, and nothing is added.
    func complete(_ lease: inout BlazarLease, site: Int64) throws {
        let networks = lease.reservations.indices.filter { index in
            let reservation = lease.reservations[index]
            return reservation.resourceType == .network && reservation.fields["network_name"] == nil
        }
        guard !networks.isEmpty else { return }
        let body = try String.fetchOne(
            database.cachedStatement(
                sql: "SELECT body FROM mutation WHERE lease_id = ? AND site_id = ? AND verb = 'create'"),
            arguments: [lease.id, site])
        let drafted = (LeaseRows.object(body)["reservations"]?.arrayValue ?? []).compactMap(\.objectValue).filter {
            $0["resource_type"]?.stringValue == ResourceType.network.rawValue
        }
        guard drafted.count == networks.count, let fields = drafted.first, drafted.allSatisfy({ $0 == fields }) else {
            return
        }
        for index in networks {
            for (name, value) in fields.members
            where name != "resource_type" && lease.reservations[index].fields[name] == nil {
                lease.reservations[index].fields[name] = value
            }
        }
    }
}
