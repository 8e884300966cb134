import GRDB
package import LeaseModel

extension LeaseStore {
    /// Who holds which resources when. Only the holds of the requested resources and period are read.
    ///
    /// Of each site, the scope answers that read the allocations last.
    ///
    /// - Returns: the resources and holds, without what the queue would change.
    /// - Throws: ``StoreError``.
    package func occupancy(_ request: OccupancyRequest) throws(StoreError) -> ResourceOccupancy {
        try read { database in
            let sites = try OccupancySites(database, request)
            var places: [OccupancyPlace] = []
            for scope in sites.answering { places += try Self.places(of: scope, request, database) }
            places.sort { $0.position < $1.position }
            var answer = ResourceOccupancy(
                groups: Self.groups(places), listedAt: sites.listedAt, silentSites: sites.silent)
            let rest = request.after.map { after in places.drop { $0.position <= after } } ?? places[...]
            answer.hasMore = rest.count > request.limit
            let shown = Array(rest.prefix(max(0, request.limit)))
            answer.rows = shown.map {
                ResourceOccupancy.Row(
                    position: $0.position, goneBefore: $0.goneBefore, isReservable: $0.isReservable)
            }
            var reader = try HoldReader(database, request)
            for scope in sites.answering {
                let rows = shown.indices.filter { shown[$0].scopeID == scope.id }
                try reader.read(rows, scope, into: &answer)
            }
            answer.leases = reader.leases
            return answer
        }
    }

    /// The resources of a scope that match a request, in any order.
    private static func places(
        of scope: Scope, _ request: OccupancyRequest, _ database: Database
    ) throws -> [OccupancyPlace] {
        let pattern = request.nameGlob.map { NamePattern($0).glob }
        let (start, end) = (request.period.lowerBound.secondsSince1970, request.period.upperBound.secondsSince1970)
        let held = """
            id IN (
                SELECT allocation.resource_id FROM lease JOIN reservation ON reservation.lease_key = lease.lease_key
                    JOIN allocation ON allocation.reservation_id = reservation.id
                WHERE allocation.scope_id = ? AND allocation.kind = ?
                    AND lease.user_id IN (SELECT user_id FROM cloud) AND lease.end_at > ? AND lease.start_at < ?)
            """
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT id, coalesce(name, id), coalesce(\(groupColumn(request.kind)), ''), gone_before,
                        coalesce(fields ->> '$.reservable', 1) AND NOT coalesce(fields ->> '$.disabled', 0)
                    FROM resource
                    WHERE scope_id = ? AND kind = ? AND (gone_before IS NULL OR gone_before > ?)
                        AND (? IS NULL OR coalesce(name, id) GLOB ?) \(request.isMine ? "AND \(held)" : "")
                    """),
            arguments: [scope.id, request.kind.rawValue, start, pattern, pattern]
                + (request.isMine ? [scope.id, request.kind.rawValue, start, end] : []))
        var places: [OccupancyPlace] = []
        while let row = try rows.next() {
            let group: String = row[2]
            guard request.group == nil || request.group == group else { continue }
            let position = ResourcePosition(site: scope.site, group: group, name: row[1], id: row[0])
            places.append(
                OccupancyPlace(
                    scopeID: scope.id, position: position, goneBefore: row.time("gone_before"),
                    isReservable: row[4] ?? true))
        }
        return places
    }

    /// What resources of a kind are grouped by, as in `free`.
    private static func groupColumn(_ kind: ResourceKind) -> String {
        let fields = kind.groupKeys.map { "nullif(fields ->> '$.\($0)', '')" }
        return "CAST(coalesce(\((fields + ["NULL", "NULL"]).joined(separator: ", "))) AS TEXT)"
    }

    private static func groups(_ places: [OccupancyPlace]) -> [ResourceOccupancy.Group] {
        var groups: [ResourceOccupancy.Group] = []
        var start = 0
        for (number, place) in places.enumerated() {
            let next = number + 1 < places.count ? places[number + 1].position : nil
            guard next?.site != place.position.site || next?.group != place.position.group else { continue }
            groups.append(
                ResourceOccupancy.Group(
                    site: place.position.site, group: place.position.group, count: number + 1 - start))
            start = number + 1
        }
        return groups
    }
}

/// A resource and the scope that lists it.
private struct OccupancyPlace {
    let scopeID: Int64
    let position: ResourcePosition
    let goneBefore: Timestamp?
    let isReservable: Bool
}

/// Which scope answers for each site, and which sites have none that can.
private struct OccupancySites {
    private(set) var answering: [Scope] = []
    private(set) var silent: [ResourceOccupancy.SilentSite] = []
    private(set) var listedAt: [String: Timestamp] = [:]

    init(_ database: Database, _ request: OccupancyRequest) throws {
        let list = ListedTable.allocations.listName(request.kind.rawValue)
        let lists = try LeaseStore.latestListings(list, database)
        let scopes = try LeaseStore.scopes(database).filter { scope in
            (request.scopes?.contains(scope.id) ?? true) && (request.site.map { $0 == scope.site } ?? true)
        }
        for (_, scopes) in Dictionary(grouping: scopes, by: \.siteID).sorted(by: { $0.key < $1.key }) {
            func rank(_ scope: Scope) -> (Int64, Int, Int64) {
                (lists[scope.id]?.secondsSince1970 ?? .min, scope.seesAllProjects ? 0 : 1, -scope.id)
            }
            guard let latest = scopes.max(by: { rank($0) < rank($1) }) else { continue }
            if let time = lists[latest.id] {
                answering.append(latest)
                listedAt[latest.site] = time
            } else {
                let outcomes = try scopes.compactMap { scope in
                    try String.fetchOne(
                        database.cachedStatement(
                            sql: """
                                SELECT outcome FROM resource_list WHERE scope_id = ? AND kind IN (?, ?)
                                    AND outcome <> 'listed' ORDER BY kind
                                """), arguments: [scope.id, request.kind.rawValue, list])
                }
                silent.append(
                    ResourceOccupancy.SilentSite(
                        site: latest.site, scopes: Set(scopes.map(\.id)), reason: Self.reason(outcomes)))
            }
        }
    }

    private static func reason(_ outcomes: [String]) -> ResourceOccupancy.SilentSite.Reason {
        let known = Set(outcomes.compactMap(ResourceListing.Outcome.init(rawValue:)))
        if known.contains(.forbidden) { return .forbidden }
        if known.contains(.failed) { return .failed }
        return known.contains(.notOffered) ? .notOffered : .notAsked
    }
}

/// Reads what holds some resources, and the leases behind it.
private struct HoldReader {
    private let database: Database
    private let request: OccupancyRequest
    private let names: PersonNames
    private let ownUsers: Set<String>
    private(set) var leases: [OccupyingLease] = []
    private var numbers: [String: Int] = [:]

    init(_ database: Database, _ request: OccupancyRequest) throws {
        self.database = database
        self.request = request
        names = try PersonNames(database)
        ownUsers = Set(
            try String.fetchAll(database.cachedStatement(sql: "SELECT DISTINCT user_id FROM cloud")))
    }

    /// Adds the holds of some rows, which are resources of one scope.
    mutating func read(_ rows: [Int], _ scope: Scope, into answer: inout ResourceOccupancy) throws {
        guard !rows.isEmpty else { return }
        let ids = JSONValue.array(rows.map { .string(answer.rows[$0].position.id) }).text()
        let walk = try RowWalk(
            database,
            sql: """
                SELECT wanted.key, allocation.start_at, allocation.end_at, allocation.gone_before,
                    CASE WHEN allocation.gone_before IS NOT NULL THEN \(ListedTable.allocations.lastSeen) END,
                    allocation.lease_id, coalesce(lease.name, allocation.lease_name), lease.user_id,
                    coalesce(lease.project_id, allocation.project_id), lease.status
                FROM json_each(?) AS wanted
                    CROSS JOIN allocation ON allocation.scope_id = ? AND allocation.kind = ?
                        AND allocation.resource_id = wanted.value
                    LEFT JOIN lease ON lease.id = allocation.lease_id AND lease.site_id = ?
                WHERE allocation.end_at > ? AND allocation.start_at < ?
                """,
            arguments: [ids, scope.id, request.kind.rawValue, scope.siteID])
        var pool = TextPool()
        let period = request.period
        try walk.begin(period.lowerBound.secondsSince1970...period.upperBound.secondsSince1970)
        defer { walk.end() }
        while try walk.step() {
            let goneBefore = walk.time(3)
            let (start, end) = (walk.moment(1), min(walk.moment(2), goneBefore ?? .distantFuture))
            guard start < end, end > period.lowerBound else { continue }
            // An allocation that was listed until its end, or later, ended as planned.
            let lastSeen = goneBefore == nil ? nil : walk.time(4)
            let certainUntil = lastSeen.flatMap { $0 < end ? max($0, start) : nil }
            let lease = number(of: walk, scope, &pool)
            answer.rows[rows[Int(walk.integer(0))]].holds.append(
                ResourceHold(lease: lease, span: start..<end, certainUntil: certainUntil))
        }
    }

    /// The number of the lease in a row.
    private mutating func number(of row: RowWalk, _ scope: Scope, _ pool: inout TextPool) -> Int {
        let id = row.text(5) ?? ""
        if let known = numbers[id] { return known }
        let user = pool.text(row.statement, 7)
        let project = pool.text(row.statement, 8)
        let lease = OccupyingLease(
            id: id, name: row.text(6), user: user.map { names.user($0, site: scope.siteID) ?? $0 },
            project: project.map { names.project($0, site: scope.siteID) ?? $0 },
            status: pool.text(row.statement, 9).map(LeaseStatus.init(rawValue:)),
            isMine: user.map(ownUsers.contains) ?? false)
        numbers[id] = leases.count
        leases.append(lease)
        return leases.count - 1
    }
}
