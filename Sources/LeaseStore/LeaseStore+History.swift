import GRDB
package import LeaseModel

extension LeaseStore {
    /// Every state in which a lease was seen, the oldest first; the last one holds.
    package func history(id: String, scope: Int64) throws(StoreError) -> [LeaseVersion] {
        try read { database in
            let key = try Int64.fetchOne(
                database, sql: "SELECT lease_key FROM lease WHERE id = ? AND scope_id = ?", arguments: [id, scope])
            guard let key else { return [] }
            return try Self.versions(database, key: key, reader: MirrorReader(database))
        }
    }

    private static func versions(_ database: Database, key: Int64, reader: MirrorReader) throws -> [LeaseVersion] {
        guard let current = try reader.leases(keys: CollectionOfOne(key)).first else { return [] }
        let rows = try Row.fetchCursor(
            database, sql: "SELECT * FROM lease_history WHERE lease_key = ? ORDER BY history_id", arguments: [key])
        var versions: [LeaseVersion] = []
        while let row = try rows.next() {
            guard let lease = try? BlazarLease(json: LeaseRows.object(row["document"])) else { continue }
            versions.append(
                LeaseVersion(
                    lease: lease, observedAt: Timestamp(secondsSince1970: row["observed_at"]),
                    lastSeenAt: Timestamp(secondsSince1970: row["last_seen_at"]),
                    observedUntil: row.time("observed_until"), departure: Departure(row: row)))
        }
        versions.append(
            LeaseVersion(
                lease: current.lease, observedAt: current.observedAt,
                lastSeenAt: current.departure.map(\.before) ?? current.lastSeenAt, observedUntil: nil,
                departure: current.departure))
        return versions
    }

    /// What was seen to change since a moment, in the order in which it was seen.
    ///
    /// Leases that were there when their scope was first read are not news.
    package func changes(since: Timestamp, scopes: Set<Int64>?) throws(StoreError) -> [LeaseChange] {
        try read { database in
            var filter = LeaseFilter()
            filter.includesDeparted = true
            filter.scopes = scopes
            var query = LeaseQuery(filter)
            query.add(
                """
                lease.observed_at >= ? OR EXISTS (
                    SELECT 1 FROM lease_history WHERE lease_history.lease_key = lease.lease_key AND observed_until >= ?)
                """, since.secondsSince1970, since.secondsSince1970)
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT lease.lease_key, lease.first_seen_at > (
                        SELECT coalesce(min(started_at), 0) FROM sync_run
                        WHERE sync_run.scope_id = lease.scope_id AND outcome = 'complete')
                    FROM \(LeaseQuery.source) WHERE \(query.condition)
                    """, arguments: query.arguments)
            let reader = try MirrorReader(database)
            let changes = try rows.flatMap { row in
                let site = try reader.leases(keys: CollectionOfOne(row[0] as Int64)).first?.site ?? ""
                return Self.changes(
                    between: try Self.versions(database, key: row[0], reader: reader), site: site, isNews: row[1])
            }
            return changes.filter { $0.observedAt >= since }.sorted { $0.observedAt < $1.observedAt }
        }
    }

    /// The changes that lead from each version of a lease to the next.
    package static func changes(between versions: [LeaseVersion], site: String, isNews: Bool) -> [LeaseChange] {
        guard let first = versions.first else { return [] }
        var changes: [LeaseChange] = []
        if isNews {
            changes.append(
                LeaseChange(
                    kind: .new, site: site, lease: first.lease, fields: [], after: nil, observedAt: first.observedAt))
        }
        for (old, new) in zip(versions, versions.dropFirst()) {
            let kind: LeaseChange.Kind =
                new.departure != nil
                ? .vanished
                : old.departure != nil
                    ? .new : (new.lease.status == .terminated && old.lease.status != .terminated ? .ended : .changed)
            changes.append(
                LeaseChange(
                    kind: kind, site: site, lease: new.lease,
                    fields: LeaseChange.differences(from: old.lease, to: new.lease), after: old.lastSeenAt,
                    observedAt: new.observedAt))
        }
        return changes
    }
}
