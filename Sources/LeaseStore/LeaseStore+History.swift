import GRDB
package import LeaseModel

extension LeaseStore {
    /// Every state in which a lease was seen at the site of a scope, the oldest first; the last one holds.
    package func history(id: String, scope: Int64) throws(StoreError) -> [LeaseVersion] {
        try read { try Self.life($0, id: id, scope: scope)?.versions ?? [] }
    }

    /// A lease with every state it was seen in, the oldest first; the last one holds.
    struct Life {
        let key: Int64
        let lease: MirroredLease
        let versions: [LeaseVersion]
        /// The number of its audience, and of the run that brought its present state.
        let audience: Int64
        let run: Int64
    }

    private static func life(_ database: Database, id: String, scope: Int64) throws -> Life? {
        try leaseKey(database, id: id, scope: scope).flatMap {
            try lives(database, keys: CollectionOfOne($0), MirrorReader(database)).first
        }
    }

    /// The row of a lease at the site of a scope; `nil` if it was never seen.
    static func leaseKey(_ database: Database, id: String, scope: Int64) throws -> Int64? {
        try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT lease_key FROM lease
                    WHERE id = ? AND site_id = (SELECT site_id FROM scope WHERE scope_id = ?)
                    """), arguments: [id, scope])
    }

    /// The leases of those rows, in the order of the keys.
    static func lives(
        _ database: Database, keys: some Collection<Int64>, _ reader: MirrorReader
    ) throws -> [Life] {
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
        return try reader.states(keys: keys).map { state in
            Life(
                key: state.key, lease: state.lease, versions: (past[state.key] ?? []) + [state.present],
                audience: state.audience, run: state.run)
        }
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
            query.add(
                """
                lease.observed_at >= ? OR lease.lease_key IN (
                    SELECT lease_key FROM lease_history WHERE observed_until >= ?)
                """, since.secondsSince1970, since.secondsSince1970)
            let keys = try Int64.fetchAll(
                database, sql: "SELECT lease.lease_key FROM \(query.source) WHERE \(query.condition)",
                arguments: query.arguments)
            let reader = try MirrorReader(database, scopes: scopes)
            let firstListings = try Self.firstListings(database)
            var changes: [LeaseChange] = []
            for start in stride(from: 0, to: keys.count, by: 500) {
                for life in try Self.lives(database, keys: keys[start..<min(start + 500, keys.count)], reader) {
                    // A whole list that lacked it makes it news.
                    let firstList = life.lease.audience.compactMap { firstListings[$0] }.min()
                    let isNews = life.versions.first.map { $0.observedAt > firstList ?? $0.observedAt } ?? false
                    changes += try Self.changes(database, life, isNews: isNews).filter { $0.observedAt >= since }
                }
            }
            return changes.sorted { $0.observedAt < $1.observedAt }
        }
    }

    /// What led from each state of a lease at the site of a scope to the next, its appearance first.
    package func lifeline(id: String, scope: Int64) throws(StoreError) -> [LeaseChange] {
        try read { database in
            try Self.life(database, id: id, scope: scope).map { try Self.changes(database, $0, isNews: true) } ?? []
        }
    }

    /// The changes that lead from each version of a lease to the next.
    private static func changes(
        _ database: Database, _ life: Life, isNews: Bool
    ) throws -> [LeaseChange] {
        let (lease, versions) = (life.lease, life.versions)
        guard let first = versions.first else { return [] }
        var changes: [LeaseChange] = []
        if isNews {
            // The whole list before did not have it yet.
            let before = try life.lease.audience.compactMap {
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
