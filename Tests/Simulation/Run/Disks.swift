import Foundation
import GRDB
import LeaseModel
import LeaseStore
import Synchronization

/// The disks of the simulated computers: the files of their databases, which stay open from run to run.
///
/// Opening a database and compiling its statements takes longer than the run itself. So each run gets the files of the
/// one before, without their rows. A process that dies in a run closes its files, and the next one opens them again, as
/// on a real computer.
final class Disks: Sendable {
    /// An empty database of the present schema, to copy.
    private let template: String
    /// The databases that no run is using.
    private let free = Mutex<[String: LeaseStore]>([:])
    /// How often each database has been taken.
    private let uses = Mutex<[String: Int]>([:])

    /// After so many uses the log is moved into the database. The longer it is, the longer it takes to open the database
    /// after a process has died.
    private static let usesPerLog = 8

    init(template: String) { self.template = template }

    deinit {
        for store in free.withLock({ $0.values }) { try? store.close() }
    }

    /// Takes an empty database, opened as a program opens its own.
    ///
    /// - Throws: an error of the file system or the database.
    func take(_ path: String) throws -> LeaseStore {
        if let store = free.withLock({ $0.removeValue(forKey: path) }) {
            try Self.empty(store)
            try shortenLog(path)
            return store
        }
        for ending in Self.endings { try? FileManager.default.removeItem(atPath: path + ending) }
        try FileManager.default.copyItem(atPath: template, toPath: path)
        return try LeaseStore(path: path, access: .writing)
    }

    private func shortenLog(_ path: String) throws {
        let count = uses.withLock { uses in
            uses[path, default: 0] += 1
            return uses[path] ?? 0
        }
        guard count.isMultiple(of: Self.usesPerLog) else { return }
        let connection = try DatabaseQueue(path: path)
        try connection.inDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try connection.close()
    }

    /// Gives back a database for the next run.
    func giveBack(_ store: LeaseStore) { free.withLock { $0[store.path] = store } }

    /// Removes everything in a folder except the databases that were given back.
    func clear(_ folder: String) {
        let kept = free.withLock { Set($0.keys.flatMap { path in Self.endings.map { path + $0 } }) }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let path = "\(folder)/\(name)"
            if !kept.contains(path) { try? FileManager.default.removeItem(atPath: path) }
        }
    }

    private static let endings = ["", "-wal", "-shm"]

    /// Removes every row, and makes the numbers start at 1 again.
    private static func empty(_ store: LeaseStore) throws {
        try store.write { database in
            // A table refers only to tables that were made before it.
            let tables = try String.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'applied_views'
                        ORDER BY rowid DESC
                        """))
            for table in tables { try database.cachedStatement(sql: "DELETE FROM \(table)").execute() }
        }
    }
}
