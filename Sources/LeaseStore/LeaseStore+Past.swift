import GRDB
package import LeaseModel

extension LeaseStore {
    /// Passes on the leases that match a filter, in the states known at a moment, in batches that all come from one
    /// state of the database.
    ///
    /// - Parameters:
    ///   - filter: which leases; ``LeaseFilter/heldAt`` asks what was then believed about another moment.
    ///   - moment: the moment whose knowledge counts.
    ///   - order: the order.
    ///   - batch: the number of leases in a batch.
    ///   - each: receives a batch.
    /// - Throws: ``StoreError``, or what `each` throws.
    package func leases(
        _ filter: LeaseFilter, asKnownAt moment: Timestamp, order: LeaseOrder = .ownFirst, batch: Int = 500,
        each: ([MirroredLease]) throws -> Void
    ) throws(StoreError) {
        try read { database in
            let query = try LeaseQuery(filter, in: PastStates(database, at: moment))
            let states = try Row.fetchCursor(
                database,
                sql: """
                    SELECT \(FoundState.columns) FROM \(query.source)
                    WHERE \(query.condition) ORDER BY \(Self.ordering(order)), lease.lease_key
                    """, arguments: query.arguments
            )
            var found: [FoundState] = []
            while let row = try states.next() { found.append(FoundState(row: row)) }
            let reader = try MirrorReader(database, scopes: filter.scopes)
            let allocated = try filter.resource.map { try Self.reservations(holding: $0, database) } ?? []
            var start = 0
            while start < found.count {
                let end = min(start + batch, found.count)
                let leases = try reader.leases(found[start..<end], asKnownAt: moment)
                try each(leases.filter { filter.admitsReservations(of: $0.lease, allocated: allocated) })
                start = end
            }
        }
    }

    /// The reservations that hold or once held a resource, given by id or name.
    private static func reservations(holding resource: String, _ database: Database) throws -> Set<String> {
        try String.fetchSet(
            database.cachedStatement(
                sql: """
                    SELECT reservation_id FROM allocation WHERE resource_id = ?1 OR EXISTS (
                        SELECT 1 FROM resource WHERE resource.scope_id = allocation.scope_id
                            AND resource.id = allocation.resource_id AND resource.name = ?1)
                    """), arguments: [resource])
    }

    /// Finds the lease that a reference meant at a moment, and its state as known then.
    ///
    /// - Parameters:
    ///   - reference: the id, the beginning of it, or the name that the lease had then.
    ///   - moment: the moment whose knowledge counts.
    ///   - scopes: where to look; `nil` for everywhere.
    /// - Returns: the resolution, and the lease if it is unique.
    /// - Throws: ``StoreError``.
    package func state(
        of reference: String, asKnownAt moment: Timestamp, scopes: Set<Int64>?
    ) throws(StoreError) -> (resolution: LeaseResolution, lease: MirroredLease?) {
        try read { database in
            let states = try PastStates(database, at: moment)
            var filter = LeaseFilter()
            filter.scopes = scopes
            filter.includesRemoved = true
            for condition in ReferenceCondition.all(of: reference) {
                var query = LeaseQuery(filter, in: states)
                query.add(condition.sql, condition.lower, condition.upper)
                let found = try Row.fetchAll(
                    database,
                    sql: """
                        SELECT \(FoundState.columns) FROM \(query.source)
                        WHERE \(query.condition) ORDER BY lease.end_at DESC, lease.id
                        """, arguments: query.arguments
                ).map(FoundState.init(row:))
                let leases = try MirrorReader(database, scopes: scopes).leases(found, asKnownAt: moment)
                let listed = leases.filter { $0.removal == nil }
                let fitting = listed.isEmpty ? leases : listed
                if fitting.count == 1 { return (.one(LeaseCandidate(fitting[0])), fitting[0]) }
                if !fitting.isEmpty { return (.ambiguous(fitting.map(LeaseCandidate.init)), nil) }
            }
            return (.none, nil)
        }
    }

    /// When each scope's last complete list up to a moment was requested. Scopes without one are absent.
    package func listings(until moment: Timestamp) throws(StoreError) -> [Int64: Timestamp] {
        try read { try PastStates($0, at: moment).listedAt }
    }

    /// When each scope's first complete list was requested; leases deleted earlier are unknown. Scopes without one are
    /// absent.
    package func firstListings() throws(StoreError) -> [Int64: Timestamp] { try read(Self.firstListings) }

    static func firstListings(_ database: Database) throws -> [Int64: Timestamp] {
        try listingBounds(database).mapValues(\.from)
    }
}

extension LeaseStore {
    /// Every state in which a lease was seen at the site of a scope, oldest first; the last one is the present state.
    package func history(id: String, scope: Int64) throws(StoreError) -> [LeaseVersion] {
        try read { try Self.life($0, id: id, scope: scope)?.versions ?? [] }
    }

    /// A lease with every state in which it was seen, oldest first; the last one is the present state.
    struct Life {
        let key: Int64
        let lease: MirroredLease
        let versions: [LeaseVersion]
        /// The number of its audience.
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

    /// The leases of some rows, in the order of their keys.
    static func lives(
        _ database: Database, keys: some Collection<Int64>, _ reader: MirrorReader
    ) throws -> [Life] {
        // If a clock was set back, states may have no length; then only the order of their rows tells them apart.
        let past = try database.cachedStatement(
            sql: """
                SELECT \(LeaseVersion.columns) FROM lease_history WHERE lease_key = ?
                ORDER BY observed_until, observed_at, history_id
                """)
        let rows = try reader.table.leases(keys: keys)
        return try zip(rows, reader.mirrored(rows)).map { row, lease in
            let present = row.present(listedAt: reader.audiences.listedAt(row.audience))
            let versions = try Row.fetchAll(past, arguments: [row.key]).map(LeaseVersion.init(row:)) + [present]
            return Life(key: row.key, lease: lease, versions: versions, audience: row.audience, run: row.run)
        }
    }

    /// The changes seen since a moment, in the order in which they were seen.
    ///
    /// Leases that were there when their scope was first read are not news.
    ///
    /// - Parameters:
    ///   - since: the moment.
    ///   - scopes: the scopes whose observations count; `nil` for all.
    /// - Returns: the changes.
    /// - Throws: ``StoreError``.
    package func changes(since: Timestamp, scopes: Set<Int64>?) throws(StoreError) -> [LeaseChange] {
        try read { database in
            let reader = try MirrorReader(database, scopes: scopes)
            let firstListings = try Self.firstListings(database)
            let keys = try Self.changed(database, since: since, scopes: scopes, reader.audiences, firstListings)
            var changes: [LeaseChange] = []
            for start in stride(from: 0, to: keys.count, by: 500) {
                for life in try Self.lives(database, keys: keys[start..<min(start + 500, keys.count)], reader) {
                    // A lease is news if a complete list came before it and lacked it.
                    let firstList = life.lease.audience.compactMap { firstListings[$0] }.min()
                    let isNews = life.versions.first.map { $0.observedAt > firstList ?? $0.observedAt } ?? false
                    changes += try Self.changes(database, life, isNews: isNews).filter { $0.observedAt >= since }
                }
            }
            return changes.sorted { $0.observedAt < $1.observedAt }
        }
    }

    /// The leases that have changed since a moment, or may be news.
    ///
    /// A lease's state ends when the next one is seen, so the history has every change. A lease without a history is
    /// news only if it was seen after its scope's first list, which leaves out what a first sync has read.
    private static func changed(
        _ database: Database, since: Timestamp, scopes: Set<Int64>?, _ audiences: AudienceBook,
        _ firstListings: [Int64: Timestamp]
    ) throws -> [Int64] {
        var filter = LeaseFilter()
        filter.includesRemoved = true
        filter.scopes = scopes
        var query = LeaseQuery(filter)
        let firstLists = audiences.all.compactMapValues { $0.compactMap { firstListings[$0] }.min()?.secondsSince1970 }
        let news = firstLists.sorted { $0.key < $1.key }.map { "WHEN \($0) THEN observed_at > \($1)" }
        let isNews = news.isEmpty ? "0" : "CASE audience_id \(news.joined(separator: " ")) ELSE 0 END"
        query.add(
            """
            lease.lease_key IN (
                SELECT lease_key FROM lease_history WHERE observed_until >= ?
                UNION ALL
                SELECT lease_key FROM lease
                WHERE observed_at >= ? AND observed_at > ? AND \(isNews))
            """, since.secondsSince1970, since.secondsSince1970, firstLists.values.min() ?? .max)
        return try Int64.fetchAll(
            database,
            sql: "SELECT lease.lease_key FROM \(query.source) WHERE \(query.condition) ORDER BY lease.lease_key",
            arguments: query.arguments)
    }

    /// The changes of a lease at the site of a scope, from its appearance on.
    package func lifeline(id: String, scope: Int64) throws(StoreError) -> [LeaseChange] {
        try read { database in
            try Self.life(database, id: id, scope: scope).map { try Self.changes(database, $0, isNews: true) } ?? []
        }
    }

    /// The changes from each version of a lease to the next.
    private static func changes(
        _ database: Database, _ life: Life, isNews: Bool
    ) throws -> [LeaseChange] {
        let (lease, versions) = (life.lease, life.versions)
        guard let first = versions.first else { return [] }
        var changes: [LeaseChange] = []
        if isNews {
            // The last complete list before that did not have the lease yet.
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
                new.removal != nil
                ? .vanished
                : old.removal != nil
                    ? .new : (new.lease.status == .terminated && old.lease.status != .terminated ? .ended : .changed)
            changes.append(
                LeaseChange(
                    kind: kind, site: lease.site, lease: new.lease,
                    fields: LeaseChange.differences(from: old.lease, to: new.lease), after: old.lastSeenAt,
                    observedAt: new.observedAt, removal: new.removal))
        }
        return changes
    }
}
