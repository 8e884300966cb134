import GRDB
import GRDBSQLite

/// A walk through the rows of a query that ends in `BETWEEN ? AND ?`, read with SQLite's own functions.
struct RowWalk {
    private let owner: Statement
    private let arguments: StatementArguments
    let statement: OpaquePointer

    /// Prepares the query.
    ///
    /// - Parameters:
    ///   - database: where the rows are.
    ///   - sql: the query; its last two arguments are the bounds of the keys.
    ///   - arguments: those before them.
    /// - Throws: SQLite's error.
    init(_ database: Database, sql: String, arguments: StatementArguments) throws {
        owner = try database.makeStatement(sql: sql)
        statement = owner.sqliteStatement
        self.arguments = arguments
    }

    /// Begins anew.
    func begin(_ keys: ClosedRange<Int64>) throws {
        sqlite3_reset(statement)
        try owner.setArguments(arguments + [keys.lowerBound, keys.upperBound])
    }

    /// Ends the walk, so that it holds nothing any more.
    func end() { sqlite3_reset(statement) }

    /// Goes to the next row.
    ///
    /// - Returns: whether there is one.
    /// - Throws: SQLite's error.
    func step() throws -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errstr(code)))
        }
    }

    /// The number in a column; 0 for NULL.
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    /// The number in a column; `nil` for NULL.
    func optional(_ column: Int32) -> Int64? {
        let value = integer(column)
        // NULL reads as 0, which is rare otherwise.
        return value == 0 && !isPresent(column) ? nil : value
    }

    /// Whether there is anything in a column.
    func isPresent(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) != SQLITE_NULL }

    /// The text in a column; `nil` for NULL.
    func text(_ column: Int32) -> String? {
        sqlite3_column_text(statement, column).map { String(cString: $0) }
    }
}
