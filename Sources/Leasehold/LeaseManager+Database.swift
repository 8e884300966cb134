public import LeaseModel
import LeaseStore

extension LeaseManager {
    /// What is wrong with the database, in SQLite's own words; empty if nothing is.
    public func checkDatabase() throws(LeaseholdError) -> [String] {
        try reading { store throws(StoreError) in try store.check() }
    }

    /// Writes a consistent copy of the database to a new file, even while others write.
    public func backUpDatabase(to path: String) throws(LeaseholdError) {
        try reading { store throws(StoreError) in try store.backUp(to: path) }
    }

    /// Runs one statement that reads, on the documented views `v_lease`, `v_reservation`, `v_event`, `v_history`,
    /// `v_resource` or anything else, handing over the names of the columns and then each row.
    ///
    /// - Throws: ``LeaseholdError`` of code `database`, or what the closures throw.
    public func query(
        _ sql: String, columns: ([String]) throws -> Void, each: ([JSONValue]) throws -> Void
    ) throws {
        var thrown: (any Error)?
        func noting(_ body: () throws -> Void) throws {
            do { try body() } catch {
                thrown = error
                throw error
            }
        }
        do {
            try store.query(sql, columns: { names in try noting { try columns(names) } }) { row in
                try noting { try each(row) }
            }
        } catch {
            if let thrown { throw thrown }
            // What SQLite refuses without a fault of the database's is the statement's.
            guard error.kind != .failed else { throw LeaseholdError(code: .invalid, message: error.message) }
            throw LeaseholdError(error)
        }
    }

    /// The size of the database in bytes, the write-ahead log included.
    public var databaseSizeInBytes: Int { store.sizeInBytes }

    /// The version of the database's schema.
    public var databaseSchemaVersion: Int { store.schemaVersion }
}
