import FoundationEssentials
import GRDB
package import LeaseModel
import LocalFiles
import Synchronization

/// Optional parts of a ``LeaseUsage``.
package struct UsageDetail: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The lease's id, name, user and creation time; without it these are empty.
    package static let names = UsageDetail(rawValue: 1)
    /// Its earlier states.
    package static let states = UsageDetail(rawValue: 2)
    /// Its start and end events.
    package static let events = UsageDetail(rawValue: 8)
    /// The flavors and devices that its reservations ask for, which are read from JSON.
    package static let kinds = UsageDetail(rawValue: 16)
    /// How many resources each reservation has; added automatically if the site reports it.
    static let allocations = UsageDetail(rawValue: 4)
}

/// Rows that belong to leases, read alongside them in the same order, so that there is no lookup for each lease.
struct RowsByLease<Value> {
    private let rows: RowWalk
    private let value: (RowWalk, inout TextPool) -> Value
    private var pool = TextPool()
    /// The lease of the current row; `nil` after the last one.
    private var key: Int64?

    /// Starts reading.
    ///
    /// - Parameters:
    ///   - database: where the rows are.
    ///   - keys: the range of leases whose rows to read.
    ///   - sql: the query. Its first column is the lease's key, in ascending order; its two arguments are the bounds of
    ///     the keys.
    ///   - value: makes a value of a row.
    /// - Throws: what the database throws.
    init(
        _ database: Database, _ keys: ClosedRange<Int64>, sql: String,
        value: @escaping (RowWalk, inout TextPool) -> Value
    ) throws {
        rows = try RowWalk(database, sql: sql)
        self.value = value
        try rows.begin(keys)
        try step()
    }

    private mutating func step() throws {
        guard try rows.step() else {
            rows.end()
            key = nil
            return
        }
        key = rows.integer(0)
    }

    /// The values of a lease. Call it in ascending order of keys.
    mutating func values(of lease: Int64) throws -> [Value] {
        var values: [Value] = []
        while let found = key, found <= lease {
            if found == lease { values.append(value(rows, &pool)) }
            try step()
        }
        return values
    }
}

extension RowsByLease<ObservedState> {
    init(states database: Database, _ keys: ClosedRange<Int64>) throws {
        try self.init(
            database, keys,
            sql: """
                SELECT lease_key, status, start_at, end_at, observed_at, last_seen_at, observed_until, gone IS NOT NULL
                FROM lease_history WHERE lease_key BETWEEN ? AND ?
                ORDER BY lease_key, observed_until, observed_at, history_id
                """
        ) { row, pool in
            ObservedState(
                status: LeaseStatus(rawValue: pool.text(row.statement, 1) ?? ""), startsAt: row.moment(2),
                endsAt: row.moment(3), observedAt: row.moment(4), lastSeenAt: row.moment(5),
                observedUntil: row.moment(6), isGone: row.integer(7) != 0)
        }
    }
}

extension RowsByLease<EarlierReservations> {
    init(changedReservations database: Database, _ keys: ClosedRange<Int64>, _ filter: LeaseFilter) throws {
        try self.init(
            database, keys,
            sql: """
                SELECT lease_key, held, last_seen_at, observed_until, \(Self.nextStamp) FROM lease_history AS past
                WHERE held IS NOT NULL AND lease_key BETWEEN ? AND ? ORDER BY lease_key, observed_until
                """
        ) { row, _ in
            let (lastSeenAt, seenAt) = (row.moment(2), row.moment(3))
            let stamp = row.text(4).flatMap(Timestamp.init(parsing:))
            return EarlierReservations(
                reservations: HeldColumn.reservations(row.text(1) ?? "").filter {
                    filter.admits(type: $0.resourceType, nodeType: $0.nodeType)
                }, lastSeenAt: lastSeenAt, changedBefore: Self.moment(stamp, after: lastSeenAt, seenAt: seenAt))
        }
    }

    /// When Blazar last changed the lease before its next state was seen, as Blazar or SQLite writes it.
    private static var nextStamp: String {
        """
        coalesce(
            (SELECT next.document ->> '$.updated_at' FROM lease_history AS next
                WHERE next.lease_key = past.lease_key AND next.observed_until > past.observed_until
                ORDER BY next.observed_until, next.observed_at LIMIT 1),
            (SELECT datetime(lease.updated_at, 'unixepoch') FROM lease WHERE lease.lease_key = past.lease_key))
        """
    }

    /// When a change took place that was first seen at a moment: Blazar stamps a lease at each change. Without a stamp
    /// that fits, it is when the change was seen.
    private static func moment(_ stamp: Timestamp?, after: Timestamp, seenAt: Timestamp) -> Timestamp {
        // The server's clock may differ from the one that noted when a state was seen.
        guard let stamp, stamp <= seenAt, stamp >= after.adding(seconds: -Timestamp.clockToleranceSeconds) else {
            return seenAt
        }
        return stamp
    }
}

extension RowsByLease<LeaseEvent> {
    init(startsAndEnds database: Database, _ keys: ClosedRange<Int64>) throws {
        try self.init(
            database, keys,
            sql: """
                SELECT lease_key, id, event_type, time_at, status, created_at, updated_at FROM event
                WHERE event_type IN ('start_lease', 'end_lease') AND lease_key BETWEEN ? AND ? ORDER BY lease_key
                """
        ) { row, pool in
            LeaseEvent(
                id: row.text(1) ?? "", eventType: pool.text(row.statement, 2) ?? "", time: row.time(3),
                status: EventStatus(rawValue: pool.text(row.statement, 4) ?? ""), createdAt: row.time(5),
                updatedAt: row.time(6))
        }
    }
}

extension LeaseStore {
    /// The number of leases from which several threads are used. For fewer, opening connections costs more than it
    /// saves.
    private static let parallelFrom: Int64 = 20_000
    /// The number of ranges for each thread; with several, all threads stay busy to the end.
    private static let stretchesPerReader = 16

    /// Passes on the usage of each lease that matches a filter, in no particular order, all from one state of the
    /// database.
    ///
    /// Reservations that do not match the filter's types are left out. Nothing is kept in memory, and no JSON is read
    /// unless ``UsageDetail/kinds`` is requested.
    ///
    /// - Parameters:
    ///   - filter: which leases.
    ///   - detail: the optional parts; each costs time.
    ///   - each: receives a lease.
    /// - Throws: ``StoreError``, or what `each` throws.
    package func usage(
        _ filter: LeaseFilter, detail: UsageDetail, each: (LeaseUsage) throws -> Void
    ) throws(StoreError) {
        try read { database in
            var reader = try UsageReader(database, filter, detail: detail)
            try reader.read(.min ... .max, each)
        }
    }

    /// Adds up the usage of the leases that match a filter, all from one state of the database. If there are many
    /// leases, all processor cores take part: a million leases take less than a second.
    ///
    /// - Parameters:
    ///   - filter: which leases, as for ``usage(_:detail:each:)``.
    ///   - detail: the optional parts; each costs time.
    ///   - empty: the empty sum.
    ///   - readers: the number of threads; `nil` to choose by the number of leases.
    ///   - progress: called now and then, by one thread at a time, with the number of leases read since the last call.
    ///   - add: adds a lease to a sum. The threads divide the leases arbitrarily, in any order.
    /// - Returns: the sum of each thread; the caller merges them.
    /// - Throws: ``StoreError``.
    package func usage<Sum: Sendable>(
        _ filter: LeaseFilter, detail: UsageDetail, from empty: Sum, readers: Int? = nil,
        progress: @Sendable (Int) -> Void, add: @Sendable (inout Sum, LeaseUsage) -> Void
    ) throws(StoreError) -> [Sum] {
        do {
            let keys = try database.read(Self.leaseKeys)
            let count = readers ?? Self.readerCount(for: keys)
            let stretches = Mutex(Self.stretches(keys, count * Self.stretchesPerReader)[...])
            let turn = Mutex(())
            @Sendable func sum(_ database: Database) throws -> Sum {
                var sum = empty
                var reader = try UsageReader(database, filter, detail: detail)
                while let stretch = stretches.withLock({ $0.popFirst() }) {
                    let leases = try reader.read(stretch) { add(&sum, $0) }
                    turn.withLock { _ in progress(leases) }
                }
                return sum
            }
            if count > 1 {
                let parallel = try ParallelReaders(path: files.main, count: count)
                defer { parallel.close() }
                if try parallel.begin() { return try parallel.map(sum) }
            }
            return [try database.read(sum)]
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// The least and the greatest key of a lease.
    private static func leaseKeys(_ database: Database) throws -> ClosedRange<Int64> {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT (SELECT min(lease_key) FROM lease), (SELECT max(lease_key) FROM lease)"))
        guard let first = row?[0] as Int64?, let last = row?[1] as Int64?, first < last else { return 0...0 }
        return first...last
    }

    private static func readerCount(for keys: ClosedRange<Int64>) -> Int {
        keys.upperBound &- keys.lowerBound < parallelFrom ? 1 : min(ProcessInfo.processInfo.activeProcessorCount, 4)
    }

    /// Divides the whole range of keys into ranges that are equally long between the two given keys.
    static func stretches(_ keys: ClosedRange<Int64>, _ count: Int) -> [ClosedRange<Int64>] {
        // The difference of two keys is always less than 2⁶⁴.
        let length = UInt64(bitPattern: keys.upperBound &- keys.lowerBound) / UInt64(count)
        guard length > 0 else { return [Int64.min...Int64.max] }
        let ends = (1..<count).map { keys.lowerBound &+ Int64(bitPattern: length &* UInt64($0)) }
        return zip([Int64.min] + ends.map { $0 &+ 1 }, ends + [Int64.max]).map { $0...$1 }
    }
}

extension LeaseStore {
    /// When each scope was first and last read completely, here or by the owner of an imported database. Scopes that
    /// never were are absent.
    package func listingBounds() throws(StoreError) -> [Int64: Completeness] { try read(Self.listingBounds) }

    /// Every complete list that was read, here or by the owner of an imported database: `scope_id` and `listed_at`.
    static let wholeListings = """
        SELECT scope_id, started_at AS listed_at FROM sync_run WHERE kind = 'list' AND outcome = 'complete'
        UNION ALL
        SELECT scope_id, listed_at FROM imported_listing
        """

    static func listingBounds(_ database: Database) throws -> [Int64: Completeness] {
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT scope_id, min(listed_at), max(listed_at) FROM (\(wholeListings)) GROUP BY scope_id")
        var bounds: [Int64: Completeness] = [:]
        while let row = try rows.next() {
            bounds[row[0]] = Completeness(
                from: Timestamp(secondsSince1970: row[1]), until: Timestamp(secondsSince1970: row[2]))
        }
        return bounds
    }

    /// When complete lists of a scope were requested, here or by the owner of an imported database, oldest first.
    package func wholeLists(scope: Int64) throws(StoreError) -> [Timestamp] {
        try read { database in
            try Int64.fetchAll(
                database,
                sql: "SELECT DISTINCT listed_at FROM (\(Self.wholeListings)) WHERE scope_id = ? ORDER BY listed_at",
                arguments: [scope]
            ).map(Timestamp.init(secondsSince1970:))
        }
    }

    /// Every finished attempt to read a list, oldest first.
    package func listRuns() throws(StoreError) -> [SyncRun] {
        try read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: "SELECT * FROM sync_run WHERE kind = 'list' AND outcome IS NOT NULL ORDER BY run_id")
            ).map(SyncRun.init(row:))
        }
    }
}
