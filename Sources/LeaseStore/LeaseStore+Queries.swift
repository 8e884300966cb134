import GRDB
package import LeaseModel

extension LeaseStore {
    /// Passes on the leases that match a filter, in batches that all come from one state of the database.
    ///
    /// - Parameters:
    ///   - filter: which leases.
    ///   - order: the order.
    ///   - includesDrafts: whether to include leases that are only queued; they come first.
    ///   - parts: the parts to read.
    ///   - batch: the number of leases in a batch.
    ///   - each: receives a batch.
    /// - Throws: ``StoreError``, or what `each` throws.
    package func leases(
        _ filter: LeaseFilter, order: LeaseOrder = .ownFirst, includesDrafts: Bool = false, parts: LeaseParts = .all,
        batch: Int = 500, each: ([MirroredLease]) throws -> Void
    ) throws(StoreError) {
        try read { database in
            let reader = try MirrorReader(database, scopes: filter.scopes, parts: parts)
            if includesDrafts {
                let drafts = try reader.drafts(filter, order: order)
                if !drafts.isEmpty { try each(drafts) }
            }
            var found: [MirroredLease] = []
            func passOn() throws {
                try reader.addHeldCounts(to: &found)
                try each(found)
                found.removeAll(keepingCapacity: true)
            }
            try reader.table.forEach(LeaseQuery(filter), orderedBy: Self.ordering(order)) { lease in
                found.append(try reader.mirrored(lease))
                if found.count >= batch { try passOn() }
            }
            if !found.isEmpty { try passOn() }
        }
    }

    /// The leases that match a filter.
    package func leases(_ filter: LeaseFilter, order: LeaseOrder = .ownFirst) throws(StoreError) -> [MirroredLease] {
        var found: [MirroredLease] = []
        try leases(filter, order: order) { found += $0 }
        return found
    }

    /// The number of leases that match a filter.
    package func count(_ filter: LeaseFilter) throws(StoreError) -> Int {
        try read { database in
            let query = LeaseQuery(filter)
            return try Int.fetchOne(
                database, sql: "SELECT count(*) FROM \(query.source) WHERE \(query.condition)",
                arguments: query.arguments) ?? 0
        }
    }

    /// The number of leases that match a filter, for each status.
    package func counts(_ filter: LeaseFilter) throws(StoreError) -> [LeaseStatus: Int] {
        try read { database in
            let query = LeaseQuery(filter)
            let rows = try Row.fetchAll(
                database,
                sql:
                    "SELECT lease.status, count(*) FROM \(query.source) WHERE \(query.condition) GROUP BY lease.status",
                arguments: query.arguments)
            return Dictionary(uniqueKeysWithValues: rows.map { (LeaseStatus(rawValue: $0[0]), $0[1]) })
        }
    }

    /// The listed lease of a scope that ends next after a moment.
    package func nextToEnd(scope: Int64, after moment: Timestamp) throws(StoreError) -> MirroredLease? {
        try read { database in
            let key = try Int64.fetchOne(
                database,
                sql: """
                    SELECT lease_key FROM lease
                    WHERE \(AudienceBook.condition("audience_id", includes: [scope])) AND end_at > ? AND gone IS NULL
                        AND status NOT IN ('TERMINATED', 'ERROR')
                    ORDER BY end_at LIMIT 1
                    """, arguments: [moment.secondsSince1970])
            guard let key else { return nil }
            return try MirrorReader(database, scopes: [scope]).leases(keys: CollectionOfOne(key)).first
        }
    }

    /// The terms to sort by. The first is one number that says nearly everything: SQLite compares such twice as fast as
    /// several terms.
    static func ordering(_ order: LeaseOrder) -> String {
        switch order {
        case .relevance(let moment): return "\(Relevance(at: moment).rank), lease.end_at, lease.lease_key"
        case .ownFirst: return "\(Relevance.ownFirst), lease.lease_key"
        case .start: return "lease.start_at, lease.lease_key"
        }
    }
}

/// The order in which people look for leases, as one number: one's own first; of these and of the others, what runs by its
/// end, what is to come by its start, and what has ended by its end, the latest first.
struct Relevance {
    /// The number, as SQL.
    let rank: String
    /// Whether a lease has ended, as SQL.
    let hasEnded: String

    /// More than twice the last moment that a timestamp can be, in seconds.
    private static var span: Int64 { 1 << 43 }

    init(at moment: Timestamp) {
        let now = moment.secondsSince1970
        let isComing = "lease.start_at > \(now)"
        hasEnded = "(lease.gone IS NOT NULL OR lease.status = 'TERMINATED' OR lease.end_at <= \(now))"
        rank = """
            (\(Self.isOthers) * 4 + CASE WHEN \(hasEnded) THEN 3 WHEN \(isComing) THEN 2 ELSE 1 END) * \(Self.span)
            + CASE WHEN \(hasEnded) THEN -lease.end_at WHEN \(isComing) THEN lease.start_at ELSE lease.end_at END
            """
    }

    /// A part of the order: what runs, what is to come, or what has ended, of one's own leases or the others.
    struct Group: Hashable {
        let isOthers: Bool
        /// 1 for what runs, 2 for what is to come, 3 for what has ended.
        let number: Int

        var hasEnded: Bool { number == 3 }
    }

    /// The group of a rank, and the moment that it is sorted by.
    static func parts(ofRank rank: Int64) -> (group: Group, moment: Int64) {
        let number = (rank &+ span / 2) / span
        let group = Group(isOthers: number > 4, number: Int(number % 4))
        let rest = rank - number * span
        return (group, group.hasEnded ? -rest : rest)
    }

    /// The rank of a moment in a group. A moment that no lease can have, from an address that somebody typed, is as the
    /// last or first one.
    static func rank(of moment: Int64, in group: Group) -> Int64 {
        let moment = min(max(moment, 1 - span / 2), span / 2 - 1)
        return Int64((group.isOthers ? 4 : 0) + group.number) * span + (group.hasEnded ? -moment : moment)
    }

    /// Whether a lease is others', as SQL.
    fileprivate static let isOthers = "(lease.user_id NOT IN (SELECT user_id FROM cloud))"
    /// One's own leases first, each part by the ends, as SQL.
    fileprivate static let ownFirst = "\(isOthers) * \(span) + lease.end_at"
}

extension Removal {
    /// Reads the columns `gone`, `gone_after`, `gone_before` and `gone_unconfirmed`; `nil` if the lease is listed.
    init?(row: Row) {
        guard let reason = (row["gone"] as String?).flatMap(Reason.init(rawValue:)), let after = row.time("gone_after"),
            let before = row.time("gone_before")
        else { return nil }
        self.init(reason: row["gone_unconfirmed"] ? .unlisted : reason, after: after, before: before)
    }

    /// The value of the column `gone`.
    var column: String { (reason == .unlisted ? .deleted : reason).rawValue }
}

extension LeaseStore {
    /// The least number of characters that can stand for the beginning of an id.
    package static let shortestPrefix = 4

    /// Finds the lease that a reference means: an id, a name, or the beginning of an id, in this order.
    ///
    /// Leases that their site no longer lists count only if no listed or queued one matches. A local id means the lease
    /// that the creation became, once there is one.
    ///
    /// - Parameters:
    ///   - reference: what the person typed.
    ///   - scopes: where to look; `nil` for everywhere.
    /// - Returns: one lease, several candidates, or none.
    /// - Throws: ``StoreError``.
    package func resolve(_ reference: String, scopes: Set<Int64>?) throws(StoreError) -> LeaseResolution {
        try read { database in
            if LocalID.isOne(reference) { return try Self.resolution(ofLocal: reference, database, scopes) }
            var filter = LeaseFilter()
            filter.scopes = scopes
            filter.includesRemoved = true
            for condition in ReferenceCondition.all(of: reference) {
                var query = LeaseQuery(filter)
                query.add(condition.sql, condition.lower, condition.upper)
                let found = try Self.candidates(database, query, scopes)
                var listed = found.filter { !$0.isRemoved }
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
            database.cachedStatement(
                sql: """
                    SELECT lease.id, lease.name, lease.status, lease.end_at, site.name, lease.audience_id,
                        lease.gone IS NOT NULL
                    FROM \(query.source) JOIN site USING (site_id) WHERE \(query.condition)
                    ORDER BY lease.end_at DESC, lease.id
                    """), arguments: query.arguments
        ).map { row in
            LeaseCandidate(
                id: row[0], name: row[1], status: LeaseStatus(rawValue: row[2]),
                endsAt: Timestamp(secondsSince1970: row[3]), site: row[4],
                scopeID: audiences.representative(row[5], of: scopes) ?? 0, isRemoved: row[6])
        }
    }

    /// The lease with an id at the site of a scope. A local id finds the lease that is queued, or what it became.
    package func lease(id: String, scope: Int64) throws(StoreError) -> MirroredLease? {
        try read { database in
            if LocalID.isOne(id) {
                let row = try Row.fetchOne(
                    database.cachedStatement(
                        sql: """
                            \(Mutation.selection) WHERE verb = 'create' AND local_id = ?
                                AND mutation.site_id = (SELECT site_id FROM scope WHERE scope_id = ?)
                            """),
                    arguments: [id, scope])
                return try row.map { try MirrorReader(database).draft(Mutation(row: $0)) }
            }
            guard let key = try Self.leaseKey(database, id: id, scope: scope) else { return nil }
            return try MirrorReader(database, scopes: [scope]).leases(keys: CollectionOfOne(key)).first
        }
    }
}

/// What a reference may mean, each as a condition on a lease: an id, a name, or the beginning of an id.
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
            // Unlike LIKE or GLOB with a parameter, a range uses the index.
            conditions.append(
                ReferenceCondition(
                    sql: "lease.id >= ? AND lease.id < ?", lower: reference, upper: reference + "\u{10FFFF}"))
        }
        return conditions
    }
}
