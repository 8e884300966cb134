import GRDB
import GRDBSQLite
import LeaseModel

/// Reads the usage of leases, a range of keys at a time, with one connection.
///
/// Leases and reservations are read side by side in the same order, so that there is no lookup for each lease. The
/// columns are read with SQLite's own functions: GRDB's rows would cost more than everything else together.
struct UsageReader {
    private enum Position {
        static let key: Int32 = 0
        static let audience: Int32 = 1
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
        static let hasStarted: Int32 = 12
        static let id: Int32 = 13
        static let name: Int32 = 14
        static let user: Int32 = 15
        static let created: Int32 = 16
    }

    private static let hasStarted = """
        EXISTS (SELECT 1 FROM event WHERE event.lease_key = lease.lease_key AND event_type = 'start_lease'
            AND event.status = 'DONE')
        """

    private struct Place {
        let scope: Scope?
        let listedAt: Int64
    }

    private let database: Database
    private let leases: RowWalk
    private let detail: UsageDetail
    private let mirror: MirrorReader
    private let places: [Int64: Place]
    /// The audience of the last lease; most leases share it.
    private var place: (audience: Int64, Place)?
    private var pool = TextPool()
    /// The names of projects and users at the site of the last lease, by the number of their id's text.
    private var names: [(project: String?, user: String?)?] = []
    private var reservations: HeldReservationReader
    /// The filter for earlier reservations; `nil` if no lease has any.
    private let earlierFilter: LeaseFilter?
    private var usage = LeaseUsage(
        id: "", name: "", site: "", scopeID: 0, projectID: "", userID: "", status: .pending,
        startsAt: Timestamp(secondsSince1970: 0), endsAt: Timestamp(secondsSince1970: 0),
        observedAt: Timestamp(secondsSince1970: 0), lastSeenAt: Timestamp(secondsSince1970: 0))

    /// Prepares to read.
    ///
    /// - Parameters:
    ///   - database: the connection, in a transaction.
    ///   - filter: which leases, and which of their reservations.
    ///   - detail: the optional parts.
    /// - Throws: SQLite's error.
    init(_ database: Database, _ filter: LeaseFilter, detail: UsageDetail) throws {
        self.database = database
        self.detail = detail
        mirror = try MirrorReader(database, scopes: filter.scopes)
        let reader = mirror
        places = reader.audiences.all.keys.reduce(into: [:]) { places, audience in
            places[audience] = Place(
                scope: reader.scope(of: audience),
                listedAt: reader.audiences.listedAt(audience)?.secondsSince1970 ?? .min)
        }
        let query = LeaseQuery(filter)
        let haveChanged = try Bool.fetchOne(
            database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM lease_history WHERE held IS NOT NULL)"))
        earlierFilter = haveChanged == true ? filter : nil
        // The table is scanned: once a filter selects more than a twentieth of it, index lookups would take longer.
        leases = try RowWalk(
            database,
            sql: """
                SELECT
                    lease.lease_key, lease.audience_id, lease.project_id, lease.status, lease.start_at, lease.end_at,
                    lease.observed_at, lease.last_seen_at, lease.gone, lease.gone_after, lease.gone_before,
                    lease.gone_unconfirmed, iif(lease.status = 'ERROR', \(Self.hasStarted), 0)
                    \(detail.contains(.names) ? ", lease.id, lease.name, lease.user_id, lease.created_at" : "")
                FROM lease NOT INDEXED
                WHERE \(query.condition) AND lease.lease_key BETWEEN ? AND ?
                ORDER BY lease.lease_key
                """, arguments: query.arguments)
        reservations = try HeldReservationReader(database, filter, readsKinds: detail.contains(.kinds))
    }

    /// Passes on the leases whose keys lie in a range, in order.
    ///
    /// - Parameters:
    ///   - keys: the range.
    ///   - each: receives a lease.
    /// - Returns: the number of leases.
    /// - Throws: SQLite's error, or what `each` throws.
    @discardableResult
    mutating func read(_ keys: ClosedRange<Int64>, _ each: (LeaseUsage) throws -> Void) throws -> Int {
        var states = try detail.contains(.states) ? RowsByLease(states: database, keys) : nil
        var changed = try earlierFilter.map { try RowsByLease(changedReservations: database, keys, $0) }
        var events = try detail.contains(.events) ? RowsByLease(startsAndEnds: database, keys) : nil
        try leases.begin(keys)
        try reservations.begin(keys)
        defer {
            leases.end()
            reservations.end()
        }
        var count = 0
        while try leases.step() {
            let key = leases.integer(Position.key)
            readLease()
            try reservations.read(of: key, into: &usage.reservations)
            if let values = try states?.values(of: key) { usage.earlierStates = values }
            if let values = try changed?.values(of: key) { usage.earlierReservations = values }
            if let values = try events?.values(of: key) { usage.events = values }
            try each(usage)
            count += 1
        }
        return count
    }

    private mutating func readLease() {
        let audience = leases.integer(Position.audience)
        if place?.audience != audience {
            let next = places[audience]
            if place?.1.scope?.siteID != next?.scope?.siteID { names.removeAll(keepingCapacity: true) }
            place = next.map { (audience, $0) }
        }
        let observed = leases.integer(Position.observed)
        usage.scopeID = place?.1.scope?.id ?? 0
        usage.site = place?.1.scope?.site ?? ""
        (usage.projectID, usage.projectName) = person(Position.project) { $0.project }
        usage.status = LeaseStatus(rawValue: pool.text(leases.statement, Position.status) ?? "")
        usage.hasStarted = leases.integer(Position.hasStarted) != 0
        usage.startsAt = Timestamp(secondsSince1970: leases.integer(Position.start))
        usage.endsAt = Timestamp(secondsSince1970: leases.integer(Position.end))
        usage.removal = removal()
        usage.observedAt = Timestamp(secondsSince1970: observed)
        usage.lastSeenAt =
            usage.removal?.after
            ?? Timestamp(secondsSince1970: max(leases.integer(Position.lastSeen), place?.1.listedAt ?? observed))
        if detail.contains(.names) {
            (usage.userID, usage.userName) = person(Position.user) { $0.user }
            usage.createdAt = leases.optional(Position.created).map(Timestamp.init(secondsSince1970:))
            usage.id = leases.text(Position.id) ?? ""
            usage.name = leases.text(Position.name) ?? ""
        }
    }

    private mutating func removal() -> Removal? {
        guard leases.isPresent(Position.gone),
            let reason = pool.text(leases.statement, Position.gone).flatMap(Removal.Reason.init(rawValue:))
        else { return nil }
        return Removal(
            reason: leases.integer(Position.goneUnconfirmed) != 0 ? .unlisted : reason,
            after: Timestamp(secondsSince1970: leases.integer(Position.goneAfter)),
            before: Timestamp(secondsSince1970: leases.integer(Position.goneBefore)))
    }

    private mutating func person(
        _ column: Int32, name: ((project: String?, user: String?)) -> String?
    ) -> (id: String, name: String?) {
        guard let number = pool.number(leases.statement, column) else { return ("", nil) }
        let id = pool.texts[number]
        while names.count <= number { names.append(nil) }
        if let known = names[number] { return (id, name(known)) }
        let site = place?.1.scope?.siteID ?? 0
        let found = (project: mirror.projectName(id, site: site), user: mirror.userName(id, site: site))
        names[number] = found
        return (id, name(found))
    }
}
