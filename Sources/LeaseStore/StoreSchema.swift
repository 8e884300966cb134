import GRDB
import GRDBSQLite
import Migrations

package enum StoreSchema {
    /// Marks a leasehold database (SQLite's `application_id`): "LsHd" with the case of the first two letters changed.
    package static let applicationID: Int32 = 0x6C53_4864
    /// The mark of databases from before the first release: "LsHd".
    package static let unreleasedApplicationID: Int32 = 0x4C73_4864

    /// The version that this program writes.
    package static var currentVersion: Int32 { Migration.all.last?.version ?? 0 }

    /// Whether the database is older than the program, or has other views.
    ///
    /// - Throws: ``StoreError`` if it is another program's, newer than this one, or from before the first release.
    static func isOutdated(_ database: Database, path: String) throws -> Bool {
        try version(of: database, path: path, newest: currentVersion) < currentVersion
            || !hasCurrentViews(database)
    }

    /// Whether a file says in its header that it is a database of this program's version. If it cannot be read, it does
    /// not.
    static func isMarkedCurrent(_ path: String) -> Bool {
        var connection: OpaquePointer?
        defer { sqlite3_close_v2(connection) }
        guard sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil) == SQLITE_OK else {
            return false
        }
        func number(_ pragma: String) -> Int32? {
            var statement: OpaquePointer?
            defer { sqlite3_finalize(statement) }
            guard sqlite3_prepare_v2(connection, "PRAGMA \(pragma)", -1, &statement, nil) == SQLITE_OK,
                sqlite3_step(statement) == SQLITE_ROW
            else { return nil }
            return sqlite3_column_int(statement, 0)
        }
        return number("application_id") == applicationID && number("user_version") == currentVersion
    }

    /// Whether the tables are this program's, regardless of the views.
    static func isCurrent(_ database: Database, path: String) throws -> Bool {
        try version(of: database, path: path, newest: currentVersion) == currentVersion
    }

    /// Updates the schema: all missing steps in one transaction, so that a failure leaves it as it was.
    static func migrate(_ database: Database, path: String, migrations: [Migration]) throws {
        let newest = migrations.last?.version ?? 0
        guard try version(of: database, path: path, newest: newest) < newest || !hasCurrentViews(database) else {
            return
        }
        try database.inTransaction(.immediate) {
            // Another process may have done it meanwhile.
            let version = try version(of: database, path: path, newest: newest)
            for migration in migrations where migration.version > version {
                try database.execute(sql: migration.sql)
            }
            if version < newest {
                try database.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(newest)")
            }
            if try !hasCurrentViews(database) { try applyViews(database) }
            return .commit
        }
    }

    // MARK: - Views

    /// Drops the views that the database was last given, and creates this program's.
    static func applyViews(_ database: Database, _ sql: String = Migration.views) throws {
        let names = viewNames(in: sql)
        let before = try String.fetchAll(
            database, sql: "SELECT value FROM applied_views, json_each(applied_views.names)")
        for name in Set(before).union(names).sorted() {
            try database.execute(sql: "DROP VIEW IF EXISTS \(name.quotedDatabaseIdentifier)")
        }
        try database.execute(sql: sql)
        try database.execute(
            sql: "DELETE FROM applied_views; INSERT INTO applied_views (digest, names) VALUES (?, json(?))",
            arguments: [digest(of: sql), "[" + names.map { "\"\($0)\"" }.joined(separator: ",") + "]"])
    }

    /// The names of the views that an SQL text creates, in order.
    static func viewNames(in sql: String) -> [String] {
        sql.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            return words.count > 2 && words[0] == "CREATE" && words[1] == "VIEW" ? String(words[2]) : nil
        }
    }

    private static func hasCurrentViews(_ database: Database) throws -> Bool {
        let isThere = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'applied_views')"
        guard try Bool.fetchOne(database, sql: isThere) == true else { return false }
        return try Int64.fetchOne(database, sql: "SELECT digest FROM applied_views") == currentDigest
    }

    private static let currentDigest = digest(of: Migration.views)

    /// FNV-1a: it distinguishes versions of one text, and nobody gains by a collision.
    private static func digest(of text: String) -> Int64 {
        Int64(
            bitPattern: text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        )
    }

    // MARK: - Ownership

    private static func version(of database: Database, path: String, newest: Int32) throws -> Int32 {
        // The tables are read before the marks. Another process that makes the database between the two statements then
        // leaves no tables without a mark.
        let tables = try Set(String.fetchAll(database, sql: "SELECT name FROM sqlite_master"))
        let version = try Int32.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let owner = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        if owner == applicationID {
            guard version <= newest else {
                throw StoreError(
                    kind: .newer,
                    message: """
                        The database \(path) was written by a newer leasehold (schema \(version); this program knows \
                        \(newest)). Install the newer program, or choose another file with --db.
                        """)
            }
            return version
        }
        if owner == unreleasedApplicationID || owner == 0 && tables.isSuperset(of: ["scope", "lease", "sync_run"]) {
            throw unreleased(path)
        }
        guard owner == 0, version == 0, tables.isEmpty else {
            throw StoreError(
                kind: .foreign,
                message: "The database \(path) belongs to another program. Choose another file with --db.")
        }
        return 0
    }

    private static func unreleased(_ path: String) -> StoreError {
        StoreError(
            kind: .unreleased,
            message: """
                The database \(path) is from before the first release of leasehold, and cannot be read. Move it away \
                and run `leasehold sync` to make a new one, or choose another file with --db.
                """)
    }
}
