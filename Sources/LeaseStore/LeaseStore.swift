import Foundation
package import GRDB
package import LeaseModel
package import LocalFiles
import Migrations

/// The database: mirror, history and catalogue. Every transaction of the program is in this module.
///
/// Any number of processes may have the same file open. A value of this type may be used from any thread.
package struct LeaseStore: Sendable {
    /// The file as a person named it, for messages.
    package let path: String
    /// The same file without symbolic links, and what lies beside it.
    package let files: DatabaseFiles
    let database: any DatabaseWriter
    /// As long as it lives, nothing else in this process drops SQLite's locks.
    private let lifetime: OpenDatabase

    /// Opens the database, and brings its schema up to date if it is older than the program.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - access: what for.
    /// - Throws: ``StoreError`` with a sentence for the person who gave the path.
    package init(path: String, access: DatabaseAccess) throws(StoreError) {
        self.path = path
        do {
            files = access == .writing ? try StoreFile.prepare(path) : try StoreFile.requireExisting(path)
            lifetime = OpenDatabase(files)
            database = try Self.open(files.main, access: access)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Opens a database that messages call by another name than its path.
    ///
    /// - Throws: any error.
    init(path: String, named name: String) throws {
        self.path = name
        files = try StoreFile.requireExisting(path)
        lifetime = OpenDatabase(files)
        database = try Self.open(files.main, access: .writing)
    }

    private static var cacheKibibytes: Int { 16 << 10 }
    private static var checkpointPages: Int { 8_000 }

    private static func open(_ path: String, access: DatabaseAccess) throws -> any DatabaseWriter {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(30)
        configuration.label = "leasehold"
        if access == .reading {
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            guard try queue.read({ try StoreSchema.isOutdated($0, path: path) }) else { return queue }
            // What this program reads needs no views: only people's own SQL does.
            let isCurrent = try queue.read { try StoreSchema.isCurrent($0, path: path) }
            if isCurrent, !FileManager.default.isWritableFile(atPath: path) { return queue }
            // An older database is brought up to date by whoever meets it first, even a reader.
            try queue.close()
            configuration.readonly = false
        } else {
            try Self.requireOurs(path, configuration)
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { database in
            // GRDB asks for NORMAL, which may lose the last commits with the power; a queued write must not be lost.
            // The rest is for an import: ids are random, so a batch touches most pages of their indexes, and would write
            // each of them several times with a smaller cache, and into the file after every batch.
            try database.execute(
                sql: """
                    PRAGMA synchronous = FULL;
                    PRAGMA cache_size = -\(cacheKibibytes);
                    PRAGMA wal_autocheckpoint = \(checkpointPages)
                    """)
            try StoreSchema.migrate(database, path: path, migrations: Migration.all)
        }
        return pool
    }

    /// Looks at the file without writing to it: opening a pool changes another program's database to WAL mode.
    private static func requireOurs(_ path: String, _ configuration: Configuration) throws {
        var configuration = configuration
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        _ = try queue.read { try StoreSchema.isOutdated($0, path: path) }
        try queue.close()
    }

    /// Reads in one transaction, so that everything read belongs together.
    package func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Writes in one transaction: all of it or nothing.
    package func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.write(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Writes in one transaction that need not survive a loss of power before the next ``write(_:)`` does.
    ///
    /// For the parts of a long work that ends with one: in write-ahead mode nothing is damaged meanwhile, and what
    /// was written last may be missing, as if it had not been done yet (https://www.sqlite.org/pragma.html#pragma_synchronous).
    func writeInPart<Value>(_ body: (Database) throws -> Value?) throws(StoreError) -> Value? {
        do {
            return try database.writeWithoutTransaction { database in
                var value: Value?
                try database.cachedStatement(sql: "PRAGMA synchronous = NORMAL").execute()
                let outcome = Result {
                    try database.inTransaction {
                        value = try body(database)
                        return .commit
                    }
                }
                try database.cachedStatement(sql: "PRAGMA synchronous = FULL").execute()
                try outcome.get()
                return value
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Closes the database.
    package func close() throws(StoreError) {
        do {
            try database.close()
        } catch {
            throw StoreError(error, path: path)
        }
    }
}
