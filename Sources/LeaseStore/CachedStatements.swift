import GRDB

// Every statement of this module is prepared once for each connection. GRDB's functions of these names would prepare it
// each time, which takes longer than most of ours take to run. Cursors are left to GRDB: a statement that is still
// being read must not be begun again.

extension Database {
    /// Executes statements that have no arguments.
    func execute(sql: String) throws { try execute(sql: sql, arguments: []) }

    /// Executes a statement, prepared once if it is one that writes rows.
    func execute(sql: String, arguments: [(any DatabaseValueConvertible)?]) throws {
        let arguments = StatementArguments(arguments)
        let isPlain = ["INSERT", "UPDATE", "DELETE"].contains { sql.hasPrefix($0) } && !sql.contains(";")
        guard isPlain else { return try execute(literal: SQL(sql: sql, arguments: arguments)) }
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}

extension Row {
    /// All rows of a statement that is prepared once.
    static func fetchAll(
        _ database: Database, sql: String, arguments: StatementArguments = StatementArguments()
    ) throws -> [Row] {
        try fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
    }

    /// The first row of a statement that is prepared once.
    static func fetchOne(
        _ database: Database, sql: String, arguments: StatementArguments = StatementArguments()
    ) throws -> Row? {
        try fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
    }
}

extension DatabaseValueConvertible where Self: StatementColumnConvertible {
    /// All values of a statement that is prepared once.
    static func fetchAll(
        _ database: Database, sql: String, arguments: StatementArguments = StatementArguments()
    ) throws -> [Self] {
        try fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
    }

    /// The first value of a statement that is prepared once.
    static func fetchOne(
        _ database: Database, sql: String, arguments: StatementArguments = StatementArguments()
    ) throws -> Self? {
        try fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
    }
}
