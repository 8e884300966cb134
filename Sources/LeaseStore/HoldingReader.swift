import GRDB
import GRDBSQLite
import LeaseModel

/// Reads what leases held, a stretch of the table of leases at a time, with one connection.
///
/// Leases and reservations are two walks side by side, both in the order of the leases, so that no lease has to look its
/// reservations up. The columns are read with SQLite's own functions: GRDB's rows cost more than all the rest.
struct HoldingReader {
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
        static let hasStarted: Int32 = 12
        static let isShared: Int32 = 13
        static let id: Int32 = 14
        static let name: Int32 = 15
        static let user: Int32 = 16
        static let created: Int32 = 17
    }

    private static let hasStarted = """
        EXISTS (SELECT 1 FROM event WHERE event.lease_key = lease.lease_key AND event_type = 'start_lease'
            AND event.status = 'DONE')
        """

    private struct Place {
        let site: String
        let listedAt: Int64
    }

    private let database: Database
    private let leases: RowWalk
    private let detail: HoldingDetail
    private let mirror: MirrorReader
    private let places: [Int64: Place]
    /// The scope of the last lease, which most share.
    private var place: (scope: Int64, Place)?
    private var pool = TextPool()
    /// The names of the projects and users, by the number of their id's text.
    private var names: [(project: String?, user: String?)?] = []
    private var reservations: HeldReservationReader
    /// What other scopes saw of the leases, if the earlier states are wanted and there may be any.
    private var shared: SharedHistory?
    private var holding = LeaseHolding(
        id: "", name: "", site: "", scopeID: 0, projectID: "", userID: "", status: .pending,
        startsAt: Timestamp(secondsSince1970: 0), endsAt: Timestamp(secondsSince1970: 0),
        observedAt: Timestamp(secondsSince1970: 0), lastSeenAt: Timestamp(secondsSince1970: 0))

    /// Prepares to read.
    ///
    /// - Parameters:
    ///   - database: the connection, in a transaction.
    ///   - filter: which leases; its types leave out the other reservations of a lease as well.
    ///   - detail: what else is wanted.
    /// - Throws: SQLite's error.
    init(_ database: Database, _ filter: LeaseFilter, detail: HoldingDetail) throws {
        self.database = database
        self.detail = detail
        mirror = try MirrorReader(database)
        places = mirror.scopes.mapValues { Place(site: $0.site, listedAt: $0.listedAt?.secondsSince1970 ?? .min) }
        let query = LeaseQuery(filter, sitesAreShared: mirror.sitesAreShared)
        shared =
            detail.contains(.states) && mirror.sitesAreShared
            ? SharedHistory(database, mirror, scopes: filter.scopes) : nil
        // The table is walked from end to end: to look rows up in an index one by one would take longer from a twentieth
        // of them on.
        leases = try RowWalk(
            database,
            sql: """
                SELECT
                    lease.lease_key, lease.scope_id, lease.project_id, lease.status, lease.start_at, lease.end_at,
                    lease.observed_at, lease.last_seen_at, lease.gone, lease.gone_after, lease.gone_before,
                    lease.gone_unconfirmed, iif(lease.status = 'ERROR', \(Self.hasStarted), 0),
                    \(shared?.condition ?? "0")
                    \(detail.contains(.names) ? ", lease.id, lease.name, lease.user_id, lease.created_at" : "")
                FROM lease NOT INDEXED
                \(query.needsScope ? "CROSS JOIN scope ON scope.scope_id = lease.scope_id" : "")
                WHERE \(query.condition) AND lease.lease_key BETWEEN ? AND ?
                ORDER BY lease.lease_key
                """, arguments: query.arguments)
        reservations = try HeldReservationReader(database, filter, readsKinds: detail.contains(.kinds))
    }

    /// Hands over the leases whose keys lie in a range, in the order of their keys.
    ///
    /// - Parameters:
    ///   - keys: the range.
    ///   - each: takes a lease.
    /// - Returns: how many there were.
    /// - Throws: SQLite's error, or what `each` throws.
    @discardableResult
    mutating func read(_ keys: ClosedRange<Int64>, _ each: (LeaseHolding) throws -> Void) throws -> Int {
        var states = try detail.contains(.states) ? RowsByLease(states: database, keys) : nil
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
            try reservations.read(of: key, into: &holding.reservations)
            if let values = try states?.values(of: key) { holding.earlierStates = values }
            if shared != nil, leases.integer(Position.isShared) != 0, let versions = try shared?.outline(of: key) {
                holding.takeStates(of: versions)
            }
            if let values = try events?.values(of: key) { holding.events = values }
            try each(holding)
            count += 1
        }
        return count
    }

    private mutating func readLease() {
        let scope = leases.integer(Position.scope)
        if place?.scope != scope { place = places[scope].map { (scope, $0) } }
        let observed = leases.integer(Position.observed)
        holding.scopeID = scope
        holding.site = place?.1.site ?? ""
        (holding.projectID, holding.projectName) = person(Position.project) { $0.project }
        holding.status = LeaseStatus(rawValue: pool.text(leases.statement, Position.status) ?? "")
        holding.hasStarted = leases.integer(Position.hasStarted) != 0
        holding.startsAt = Timestamp(secondsSince1970: leases.integer(Position.start))
        holding.endsAt = Timestamp(secondsSince1970: leases.integer(Position.end))
        holding.departure = departure()
        holding.observedAt = Timestamp(secondsSince1970: observed)
        holding.lastSeenAt =
            holding.departure?.after
            ?? Timestamp(
                secondsSince1970: leases.optional(Position.lastSeen)
                    ?? max(observed, place?.1.listedAt ?? observed))
        if detail.contains(.names) {
            (holding.userID, holding.userName) = person(Position.user) { $0.user }
            holding.createdAt = leases.optional(Position.created).map(Timestamp.init(secondsSince1970:))
            holding.id = leases.text(Position.id) ?? ""
            holding.name = leases.text(Position.name) ?? ""
        }
    }

    private mutating func departure() -> Departure? {
        guard leases.isPresent(Position.gone),
            let reason = pool.text(leases.statement, Position.gone).flatMap(Departure.Reason.init(rawValue:))
        else { return nil }
        return Departure(
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
        let found = (project: mirror.projectName(id), user: mirror.userName(id))
        names[number] = found
        return (id, name(found))
    }
}

extension LeaseHolding {
    /// Puts what all scopes of the site saw in the place of what the one did that counts.
    fileprivate mutating func takeStates(of versions: [LeaseVersion]) {
        var earlier = versions
        if let last = versions.last, isPresent(last) {
            earlier.removeLast()
            if departure == nil { observedAt = last.observedAt }
        }
        earlierStates = earlier.map { version in
            ObservedState(
                status: version.lease.status, startsAt: version.lease.startsAt, endsAt: version.lease.endsAt,
                observedAt: version.observedAt, lastSeenAt: version.lastSeenAt,
                observedUntil: version.observedUntil ?? version.lastSeenAt, isGone: version.departure != nil)
        }
    }

    /// Whether the last state is the one that the lease is in: of what two scopes saw within one second, it may be the
    /// other one.
    private func isPresent(_ last: LeaseVersion) -> Bool {
        guard departure == nil, last.departure == nil else { return departure != nil && last.departure != nil }
        return last.lease.status == status && last.lease.startsAt == startsAt && last.lease.endsAt == endsAt
    }
}
