import GRDB
import Migrations

/// The versions of the schema.
package enum StoreSchema {
    /// Marks a database as ours (SQLite's `application_id`): "LsHd".
    package static let applicationID: Int32 = 0x4C73_4864

    /// The version that this program writes.
    package static var currentVersion: Int32 { Migration.all.last?.version ?? 0 }

    /// Whether the database is older than the program.
    ///
    /// - Throws: ``StoreError`` if it is another program's, or newer than this one.
    static func isOutdated(_ database: Database, path: String) throws -> Bool {
        try version(of: database, path: path, newest: currentVersion) < currentVersion
    }

    /// Brings the schema up to date: all missing steps in one transaction, so that a failure leaves it as it was.
    static func migrate(_ database: Database, path: String, migrations: [Migration]) throws {
        let newest = migrations.last?.version ?? 0
        guard try version(of: database, path: path, newest: newest) < newest else { return }
        try database.inTransaction(.immediate) {
            // Another process may have done it meanwhile.
            let version = try version(of: database, path: path, newest: newest)
            for migration in migrations where migration.version > version {
                try database.execute(sql: migration.sql)
            }
            try database.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(newest)")
            return .commit
        }
    }

    private static func version(of database: Database, path: String, newest: Int32) throws -> Int32 {
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
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard owner == 0, version == 0, tables == 0 else {
            throw StoreError(
                kind: .foreign,
                message: "The database \(path) belongs to another program. Choose another file with --db.")
        }
        return 0
    }
}
