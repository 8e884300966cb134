import GRDB
package import LeaseModel

/// Who asks, as told by the token: enough to find or make the scope.
package struct ScopeIdentity: Sendable, Hashable {
    package var cloud: String
    package var site: String
    package var authURL: String
    package var region: String
    package var projectID: String
    package var projectName: String
    package var userID: String
    package var userName: String
    package var seesAllProjects: Bool

    package init(
        cloud: String, site: String, authURL: String, region: String, projectID: String, projectName: String,
        userID: String, userName: String, seesAllProjects: Bool
    ) {
        self.cloud = cloud
        self.site = site
        self.authURL = authURL
        self.region = region
        self.projectID = projectID
        self.projectName = projectName
        self.userID = userID
        self.userName = userName
        self.seesAllProjects = seesAllProjects
    }
}

extension LeaseStore {
    /// Finds the scope of a token, or makes it, and notes that the cloud leads there.
    package func scope(for identity: ScopeIdentity) throws(StoreError) -> Scope {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO scope (site, auth_url, region, project_id, project_name, all_projects)
                    VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (auth_url, region, project_id, all_projects)
                    DO UPDATE SET project_name = excluded.project_name WHERE project_name <> excluded.project_name
                    """,
                arguments: [
                    identity.site, identity.authURL, identity.region, identity.projectID, identity.projectName,
                    identity.seesAllProjects,
                ])
            let id = try Int64.fetchOne(
                database,
                sql: "SELECT scope_id FROM scope WHERE (auth_url, region, project_id, all_projects) = (?, ?, ?, ?)",
                arguments: [identity.authURL, identity.region, identity.projectID, identity.seesAllProjects])
            try database.execute(
                sql: """
                    INSERT INTO cloud (name, scope_id, user_id, user_name) VALUES (?, ?, ?, ?)
                    ON CONFLICT (name) DO UPDATE
                    SET scope_id = excluded.scope_id, user_id = excluded.user_id, user_name = excluded.user_name
                    WHERE (scope_id, user_id, user_name) <> (excluded.scope_id, excluded.user_id, excluded.user_name)
                    """,
                arguments: [identity.cloud, id, identity.userID, identity.userName])
            guard let scope = try Self.scopes(database).first(where: { $0.id == id }) else {
                throw StoreError(kind: .failed, message: "The scope of cloud \(identity.cloud) could not be recorded.")
            }
            return scope
        }
    }

    /// The scope that a cloud led to when it was last used.
    package func scope(ofCloud cloud: String) throws(StoreError) -> Scope? {
        try scopes().first { $0.clouds.contains(cloud) }
    }

    /// Every scope, in the order in which they were first used.
    package func scopes() throws(StoreError) -> [Scope] { try read(Self.scopes) }

    static func scopes(_ database: Database) throws -> [Scope] {
        let clouds = try Row.fetchAll(
            database.cachedStatement(sql: "SELECT scope_id, name FROM cloud ORDER BY name"))
        let names = Dictionary(grouping: clouds) { $0["scope_id"] as Int64 }.mapValues {
            $0.map { $0["name"] as String }
        }
        return try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM scope ORDER BY scope_id")).map { row in
            Scope(
                id: row["scope_id"], site: row["site"], authURL: row["auth_url"], region: row["region"],
                projectID: row["project_id"], projectName: row["project_name"], seesAllProjects: row["all_projects"],
                listedAt: (row["listed_at"] as Int64?).map(Timestamp.init(secondsSince1970:)),
                clouds: names[row["scope_id"]] ?? [])
        }
    }
}
