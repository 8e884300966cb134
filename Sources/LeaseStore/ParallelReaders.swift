import Dispatch
import GRDB
import Synchronization

/// Connections that all see one state of the database, each for a thread of its own.
///
/// SQLite can hand a state from one connection to another only where it was built with `SQLITE_ENABLE_SNAPSHOT`, which
/// Debian's is not. But `PRAGMA data_version` differs on a connection from what it was before if another has committed
/// meanwhile (https://www.sqlite.org/pragma.html#pragma_data_version). So all connections note theirs, then all begin a
/// transaction: if none differs in it, nothing was committed between the first beginning and the last.
struct ParallelReaders {
    private let connections: [DatabaseQueue]

    /// Opens connections that only read.
    ///
    /// - Parameters:
    ///   - path: the file, which must be a database of ours, up to date.
    ///   - count: how many.
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
    /// - Parameter attempts: how often to try, if others write meanwhile.
    /// - Returns: whether it was possible.
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

    /// Closes the connections, which ends their transactions. They only read: nothing is lost if that fails.
    func close() {
        for connection in connections { try? connection.close() }
    }

    private func end() throws {
        for connection in connections { try connection.inDatabase { try $0.rollback() } }
    }

    /// Does work with all connections at once, each on its own thread, and waits for all of it.
    ///
    /// - Parameter work: the work of one connection.
    /// - Returns: what came of it, in the order of the connections.
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
        try Int64.fetchOne(database, sql: "PRAGMA data_version")
    }
}
