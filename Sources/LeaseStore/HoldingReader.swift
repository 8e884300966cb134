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
        lease.lease_key, lease.scope_id, lease.project_id, lease.status, lease.start_at, lease.end_at,
        lease.observed_at, lease.last_seen_at, lease.gone, lease.gone_after, lease.gone_before, lease.gone_unconfirmed,
        reservation.lease_key, reservation.resource_type, reservation.node_type, reservation.min_count,
        reservation.max_count, reservation.amount, reservation.missing_resources,
        \(detail.contains(.allocations) ? Self.allocatedCount : "NULL"),
        \(detail.contains(.names) ? "lease.id, lease.name, lease.user_id, lease.created_at" : "NULL")
        """
    }

    private enum Position {
        static let key: Int32 = 0
        static let scope: Int32 = 1
        static let project: Int32 = 2
        static let status: Int32 = 3
        static let start: Int32 = 4
        static let end: Int32 = 5
        static let observed: Int32 = 6
        static let lastSeen: Int32 = 7
        static let gone: Int32 = 8
        static let goneAfter: Int32 = 9
        static let goneBefore: Int32 = 10
        static let goneUnconfirmed: Int32 = 11
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
        static let user: Int32 = 22
        static let created: Int32 = 23
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
    private let detail: HoldingDetail
    private let mirror: MirrorReader
    private let places: [Int64: Place]
    /// The scope of the last lease, which most share.
    private var place: (scope: Int64, Place)?
    private var pool = TextPool()
    /// The names of the projects and users, by the number of their id's text.
    private var names: [(project: String?, user: String?)?] = []
    private var states: RowsByLease<ObservedState>?
    private var events: RowsByLease<LeaseEvent>?
    private var lastKey: Int64?
    private var holding = LeaseHolding(
        id: "", name: "", site: "", scopeID: 0, projectID: "", userID: "", status: .pending,
        startsAt: Timestamp(secondsSince1970: 0), endsAt: Timestamp(secondsSince1970: 0),
        observedAt: Timestamp(secondsSince1970: 0), lastSeenAt: Timestamp(secondsSince1970: 0))

    init(
        _ statement: OpaquePointer, detail: HoldingDetail, mirror: MirrorReader, states: RowsByLease<ObservedState>?,
        events: RowsByLease<LeaseEvent>?
    ) {
        self.statement = statement
        self.detail = detail
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
        // Without a reservation it is NULL, which reads as 0.
        if sqlite3_column_int64(statement, Position.reservation) != 0 { readReservation() }
    }

    /// Hands over the last lease.
    mutating func finish(_ each: (LeaseHolding) throws -> Void) rethrows {
        guard lastKey != nil else { return }
        try each(holding)
    }

    private mutating func readLease() {
        let scope = sqlite3_column_int64(statement, Position.scope)
        if place?.scope != scope { place = places[scope].map { (scope, $0) } }
        let observed = sqlite3_column_int64(statement, Position.observed)
        holding.scopeID = scope
        holding.site = place?.1.site ?? ""
        (holding.projectID, holding.projectName) = person(Position.project) { $0.project }
        holding.status = LeaseStatus(rawValue: text(Position.status) ?? "")
        holding.startsAt = Timestamp(secondsSince1970: sqlite3_column_int64(statement, Position.start))
        holding.endsAt = Timestamp(secondsSince1970: sqlite3_column_int64(statement, Position.end))
        holding.departure = departure()
        holding.observedAt = Timestamp(secondsSince1970: observed)
        holding.lastSeenAt =
            holding.departure?.after
            ?? Timestamp(
                secondsSince1970: integer(Position.lastSeen) ?? max(observed, place?.1.listedAt ?? observed))
        if detail.contains(.names) {
            (holding.userID, holding.userName) = person(Position.user) { $0.user }
            holding.createdAt = integer(Position.created).map(Timestamp.init(secondsSince1970:))
            holding.id = sqlite3_column_text(statement, Position.id).map { String(cString: $0) } ?? ""
            holding.name = sqlite3_column_text(statement, Position.name).map { String(cString: $0) } ?? ""
        }
        holding.reservations.removeAll(keepingCapacity: true)
    }

    private mutating func departure() -> Departure? {
        guard sqlite3_column_type(statement, Position.gone) != SQLITE_NULL,
            let reason = text(Position.gone).flatMap(Departure.Reason.init(rawValue:))
        else { return nil }
        return Departure(
            reason: sqlite3_column_int64(statement, Position.goneUnconfirmed) != 0 ? .unlisted : reason,
            after: Timestamp(secondsSince1970: sqlite3_column_int64(statement, Position.goneAfter)),
            before: Timestamp(secondsSince1970: sqlite3_column_int64(statement, Position.goneBefore)))
    }

    private mutating func readReservation() {
        holding.reservations.append(
            HeldReservation(
                resourceType: ResourceType(rawValue: text(Position.resourceType) ?? ""),
                nodeType: text(Position.nodeType), minimum: integer(Position.minimum).map(Int.init),
                maximum: integer(Position.maximum).map(Int.init), amount: integer(Position.amount).map(Int.init),
                allocated: detail.contains(.allocations) ? integer(Position.allocated).map(Int.init) : nil,
                isMissingResources: sqlite3_column_int64(statement, Position.missing) != 0))
    }

    private func integer(_ column: Int32) -> Int64? {
        let value = sqlite3_column_int64(statement, column)
        // NULL reads as 0, which is rare otherwise.
        return value == 0 && sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : value
    }

    private mutating func text(_ column: Int32) -> String? { pool.number(statement, column).map { pool.texts[$0] } }

    private mutating func person(
        _ column: Int32, name: ((project: String?, user: String?)) -> String?
    ) -> (id: String, name: String?) {
        guard let number = pool.number(statement, column) else { return ("", nil) }
        let id = pool.texts[number]
        while names.count <= number { names.append(nil) }
        if let known = names[number] { return (id, name(known)) }
        let found = (project: mirror.projectName(id), user: mirror.userName(id))
        names[number] = found
        return (id, name(found))
    }
}
