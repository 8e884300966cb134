import GRDB
import LeaseModel

extension LeaseStore {
    /// Takes in what the owner of another database saw of a scope besides leases: its resources, who holds them, and
    /// what users and projects are called.
    ///
    /// As with leases, what was seen counts from when it was seen, in whichever order databases are taken in; what is
    /// listed is what the latest whole list has, whoever read it. What sites answered to somebody else's requests is
    /// not taken: it says nothing about this user's.
    ///
    /// - Returns: the latest moment at which any of it was seen; `nil` if there is nothing.
    static func takeResources(
        _ theirs: Database, of theirScope: Scope, into scope: Scope, _ database: Database
    ) throws -> Timestamp? {
        let listings = try Row.fetchAll(
            theirs,
            sql: """
                SELECT kind, listed_at FROM resource_listing
                WHERE scope_id = ? AND kind NOT IN ('user', 'project') ORDER BY kind
                """, arguments: [theirScope.id])
        let note = try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO resource_listing (scope_id, kind, listed_at) VALUES (?, ?, ?)")
        var latest: Int64?
        for row in listings {
            try note.execute(arguments: [scope.id, row[0] as String, row[1] as Int64])
            latest = max(latest ?? .min, row[1])
        }
        // A user's list of projects is its own, so that of somebody else says nothing of what has gone: names only.
        for name in Set(listings.map { $0[0] as String }).sorted() + ["user", "project"] {
            let table = name.hasSuffix(ListedTable.allocations.suffix) ? ListedTable.allocations : .resources
            let kind = String(name.dropLast(table.suffix.count))
            let rows = try Row.fetchCursor(
                theirs, sql: "SELECT \(table.exported) FROM \(table.name) WHERE scope_id = ? AND kind = ?",
                arguments: [theirScope.id, kind])
            let seen = try take(rows, table, kind: kind, scope: scope.id, database)
            latest = [latest, seen].compactMap(\.self).max()
            guard kind != "user", kind != "project" else { continue }
            try database.execute(sql: table.updateGone, arguments: [scope.id, kind])
        }
        // Since when a token's user has been called so is not kept, so every other source is later. Those of the tokens
        // that were given out here have their names from these.
        let own = try String.fetchAll(database, sql: "SELECT DISTINCT user_id FROM cloud")
        let users = try Row.fetchCursor(
            theirs,
            sql: """
                SELECT DISTINCT user_id, user_name, '{}', 0, 0 FROM cloud
                WHERE scope_id = ? AND user_id NOT IN (\(own.map { _ in "?" }.joined(separator: ",")))
                """, arguments: StatementArguments([theirScope.id]) + StatementArguments(own))
        _ = try take(users, .resources, kind: ResourceKind.user.rawValue, scope: scope.id, database)
        return latest.map(Timestamp.init(secondsSince1970:))
    }

    /// Adds rows of another database.
    ///
    /// - Returns: when the one that was listed last was listed.
    private static func take(
        _ rows: RowCursor, _ table: ListedTable, kind: String, scope: Int64, _ database: Database
    ) throws -> Int64? {
        let upsert = try database.cachedStatement(sql: table.upsertImported)
        var latest: Int64?
        while let row = try rows.next() {
            try upsert.execute(
                arguments: StatementArguments([scope.databaseValue, kind.databaseValue] + row.databaseValues))
            latest = max(latest ?? .min, row[row.count - 1])
        }
        return latest
    }
}
