import GRDB
import LeaseModel

extension LeaseStore {
    /// Imports what another database's owner saw of a scope besides leases: resources and allocations.
    ///
    /// As with leases, an observation counts from when it was made, in whatever order databases are imported; the
    /// latest complete list decides what is listed, no matter who read it. Sites' answers to other people's requests
    /// are not imported: they say nothing about this user's.
    static func takeResources(
        _ theirs: Database, of theirScope: Scope, into scope: Scope, _ database: Database
    ) throws {
        let listings = try Row.fetchAll(
            theirs.cachedStatement(
                sql: "SELECT kind, listed_at FROM resource_listing WHERE scope_id = ? ORDER BY kind"),
            arguments: [theirScope.id])
        let note = try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO resource_listing (scope_id, kind, listed_at) VALUES (?, ?, ?)")
        for row in listings { try note.execute(arguments: [scope.id, row[0] as String, row[1] as Int64]) }
        for name in Set(listings.map { $0[0] as String }).sorted() {
            let list = name.hasSuffix(ListedTable.ownSuffix) ? name.dropLast(ListedTable.ownSuffix.count) : name[...]
            let table = list.hasSuffix(ListedTable.allocations.suffix) ? ListedTable.allocations : .resources
            let kind = String(list.dropLast(table.suffix.count))
            let rows = try Row.fetchCursor(
                theirs, sql: "SELECT \(table.exported) FROM \(table.name) WHERE scope_id = ? AND kind = ?",
                arguments: [theirScope.id, kind])
            let upsert = try database.cachedStatement(sql: table.upsertImported)
            while let row = try rows.next() {
                try upsert.execute(
                    arguments: StatementArguments([scope.id.databaseValue, kind.databaseValue] + row.databaseValues))
            }
            try database.execute(sql: table.updateGone, arguments: [scope.id, kind])
        }
    }

    /// Imports the names of a site's users and projects.
    static func takeNames(_ theirs: Database, ofSite theirSite: Int64, into site: Int64, _ database: Database) throws {
        let rows = try Row.fetchCursor(
            theirs, sql: "SELECT kind, id, name, heard_at FROM person WHERE site_id = ?", arguments: [theirSite])
        while let row = try rows.next() {
            guard let kind = PersonNames.Kind(rawValue: row[0]) else { continue }
            try PersonNames.note(
                row[2], of: kind, id: row[1], site: site, at: Timestamp(secondsSince1970: row[3]), database)
        }
    }

    /// When anything besides leases was last seen or heard at a site; `nil` if nothing was.
    static func lastSeenResource(_ database: Database, site: Int64, scopes: [Int64]) throws -> Timestamp? {
        let list = scopes.map(String.init).joined(separator: ",")
        let tables = [ListedTable.resources, .allocations].map { table in
            "SELECT \(table.lastSeen) AS moment FROM \(table.name) WHERE scope_id IN (\(list))"
        }
        return try Int64.fetchOne(
            database,
            sql: """
                SELECT max(moment) FROM (
                    SELECT listed_at AS moment FROM resource_listing WHERE scope_id IN (\(list))
                    UNION ALL \(tables.joined(separator: " UNION ALL "))
                    UNION ALL SELECT heard_at FROM person WHERE site_id = ?)
                """, arguments: [site]
        ).map(Timestamp.init(secondsSince1970:))
    }
}
