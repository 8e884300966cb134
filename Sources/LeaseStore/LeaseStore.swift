import Foundation
package import GRDB
package import LeaseModel
package import LocalFiles
import Migrations

/// The database: mirror, history, catalog and queue. Every transaction of the program is in this module.
///
/// Any number of processes may open the same file, and any thread may use a value of this type.
package struct LeaseStore: Sendable {
    /// The path as a person gave it, for messages.
    package let path: String
    /// The file itself, with symbolic links resolved, and the files beside it.
    package let files: DatabaseFiles
    let database: any DatabaseWriter
    /// While it lives, nothing else in this process can drop SQLite's locks.
    private let lifetime: OpenDatabase

    /// Opens the database, and updates its schema if it is older than the program.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - access: whether to read or to write.
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

    /// Opens a database under another name than its path, for messages.
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
            // The program itself reads no views; only people's own SQL does.
            let isCurrent = try queue.read { try StoreSchema.isCurrent($0, path: path) }
            if isCurrent, !FileManager.default.isWritableFile(atPath: path) { return queue }
            // An outdated database is updated by the first program that opens it, even to read.
            try queue.close()
            configuration.readonly = false
        } else {
            try Self.requireOurs(path, configuration)
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { database in
            // GRDB sets NORMAL, which may lose the last commits in a power failure; a queued write must not be lost.
            // The other settings speed up imports: ids are random, so a batch touches most pages of the id indexes.
            // With a smaller cache, each page would be written several times, and copied into the file after every
            // batch.
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

    /// Checks the file without writing to it: opening a pool would switch another program's database to WAL mode, and
    /// even closing a connection that may write would empty its log.
    private static func requireOurs(_ path: String, _ configuration: Configuration) throws {
        // Most databases are ours already, which their marks tell without a look at the schema.
        if StoreSchema.isMarkedCurrent(path) { return }
        var configuration = configuration
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        _ = try queue.read { try StoreSchema.isOutdated($0, path: path) }
        try queue.close()
    }

    /// Reads in one transaction, so that all of it comes from one state of the database.
    package func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    package func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.write(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Writes in one transaction that becomes durable only with the next ``write(_:)``.
    ///
    /// For steps of a long task that ends with a ``write(_:)``. In write-ahead mode a power failure damages nothing,
    /// but may undo the last steps (https://www.sqlite.org/pragma.html#pragma_synchronous).
    func writeInPart<Value>(_ body: (Database) throws -> Value?) throws(StoreError) -> Value? {
        do {
            return try database.writeWithoutTransaction { database in
                var value: Value?
                // SQLite obeys this pragma when it compiles it, so a statement from the cache would do nothing.
                try database.execute(sql: "PRAGMA synchronous = NORMAL")
                let outcome = Result {
                    try database.inTransaction {
                        value = try body(database)
                        return .commit
                    }
                }
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try outcome.get()
                return value
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    package func close() throws(StoreError) {
        do {
            try database.close()
        } catch {
            throw StoreError(error, path: path)
        }
    }
}
