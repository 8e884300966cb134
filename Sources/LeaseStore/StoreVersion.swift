import GRDB
import LocalFiles

/// Tells whether anybody has changed the database: this program, on another connection, or another program.
///
/// SQLite counts the commits of all other connections (https://www.sqlite.org/pragma.html#pragma_data_version). So this
/// has a connection of its own, which never writes.
package final class StoreVersion: Sendable {
    private let connection: DatabaseQueue
    private let path: String

    fileprivate init(_ store: LeaseStore) throws(StoreError) {
        path = store.path
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(30)
        configuration.label = "leasehold.version"
        do {
            connection = try DatabaseQueue(path: store.files.main, configuration: configuration)
        } catch {
            throw StoreError(error, path: store.path)
        }
    }

    /// A number that differs from the one before if anything has been committed since.
    package func number() throws(StoreError) -> Int64 {
        do {
            return try connection.unsafeRead { try Int64.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
        } catch {
            throw StoreError(error, path: path)
        }
    }
}

extension LeaseStore {
    /// Opens a connection that tells whether the database was changed.
    package func version() throws(StoreError) -> StoreVersion { try StoreVersion(self) }
}
