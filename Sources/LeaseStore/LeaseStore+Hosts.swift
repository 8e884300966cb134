import GRDB
package import LeaseModel

extension LeaseStore {
    /// The hosts that were ever listed, each of a site once: as the scope has it that was told last what holds it, and of
    /// those that never were the one that read the hosts last.
    package func hostHistories(scopes: Set<Int64>?) throws(StoreError) -> [HostHistory] {
        try read { database in
            let places = Dictionary(
                uniqueKeysWithValues: try Self.scopes(database).filter { scopes?.contains($0.id) ?? true }
                    .map { ($0.id, $0) })
            let hostsAt = try Self.latestListings(ListedTable.resources.listName(ResourceKind.host.rawValue), database)
            let usesAt = try Self.latestListings(ListedTable.allocations.listName(ResourceKind.host.rawValue), database)
            func rank(_ scope: Scope) -> (Int64, Int64, Int, String) {
                let uses = usesAt[scope.id]?.secondsSince1970 ?? .min
                let hosts = hostsAt[scope.id]?.secondsSince1970 ?? .min
                return (uses, hosts, scope.seesAllProjects ? 0 : 1, scope.projectID)
            }
            var seen: Set<[String]> = []
            var hosts: [HostHistory] = []
            for place in places.values.sorted(by: { rank($0) > rank($1) }) {
                let rows = try Row.fetchCursor(
                    database, sql: "SELECT * FROM resource WHERE scope_id = ? AND kind = 'host' ORDER BY id",
                    arguments: [place.id])
                while let row = try rows.next() {
                    guard seen.insert(["\(place.siteID)", row["id"]]).inserted else { continue }
                    let fields = LeaseRows.object(row["fields"])
                    let firstSeenAt = Timestamp(secondsSince1970: row["first_seen_at"])
                    hosts.append(
                        HostHistory(
                            id: row["id"], site: place.site, scopeID: place.id,
                            nodeType: fields["node_type"]?.stringValue,
                            isReservable: fields["reservable"]?.boolValue ?? true, firstSeenAt: firstSeenAt,
                            goneBefore: row.time("gone_before"), knownUntil: hostsAt[place.id] ?? firstSeenAt,
                            usesKnownUntil: usesAt[place.id], uses: try Self.uses(database, place.id, row["id"])))
                }
            }
            return hosts
        }
    }

    private static func uses(_ database: Database, _ scope: Int64, _ host: String) throws -> [HostHistory.Use] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT start_at, end_at, last_seen_at, gone_before FROM allocation
                    WHERE scope_id = ? AND kind = 'host' AND resource_id = ?
                    """), arguments: [scope, host]
        ).map { row in
            let goneBefore = row.time("gone_before")
            return HostHistory.Use(
                startsAt: Timestamp(secondsSince1970: row["start_at"]),
                endsAt: Timestamp(secondsSince1970: row["end_at"]),
                goneAfter: goneBefore == nil ? nil : row.time("last_seen_at"), goneBefore: goneBefore)
        }
    }
}
