import GRDB
package import LeaseModel

extension LeaseStore {
    /// The fewest characters that are taken for the beginning of an id.
    package static let shortestPrefix = 4

    /// Finds the lease that a reference means: an id, a name, or the beginning of an id, in this order.
    ///
    /// Leases that their site no longer lists are considered only where no listed or queued one fits. A local id means
    /// the lease that the creation became, once it is one.
    ///
    /// - Parameters:
    ///   - reference: what the person wrote.
    ///   - scopes: where to look; `nil` for everywhere.
    /// - Returns: the lease, several candidates, or none.
    /// - Throws: ``StoreError``.
    package func resolve(_ reference: String, scopes: Set<Int64>?) throws(StoreError) -> LeaseResolution {
        try read { database in
            if LocalID.isOne(reference) { return try Self.resolution(ofLocal: reference, database, scopes) }
            var filter = LeaseFilter()
            filter.scopes = scopes
            filter.includesDeparted = true
            for condition in ReferenceCondition.all(of: reference) {
                var query = LeaseQuery(filter)
                query.add(condition.sql, condition.lower, condition.upper)
                let found = try Self.candidates(database, query, scopes)
                var listed = found.filter { !$0.isDeparted }
                if condition.isName {
                    let open = MutationState.allCases.filter(\.isPending).map { "'\($0.rawValue)'" }
                    listed += try Self.drafts(
                        database, "lease_id IS NULL AND lease_name = ? AND state IN (\(open.joined(separator: ", ")))",
                        [reference], scopes: scopes)
                }
                let fitting = listed.isEmpty ? found : listed
                if fitting.count == 1 { return .one(fitting[0]) }
                if !fitting.isEmpty { return .ambiguous(fitting) }
            }
            return .none
        }
    }

    private static func resolution(
        ofLocal reference: String, _ database: Database, _ scopes: Set<Int64>?
    ) throws -> LeaseResolution {
        let found = try drafts(
            database, "local_id >= ? AND local_id < ?", [reference, reference + "\u{10FFFF}"], scopes: scopes)
        return found.count > 1 ? .ambiguous(found) : found.first.map { .one($0) } ?? .none
    }

    private static func candidates(
        _ database: Database, _ query: LeaseQuery, _ scopes: Set<Int64>?
    ) throws -> [LeaseCandidate] {
        let audiences = try AudienceBook(database)
        return try Row.fetchAll(
            database,
            sql: """
                SELECT lease.id, lease.name, lease.status, lease.end_at, site.name, lease.audience_id,
                    lease.gone IS NOT NULL
                FROM \(query.source) JOIN site USING (site_id) WHERE \(query.condition)
                ORDER BY lease.end_at DESC, lease.id
                """, arguments: query.arguments
        ).map { row in
            LeaseCandidate(
                id: row[0], name: row[1], status: LeaseStatus(rawValue: row[2]),
                endsAt: Timestamp(secondsSince1970: row[3]), site: row[4],
                scopeID: audiences.representative(row[5], of: scopes) ?? 0, isDeparted: row[6])
        }
    }

    /// The lease of that id at the site of a scope; for a local id the lease that is queued, or what it became.
    package func lease(id: String, scope: Int64) throws(StoreError) -> MirroredLease? {
        try read { database in
            if LocalID.isOne(id) {
                let row = try Row.fetchOne(
                    database,
                    sql: """
                        \(Mutation.selection) WHERE verb = 'create' AND local_id = ?
                            AND mutation.site_id = (SELECT site_id FROM scope WHERE scope_id = ?)
                        """,
                    arguments: [id, scope])
                return try row.map { try MirrorReader(database).draft(Mutation(row: $0)) }
            }
            guard let key = try Self.leaseKey(database, id: id, scope: scope) else { return nil }
            return try MirrorReader(database, scopes: [scope]).leases(keys: CollectionOfOne(key)).first
        }
    }
}

/// What a reference may mean, each as a condition on a lease: an id, a name, the beginning of an id.
struct ReferenceCondition {
    var isName = false
    let sql: String
    let lower: String
    let upper: String

    static func all(of reference: String) -> [ReferenceCondition] {
        var conditions = [
            ReferenceCondition(sql: "lease.id = ? AND ? = ''", lower: reference, upper: ""),
            ReferenceCondition(isName: true, sql: "lease.name = ? AND ? = ''", lower: reference, upper: ""),
        ]
        if reference.count >= LeaseStore.shortestPrefix {
            // A range, unlike LIKE or GLOB with a parameter, uses the index.
            conditions.append(
                ReferenceCondition(
                    sql: "lease.id >= ? AND lease.id < ?", lower: reference, upper: reference + "\u{10FFFF}"))
        }
        return conditions
    }
}
