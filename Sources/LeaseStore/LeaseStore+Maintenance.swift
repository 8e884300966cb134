import Foundation
import GRDB
package import LeaseModel
import LocalFiles
import Migrations

extension LeaseStore {
    /// Problems of the database, in SQLite's own words; empty if it is sound.
    package func check() throws(StoreError) -> [String] {
        try read { database in
            var problems = try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
            for row in try Row.fetchAll(database, sql: "PRAGMA foreign_key_check") {
                problems.append("a row of \(row[0] as String) refers to a missing row of \(row[2] as String)")
            }
            let overlaps =
                try Int.fetchOne(
                    database,
                    sql: """
                        SELECT count(*) FROM (
                            SELECT observed_at < lag(observed_until) OVER (
                                PARTITION BY lease_key ORDER BY observed_until, observed_at, history_id) AS overlaps
                            FROM lease_history)
                        WHERE overlaps
                        """) ?? 0
            if overlaps > 0 { problems.append("\(overlaps) pairs of states in the history overlap") }
            return problems
        }
    }

    /// Copies the database to a new file (mode 0600). The copy is consistent even while others write.
    ///
    /// - Throws: ``StoreError`` if the file exists.
    package func backUp(to destination: String) throws(StoreError) {
        guard !files.contains(destination) else {
            throw StoreError(
                kind: .cannotOpen,
                message: "\(destination) belongs to the database itself. Choose another file for the copy.")
        }
        try StoreFile.makeNew(destination)
        do {
            let copy = try DatabaseQueue(path: destination)
            try database.backup(to: copy)
            // The copy is an archive: one file, without a write-ahead log beside it.
            try copy.inDatabase { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try copy.close()
        } catch {
            try? FileManager.default.removeItem(atPath: destination)
            throw StoreError(error, path: destination)
        }
    }

    /// Runs one SELECT; passes the column names and then each row.
    ///
    /// - Throws: ``StoreError`` with SQLite's message if the statement is invalid or would write.
    package func query(
        _ sql: String, columns: ([String]) throws -> Void, each: ([JSONValue]) throws -> Void
    ) throws(StoreError) {
        do {
            try database.unsafeRead { database in
                let statement = try database.makeStatement(sql: sql)
                guard statement.isReadonly else {
                    throw StoreError(
                        kind: .failed, message: "The statement would write. Only statements that read are allowed.")
                }
                let names = statement.columnNames
                try columns(names)
                let rows = try Row.fetchCursor(statement)
                while let row = try rows.next() { try each((0..<row.count).map { Self.json(row[$0]) }) }
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
            throw StoreError(kind: .failed, message: "SQLite says: \(error.message ?? "error")")
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static func json(_ value: (any DatabaseValueConvertible)?) -> JSONValue {
        guard let storage = value?.databaseValue.storage else { return .null }
        switch storage {
        case .null: return .null
        case .int64(let number): return JSONValue(Int(number))
        case .double(let number): return JSONNumber(number).map(JSONValue.number) ?? .null
        case .string(let text): return .string(text)
        case .blob(let data): return .string(data.map { String(format: "%02x", $0) }.joined())
        }
    }

    /// The size of the database in bytes, including the write-ahead log.
    package var sizeInBytes: Int {
        [files.main, files.main + "-wal"].reduce(0) { $0 + Int(FileFacts(path: $1)?.size ?? 0) }
    }

    package var schemaVersion: Int { Int(StoreSchema.currentVersion) }
}

extension LeaseStore {
    /// Opens a copy of another database. The original stays untouched, even if its schema is older.
    ///
    /// Nothing in the copy is trusted before it has been checked: its schema must be exactly what the migrations make,
    /// without other triggers, and its rows must be sound.
    ///
    /// - Parameters:
    ///   - original: the file.
    ///   - folder: an existing folder for the copy.
    /// - Returns: the copy, checked and up to date; its messages name the original.
    /// - Throws: ``StoreError`` if the file is missing, damaged, newer than the program, or not a leasehold database.
    package static func openCopy(of original: String, in folder: String) throws(StoreError) -> LeaseStore {
        do {
            let path = "\(folder)/copy.sqlite"
            try StoreFile.copyDatabase(original, to: path)
            // An unfinished write is recovered in the copy, so it is opened for writing. Without `trusted_schema`,
            // SQLite 3.40 refuses json_valid() in our own checks, so the schema is compared instead.
            let copy = try DatabaseQueue(path: path)
            let difference = try copy.read { try StoreSchema.difference($0, path: original) }
            try copy.close()
            if let difference {
                throw StoreError(
                    kind: .damaged,
                    message: "The schema of the database \(original) is not leasehold's: \(difference).")
            }
            let store = try LeaseStore(path: path, named: original)
            if let problem = try store.check().first ?? store.read(Self.unreadableID) {
                throw StoreError(kind: .damaged, message: "The database \(original) is damaged (\(problem)).")
            }
            return store
        } catch {
            throw StoreError(reading: original, error)
        }
    }

    /// An id that SQLite would cut off at a NUL, or that could be mistaken for another; `nil` if there is none.
    private static func unreadableID(_ database: Database) throws -> String? {
        let key = try Int64.fetchOne(
            database, sql: "SELECT lease_key FROM lease WHERE length(id) <> length(CAST(id AS BLOB)) LIMIT 1")
        return key.map { "the id of lease \($0) is not plain text" }
    }
}

extension StoreSchema {
    /// How the schema differs from what the migrations up to its version make; `nil` if it does not. Foreign tables,
    /// indexes and views are allowed. Foreign triggers are not: they would run during a migration. The documented views are
    /// remade in any case, and nothing is read through them.
    ///
    /// - Throws: ``StoreError`` if the database is another program's, or newer than this one.
    static func difference(_ database: Database, path: String) throws -> String? {
        _ = try isOutdated(database, path: path)
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let made = try DatabaseQueue().write { reference in
            for migration in Migration.all where migration.version <= version {
                try reference.execute(sql: migration.sql)
            }
            return try objects(reference)
        }
        let found = try objects(database)
        if let trigger = found.first(where: { $0.type == "trigger" && !made.contains($0) }) {
            return "it has a trigger, \(trigger.name)"
        }
        for object in made where !found.contains(object) {
            return "its \(object.type) \(object.name) is missing or different"
        }
        return nil
    }

    private struct Object: Hashable {
        let type: String
        let name: String
        let sql: String
    }

    /// The objects of the schema, except SQLite's own.
    private static func objects(_ database: Database) throws -> [Object] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT CAST(coalesce(type, '') AS TEXT), CAST(coalesce(name, '') AS TEXT), CAST(coalesce(sql, '') AS TEXT)
                FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR type = 'trigger' ORDER BY name
                """)
        return rows.map { Object(type: $0[0], name: $0[1], sql: $0[2]) }
    }
}

extension StoreError {
    /// Describes an error about a database that is only read, with the name of its file.
    init(reading original: String, _ error: any Error) {
        let end = "Nothing was changed."
        switch error {
        case let error as StoreError where error.kind == .missing:
            self.init(kind: .missing, message: "There is no file \(original).")
        case let error as StoreError where error.message.hasSuffix(end): self = error
        case let error as StoreError:
            let words = error.message.contains(original) ? error.message : "\(original): \(error.message)"
            self.init(kind: error.kind, message: "\(words) \(end)")
        case let error as DatabaseError:
            let general = StoreError(error, path: original)
            switch general.kind {
            case .damaged: self.init(kind: .damaged, message: "The database \(original) is damaged. \(end)")
            case .notADatabase:
                self.init(kind: .notADatabase, message: "\(original) is not a SQLite database. \(end)")
            case .diskFull:
                self.init(
                    kind: .diskFull,
                    message: """
                        The disk for temporary files is too full for a copy of \(original). Make room, or name another \
                        folder with TMPDIR. \(end)
                        """)
            default:
                self.init(
                    kind: general.kind,
                    message:
                        "\(original) cannot be read: \(error.message ?? "error \(error.resultCode.rawValue)"). \(end)")
            }
        default: self.init(kind: .failed, message: "\(original) cannot be read: \(error). \(end)")
        }
    }
}
