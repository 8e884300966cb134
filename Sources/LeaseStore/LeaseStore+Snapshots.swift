import Foundation
import GRDB
package import LeaseModel

/// What a snapshot for others contains.
package struct SnapshotContents: Sendable, Hashable {
    /// Only the leases of these projects, by id; `nil` for all.
    package var projects: Set<String>?
    /// Whether the names of users are left out. Their ids stay.
    package var leavesOutUsers: Bool

    package init(projects: Set<String>?, leavesOutUsers: Bool) {
        self.projects = projects
        self.leavesOutUsers = leavesOutUsers
    }
}

/// The snapshot that was last taken from an address.
package struct PulledSnapshot: Sendable, Hashable {
    package var etag: String?
    package var series: String
    package var version: Int64
    package var sha256: String
    package var madeAt: Timestamp

    package init(etag: String?, series: String, version: Int64, sha256: String, madeAt: Timestamp) {
        self.etag = etag
        self.series = series
        self.version = version
        self.sha256 = sha256
        self.madeAt = madeAt
    }
}

extension LeaseStore {
    // MARK: - Making

    /// Writes a copy of the database for others: what was observed, without the queue, the kept leases, the reminders, and
    /// what is not asked for. Nothing that was removed remains in the file.
    ///
    /// - Parameters:
    ///   - path: the new file.
    ///   - folder: an existing folder for a temporary copy.
    ///   - contents: what to include.
    /// - Throws: ``StoreError``.
    package func writeSnapshot(to path: String, by folder: String, _ contents: SnapshotContents) throws(StoreError) {
        let raw = "\(folder)/whole.sqlite"
        defer { try? FileManager.default.removeItem(atPath: raw) }
        do {
            // It reads one state of the database, and others may write meanwhile.
            try database.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [raw]) }
            var configuration = Configuration()
            configuration.foreignKeysEnabled = true
            let copy = try DatabaseQueue(path: raw, configuration: configuration)
            try copy.writeWithoutTransaction { database in
                // The file is thrown away if anything fails.
                try database.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
                try database.inTransaction {
                    try Self.removePrivateRows(database)
                    if let projects = contents.projects { try Self.restrict(database, to: projects) }
                    if contents.leavesOutUsers { try database.execute(sql: "DELETE FROM person WHERE kind = 'user'") }
                    return .commit
                }
                // Deleted rows remain in the pages of the first copy.
                try database.execute(sql: "VACUUM INTO ?", arguments: [path])
            }
            try copy.close()
        } catch {
            try? FileManager.default.removeItem(atPath: path)
            throw StoreError(error, path: path)
        }
    }

    /// The tables of what was observed at sites. Every other table concerns only the owner of the database.
    private static let observedTables = [
        "applied_views", "site", "scope", "person", "sync_run", "imported_listing", "audience", "lease", "visibility",
        "reservation", "event", "lease_history", "resource", "resource_list", "resource_listing", "allocation",
    ]

    /// Removes what concerns only the owner of the database.
    private static func removePrivateRows(_ database: Database) throws {
        try database.execute(sql: "PRAGMA defer_foreign_keys = ON")
        let observed = JSONValue.array(observedTables.map(JSONValue.string)).text()
        let isPrivate = "name NOT IN (SELECT value FROM json_each(?))"
        let tables = try String.fetchAll(
            database,
            sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND \(isPrivate)",
            arguments: [observed])
        for table in tables { try database.execute(sql: "DELETE FROM \(table.quotedDatabaseIdentifier)") }
        try database.execute(sql: "DELETE FROM sqlite_sequence WHERE \(isPrivate)", arguments: [observed])
        try database.execute(
            sql: "DELETE FROM sync_run WHERE scope_id IS NULL; UPDATE sync_run SET request_id = NULL")
    }

    /// Removes what members of some projects may not know. What was seen of them by a login that sees all projects
    /// becomes what a login of the project would have seen.
    private static func restrict(_ database: Database, to projects: Set<String>) throws {
        let list = projects.sorted()
        let marks = list.map { _ in "?" }.joined(separator: ", ")
        let arguments = StatementArguments(list)
        try database.execute(sql: "DELETE FROM lease WHERE project_id NOT IN (\(marks))", arguments: arguments)
        // A lease may have been another project's before.
        try database.execute(
            sql: "DELETE FROM lease_history WHERE document ->> 'project_id' NOT IN (\(marks))", arguments: arguments)
        try narrowLeases(database)
        try narrowResources(database, to: projects)
        // Other scopes go, with all that they list.
        try database.execute(
            sql: """
                CREATE TEMPORARY TABLE other_scope AS
                SELECT scope_id FROM scope WHERE all_projects = 1 OR project_id NOT IN (\(marks))
                """, arguments: arguments)
        for table in [
            "visibility", "sync_run", "imported_listing", "resource", "resource_list", "resource_listing", "allocation",
        ] {
            try database.execute(sql: "DELETE FROM \(table) WHERE scope_id IN (SELECT scope_id FROM other_scope)")
        }
        try database.execute(
            sql: """
                DELETE FROM lease WHERE lease_key NOT IN (SELECT lease_key FROM visibility);
                CREATE TEMPORARY TABLE witnesses AS
                SELECT lease_key, json_group_array(scope_id) AS scopes
                FROM (SELECT lease_key, scope_id FROM visibility ORDER BY lease_key, scope_id) GROUP BY lease_key;
                INSERT OR IGNORE INTO audience (scopes) SELECT DISTINCT scopes FROM witnesses;
                UPDATE lease SET audience_id = (
                    SELECT audience_id FROM audience JOIN witnesses USING (scopes)
                    WHERE witnesses.lease_key = lease.lease_key);
                DELETE FROM audience WHERE audience_id NOT IN (SELECT audience_id FROM lease);
                DELETE FROM scope WHERE scope_id IN (SELECT scope_id FROM other_scope);
                DELETE FROM person WHERE (kind, id) NOT IN (
                    SELECT 'project', project_id FROM scope UNION SELECT 'user', user_id FROM lease);
                DELETE FROM person WHERE site_id NOT IN (SELECT site_id FROM scope);
                DELETE FROM site WHERE site_id NOT IN (SELECT site_id FROM scope);
                DROP TABLE witnesses;
                DROP TABLE other_scope;
                """)
    }

    /// Gives each project's scope the leases that scopes of all projects saw, and their lists.
    private static func narrowLeases(_ database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO scope (site_id, project_id, all_projects)
                SELECT DISTINCT scope.site_id, lease.project_id, 0
                FROM scope JOIN lease ON lease.site_id = scope.site_id WHERE all_projects = 1;
                UPDATE scope SET listed_at = max(coalesce(scope.listed_at, wide.listed_at), wide.listed_at)
                FROM (SELECT site_id, max(listed_at) AS listed_at FROM scope WHERE all_projects = 1 GROUP BY site_id) AS wide
                WHERE scope.site_id = wide.site_id AND scope.all_projects = 0 AND wide.listed_at IS NOT NULL;
                INSERT OR IGNORE INTO visibility (scope_id, lease_key, digest, seen_since, hidden_after, hidden_before)
                SELECT narrow.scope_id, lease.lease_key, 0, seen_since, hidden_after, hidden_before
                FROM visibility JOIN scope AS wide ON wide.scope_id = visibility.scope_id AND wide.all_projects = 1
                    JOIN lease ON lease.lease_key = visibility.lease_key
                    JOIN scope AS narrow ON narrow.site_id = wide.site_id AND narrow.all_projects = 0
                        AND narrow.project_id = lease.project_id;
                INSERT OR IGNORE INTO imported_listing (scope_id, listed_at)
                SELECT narrow.scope_id, sync_run.started_at
                FROM sync_run JOIN scope AS wide ON wide.scope_id = sync_run.scope_id AND wide.all_projects = 1
                    JOIN scope AS narrow ON narrow.site_id = wide.site_id AND narrow.all_projects = 0
                WHERE sync_run.kind = 'list' AND sync_run.outcome = 'complete';
                INSERT OR IGNORE INTO imported_listing (scope_id, listed_at)
                SELECT narrow.scope_id, imported_listing.listed_at
                FROM imported_listing
                    JOIN scope AS wide ON wide.scope_id = imported_listing.scope_id AND wide.all_projects = 1
                    JOIN scope AS narrow ON narrow.site_id = wide.site_id AND narrow.all_projects = 0;
                """)
    }

    /// Gives each project's scope the resources that scopes of all projects listed, as far as a site shows everyone the
    /// same list, and who of the project holds them.
    private static func narrowResources(_ database: Database, to projects: Set<String>) throws {
        let kinds = ResourceKind.allCases.filter(\.isSiteWide).map(\.rawValue)
        let (resources, allocations) = (ListedTable.resources, ListedTable.allocations)
        let isOwn = "EXISTS (\(ListedTable.ownLease))"
        try database.execute(
            sql: """
                DELETE FROM allocation WHERE NOT EXISTS (
                    SELECT 1 FROM lease JOIN scope USING (site_id)
                    WHERE scope.scope_id = allocation.scope_id AND lease.id = allocation.lease_id)
                """)
        let lists = kinds.flatMap { [resources.listName($0), allocations.listName($0)] }
        for (table, names) in [("resource", kinds), ("allocation", kinds), ("resource_listing", lists)] {
            try database.execute(
                sql: """
                    DELETE FROM \(table) WHERE kind NOT IN (SELECT value FROM json_each(?))
                        AND scope_id IN (SELECT scope_id FROM scope WHERE all_projects = 1)
                    """, arguments: [JSONValue.array(names.map(JSONValue.string)).text()])
        }
        for table in [resources, allocations] {
            try database.execute(
                sql: "UPDATE \(table.name) SET last_seen_at = \(table.lastSeen) WHERE last_seen_at IS NULL")
        }
        let scopes = try Self.scopes(database)
        for wide in scopes where wide.seesAllProjects {
            for narrow in scopes
            where narrow.siteID == wide.siteID && !narrow.seesAllProjects && projects.contains(narrow.projectID) {
                try takeResources(database, of: wide, into: narrow, database)
            }
        }
        // These lists lack what belongs to other projects, so they must not count as complete.
        try database.execute(
            sql: """
                DELETE FROM allocation
                WHERE scope_id IN (SELECT scope_id FROM scope WHERE all_projects = 0) AND NOT \(isOwn);
                INSERT OR IGNORE INTO resource_listing (scope_id, kind, listed_at)
                SELECT scope_id, kind || '\(ListedTable.ownSuffix)', listed_at FROM resource_listing
                WHERE kind LIKE '%\(allocations.suffix)';
                DELETE FROM resource_listing WHERE kind LIKE '%\(allocations.suffix)';
                DELETE FROM resource_list WHERE kind LIKE '%\(allocations.suffix)';
                """)
    }

    /// A project that a person may mean.
    package struct KnownProject: Sendable, Hashable {
        package let id: String
        /// The sites that have it.
        package let sites: [String]
    }

    /// The projects that a person may mean: the one with this id, or else all with this name. Of several projects with one
    /// name, each may belong to other people.
    package func projects(named text: String) throws(StoreError) -> [KnownProject] {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT id, json_group_array(site) FROM (
                        SELECT id, site.name AS site FROM person JOIN site USING (site_id)
                        WHERE kind = 'project' AND ?1 IN (id, person.name)
                        UNION SELECT project_id, site.name FROM scope JOIN site USING (site_id) WHERE project_id = ?1
                        UNION SELECT project_id, site.name FROM lease JOIN site USING (site_id) WHERE project_id = ?1
                        ORDER BY 1, 2)
                    GROUP BY id ORDER BY id
                    """, arguments: [text])
            let found = rows.map { row in
                let sites = (try? JSONValue(parsing: Array((row[1] as String).utf8)))?.arrayValue ?? []
                return KnownProject(id: row[0], sites: sites.compactMap(\.stringValue))
            }
            return found.first { $0.id == text }.map { [$0] } ?? found
        }
    }

    // MARK: - Taking

    /// The snapshot that was last taken from an address; `nil` if there was none.
    package func pulledSnapshot(from url: String) throws(StoreError) -> PulledSnapshot? {
        try read { database in
            try Row.fetchOne(
                database, sql: "SELECT etag, series, version, sha256, made_at FROM pulled_snapshot WHERE url = ?",
                arguments: [url]
            ).map {
                PulledSnapshot(
                    etag: $0[0], series: $0[1], version: $0[2], sha256: $0[3],
                    madeAt: Timestamp(secondsSince1970: $0[4]))
            }
        }
    }

    /// Records the snapshot that was last taken from an address.
    package func note(_ snapshot: PulledSnapshot, from url: String, at time: Timestamp) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO pulled_snapshot (url, etag, series, version, sha256, made_at, taken_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    url, snapshot.etag, snapshot.series, snapshot.version, snapshot.sha256,
                    snapshot.madeAt.secondsSince1970, time.secondsSince1970,
                ])
        }
    }
}
