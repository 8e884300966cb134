import GRDB
package import LeaseModel

/// The resources of a kind at a site, and when each is held.
package struct SiteHoldings: Sendable {
    /// The resources, by name.
    package var resources: [CatalogResource] { held.map(\.resource) }
    /// The resources, by name, and when each is held.
    package let held: [HeldResource]
    /// When the list of allocations was read, here or by the owner of an imported database.
    package let listedAt: Timestamp?
}

/// A resource, and when it is held.
package struct HeldResource: Sendable {
    package let resource: CatalogResource
    /// The periods in which it is held, in the order of their starts.
    package var spans: [Range<Timestamp>]
    /// When the first period begins that was not read; `nil` if all were read that were asked for.
    package let unreadFrom: Timestamp?
}

extension LeaseStore {
    /// The resources of a kind that a scope lists, and when they are held. It reads nothing of who holds them, so
    /// that an index answers it.
    ///
    /// - Parameters:
    ///   - kind: the kind.
    ///   - scope: the scope.
    ///   - moment: what ended by then is left out.
    ///   - end: what begins then or later is left out; `nil` for no limit.
    ///   - limit: how many periods of each resource to read at most; `nil` for all.
    ///   - leases: the ids of leases whose allocations are left out.
    ///   - isWanted: whether a resource is wanted.
    /// - Returns: the resources and the periods.
    /// - Throws: ``StoreError``.
    package func holdings(
        of kind: ResourceKind, scope: Int64, after moment: Timestamp, before end: Timestamp? = nil,
        atMost limit: Int? = nil, without leases: Set<String> = [],
        where isWanted: (CatalogResource) -> Bool = { _ in true }
    ) throws(StoreError) -> SiteHoldings {
        try read { database in
            let resources = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT id, name, fields FROM resource WHERE scope_id = ? AND kind = ? AND gone_before IS NULL
                        ORDER BY name, id
                        """), arguments: [scope, kind.rawValue]
            ).map { row in
                CatalogResource(kind: kind, id: row[0], name: row[1], fields: LeaseRows.object(row[2]))
            }.filter(isWanted)
            let excluded = leases.isEmpty ? "" : "AND lease_id NOT IN (SELECT value FROM json_each(?))"
            let walk = try RowWalk(
                database,
                sql: """
                    SELECT start_at, end_at FROM allocation
                    WHERE scope_id = ? AND kind = ? AND gone_before IS NULL AND end_at > ? AND start_at < ?
                        AND start_at < end_at \(excluded) AND resource_id = ?
                    ORDER BY start_at
                    """,
                arguments: StatementArguments(
                    [scope, kind.rawValue, moment.secondsSince1970, end?.secondsSince1970 ?? .max]
                        as [any DatabaseValueConvertible])
                    + (leases.isEmpty ? [] : [Self.list(leases)]))
            defer { walk.end() }
            let held = try resources.map { resource in
                var spans: [Range<Timestamp>] = []
                try walk.begin([resource.id])
                while try walk.step() {
                    guard spans.count < limit ?? .max else {
                        return HeldResource(resource: resource, spans: spans, unreadFrom: walk.moment(0))
                    }
                    spans.append(walk.moment(0)..<walk.moment(1))
                }
                return HeldResource(resource: resource, spans: spans, unreadFrom: nil)
            }
            let name = ListedTable.allocations.listName(kind.rawValue)
            return SiteHoldings(held: held, listedAt: try Self.latestListings(name, database)[scope])
        }
    }

    /// The allocations of some leases, or of some resources, with all that is known of them.
    ///
    /// - Parameters:
    ///   - kind: the kind of resource.
    ///   - scope: the scope that lists them.
    ///   - leases: the ids of leases.
    ///   - resources: the ids of resources.
    /// - Returns: the allocations that are of one of them.
    /// - Throws: ``StoreError``.
    package func allocations(
        of kind: ResourceKind, scope: Int64, leases: Set<String> = [], resources: Set<String> = []
    ) throws(StoreError) -> [Allocation] {
        guard !leases.isEmpty || !resources.isEmpty else { return [] }
        return try read { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT allocation.*,
                            coalesce(lease_name, (SELECT name FROM lease WHERE lease.id = allocation.lease_id LIMIT 1))
                                AS known_name
                        FROM allocation WHERE scope_id = ? AND kind = ? AND gone_before IS NULL
                            AND (lease_id IN (SELECT value FROM json_each(?))
                                OR resource_id IN (SELECT value FROM json_each(?)))
                        ORDER BY start_at, resource_id
                        """), arguments: [scope, kind.rawValue, Self.list(leases), Self.list(resources)])
            return rows.map { Self.allocation($0, of: kind) }
        }
    }

    private static func list(_ texts: Set<String>) -> String {
        JSONValue.array(texts.sorted().map(JSONValue.string)).text()
    }
}
