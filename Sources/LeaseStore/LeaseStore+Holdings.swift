import GRDB
import GRDBSQLite
package import LeaseModel

/// What may be left out of a ``LeaseHolding``.
package struct HoldingDetail: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The lease's id, name, user and creation; empty texts and `nil` without.
    package static let names = HoldingDetail(rawValue: 1)
    /// The states in which it was seen before.
    package static let states = HoldingDetail(rawValue: 2)
    /// Its starts and ends.
    package static let events = HoldingDetail(rawValue: 8)
    /// How many resources each reservation has; taken in by itself wherever a site tells.
    static let allocations = HoldingDetail(rawValue: 4)
}

/// Rows that belong to leases, read beside these in the same order, so that no lease has to look for its own.
struct RowsByLease<Value> {
    private let rows: RowCursor
    private let value: (Row) -> Value
    private var next: Row?

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - database: where the rows are.
    ///   - sql: gives the key of the lease first, and rows in ascending order of it.
    ///   - value: makes a value of a row.
    /// - Throws: what the database throws.
    init(_ database: Database, sql: String, value: @escaping (Row) -> Value) throws {
        rows = try Row.fetchCursor(database, sql: sql)
        self.value = value
        next = try rows.next()
    }

    /// Those of a lease; must be asked for in ascending order of keys.
    mutating func values(of key: Int64) throws -> [Value] {
        var values: [Value] = []
        while let row = next, (row[0] as Int64) <= key {
            if (row[0] as Int64) == key { values.append(value(row)) }
            next = try rows.next()
        }
        return values
    }
}

extension RowsByLease<ObservedState> {
    init(states database: Database) throws {
        try self.init(
            database,
            sql: """
                SELECT lease_key, status, start_at, end_at, observed_at, last_seen_at, observed_until, gone IS NOT NULL
                FROM lease_history ORDER BY lease_key, observed_until, observed_at, history_id
                """
        ) { row in
            ObservedState(
                status: LeaseStatus(rawValue: row[1]), startsAt: Timestamp(secondsSince1970: row[2]),
                endsAt: Timestamp(secondsSince1970: row[3]), observedAt: Timestamp(secondsSince1970: row[4]),
                lastSeenAt: Timestamp(secondsSince1970: row[5]), observedUntil: Timestamp(secondsSince1970: row[6]),
                isGone: row[7])
        }
    }
}

extension RowsByLease<LeaseEvent> {
    init(startsAndEnds database: Database) throws {
        try self.init(
            database,
            sql: """
                SELECT lease_key, id, event_type, time_at, status, created_at, updated_at, NULL AS extra FROM event
                WHERE event_type IN ('start_lease', 'end_lease') ORDER BY lease_key
                """, value: LeaseEvent.init(row:))
    }
}

extension LeaseStore {
    /// Hands over what each lease that a filter finds held, in no particular order, all from one state of the database.
    ///
    /// The reservations that the filter's types leave out are left out of the leases as well. A million leases take about
    /// a second: nothing is kept, and no JSON is read.
    ///
    /// - Parameters:
    ///   - filter: which.
    ///   - detail: what else is wanted; it costs time.
    ///   - each: takes a lease.
    /// - Throws: ``StoreError``, or what `each` throws.
    package func holdings(
        _ filter: LeaseFilter, detail: HoldingDetail, each: (LeaseHolding) throws -> Void
    ) throws(StoreError) {
        try read { database in
            let mirror = try MirrorReader(database)
            var detail = detail.union(.allocations)
            if try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM allocation)") != true {
                detail.remove(.allocations)
            }
            let query = LeaseQuery(filter, sitesAreShared: mirror.sitesAreShared)
            let (parts, partArguments) = LeaseQuery.reservations(filter)
            // The table of leases is read from end to end, in the order in which the reservations' index has them: to
            // look rows up one by one would take longer from a twentieth of them on.
            let statement = try database.makeStatement(
                sql: """
                    SELECT \(HoldingReader.columns(detail))
                    FROM lease NOT INDEXED
                    \(query.needsScope ? "CROSS JOIN scope ON scope.scope_id = lease.scope_id" : "")
                    LEFT JOIN reservation INDEXED BY reservation_counts
                        ON reservation.lease_key = lease.lease_key AND \(parts)
                    WHERE \(query.condition)
                    ORDER BY lease.lease_key
                    """)
            try statement.setArguments(partArguments + query.arguments)
            var reader = HoldingReader(
                statement.sqliteStatement, detail: detail, mirror: mirror,
                states: try detail.contains(.states) ? RowsByLease(states: database) : nil,
                events: try detail.contains(.events) ? RowsByLease(startsAndEnds: database) : nil)
            defer { sqlite3_reset(statement.sqliteStatement) }
            while true {
                switch sqlite3_step(statement.sqliteStatement) {
                case SQLITE_ROW:
                    try reader.row(each)
                case SQLITE_DONE:
                    return try reader.finish(each)
                case let code:
                    throw DatabaseError(
                        resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errstr(code)))
                }
            }
        }
    }
}
