import GRDB
package import LeaseModel

extension LeaseStore {
    /// Hands over the leases that a filter finds in the states that were known at a moment, in batches, all from one
    /// state of the database.
    ///
    /// - Parameters:
    ///   - filter: which; ``LeaseFilter/heldAt`` asks what was then believed about another moment.
    ///   - moment: what was known when.
    ///   - order: in what order.
    ///   - batch: how many at a time.
    ///   - each: takes a batch.
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

    /// The reservations that are known to hold a resource, or to have held it, by its id or name.
    private static func reservations(holding resource: String, _ database: Database) throws -> Set<String> {
        try String.fetchSet(
            database,
            sql: """
                SELECT reservation_id FROM allocation WHERE resource_id = ?1 OR EXISTS (
                    SELECT 1 FROM resource WHERE resource.scope_id = allocation.scope_id
                        AND resource.id = allocation.resource_id AND resource.name = ?1)
                """, arguments: [resource])
    }

    /// Finds the lease that a reference meant at a moment, and the state that it was known to be in.
    ///
    /// - Parameters:
    ///   - reference: the id, the name it then had, or the beginning of the id.
    ///   - moment: what was known when.
    ///   - scopes: where to look; `nil` for everywhere.
    /// - Returns: what the reference meant, and the lease if it is one.
    /// - Throws: ``StoreError``.
    package func state(
        of reference: String, asKnownAt moment: Timestamp, scopes: Set<Int64>?
    ) throws(StoreError) -> (resolution: LeaseResolution, lease: MirroredLease?) {
        try read { database in
            let states = try PastStates(database, at: moment)
            var filter = LeaseFilter()
            filter.scopes = scopes
            filter.includesDeparted = true
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
                let listed = leases.filter { $0.departure == nil }
                let fitting = listed.isEmpty ? leases : listed
                if fitting.count == 1 { return (.one(LeaseCandidate(fitting[0])), fitting[0]) }
                if !fitting.isEmpty { return (.ambiguous(fitting.map(LeaseCandidate.init)), nil) }
            }
            return (.none, nil)
        }
    }

    /// When each scope's last whole list up to a moment was asked for; a scope that had none is missing.
    package func listings(until moment: Timestamp) throws(StoreError) -> [Int64: Timestamp] {
        try read { try PastStates($0, at: moment).listedAt }
    }

    /// When each scope's first whole list was asked for: what had been deleted before is not known. A scope that has
    /// had none is missing.
    package func firstListings() throws(StoreError) -> [Int64: Timestamp] { try read(Self.firstListings) }

    static func firstListings(_ database: Database) throws -> [Int64: Timestamp] {
        try listingBounds(database).mapValues(\.from)
    }
}
