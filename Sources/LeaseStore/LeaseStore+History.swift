import GRDB
package import LeaseModel

extension LeaseStore {
    /// Every state in which a lease was seen, the oldest first; the last one holds.
    package func history(id: String, scope: Int64) throws(StoreError) -> [LeaseVersion] {
        try read { database in
            let key = try Int64.fetchOne(
                database, sql: "SELECT lease_key FROM lease WHERE id = ? AND scope_id = ?", arguments: [id, scope])
            guard let key else { return [] }
            return try Self.versions(database, keys: CollectionOfOne(key), MirrorReader(database)).first?.versions ?? []
        }
    }

    /// The leases of those rows with every state they were seen in, in the order of the keys.
    static func versions(
        _ database: Database, keys: some Collection<Int64>, _ reader: MirrorReader
    ) throws -> [(key: Int64, lease: MirroredLease, versions: [LeaseVersion])] {
        // A clock that was set back makes intervals of no length, which only the order of their rows tells apart.
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT * FROM lease_history WHERE lease_key IN (\(keys.map(String.init).joined(separator: ",")))
                ORDER BY lease_key, observed_until, observed_at, history_id
                """)
        var past: [Int64: [LeaseVersion]] = [:]
        while let row = try rows.next() {
            past[row["lease_key"], default: []].append(try LeaseVersion(row: row))
        }
        let partial = try partialSightings(database, keys: keys)
        return zip(keys, try reader.leases(keys: keys)).map { key, lease in
            let present = LeaseVersion(
                lease: lease.lease, observedAt: lease.observedAt,
                lastSeenAt: lease.departure?.before ?? lease.lastSeenAt, observedUntil: nil, departure: lease.departure,
                partial: partial[key])
            return (key, lease, (past[key] ?? []) + [present])
        }
    }

    /// What the present states of leases were seen of in part only.
    private static func partialSightings(
        _ database: Database, keys: some Collection<Int64>
    ) throws -> [Int64: PartialSightings] {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT lease_key, extra FROM lease
                WHERE lease_key IN (\(keys.map(String.init).joined(separator: ","))) AND instr(extra, ?)
                """, arguments: [PartialSightings.key])
        var found: [Int64: PartialSightings] = [:]
        while let row = try rows.next() {
            found[row[0]] = LeaseRows.object(row[1])[PartialSightings.key].flatMap(PartialSightings.init(json:))
        }
        return found
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
            let keys = try Int64.fetchAll(
                database, sql: "SELECT lease.lease_key FROM \(query.source) WHERE \(query.condition)",
                arguments: query.arguments)
            let reader = try MirrorReader(database)
            let firstListings = try Self.firstListings(database)
            var changes: [LeaseChange] = []
            for start in stride(from: 0, to: keys.count, by: 500) {
                for found in try Self.versions(database, keys: keys[start..<min(start + 500, keys.count)], reader) {
                    let isNews = found.lease.firstSeenAt > firstListings[found.lease.scopeID] ?? found.lease.firstSeenAt
                    changes += try Self.changes(database, found.lease, found.versions, isNews: isNews).filter {
                        $0.observedAt >= since
                    }
                }
            }
            return changes.sorted { $0.observedAt < $1.observedAt }
        }
    }

    /// What led from each state of a lease to the next, its appearance first.
    package func lifeline(id: String, scope: Int64) throws(StoreError) -> [LeaseChange] {
        try read { database in
            let key = try Int64.fetchOne(
                database, sql: "SELECT lease_key FROM lease WHERE id = ? AND scope_id = ?", arguments: [id, scope])
            guard let key else { return [] }
            return try Self.versions(database, keys: CollectionOfOne(key), MirrorReader(database)).flatMap {
                try Self.changes(database, $0.lease, $0.versions, isNews: true)
            }
        }
    }

    /// The changes that lead from each version of a lease to the next.
    private static func changes(
        _ database: Database, _ lease: MirroredLease, _ versions: [LeaseVersion], isNews: Bool
    ) throws -> [LeaseChange] {
        guard let first = versions.first else { return [] }
        var changes: [LeaseChange] = []
        if isNews {
            // The whole list before did not have it yet.
            let before = try PastStates.lastListing(
                database, scope: lease.scopeID, until: first.observedAt.adding(seconds: -1))
            changes.append(
                LeaseChange(
                    kind: .new, site: lease.site, lease: first.lease, fields: [], after: before,
                    observedAt: first.observedAt))
        }
        for (old, new) in zip(versions, versions.dropFirst()) {
            let kind: LeaseChange.Kind =
                new.departure != nil
                ? .vanished
                : old.departure != nil
                    ? .new : (new.lease.status == .terminated && old.lease.status != .terminated ? .ended : .changed)
            changes.append(
                LeaseChange(
                    kind: kind, site: lease.site, lease: new.lease,
                    fields: LeaseChange.differences(from: old.lease, to: new.lease), after: old.lastSeenAt,
                    observedAt: new.observedAt, departure: new.departure))
        }
        return changes
    }
}
