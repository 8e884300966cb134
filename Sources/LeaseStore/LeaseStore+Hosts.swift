import GRDB
package import LeaseModel

extension LeaseStore {
    /// The hosts that were ever listed, each of a site once: as a scope has it that is told what holds it, if one is,
    /// and of these as the one that was read last.
    package func hostHistories(scopes: Set<Int64>?) throws(StoreError) -> [HostHistory] {
        try read { database in
            let places = Dictionary(uniqueKeysWithValues: try Self.scopes(database).map { ($0.id, $0) })
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT resource.* FROM resource JOIN scope ON scope.scope_id = resource.scope_id
                    WHERE resource.kind = 'host'
                    ORDER BY (
                        SELECT count(*) FROM resource_list
                        WHERE resource_list.scope_id = resource.scope_id AND outcome = 'listed'
                            AND resource_list.kind IN ('host', ?)
                    ) DESC, scope.listed_at DESC, resource.scope_id, resource.id
                    """, arguments: [Self.allocationKind(.host)])
            var seen: Set<[String]> = []
            var readings: [Int64: HostReadings] = [:]
            var hosts: [HostHistory] = []
            while let row = try rows.next() {
                let scopeID: Int64 = row["scope_id"]
                guard scopes?.contains(scopeID) ?? true, let place = places[scopeID],
                    seen.insert([place.authURL, place.region, row["id"]]).inserted
                else { continue }
                let reading = try readings[scopeID] ?? HostReadings(database, place)
                readings[scopeID] = reading
                let fields = LeaseRows.object(row["fields"])
                hosts.append(
                    HostHistory(
                        id: row["id"], site: place.site, scopeID: scopeID, nodeType: fields["node_type"]?.stringValue,
                        isReservable: fields["reservable"]?.boolValue ?? true,
                        firstSeenAt: Timestamp(secondsSince1970: row["first_seen_at"]),
                        goneBefore: row.time("gone_before"), knownUntil: reading.hostsAt,
                        usesKnownUntil: reading.allocationsAt, uses: try reading.uses(database, of: row["id"])))
            }
            return hosts
        }
    }
}

/// When a scope read the hosts of its site, and what holds them, as far as that left a trace.
private struct HostReadings {
    private let scope: Int64
    /// When the hosts were read last: with the scope's last list, if it may list them.
    let hostsAt: Timestamp
    /// When it was last told what holds them; `nil` if it never was.
    let allocationsAt: Timestamp?
    /// The last reading known before another, by that other: both told what holds the hosts.
    private let before: [Int64: Int64]

    init(_ database: Database, _ place: Scope) throws {
        scope = place.id
        let answers = try Row.fetchAll(
            database, sql: "SELECT kind, outcome FROM resource_list WHERE scope_id = ?", arguments: [scope])
        func isListed(_ kind: String) -> Bool {
            answers.contains { $0["kind"] == kind && $0["outcome"] == ResourceListing.Outcome.listed.rawValue }
        }
        let hosts = try Self.traces("resource", database, place.id)
        let allocations = try Self.traces("allocation", database, place.id)
        // Whoever may not list the hosts is not asked what holds them: that answer is an old one.
        let listsHosts = isListed(ResourceKind.host.rawValue)
        let listedAt = listsHosts ? place.listedAt?.secondsSince1970 : nil
        hostsAt = Timestamp(
            secondsSince1970: [listedAt, hosts.last, allocations.last].compactMap(\.self).max() ?? 0)
        allocationsAt =
            listsHosts && isListed(LeaseStore.allocationKind(.host))
            ? hostsAt : allocations.last.map(Timestamp.init(secondsSince1970:))
        before = Dictionary(uniqueKeysWithValues: zip(allocations.dropFirst(), allocations))
    }

    /// The times of the readings that found something new or missing in a table: those they wrote down.
    private static func traces(_ table: String, _ database: Database, _ scope: Int64) throws -> [Int64] {
        try Int64.fetchAll(
            database,
            sql: """
                SELECT first_seen_at FROM \(table) WHERE scope_id = ?1 AND kind = 'host' UNION
                SELECT gone_before FROM \(table) WHERE scope_id = ?1 AND kind = 'host' AND gone_before IS NOT NULL
                ORDER BY 1
                """, arguments: [scope])
    }

    func uses(_ database: Database, of host: String) throws -> [HostHistory.Use] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT start_at, end_at, gone_before FROM allocation
                    WHERE scope_id = ? AND kind = 'host' AND resource_id = ?
                    """), arguments: [scope, host]
        ).map { row in
            let goneBefore = row["gone_before"] as Int64?
            return HostHistory.Use(
                startsAt: Timestamp(secondsSince1970: row["start_at"]),
                endsAt: Timestamp(secondsSince1970: row["end_at"]),
                goneAfter: goneBefore.flatMap { before[$0] }.map(Timestamp.init(secondsSince1970:)),
                goneBefore: goneBefore.map(Timestamp.init(secondsSince1970:)))
        }
    }
}
