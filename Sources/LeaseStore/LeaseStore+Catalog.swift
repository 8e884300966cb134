import GRDB
package import LeaseModel

/// One complete list of a site's resources.
package struct ObservedResources: Sendable {
    package let kind: ResourceKind
    package let outcome: ResourceListing.Outcome
    package let message: String?
    package let resources: [CatalogResource]
    /// `nil` if the site did not report who holds them.
    package let allocations: [Allocation]?
    /// The site's answer to the request for allocations, if it was not a list; `nil` if it was not asked.
    package let allocationRefusal: (outcome: ResourceListing.Outcome, message: String?)?

    package init(
        kind: ResourceKind, outcome: ResourceListing.Outcome, message: String? = nil,
        resources: [CatalogResource] = [], allocations: [Allocation]? = nil,
        allocationRefusal: (outcome: ResourceListing.Outcome, message: String?)? = nil
    ) {
        self.kind = kind
        self.outcome = outcome
        self.message = message
        self.resources = resources
        self.allocations = allocations
        self.allocationRefusal = allocationRefusal
    }
}

extension LeaseStore {
    /// Records a site's resources. Unchanged rows are not written; rows that are no longer listed are marked.
    package func apply(_ observed: [ObservedResources], scope: Int64, at time: Timestamp) throws(StoreError) {
        try write { database in
            for list in observed {
                func writer(_ table: ListedTable) -> ResourceWriter {
                    ResourceWriter(database, table, scope: scope, kind: list.kind)
                }
                func note(_ table: ListedTable, _ answer: (ResourceListing.Outcome, String?)) throws {
                    try Self.note(table.listName(list.kind.rawValue), answer, scope: scope, in: database)
                }
                try note(.resources, (list.outcome, list.message))
                if let answer = list.allocations.map({ _ in (.listed, nil) }) ?? list.allocationRefusal {
                    try note(.allocations, answer)
                }
                if let kind = PersonNames.Kind(list.kind) {
                    let site =
                        try Int64.fetchOne(
                            database.cachedStatement(sql: "SELECT site_id FROM scope WHERE scope_id = ?"),
                            arguments: [scope]) ?? 0
                    for person in list.resources {
                        guard let name = person.name else { continue }
                        try PersonNames.note(name, of: kind, id: person.id, site: site, at: time, database)
                    }
                } else if list.outcome == .listed {
                    try writer(.resources).replace(with: list.resources.map { .init($0) }, at: time)
                }
                if let allocations = list.allocations {
                    try writer(.allocations).replace(with: allocations.map { .init($0) }, at: time)
                }
            }
        }
    }

    private static func note(
        _ kind: String, _ answer: (outcome: ResourceListing.Outcome, message: String?), scope: Int64,
        in database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO resource_list (scope_id, kind, outcome, message) VALUES (?, ?, ?, ?)
                ON CONFLICT (scope_id, kind) DO UPDATE
                SET outcome = excluded.outcome, message = excluded.message
                WHERE outcome <> excluded.outcome OR message IS NOT excluded.message
                """
        ).execute(arguments: [scope, kind, answer.outcome.rawValue, answer.message])
    }

    /// The resources of a kind that the sites list, each once, with their known allocations.
    ///
    /// If everyone at a site sees the same list, only its latest copy counts, and so for allocations: a scope that is
    /// no longer read would list resources forever that are long gone. Without `readsAllocations` there are none, which
    /// saves nearly all of the time where many are known.
    package func resources(
        _ kind: ResourceKind, scopes: Set<Int64>?, readsAllocations: Bool = true
    ) throws(StoreError) -> [MirroredResource] {
        try read { database in
            let selected = try Self.scopes(database).filter { scopes?.contains($0.id) ?? true }
            let places = Dictionary(uniqueKeysWithValues: selected.map { ($0.id, $0) })
            let listedAt = try Self.latestListings(ListedTable.resources.listName(kind.rawValue), database)
            let allocationsListedAt = try Self.latestListings(ListedTable.allocations.listName(kind.rawValue), database)
            let listScopes = kind.isSiteWide ? Self.latestScopes(selected, by: listedAt) : [:]
            let allocationScopes = kind.isSiteWide ? Self.latestScopes(selected, by: allocationsListedAt) : [:]
            // Where several scopes get the same list, read one of them.
            let scopes = selected.map(\.id).filter { id in
                places[id].map { listScopes[Self.place(of: $0)] ?? id == id } ?? false
            }
            var seen: Set<String> = []
            var found: [MirroredResource] = []
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT * FROM resource
                    WHERE scope_id IN (\(scopes.map(String.init).joined(separator: ","))) AND kind = ?
                        AND gone_before IS NULL
                    ORDER BY name, id, scope_id
                    """, arguments: [kind.rawValue])
            while let row = try rows.next() {
                guard let scope = places[row["scope_id"]] else { continue }
                let site = Self.place(of: scope)
                let resource = CatalogResource(
                    kind: kind, id: row["id"], name: row["name"], fields: LeaseRows.object(row["fields"]))
                guard seen.insert("\(site) \(resource.id)").inserted else { continue }
                let allocations =
                    readsAllocations
                    ? try Self.allocations(of: resource, scope: allocationScopes[site] ?? scope.id, in: database) : []
                found.append(
                    MirroredResource(
                        resource: resource, site: scope.site, allocations: allocations, syncedAt: listedAt[scope.id]))
            }
            return found
        }
    }

    private static func place(of scope: Scope) -> String { "\(scope.siteID)" }

    /// When the latest complete list of a name was read in each scope, here or by the owner of an imported database.
    static func latestListings(_ name: String, _ database: Database) throws -> [Int64: Timestamp] {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: "SELECT scope_id, max(listed_at) FROM resource_listing WHERE kind = ? GROUP BY scope_id"),
            arguments: [name])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], Timestamp(secondsSince1970: $0[1])) })
    }

    /// The scope of each site with the latest list; among equals, a member's.
    private static func latestScopes(_ scopes: [Scope], by listedAt: [Int64: Timestamp]) -> [String: Int64] {
        var latest: [String: Scope] = [:]
        func rank(_ scope: Scope) -> (Int64, Int, String) {
            (-(listedAt[scope.id]?.secondsSince1970 ?? 0), scope.seesAllProjects ? 1 : 0, scope.projectID)
        }
        for scope in scopes where listedAt[scope.id] != nil {
            if let other = latest[place(of: scope)], rank(other) < rank(scope) { continue }
            latest[place(of: scope)] = scope
        }
        return latest.mapValues(\.id)
    }

    private static func allocations(
        of resource: CatalogResource, scope: Int64, in database: Database
    ) throws -> [Allocation] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT allocation.*,
                    coalesce(lease_name, (SELECT name FROM lease WHERE lease.id = allocation.lease_id LIMIT 1)) AS known_name
                FROM allocation WHERE scope_id = ? AND kind = ? AND resource_id = ? AND gone_before IS NULL
                ORDER BY start_at
                """)
        return try Row.fetchAll(statement, arguments: [scope, resource.kind.rawValue, resource.id]).map {
            allocation($0, of: resource.kind)
        }
    }

    /// An allocation, from a row with all its columns and the name of its lease, as far as it is known.
    static func allocation(_ row: Row, of kind: ResourceKind) -> Allocation {
        Allocation(
            resourceKind: kind, resourceID: row["resource_id"], reservationID: row["reservation_id"],
            leaseID: row["lease_id"], startsAt: Timestamp(secondsSince1970: row["start_at"]),
            endsAt: Timestamp(secondsSince1970: row["end_at"]), projectID: row["project_id"],
            leaseName: row["known_name"], extra: LeaseRows.object(row["extra"]))
    }

    /// What each site answered to the last request for each kind of resource.
    package func resourceListings(scopes: Set<Int64>?) throws(StoreError) -> [ResourceListing] {
        try read { database in
            try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM resource_list ORDER BY scope_id, kind"))
                .compactMap { row in
                    guard scopes?.contains(row["scope_id"]) ?? true,
                        let kind = ResourceKind(rawValue: row["kind"]),
                        let outcome = ResourceListing.Outcome(rawValue: row["outcome"])
                    else { return nil }
                    return ResourceListing(
                        kind: kind, scopeID: row["scope_id"], outcome: outcome, message: row["message"])
                }
        }
    }

    /// What a site answered when last asked for the allocations of a kind; `nil` if it was not asked.
    package func allocationListing(_ kind: ResourceKind, scope: Int64) throws(StoreError) -> ResourceListing? {
        try read { database in
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: "SELECT outcome, message FROM resource_list WHERE scope_id = ? AND kind = ?"),
                arguments: [scope, ListedTable.allocations.listName(kind.rawValue)])
            guard let row, let outcome = ResourceListing.Outcome(rawValue: row[0]) else { return nil }
            return ResourceListing(kind: kind, scopeID: scope, outcome: outcome, message: row[1])
        }
    }
}

extension ResourceKind {
    /// Whether a site shows everyone the same list of this kind, if it shows one at all.
    var isSiteWide: Bool {
        switch self {
        case .host, .device, .networkSegment, .reservableFloatingIP: true
        case .flavor, .flavorInstances, .network, .floatingIP, .project, .user: false
        }
    }
}

extension PersonNames.Kind {
    /// Whose names a kind's list contains; `nil` if it does not name users or projects.
    fileprivate init?(_ kind: ResourceKind) {
        switch kind {
        case .user: self = .user
        case .project: self = .project
        case .host, .device, .networkSegment, .reservableFloatingIP, .flavor, .flavorInstances, .network, .floatingIP:
            return nil
        }
    }
}

extension LeaseStore {
    /// The hosts that were ever listed, each once per site. The scope with the latest list of allocations wins, or else
    /// the one that read the hosts last.
    package func hostHistories(scopes: Set<Int64>?) throws(StoreError) -> [HostHistory] {
        try read { database in
            let places = Dictionary(
                uniqueKeysWithValues: try Self.scopes(database).filter { scopes?.contains($0.id) ?? true }
                    .map { ($0.id, $0) })
            let hostsAt = try Self.latestListings(ListedTable.resources.listName(ResourceKind.host.rawValue), database)
            let usesAt = try Self.latestListings(ListedTable.allocations.listName(ResourceKind.host.rawValue), database)
            func rank(_ scope: Scope) -> (Int64, Int64, Int, String) {
                let uses = usesAt[scope.id]?.secondsSince1970 ?? .min
                let hosts = hostsAt[scope.id]?.secondsSince1970 ?? .min
                return (uses, hosts, scope.seesAllProjects ? 0 : 1, scope.projectID)
            }
            var seen: Set<[String]> = []
            var hosts: [HostHistory] = []
            for place in places.values.sorted(by: { rank($0) > rank($1) }) {
                let rows = try Row.fetchCursor(
                    database, sql: "SELECT * FROM resource WHERE scope_id = ? AND kind = 'host' ORDER BY id",
                    arguments: [place.id])
                while let row = try rows.next() {
                    guard seen.insert(["\(place.siteID)", row["id"]]).inserted else { continue }
                    let fields = LeaseRows.object(row["fields"])
                    let firstSeenAt = Timestamp(secondsSince1970: row["first_seen_at"])
                    hosts.append(
                        HostHistory(
                            id: row["id"], site: place.site, scopeID: place.id,
                            nodeType: fields["node_type"]?.stringValue,
                            isReservable: fields["reservable"]?.boolValue ?? true, firstSeenAt: firstSeenAt,
                            goneBefore: row.time("gone_before"), knownUntil: hostsAt[place.id] ?? firstSeenAt,
                            usesKnownUntil: usesAt[place.id], uses: try Self.uses(database, place.id, row["id"])))
                }
            }
            return hosts
        }
    }

    private static func uses(_ database: Database, _ scope: Int64, _ host: String) throws -> [HostHistory.Use] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT start_at, end_at, last_seen_at, gone_before FROM allocation
                    WHERE scope_id = ? AND kind = 'host' AND resource_id = ?
                    """), arguments: [scope, host]
        ).map { row in
            let goneBefore = row.time("gone_before")
            return HostHistory.Use(
                startsAt: Timestamp(secondsSince1970: row["start_at"]),
                endsAt: Timestamp(secondsSince1970: row["end_at"]),
                goneAfter: goneBefore == nil ? nil : row.time("last_seen_at"), goneBefore: goneBefore)
        }
    }
}
