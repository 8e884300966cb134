import GRDB
import LeaseModel

/// Writes complete lists of one kind in a scope, inside one transaction.
struct ResourceWriter {
    /// One listed item.
    struct Item {
        let key: [String]
        let values: [(any DatabaseValueConvertible)?]
    }

    private let database: Database
    private let table: ListedTable
    private let scope: Int64
    private let kind: String

    init(_ database: Database, _ table: ListedTable, scope: Int64, kind: ResourceKind) {
        self.database = database
        self.table = table
        self.scope = scope
        self.kind = kind.rawValue
    }

    /// Replaces the previous list with one that was read here. Unchanged rows are not written, and rows that are no
    /// longer listed are marked. The list itself is recorded in any case: imported observations are compared with it.
    ///
    /// Record the site's answer first.
    func replace(with items: [Item], at time: Timestamp) throws {
        let previous = try ownListing()
        // Later than every known list, whatever the clock says: this one was read just now, and two may fall into one
        // second.
        let latest = try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT max(listed_at) FROM resource_listing WHERE scope_id = ? AND kind = ?"),
            arguments: [scope, table.listName(kind)])
        // A damaged database may contain the greatest possible number.
        let moment = max(time.secondsSince1970, latest.map { $0 &+ 1 } ?? .min)
        let upsert = try database.cachedStatement(sql: table.upsertListed)
        let place = StatementArguments([scope]) + StatementArguments([kind])
        for item in items {
            try upsert.execute(
                arguments: place + StatementArguments(item.key) + StatementArguments(item.values)
                    + StatementArguments([moment]))
        }
        try markGone(allBut: Set(items.map(\.key)), place, before: moment)
        try note(moment, insteadOf: previous)
    }

    private func markGone(allBut listed: Set<[String]>, _ place: StatementArguments, before moment: Int64) throws {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT \(table.keys.joined(separator: ", ")) FROM \(table.name)
                WHERE scope_id = ? AND kind = ? AND gone_before IS NULL
                """, arguments: place)
        let update = try database.cachedStatement(
            sql: """
                UPDATE \(table.name) SET gone_before = ?, last_seen_at = \(table.lastSeen)
                WHERE scope_id = ? AND kind = ? AND \(table.keys.map { "\($0) = ?" }.joined(separator: " AND "))
                """)
        for row in rows {
            let key: [String] = row.databaseValues.compactMap { String.fromDatabaseValue($0) }
            guard !listed.contains(key) else { continue }
            try update.execute(arguments: StatementArguments([moment]) + place + StatementArguments(key))
        }
    }

    /// Records the list. The one before is kept only if something came or went with it.
    private func note(_ moment: Int64, insteadOf previous: Int64?) throws {
        let list = StatementArguments([scope]) + StatementArguments([table.listName(kind)])
        if let previous {
            let mattered = try Bool.fetchOne(
                database,
                sql: """
                    SELECT EXISTS (
                        SELECT 1 FROM \(table.name)
                        WHERE scope_id = ?1 AND kind = ?2 AND (gone_before = ?3 OR first_seen_at = ?3))
                    """, arguments: [scope, kind, previous])
            if mattered != true {
                try database.cachedStatement(
                    sql: "DELETE FROM resource_listing WHERE scope_id = ? AND kind = ? AND listed_at = ?"
                ).execute(arguments: list + [previous])
            }
        }
        try database.cachedStatement(sql: "INSERT INTO resource_listing (scope_id, kind, listed_at) VALUES (?, ?, ?)")
            .execute(arguments: list + [moment])
        try database.cachedStatement(sql: "UPDATE resource_list SET listed_at = ? WHERE scope_id = ? AND kind = ?")
            .execute(arguments: StatementArguments([moment]) + list)
    }

    private func ownListing() throws -> Int64? {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT listed_at FROM resource_list WHERE scope_id = ? AND kind = ? AND listed_at IS NOT NULL"),
            arguments: [scope, table.listName(kind)])
    }
}

extension ResourceWriter.Item {
    init(_ resource: CatalogResource) {
        self.init(
            key: [resource.id], values: [resource.name, JSONValue.object(resource.fields.sorted).text()])
    }

    init(_ allocation: Allocation) {
        self.init(
            key: [allocation.resourceID, allocation.reservationID],
            values: [
                allocation.leaseID, allocation.leaseName, allocation.projectID,
                allocation.startsAt.secondsSince1970, allocation.endsAt.secondsSince1970,
                LeaseRows.text(allocation.extra.sorted),
            ])
    }
}
