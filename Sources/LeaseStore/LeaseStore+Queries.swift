import GRDB
package import LeaseModel

extension LeaseStore {
    /// Hands over the leases that a filter finds, in batches, all from one state of the database.
    package func leases(
        _ filter: LeaseFilter, order: LeaseOrder = .ownFirst, batch: Int = 500, each: ([MirroredLease]) throws -> Void
    ) throws(StoreError) {
        try read { database in
            let query = LeaseQuery(filter)
            let keys = try Int64.fetchAll(
                database,
                sql: """
                    SELECT lease.lease_key FROM \(LeaseQuery.source) WHERE \(query.condition)
                    ORDER BY \(Self.ordering(order)), lease.lease_key
                    """, arguments: query.arguments)
            let reader = try MirrorReader(database)
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
                database, sql: "SELECT count(*) FROM \(LeaseQuery.source) WHERE \(query.condition)",
                arguments: query.arguments) ?? 0
        }
    }

    private static func ordering(_ order: LeaseOrder) -> String {
        switch order {
        case .ownFirst: "lease.user_id NOT IN (SELECT user_id FROM cloud), lease.end_at"
        case .start: "lease.start_at"
        }
    }
}

/// Reads leases with the names that belong to them, inside one transaction.
struct MirrorReader {
    private let database: Database
    private let scopes: [Int64: Scope]
    private let ownUsers: Set<String>
    private let userNames: [String: String]
    private let projectNames: [String: String]

    init(_ database: Database) throws {
        self.database = database
        scopes = Dictionary(uniqueKeysWithValues: try LeaseStore.scopes(database).map { ($0.id, $0) })
        let users = try Row.fetchAll(database, sql: "SELECT DISTINCT user_id, user_name FROM cloud")
        ownUsers = Set(users.map { $0[0] as String })
        let catalogued = try Row.fetchAll(
            database, sql: "SELECT kind, id, name FROM resource WHERE kind IN ('user', 'project') AND name IS NOT NULL")
        var userNames: [String: String] = [:]
        var projectNames: [String: String] = [:]
        for row in catalogued {
            if row[0] as String == "user" { userNames[row[1]] = row[2] } else { projectNames[row[1]] = row[2] }
        }
        for row in users { userNames[row[0]] = row[1] }
        for scope in scopes.values { projectNames[scope.projectID] = scope.projectName }
        self.userNames = userNames
        self.projectNames = projectNames
    }

    /// The leases of those rows, in the order of the keys.
    func leases(keys: some Collection<Int64>) throws -> [MirroredLease] {
        try LeaseRows.leases(database, keys: keys).map { _, row, lease in
            let scopeID: Int64 = row["scope_id"]
            let observedAt = Timestamp(secondsSince1970: row["observed_at"])
            let departure = Departure(row: row)
            return MirroredLease(
                lease: lease, scopeID: scopeID, site: scopes[scopeID]?.site ?? "",
                projectName: projectNames[lease.projectID], userName: userNames[lease.userID],
                isMine: ownUsers.contains(lease.userID),
                firstSeenAt: Timestamp(secondsSince1970: row["first_seen_at"]), observedAt: observedAt,
                lastSeenAt: departure?.after ?? max(observedAt, scopes[scopeID]?.listedAt ?? observedAt),
                departure: departure)
        }
    }
}

extension Departure {
    /// Reads the columns `gone`, `gone_after` and `gone_before`; `nil` if the lease is listed.
    init?(row: Row) {
        guard let reason = (row["gone"] as String?).flatMap(Reason.init(rawValue:)), let after = row.time("gone_after"),
            let before = row.time("gone_before")
        else { return nil }
        self.init(reason: reason, after: after, before: before)
    }
}
