import Foundation
import GRDB
package import LeaseModel
import LocalFiles

extension LeaseStore {
    /// What is wrong with the database, in SQLite's own words; empty if nothing is.
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

    /// Writes a copy of the database, consistent even while others write, to a new file (mode 0600).
    ///
    /// - Throws: ``StoreError`` if there is such a file already.
    package func backUp(to destination: String) throws(StoreError) {
        guard !files.contains(destination) else {
            throw StoreError(
                kind: .cannotOpen,
                message: "\(destination) would be a file of the database itself. Name another for the copy.")
        }
        try StoreFile.makeNew(destination)
        do {
            let copy = try DatabaseQueue(path: destination)
            try database.backup(to: copy)
            // The copy is for keeping: one file, without a write-ahead log beside it.
            try copy.inDatabase { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try copy.close()
        } catch {
            try? FileManager.default.removeItem(atPath: destination)
            throw StoreError(error, path: destination)
        }
    }

    /// Runs one SELECT, handing over the names of the columns and then each row.
    ///
    /// - Throws: ``StoreError`` with SQLite's words if the statement is wrong, or would write.
    package func query(
        _ sql: String, columns: ([String]) throws -> Void, each: ([JSONValue]) throws -> Void
    ) throws(StoreError) {
        do {
            try database.unsafeRead { database in
                let statement = try database.makeStatement(sql: sql)
                guard statement.isReadonly else {
                    throw StoreError(
                        kind: .failed, message: "The statement would write. Only statements that read are run here.")
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

    /// The size of the database in bytes, the write-ahead log included.
    package var sizeInBytes: Int {
        [files.main, files.main + "-wal"].reduce(0) { $0 + Int(FileFacts(path: $1)?.size ?? 0) }
    }

    /// The version of the schema.
    package var schemaVersion: Int { Int(StoreSchema.currentVersion) }
}
