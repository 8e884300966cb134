import GRDB
package import LeaseModel

/// The identity that a token and its catalog report: enough to find or create the site and the scope.
package struct ScopeIdentity: Sendable, Hashable {
    package var cloud: String
    /// A digest of the entry's configuration, which changes when the entry is edited.
    package var fingerprint: String
    /// A name for the site, if it has none yet.
    package var site: String
    /// The public endpoint of the reservation service in the catalog.
    package var endpoint: String
    package var authURL: String
    /// The region that is actually used.
    package var region: String
    package var projectID: String
    package var projectName: String
    package var userID: String
    package var userName: String
    package var seesAllProjects: Bool

    package init(
        cloud: String, fingerprint: String, site: String, endpoint: String, authURL: String, region: String,
        projectID: String, projectName: String, userID: String, userName: String, seesAllProjects: Bool
    ) {
        self.cloud = cloud
        self.fingerprint = fingerprint
        self.site = site
        self.endpoint = endpoint
        self.authURL = authURL
        self.region = region
        self.projectID = projectID
        self.projectName = projectName
        self.userID = userID
        self.userName = userName
        self.seesAllProjects = seesAllProjects
    }
}

extension Scope {
    /// Whether it is the scope of a token.
    package func isFor(_ identity: ScopeIdentity) -> Bool {
        projectID == identity.projectID && seesAllProjects == identity.seesAllProjects && isAtSite(of: identity)
    }

    /// Whether it is at the site of a token.
    package func isAtSite(of identity: ScopeIdentity) -> Bool {
        region == identity.region && endpoint == SiteEndpoint.normalized(identity.endpoint)
    }
}

extension LeaseStore {
    /// Finds or creates the scope of a token, and records that the cloud leads to it.
    ///
    /// - Parameters:
    ///   - identity: what the token and its catalog say.
    ///   - time: when they said it.
    /// - Returns: the scope.
    /// - Throws: ``StoreError``.
    package func scope(for identity: ScopeIdentity, at time: Timestamp) throws(StoreError) -> Scope {
        try write { try Self.scope($0, for: identity, among: Self.scopes($0), at: time) }
    }

    /// Finds or creates the scope of a token, records that the cloud leads to it, and that it is about to be asked.
    ///
    /// - Parameters:
    ///   - identity: what the token and its catalog say.
    ///   - time: when they said it.
    ///   - mayFollow: whether the cloud may lead there after the given scope, to which it led when it was last used.
    /// - Returns: the scope and the run; `nil` if the cloud may not lead there. Then nothing is recorded.
    /// - Throws: ``StoreError``.
    package func beginRun(
        for identity: ScopeIdentity, at time: Timestamp, if mayFollow: (_ before: Scope?) -> Bool
    ) throws(StoreError) -> (scope: Scope, run: RunTicket)? {
        try write { database in
            let scopes = try Self.scopes(database)
            guard mayFollow(scopes.first { $0.clouds.contains(identity.cloud) }) else { return nil }
            let scope = try Self.scope(database, for: identity, among: scopes, at: time)
            return (scope, try Self.beginRun(database, cloud: identity.cloud, scope: scope.id, at: time))
        }
    }

    /// Finds or creates the scope of a token, and records that the cloud leads to it.
    ///
    /// - Returns: the scope, and the one to which the cloud led when it was last used.
    /// - Throws: ``StoreError``.
    package func follow(
        _ identity: ScopeIdentity, at time: Timestamp
    ) throws(StoreError) -> (before: Scope?, after: Scope) {
        try write { database in
            let scopes = try Self.scopes(database)
            let before = scopes.first { $0.clouds.contains(identity.cloud) }
            return (before, try Self.scope(database, for: identity, among: scopes, at: time))
        }
    }

    private static func scope(
        _ database: Database, for identity: ScopeIdentity, among scopes: [Scope], at time: Timestamp
    ) throws -> Scope {
        let changes = database.totalChangesCount
        let known = scopes.first { $0.isFor(identity) }
        let id =
            try known?.id
            ?? scope(
                database, endpoint: SiteEndpoint.normalized(identity.endpoint), region: identity.region,
                site: identity.site, authURL: identity.authURL, projectID: identity.projectID,
                seesAllProjects: identity.seesAllProjects)
        try note(identity, leadsTo: id, in: database)
        let site =
            try known?.siteID
            ?? Int64.fetchOne(
                database.cachedStatement(sql: "SELECT site_id FROM scope WHERE scope_id = ?"), arguments: [id]) ?? 0
        try PersonNames.note(
            identity.projectName, of: .project, id: identity.projectID, site: site, at: time, database)
        try PersonNames.note(identity.userName, of: .user, id: identity.userID, site: site, at: time, database)
        if let known, database.totalChangesCount == changes { return known }
        guard let scope = try Self.scopes(database).first(where: { $0.id == id }) else {
            throw StoreError(kind: .failed, message: "The scope of cloud \(identity.cloud) could not be recorded.")
        }
        return scope
    }

    /// Finds or creates a site and one of its scopes.
    static func scope(
        _ database: Database, endpoint: String, region: String, site name: String, authURL: String, projectID: String,
        seesAllProjects: Bool
    ) throws -> Int64 {
        func siteID() throws -> Int64? {
            try Int64.fetchOne(
                database.cachedStatement(sql: "SELECT site_id FROM site WHERE endpoint = ? AND region = ?"),
                arguments: [endpoint, region])
        }
        if try siteID() == nil {
            try database.cachedStatement(sql: "INSERT INTO site (name, endpoint, region, auth_url) VALUES (?, ?, ?, ?)")
                .execute(arguments: [
                    try freeName(name, endpoint: endpoint, region: region, database), endpoint, region, authURL,
                ])
        }
        let site = try siteID()
        try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO scope (site_id, project_id, all_projects) VALUES (?, ?, ?)"
        ).execute(arguments: [site, projectID, seesAllProjects])
        let id = try Int64.fetchOne(
            database.cachedStatement(
                sql: "SELECT scope_id FROM scope WHERE (site_id, project_id, all_projects) = (?, ?, ?)"),
            arguments: [site, projectID, seesAllProjects])
        guard let id else { throw StoreError(kind: .failed, message: "A scope of \(name) could not be recorded.") }
        return id
    }

    /// A name that no other site has; two files may use the same name for different clouds.
    private static func freeName(
        _ name: String, endpoint: String, region: String, _ database: Database
    ) throws -> String {
        let taken = try String.fetchSet(database.cachedStatement(sql: "SELECT name FROM site"))
        let host =
            endpoint.firstRange(of: "://").map { endpoint[$0.upperBound...].prefix { $0 != "/" } } ?? endpoint[...]
        var candidates = [name]
        if !region.isEmpty { candidates.append("\(name) (\(region))") }
        candidates.append("\(name) (\(host))")
        candidates += (2...max(2, taken.count + 2)).map { "\(name) \($0)" }
        return candidates.first { !taken.contains($0) } ?? name
    }

    private static func note(_ identity: ScopeIdentity, leadsTo scope: Int64, in database: Database) throws {
        let last = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT fingerprint, scope_id, user_id FROM cloud WHERE name = ? ORDER BY cloud_id DESC LIMIT 1
                    """), arguments: [identity.cloud])
        if let last, (last[0], last[1], last[2]) == (identity.fingerprint, scope, identity.userID) { return }
        // The last one that was used has the highest number.
        try database.cachedStatement(sql: "DELETE FROM cloud WHERE name = ? AND fingerprint = ?").execute(
            arguments: [identity.cloud, identity.fingerprint])
        try database.cachedStatement(
            sql: "INSERT INTO cloud (name, fingerprint, scope_id, user_id) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [identity.cloud, identity.fingerprint, scope, identity.userID])
    }

    /// The id and the name of the user whose credentials last led to a scope; empty if that is not known.
    package func users(of scope: Int64) throws(StoreError) -> Set<String> {
        try read { database in
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT cloud.user_id, person.name
                        FROM cloud JOIN scope ON scope.scope_id = cloud.scope_id
                            LEFT JOIN person ON person.site_id = scope.site_id AND person.kind = 'user'
                                AND person.id = cloud.user_id
                        WHERE cloud.scope_id = ? ORDER BY cloud.cloud_id DESC LIMIT 1
                        """), arguments: [scope])
            return Set([row?[0] as String?, row?[1] as String?].compactMap(\.self))
        }
    }

    /// The scope that a cloud led to when it was last used.
    ///
    /// - Parameters:
    ///   - cloud: the name of the entry.
    ///   - fingerprint: the digest of its current configuration; `nil` to accept any.
    /// - Returns: the scope; `nil` if the entry was never used, or has been edited since.
    /// - Throws: ``StoreError``.
    package func scope(ofCloud cloud: String, fingerprint: String? = nil) throws(StoreError) -> Scope? {
        try read { database in
            let id = try Int64.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT scope_id FROM cloud WHERE name = ?1 AND coalesce(fingerprint = ?2, 1)
                        ORDER BY cloud_id DESC LIMIT 1
                        """), arguments: [cloud, fingerprint])
            return try id.flatMap { id in try Self.scopes(database).first { $0.id == id } }
        }
    }

    /// Every scope, and the queues with a write that is being sent, or was when its process died.
    package func scopesAndSending() throws(StoreError) -> (scopes: [Scope], sending: Set<QueueAddress>) {
        try read { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: "SELECT DISTINCT site_id, project_id FROM mutation WHERE state = 'sending'"))
            return (try Self.scopes(database), Set(rows.map { QueueAddress(siteID: $0[0], projectID: $0[1]) }))
        }
    }

    /// Every scope, in the order in which they were first used.
    package func scopes() throws(StoreError) -> [Scope] { try read(Self.scopes) }

    static func scopes(_ database: Database) throws -> [Scope] {
        let clouds = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT scope_id, name FROM cloud
                    WHERE cloud_id IN (SELECT max(cloud_id) FROM cloud GROUP BY name) ORDER BY name
                    """))
        var names: [Int64: [String]] = [:]
        while let row = try clouds.next() { names[row[0], default: []].append(row[1]) }
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT scope_id, site.site_id, site.name, endpoint, auth_url, region, project_id,
                        coalesce(person.name, scope.project_id), all_projects, listed_at
                    FROM scope JOIN site USING (site_id) LEFT JOIN person ON person.site_id = scope.site_id
                        AND person.kind = 'project' AND person.id = scope.project_id
                    ORDER BY scope_id
                    """))
        var scopes: [Scope] = []
        while let row = try rows.next() {
            scopes.append(
                Scope(
                    id: row[0], siteID: row[1], site: row[2], endpoint: row[3], authURL: row[4], region: row[5],
                    projectID: row[6], projectName: row[7], seesAllProjects: row[8], listedAt: row.time(at: 9),
                    clouds: names[row[0]] ?? []))
        }
        return scopes
    }
}
