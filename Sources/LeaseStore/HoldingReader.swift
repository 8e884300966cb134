import GRDB
import GRDBSQLite
import LeaseModel

/// Makes holdings of the rows of a statement, one row for each reservation, those of a lease behind each other.
///
/// The columns are read with SQLite's own functions: GRDB's rows cost more than all the rest.
struct HoldingReader {
    /// The columns, in the order of ``Position``.
    static func columns(_ detail: HoldingDetail) -> String {
        """
        lease.lease_key, lease.scope_id, lease.project_id, lease.user_id, lease.status, lease.start_at, lease.end_at,
        lease.created_at, lease.observed_at, lease.gone, lease.gone_after, lease.gone_before,
        reservation.lease_key, reservation.resource_type, reservation.node_type, reservation.min_count,
        reservation.max_count, reservation.amount, reservation.missing_resources,
        \(detail.contains(.allocations) ? Self.allocatedCount : "NULL"),
        \(detail.contains(.names) ? "lease.id, lease.name" : "NULL, NULL")
        """
    }

    private enum Position {
        static let key: Int32 = 0
        static let scope: Int32 = 1
        static let project: Int32 = 2
        static let user: Int32 = 3
        static let status: Int32 = 4
        static let start: Int32 = 5
        static let end: Int32 = 6
        static let created: Int32 = 7
        static let observed: Int32 = 8
        static let gone: Int32 = 9
        static let goneAfter: Int32 = 10
        static let goneBefore: Int32 = 11
        static let reservation: Int32 = 12
        static let resourceType: Int32 = 13
        static let nodeType: Int32 = 14
        static let minimum: Int32 = 15
        static let maximum: Int32 = 16
        static let amount: Int32 = 17
        static let missing: Int32 = 18
        static let allocated: Int32 = 19
        static let id: Int32 = 20
        static let name: Int32 = 21
    }

    /// How many resources a reservation has, or had when a site last told: one that was replaced counts no more. Any
    /// scope may have been told: a member may not ask for what an administrator may.
    private static let allocatedCount = """
        (SELECT count(DISTINCT allocation.resource_id) FROM allocation
         WHERE allocation.reservation_id = reservation.id
         GROUP BY allocation.gone_before
         ORDER BY allocation.gone_before IS NOT NULL, allocation.gone_before DESC LIMIT 1)
        """

    private struct Place {
        let site: String
        let listedAt: Int64
    }

    private let statement: OpaquePointer
    private let mirror: MirrorReader
    private let places: [Int64: Place]
    private var pool = TextPool()
    /// The names of the projects and users, by the number of their id's text.
    private var names: [Int: (project: String?, user: String?)] = [:]
    private var states: RowsByLease<ObservedState>?
    private var events: RowsByLease<LeaseEvent>?
    private var lastKey: Int64?
    private var holding = LeaseHolding(
        id: "", name: "", site: "", scopeID: 0, projectID: "", userID: "", status: .pending,
        startsAt: Timestamp(secondsSince1970: 0), endsAt: Timestamp(secondsSince1970: 0),
        observedAt: Timestamp(secondsSince1970: 0), lastSeenAt: Timestamp(secondsSince1970: 0))

    init(
        _ statement: OpaquePointer, mirror: MirrorReader, states: RowsByLease<ObservedState>?,
        events: RowsByLease<LeaseEvent>?
    ) {
        self.statement = statement
        self.states = states
        self.events = events
        self.mirror = mirror
        places = mirror.scopes.mapValues { Place(site: $0.site, listedAt: $0.listedAt?.secondsSince1970 ?? .min) }
    }

    /// Takes the row that the statement stands on; hands over the lease before it once that is whole.
    mutating func row(_ each: (LeaseHolding) throws -> Void) throws {
        let key = sqlite3_column_int64(statement, Position.key)
        if key != lastKey {
            try finish(each)
            lastKey = key
            readLease()
            if let values = try states?.values(of: key) { holding.earlierStates = values }
            if let values = try events?.values(of: key) { holding.events = values }
        }
        if sqlite3_column_type(statement, Position.reservation) != SQLITE_NULL { readReservation() }
    }

    /// Hands over the last lease.
    mutating func finish(_ each: (LeaseHolding) throws -> Void) rethrows {
        guard lastKey != nil else { return }
        try each(holding)
    }

    private mutating func readLease() {
        let scope = sqlite3_column_int64(statement, Position.scope)
        let place = places[scope]
        let observed = sqlite3_column_int64(statement, Position.observed)
        holding.scopeID = scope
        holding.site = place?.site ?? ""
        (holding.projectID, holding.projectName) = person(Position.project) { $0.project }
        (holding.userID, holding.userName) = person(Position.user) { $0.user }
        holding.status = LeaseStatus(rawValue: text(Position.status) ?? "")
        holding.startsAt = Timestamp(secondsSince1970: sqlite3_column_int64(statement, Position.start))
        holding.endsAt = Timestamp(secondsSince1970: sqlite3_column_int64(statement, Position.end))
        holding.createdAt = integer(Position.created).map(Timestamp.init(secondsSince1970:))
        holding.departure = departure()
        holding.observedAt = Timestamp(secondsSince1970: observed)
        holding.lastSeenAt =
            holding.departure?.after ?? Timestamp(secondsSince1970: max(observed, place?.listedAt ?? observed))
        if let id = sqlite3_column_text(statement, Position.id) { holding.id = String(cString: id) }
        if let name = sqlite3_column_text(statement, Position.name) { holding.name = String(cString: name) }
        holding.reservations.removeAll(keepingCapacity: true)
    }

    private mutating func departure() -> Departure? {
        guard let reason = text(Position.gone).flatMap(Departure.Reason.init(rawValue:)) else { return nil }
        return Departure(
            reason: reason,
            after: Timestamp(secondsSince1970: sqlite3_column_int64(statement, Position.goneAfter)),
            before: Timestamp(secondsSince1970: sqlite3_column_int64(statement, Position.goneBefore)))
    }

    private mutating func readReservation() {
        holding.reservations.append(
            HeldReservation(
                resourceType: ResourceType(rawValue: text(Position.resourceType) ?? ""),
                nodeType: text(Position.nodeType), minimum: integer(Position.minimum).map(Int.init),
                maximum: integer(Position.maximum).map(Int.init), amount: integer(Position.amount).map(Int.init),
                allocated: integer(Position.allocated).map(Int.init),
                isMissingResources: sqlite3_column_int64(statement, Position.missing) != 0))
    }

    private func integer(_ column: Int32) -> Int64? {
        sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : sqlite3_column_int64(statement, column)
    }

    private mutating func text(_ column: Int32) -> String? { pool.number(statement, column).map { pool.texts[$0] } }

    private mutating func person(
        _ column: Int32, name: ((project: String?, user: String?)) -> String?
    ) -> (id: String, name: String?) {
        guard let number = pool.number(statement, column) else { return ("", nil) }
        let id = pool.texts[number]
        if let known = names[number] { return (id, name(known)) }
        let found = (project: mirror.projectName(id), user: mirror.userName(id))
        names[number] = found
        return (id, name(found))
    }
}
