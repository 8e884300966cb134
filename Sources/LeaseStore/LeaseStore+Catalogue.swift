import GRDB
package import LeaseModel

/// One list of a site's, read whole.
package struct ObservedResources: Sendable {
    package let kind: ResourceKind
    package let outcome: ResourceListing.Outcome
    package let message: String?
    package let resources: [CatalogueResource]
    /// `nil` if the site did not tell who holds them.
    package let allocations: [Allocation]?
    /// What it answered when asked for that, if it was not a list; `nil` if it was not asked.
    package let allocationRefusal: (outcome: ResourceListing.Outcome, message: String?)?

    package init(
        kind: ResourceKind, outcome: ResourceListing.Outcome, message: String? = nil,
        resources: [CatalogueResource] = [], allocations: [Allocation]? = nil,
        allocationRefusal: (outcome: ResourceListing.Outcome, message: String?)? = nil
    ) {
        self.kind = kind
        self.outcome = outcome
        self.message = message
        self.resources = resources
        self.allocations = allocations
        self.allocationRefusal = allocationRefusal
    }
}

extension LeaseStore {
    /// Writes what a site said of its resources. What is as before is not written; what is no longer listed is marked.
    ///
    /// - Returns: how many rows were written.
    @discardableResult
    package func apply(
        _ observed: [ObservedResources], scope: Int64, at time: Timestamp
    ) throws(StoreError) -> Int {
        try write { database in
            let before = database.totalChangesCount
            for list in observed {
                try Self.note(list.kind.rawValue, (list.outcome, list.message), scope: scope, in: database)
                if let answer = list.allocations.map({ _ in (.listed, nil) }) ?? list.allocationRefusal {
                    try Self.note(Self.allocationKind(list.kind), answer, scope: scope, in: database)
                }
                if list.outcome == .listed {
                    try Self.replace(list.resources, kind: list.kind, scope: scope, at: time, in: database)
                }
                if let allocations = list.allocations {
                    try Self.replace(allocations, kind: list.kind, scope: scope, at: time, in: database)
                }
            }
            return database.totalChangesCount - before
        }
    }

    /// The name under which the answer to a request for allocations is kept beside those for resources.
    static func allocationKind(_ kind: ResourceKind) -> String { kind.rawValue + "/allocations" }

    private static func note(
        _ kind: String, _ answer: (outcome: ResourceListing.Outcome, message: String?), scope: Int64,
        in database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO resource_list (scope_id, kind, outcome, message) VALUES (?, ?, ?, ?)
                ON CONFLICT (scope_id, kind) DO UPDATE
                SET outcome = excluded.outcome, message = excluded.message
                WHERE outcome <> excluded.outcome OR message IS NOT excluded.message
                """, arguments: [scope, kind, answer.outcome.rawValue, answer.message])
    }

    private static func replace(
        _ resources: [CatalogueResource], kind: ResourceKind, scope: Int64, at time: Timestamp, in database: Database
    ) throws {
        let upsert = try database.cachedStatement(
            sql: """
                INSERT INTO resource (scope_id, kind, id, name, fields, first_seen_at) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (scope_id, kind, id) DO UPDATE
                SET name = excluded.name, fields = excluded.fields, gone_before = NULL
                WHERE name IS NOT excluded.name OR fields <> excluded.fields OR gone_before IS NOT NULL
                """)
        for resource in resources {
            try upsert.execute(arguments: [
                scope, kind.rawValue, resource.id, resource.name, JSONValue.object(resource.fields.sorted).text(),
                time.secondsSince1970,
            ])
        }
        try markGone(
            table: "resource", key: "id", scope: scope, kind: kind, listed: Set(resources.map(\.id)), at: time,
            in: database)
    }

    private static func replace(
        _ allocations: [Allocation], kind: ResourceKind, scope: Int64, at time: Timestamp, in database: Database
    ) throws {
        let upsert = try database.cachedStatement(
            sql: """
                INSERT INTO allocation (scope_id, kind, resource_id, reservation_id, lease_id, lease_name, project_id,
                    start_at, end_at, extra, first_seen_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (scope_id, kind, resource_id, reservation_id) DO UPDATE
                SET lease_name = excluded.lease_name, start_at = excluded.start_at, end_at = excluded.end_at,
                    extra = excluded.extra, gone_before = NULL
                WHERE (start_at, end_at) <> (excluded.start_at, excluded.end_at)
                    OR extra IS NOT excluded.extra OR lease_name IS NOT excluded.lease_name OR gone_before IS NOT NULL
                """)
        for allocation in allocations {
            try upsert.execute(arguments: [
                scope, kind.rawValue, allocation.resourceID, allocation.reservationID, allocation.leaseID,
                allocation.leaseName, allocation.projectID, allocation.startsAt.secondsSince1970,
                allocation.endsAt.secondsSince1970, LeaseRows.text(allocation.extra.sorted),
                time.secondsSince1970,
            ])
        }
        try markGone(
            table: "allocation", key: "resource_id || ' ' || reservation_id", scope: scope, kind: kind,
            listed: Set(allocations.map { "\($0.resourceID) \($0.reservationID)" }), at: time, in: database)
    }

    private static func markGone(
        table: String, key: String, scope: Int64, kind: ResourceKind, listed: Set<String>, at time: Timestamp,
        in database: Database
    ) throws {
        let known = try String.fetchSet(
            database, sql: "SELECT \(key) FROM \(table) WHERE scope_id = ? AND kind = ? AND gone_before IS NULL",
            arguments: [scope, kind.rawValue])
        for missing in known.subtracting(listed) {
            try database.execute(
                sql: "UPDATE \(table) SET gone_before = ? WHERE scope_id = ? AND kind = ? AND \(key) = ?",
                arguments: [time.secondsSince1970, scope, kind.rawValue, missing])
        }
    }

    /// The resources of a kind that the sites list, each once, with the allocations that are known.
    package func resources(_ kind: ResourceKind, scopes: Set<Int64>?) throws(StoreError) -> [MirroredResource] {
        try read { database in
            let sites = Dictionary(uniqueKeysWithValues: try Self.scopes(database).map { ($0.id, $0) })
            var seen: Set<String> = []
            var found: [MirroredResource] = []
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT * FROM resource WHERE kind = ? AND gone_before IS NULL ORDER BY name, id, scope_id",
                arguments: [kind.rawValue])
            while let row = try rows.next() {
                let scopeID: Int64 = row["scope_id"]
                guard scopes?.contains(scopeID) ?? true, let scope = sites[scopeID] else { continue }
                let resource = CatalogueResource(
                    kind: kind, id: row["id"], name: row["name"], fields: LeaseRows.object(row["fields"]))
                guard seen.insert("\(scope.authURL) \(scope.region) \(resource.id)").inserted else { continue }
                found.append(
                    MirroredResource(
                        resource: resource, site: scope.site,
                        allocations: try Self.allocations(of: resource, scope: scopeID, in: database),
                        syncedAt: scope.listedAt))
            }
            return found
        }
    }

    private static func allocations(
        of resource: CatalogueResource, scope: Int64, in database: Database
    ) throws -> [Allocation] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT allocation.*,
                    coalesce(lease_name, (SELECT name FROM lease WHERE lease.id = allocation.lease_id LIMIT 1)) AS known_name
                FROM allocation WHERE scope_id = ? AND kind = ? AND resource_id = ? AND gone_before IS NULL
                ORDER BY start_at
                """)
        return try Row.fetchAll(statement, arguments: [scope, resource.kind.rawValue, resource.id]).map { row in
            Allocation(
                resourceKind: resource.kind, resourceID: resource.id, reservationID: row["reservation_id"],
                leaseID: row["lease_id"], startsAt: Timestamp(secondsSince1970: row["start_at"]),
                endsAt: Timestamp(secondsSince1970: row["end_at"]), projectID: row["project_id"],
                leaseName: row["known_name"], extra: LeaseRows.object(row["extra"]))
        }
    }

    /// What each site answered when last asked for each kind of resource.
    package func resourceListings(scopes: Set<Int64>?) throws(StoreError) -> [ResourceListing] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM resource_list ORDER BY scope_id, kind").compactMap { row in
                guard scopes?.contains(row["scope_id"]) ?? true,
                    let kind = ResourceKind(rawValue: row["kind"]),
                    let outcome = ResourceListing.Outcome(rawValue: row["outcome"])
                else { return nil }
                return ResourceListing(kind: kind, scopeID: row["scope_id"], outcome: outcome, message: row["message"])
            }
        }
    }

    /// What a site answered when last asked who holds its resources of a kind; `nil` if it was not asked.
    package func allocationListing(_ kind: ResourceKind, scope: Int64) throws(StoreError) -> ResourceListing? {
        try read { database in
            let row = try Row.fetchOne(
                database, sql: "SELECT outcome, message FROM resource_list WHERE scope_id = ? AND kind = ?",
                arguments: [scope, Self.allocationKind(kind)])
            guard let row, let outcome = ResourceListing.Outcome(rawValue: row[0]) else { return nil }
            return ResourceListing(kind: kind, scopeID: scope, outcome: outcome, message: row[1])
        }
    }
}
