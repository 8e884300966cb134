import GRDB
package import LeaseModel

extension LeaseStore {
    /// When each scope was first and last read whole, here or by the owner of an imported database; those that never were
    /// are missing.
    package func listingBounds() throws(StoreError) -> [Int64: Completeness] { try read(Self.listingBounds) }

    /// Every whole list that was read, here or by the owner of an imported database: `scope_id` and `listed_at`.
    static let wholeListings = """
        SELECT scope_id, started_at AS listed_at FROM sync_run WHERE kind = 'list' AND outcome = 'complete'
        UNION ALL
        SELECT scope_id, listed_at FROM imported_listing
        """

    static func listingBounds(_ database: Database) throws -> [Int64: Completeness] {
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT scope_id, min(listed_at), max(listed_at) FROM (\(wholeListings)) GROUP BY scope_id")
        var bounds: [Int64: Completeness] = [:]
        while let row = try rows.next() {
            bounds[row[0]] = Completeness(
                from: Timestamp(secondsSince1970: row[1]), until: Timestamp(secondsSince1970: row[2]))
        }
        return bounds
    }

    /// When whole lists of a scope were asked for, here or by the owner of an imported database, the first one first.
    package func wholeLists(scope: Int64) throws(StoreError) -> [Timestamp] {
        try read { database in
            try Int64.fetchAll(
                database,
                sql: "SELECT DISTINCT listed_at FROM (\(Self.wholeListings)) WHERE scope_id = ? ORDER BY listed_at",
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
}
