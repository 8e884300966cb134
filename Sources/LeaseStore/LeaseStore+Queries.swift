import GRDB
package import LeaseModel

extension LeaseStore {
    /// Hands over the leases that a filter finds, in batches, all from one state of the database.
    ///
    /// - Parameters:
    ///   - filter: which.
    ///   - order: in what order.
    ///   - includesDrafts: those too that are only queued; they come first.
    ///   - batch: how many at a time.
    ///   - each: takes a batch.
    /// - Throws: ``StoreError``, or what `each` throws.
    package func leases(
        _ filter: LeaseFilter, order: LeaseOrder = .ownFirst, includesDrafts: Bool = false, batch: Int = 500,
        each: ([MirroredLease]) throws -> Void
    ) throws(StoreError) {
        try read { database in
            let query = LeaseQuery(filter)
            let keys = try Int64.fetchAll(
                database,
                sql: """
                    SELECT lease.lease_key FROM \(query.source) WHERE \(query.condition)
                    ORDER BY \(Self.ordering(order)), lease.lease_key
                    """, arguments: query.arguments)
            let reader = try MirrorReader(database)
            if includesDrafts {
                let drafts = try reader.drafts(filter, database)
                if !drafts.isEmpty { try each(drafts) }
            }
            var start = 0
            while start < keys.count {
                let end = min(start + batch, keys.count)
                try each(reader.leases(keys: keys[start..<end]))
                start = end
            }
        }
    }

    /// The leases that a filter finds.
    package func leases(_ filter: LeaseFilter, order: LeaseOrder = .ownFirst) throws(StoreError) -> [MirroredLease] {
        var found: [MirroredLease] = []
        try leases(filter, order: order) { found += $0 }
        return found
    }

    /// How many leases a filter finds.
    package func count(_ filter: LeaseFilter) throws(StoreError) -> Int {
        try read { database in
            let query = LeaseQuery(filter)
            return try Int.fetchOne(
                database, sql: "SELECT count(*) FROM \(query.source) WHERE \(query.condition)",
                arguments: query.arguments) ?? 0
        }
    }

    /// The listed lease of a scope that ends first after a moment, unless it has ended already.
    package func nextToEnd(scope: Int64, after moment: Timestamp) throws(StoreError) -> MirroredLease? {
        try read { database in
            let key = try Int64.fetchOne(
                database,
                sql: """
                    SELECT lease_key FROM lease
                    WHERE scope_id = ? AND end_at > ? AND gone IS NULL AND status NOT IN ('TERMINATED', 'ERROR')
                    ORDER BY end_at LIMIT 1
                    """, arguments: [scope, moment.secondsSince1970])
            guard let key else { return nil }
            return try MirrorReader(database).leases(keys: CollectionOfOne(key)).first
        }
    }

    static func ordering(_ order: LeaseOrder) -> String {
        switch order {
        case .ownFirst: "lease.user_id NOT IN (SELECT user_id FROM cloud), lease.end_at"
        case .start: "lease.start_at"
        }
    }
}

/// Reads leases with the names that belong to them, inside one transaction.
struct MirrorReader {
    let database: Database
    let scopes: [Int64: Scope]
    /// Whom the last token for each scope was given to.
    let users: [Int64: (id: String, name: String)]
    let pending: PendingWrites
    private let ownUsers: Set<String>
    private let userNames: [String: String]
    private let projectNames: [String: String]
    private let hasAllocations: Bool

    init(_ database: Database) throws {
        self.database = database
        scopes = Dictionary(uniqueKeysWithValues: try LeaseStore.scopes(database).map { ($0.id, $0) })
        let users = try Row.fetchAll(
            database, sql: "SELECT DISTINCT user_id, user_name, scope_id FROM cloud ORDER BY name DESC")
        self.users = Dictionary(users.map { ($0[2], ($0[0], $0[1])) }) { _, last in last }
        pending = try PendingWrites(database)
        hasAllocations = try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM allocation)") ?? false
        ownUsers = Set(users.map { $0[0] as String })
        let catalogued = try Row.fetchAll(
            database, sql: "SELECT kind, id, name FROM resource WHERE kind IN ('user', 'project') AND name IS NOT NULL")
        var userNames: [String: String] = [:]
        var projectNames: [String: String] = [:]
        for row in catalogued {
            if row[0] as String == "user" { userNames[row[1]] = row[2] } else { projectNames[row[1]] = row[2] }
        }
        for row in users { userNames[row[0]] = row[1] }
        // A project may have another name in each: the one that was heard last counts.
        let byAge = scopes.values.sorted {
            ($0.listedAt?.secondsSince1970 ?? .min, $0.id) < ($1.listedAt?.secondsSince1970 ?? .min, $1.id)
        }
        for scope in byAge { projectNames[scope.projectID] = scope.projectName }
        self.userNames = userNames
        self.projectNames = projectNames
    }

    /// The name of a project, if it is known.
    func projectName(_ id: String) -> String? { projectNames[id] }

    /// The name of a user, if it is known.
    func userName(_ id: String) -> String? { userNames[id] }

    /// Whether two scopes are of one site, so that both may see the same lease.
    var sitesAreShared: Bool { Set(scopes.values.map(\.siteID)).count < scopes.count }

    /// The leases of those rows, in the order of the keys.
    func leases(keys: some Collection<Int64>) throws -> [MirroredLease] {
        let rows = try LeaseRows.leases(database, keys: keys)
        let held = try heldCounts(of: rows.map(\.lease))
        return rows.map { _, row, lease in
            let scopeID: Int64 = row["scope_id"]
            let observedAt = Timestamp(secondsSince1970: row["observed_at"])
            let departure = Departure(row: row)
            var mirrored = mirrored(
                lease, scopeID: scopeID, firstSeenAt: Timestamp(secondsSince1970: row["first_seen_at"]),
                observedAt: observedAt,
                lastSeenAt: departure?.after ?? row.time("last_seen_at")
                    ?? max(observedAt, scopes[scopeID]?.listedAt ?? observedAt),
                departure: departure)
            mirrored.pending = pending.mutations(site: scopes[scopeID]?.siteID ?? 0, lease: lease.id)
            mirrored.takeHeldCounts(held)
            return mirrored
        }
    }

    /// How many resources the reservations of those leases hold; of one that has ended, how many it held last. It is as
    /// the scope has it that was told last, up to a moment if one is given.
    func heldCounts(of leases: [BlazarLease], asKnownAt moment: Timestamp? = nil) throws -> [String: Int] {
        guard hasAllocations else { return [:] }
        let ids = JSONValue.array(leases.flatMap { $0.reservations.map { .string($0.id) } }).text()
        let allocations = ListedTable.allocations
        let last = moment?.secondsSince1970
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT reservation_id, count(DISTINCT allocation.resource_id) AS held,
                    \(last.map(allocations.lastSeen(until:)) ?? allocations.lastSeen) AS seen_at
                FROM allocation
                WHERE reservation_id IN (SELECT value FROM json_each(?)) AND first_seen_at <= \(last ?? .max)
                GROUP BY reservation_id, allocation.scope_id, seen_at ORDER BY seen_at, held
                """, arguments: [ids])
        var counts: [String: Int] = [:]
        // Ordered, so that the last group of a reservation counts.
        while let row = try rows.next() { counts[row[0]] = row[1] }
        return counts
    }

    /// A lease in some state, with the names that belong to it.
    func mirrored(
        _ lease: BlazarLease, scopeID: Int64, firstSeenAt: Timestamp, observedAt: Timestamp, lastSeenAt: Timestamp,
        departure: Departure?
    ) -> MirroredLease {
        MirroredLease(
            lease: lease, scopeID: scopeID, site: scopes[scopeID]?.site ?? "",
            projectName: projectNames[lease.projectID], userName: userNames[lease.userID],
            isMine: ownUsers.contains(lease.userID), firstSeenAt: firstSeenAt, observedAt: observedAt,
            lastSeenAt: lastSeenAt, departure: departure)
    }
}

extension Departure {
    /// Reads the columns `gone`, `gone_after`, `gone_before` and `gone_unconfirmed`; `nil` if the lease is listed.
    init?(row: Row) {
        guard let reason = (row["gone"] as String?).flatMap(Reason.init(rawValue:)), let after = row.time("gone_after"),
            let before = row.time("gone_before")
        else { return nil }
        self.init(reason: row["gone_unconfirmed"] ? .unlisted : reason, after: after, before: before)
    }

    /// The value of the column `gone`.
    var column: String { (reason == .unlisted ? .deleted : reason).rawValue }
}
