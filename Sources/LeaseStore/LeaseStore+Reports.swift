import GRDB
package import LeaseModel

extension LeaseStore {
    /// When each scope was first and last read whole, here or by the owner of an imported database; those that never were
    /// are missing.
    package func firstAndLastWholeLists() throws(StoreError) -> [Int64: Completeness] {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT scope_id, min(listed_at), max(listed_at) FROM v_listing GROUP BY scope_id
                    """)
            return Dictionary(
                uniqueKeysWithValues: rows.map {
                    (
                        $0[0],
                        Completeness(
                            from: Timestamp(secondsSince1970: $0[1]), until: Timestamp(secondsSince1970: $0[2]))
                    )
                })
        }
    }

    /// When whole lists of a scope were asked for, here or by the owner of an imported database, the first one first.
    package func wholeLists(scope: Int64) throws(StoreError) -> [Timestamp] {
        try read { database in
            try Int64.fetchAll(
                database, sql: "SELECT DISTINCT listed_at FROM v_listing WHERE scope_id = ? ORDER BY listed_at",
                arguments: [scope]
            ).map(Timestamp.init(secondsSince1970:))
        }
    }

    /// Every attempt to read a whole list that has ended, the oldest first.
    package func listRuns() throws(StoreError) -> [SyncRun] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM sync_run WHERE kind = 'list' AND outcome IS NOT NULL ORDER BY run_id"
            ).map(SyncRun.init(row:))
        }
    }

    /// The hosts that were ever listed, each once, as a scope has them that is told what holds them, if one is.
    package func hostHistories(scopes: Set<Int64>?) throws(StoreError) -> [HostHistory] {
        try read { database in
            let places = Dictionary(uniqueKeysWithValues: try Self.scopes(database).map { ($0.id, $0) })
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT * FROM resource WHERE kind = 'host'
                    ORDER BY scope_id NOT IN (SELECT scope_id FROM allocation), scope_id, id
                    """)
            var seen: Set<[String]> = []
            var hosts: [HostHistory] = []
            while let row = try rows.next() {
                let scopeID: Int64 = row["scope_id"]
                guard let place = places[scopeID], scopes?.contains(scopeID) ?? true,
                    seen.insert([place.authURL, place.region, row["id"]]).inserted
                else { continue }
                let fields = LeaseRows.object(row["fields"])
                hosts.append(
                    HostHistory(
                        id: row["id"], site: place.site, scopeID: scopeID, nodeType: fields["node_type"]?.stringValue,
                        isReservable: fields["reservable"]?.boolValue ?? true,
                        firstSeenAt: Timestamp(secondsSince1970: row["first_seen_at"]),
                        goneBefore: row.time("gone_before"), uses: try Self.uses(database, scopeID, row["id"])))
            }
            return hosts
        }
    }

    private static func uses(_ database: Database, _ scope: Int64, _ host: String) throws -> [HostHistory.Use] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT start_at, end_at, gone_before FROM allocation
                    WHERE scope_id = ? AND kind = 'host' AND resource_id = ?
                    """), arguments: [scope, host]
        ).map {
            HostHistory.Use(
                startsAt: Timestamp(secondsSince1970: $0[0]), endsAt: Timestamp(secondsSince1970: $0[1]),
                goneBefore: $0.time("gone_before"))
        }
    }
}
