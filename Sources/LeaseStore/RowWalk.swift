import Dispatch
import Foundation
import GRDB
import GRDBSQLite
import LeaseModel
import Synchronization

/// A walk through the rows of a query, read by position and with SQLite's own functions: GRDB's rows would cost more
/// than everything else together.
struct RowWalk {
    private let owner: Statement
    private let arguments: StatementArguments
    let statement: OpaquePointer

    /// Prepares a query.
    ///
    /// - Parameters:
    ///   - database: where the rows are.
    ///   - sql: the query.
    ///   - arguments: the arguments that stay the same in all walks; they come first.
    /// - Throws: SQLite's error.
    init(_ database: Database, sql: String, arguments: StatementArguments = StatementArguments()) throws {
        owner = try database.makeStatement(sql: sql)
        statement = owner.sqliteStatement
        self.arguments = arguments
    }

    /// Takes a query from the connection's cache, to find rows by a key. Each walk must end before the next one begins.
    init(cached sql: String, _ database: Database) throws {
        owner = try database.cachedStatement(sql: sql)
        statement = owner.sqliteStatement
        arguments = StatementArguments()
    }

    /// Starts over, with the last arguments.
    func begin(_ last: StatementArguments = StatementArguments()) throws {
        sqlite3_reset(statement)
        try owner.setArguments(arguments + last)
    }

    /// Starts over, with new bounds as the last two arguments.
    func begin(_ keys: ClosedRange<Int64>) throws { try begin([keys.lowerBound, keys.upperBound]) }

    /// Starts over with a key, which is the only argument.
    func begin(key: Int64) {
        sqlite3_reset(statement)
        sqlite3_bind_int64(statement, 1, key)
    }

    /// Ends the walk, which releases its locks.
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

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func optional(_ column: Int32) -> Int64? {
        let value = integer(column)
        // NULL reads as 0, which is rare otherwise, so the type is checked only then.
        return value == 0 && !isPresent(column) ? nil : value
    }

    /// Whether a column is not NULL.
    func isPresent(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) != SQLITE_NULL }

    func text(_ column: Int32) -> String? { bytes(column).map { String(decoding: $0, as: UTF8.self) } }

    func moment(_ column: Int32) -> Timestamp { Timestamp(secondsSince1970: integer(column)) }

    func time(_ column: Int32) -> Timestamp? { optional(column).map(Timestamp.init(secondsSince1970:)) }

    func flag(_ column: Int32) -> Bool? { optional(column).map { $0 != 0 } }

    /// The object in a column of JSON, which this module wrote; anything else becomes an empty object.
    func object(_ column: Int32) -> JSONObject {
        guard let bytes = bytes(column), let value = try? JSONValue(parsing: Array(bytes)) else { return [:] }
        return value.objectValue ?? [:]
    }

    /// The bytes of a text, until the next step.
    private func bytes(_ column: Int32) -> UnsafeBufferPointer<UInt8>? {
        sqlite3_column_text(statement, column).map {
            UnsafeBufferPointer(start: $0, count: Int(sqlite3_column_bytes(statement, column)))
        }
    }
}

/// The texts of a result's columns, each made into a `String` once: a million leases belong to a few hundred projects.
///
/// Texts are looked up by their bytes, so a lookup creates no `String`.
struct TextPool {
    private struct Entry {
        let hash: UInt64
        let start: Int
        let length: Int
    }

    private var entries: [Entry] = []
    private var bytes: [UInt8] = []
    private(set) var texts: [String] = []
    /// A hash table: the number of an entry plus 1, or 0 if the place is free. At most half of the places are used.
    private var places = [Int32](repeating: 0, count: 1_024)

    /// The last text's number for each column: the next row often has the same text.
    private var recent = [Int](repeating: -1, count: 32)

    /// The number of a column's text; `nil` for NULL. There must be fewer than 32 columns.
    mutating func number(_ statement: OpaquePointer, _ column: Int32) -> Int? {
        guard let start = sqlite3_column_text(statement, column) else { return nil }
        let text = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
        let last = recent[Int(column)]
        if last >= 0, isEqual(entries[last], text) { return last }
        let number = number(of: text)
        recent[Int(column)] = number
        return number
    }

    /// A column's text; `nil` for NULL.
    mutating func text(_ statement: OpaquePointer, _ column: Int32) -> String? {
        number(statement, column).map { texts[$0] }
    }

    private mutating func number(of text: UnsafeRawBufferPointer) -> Int {
        let hash = Self.hash(text)
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] != 0 {
            let number = Int(places[place]) - 1
            if entries[number].hash == hash, isEqual(entries[number], text) { return number }
            place = (place + 1) & (places.count - 1)
        }
        let number = entries.count
        entries.append(Entry(hash: hash, start: bytes.count, length: text.count))
        bytes.append(contentsOf: text)
        texts.append(String(decoding: text, as: UTF8.self))
        places[place] = Int32(number + 1)
        if entries.count * 2 > places.count { grow() }
        return number
    }

    private func isEqual(_ entry: Entry, _ text: UnsafeRawBufferPointer) -> Bool {
        guard entry.length == text.count else { return false }
        guard let start = text.baseAddress else { return true }
        return bytes.withUnsafeBytes { known in
            known.baseAddress.map { memcmp($0 + entry.start, start, text.count) == 0 } ?? false
        }
    }

    private mutating func grow() {
        places = [Int32](repeating: 0, count: places.count * 2)
        for (number, entry) in entries.enumerated() {
            var place = Int(truncatingIfNeeded: entry.hash) & (places.count - 1)
            while places[place] != 0 { place = (place + 1) & (places.count - 1) }
            places[place] = Int32(number + 1)
        }
    }

    /// FNV-1a over eight-byte words, folded at the end so that the low bits depend on all of them.
    private static func hash(_ text: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var position = 0
        while position + 8 <= text.count {
            hash = (hash ^ text.loadUnaligned(fromByteOffset: position, as: UInt64.self)) &* 0x0000_0100_0000_01B3
            hash ^= hash >> 29
            position += 8
        }
        while position < text.count {
            hash = (hash ^ UInt64(text[position])) &* 0x0000_0100_0000_01B3
            position += 1
        }
        return hash ^ hash >> 32
    }
}

/// Connections that all see one state of the database, one for each thread.
///
/// SQLite can pass a state from one connection to another only if it was built with `SQLITE_ENABLE_SNAPSHOT`, which
/// Debian's is not. But a connection's `PRAGMA data_version` changes when another connection commits
/// (https://www.sqlite.org/pragma.html#pragma_data_version). So every connection reads its version, and then every one
/// begins a transaction. If no version has changed inside the transactions, nothing was committed between the first and
/// the last.
struct ParallelReaders {
    private let connections: [DatabaseQueue]

    /// Opens read-only connections.
    ///
    /// - Parameters:
    ///   - path: a leasehold database that is up to date.
    ///   - count: the number of connections.
    /// - Throws: SQLite's error.
    init(path: String, count: Int) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(30)
        configuration.label = "leasehold.parallel"
        // The transactions begin one after the other, before the first of them is used.
        configuration.allowsUnsafeTransactions = true
        connections = try (0..<count).map { _ in try DatabaseQueue(path: path, configuration: configuration) }
    }

    /// Begins a transaction on each connection, all in the same state of the database.
    ///
    /// - Parameter attempts: how often to try while others write.
    /// - Returns: whether it succeeded.
    /// - Throws: SQLite's error.
    func begin(attempts: Int = 20) throws -> Bool {
        for _ in 0..<attempts {
            let before = try connections.map { try $0.inDatabase(Self.version) }
            let within = try connections.map { connection in
                try connection.inDatabase { database in
                    try database.beginTransaction(.deferred)
                    return try Self.version(database)
                }
            }
            if before == within { return true }
            try end()
        }
        return false
    }

    /// Closes the connections, which ends their transactions. They only read, so a failure loses nothing.
    func close() {
        for connection in connections { try? connection.close() }
    }

    private func end() throws {
        for connection in connections { try connection.inDatabase { try $0.rollback() } }
    }

    /// Runs work on all connections at once, each on its own thread, and waits for all of them.
    ///
    /// - Parameter work: the work of one connection.
    /// - Returns: the results, in the order of the connections.
    /// - Throws: what one of them throws.
    func map<Value: Sendable>(_ work: @Sendable (Database) throws -> Value) throws -> [Value] {
        let results = Mutex<[Int: Result<Value, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: connections.count) { number in
            let result = Result { try connections[number].inDatabase(work) }
            results.withLock { $0[number] = result }
        }
        let found = results.withLock { $0 }
        return try connections.indices.compactMap { try found[$0]?.get() }
    }

    private static func version(_ database: Database) throws -> Int64? {
        try Int64.fetchOne(database.cachedStatement(sql: "PRAGMA data_version"))
    }
}
