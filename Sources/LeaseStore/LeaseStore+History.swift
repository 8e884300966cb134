import GRDB
package import LeaseModel

extension LeaseStore {
    /// Every state in which a lease was seen, the oldest first, by whatever scope of its site; the last one holds.
    package func history(id: String, scope: Int64) throws(StoreError) -> [LeaseVersion] {
        try read { try Self.life($0, id: id, scope: scope)?.versions ?? [] }
    }

    private static func life(_ database: Database, id: String, scope: Int64) throws -> SharedHistory.Life? {
        let key = try Int64.fetchOne(
            database, sql: "SELECT lease_key FROM lease WHERE id = ? AND scope_id = ?", arguments: [id, scope])
        guard let key else { return nil }
        var history = try SharedHistory(database, MirrorReader(database))
        return try history.lives(keys: CollectionOfOne(key)).first
    }

    /// The leases of those rows with every state they were seen in, in the order of the keys, each as its own scope saw
    /// it.
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
    ///
    /// - Parameters:
    ///   - since: the moment.
    ///   - scopes: whose sightings count; `nil` for all.
    /// - Returns: the changes.
    /// - Throws: ``StoreError``.
    package func changes(since: Timestamp, scopes: Set<Int64>?) throws(StoreError) -> [LeaseChange] {
        try read { database in
            var filter = LeaseFilter()
            filter.includesDeparted = true
            filter.scopes = scopes
            var query = LeaseQuery(filter)
            // Another scope may have seen the change than the one that counts now.
            query.add(
                """
                lease.id IN (
                    SELECT id FROM lease AS changed WHERE changed.observed_at >= ?
                    UNION ALL
                    SELECT id FROM lease_history JOIN lease AS changed ON changed.lease_key = lease_history.lease_key
                    WHERE observed_until >= ?)
                """, since.secondsSince1970, since.secondsSince1970)
            let keys = try Int64.fetchAll(
                database, sql: "SELECT lease.lease_key FROM \(query.source) WHERE \(query.condition)",
                arguments: query.arguments)
            var history = try SharedHistory(database, MirrorReader(database), scopes: scopes)
            let firstListings = try Self.firstListings(database)
            var changes: [LeaseChange] = []
            for start in stride(from: 0, to: keys.count, by: 500) {
                for life in try history.lives(keys: keys[start..<min(start + 500, keys.count)]) {
                    // A whole list that lacked it makes it news.
                    let firstList = life.scopes.compactMap { firstListings[$0] }.min()
                    let isNews = life.versions.first.map { $0.observedAt > firstList ?? $0.observedAt } ?? false
                    changes += try Self.changes(database, life, isNews: isNews).filter { $0.observedAt >= since }
                }
            }
            return changes.sorted { $0.observedAt < $1.observedAt }
        }
    }

    /// What led from each state of a lease to the next, its appearance first, by whatever scope of its site it was seen.
    package func lifeline(id: String, scope: Int64) throws(StoreError) -> [LeaseChange] {
        try read { database in
            try Self.life(database, id: id, scope: scope).map { try Self.changes(database, $0, isNews: true) } ?? []
        }
    }

    /// The changes that lead from each version of a lease to the next.
    private static func changes(
        _ database: Database, _ life: SharedHistory.Life, isNews: Bool
    ) throws -> [LeaseChange] {
        let (lease, versions) = (life.lease, life.versions)
        guard let first = versions.first else { return [] }
        var changes: [LeaseChange] = []
        if isNews {
            // The whole list before did not have it yet.
            let before = try life.scopes.compactMap {
                try PastStates.lastListing(database, scope: $0, until: first.observedAt.adding(seconds: -1))
            }.max()
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
