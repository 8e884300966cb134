import GRDB
package import LeaseModel

extension LeaseStore {
    /// Records that a cloud is about to be asked.
    ///
    /// Call it before sending the request: the number of the run tells which of two observations began later.
    package func beginRun(cloud: String, scope: Int64?, at time: Timestamp) throws(StoreError) -> RunTicket {
        try write { try Self.beginRun($0, cloud: cloud, scope: scope, at: time) }
    }

    static func beginRun(
        _ database: Database, cloud: String, scope: Int64?, at time: Timestamp
    ) throws -> RunTicket {
        try database.cachedStatement(sql: "INSERT INTO sync_run (cloud, scope_id, started_at) VALUES (?, ?, ?)")
            .execute(arguments: [cloud, scope, time.secondsSince1970])
        return RunTicket(id: database.lastInsertedRowID)
    }

    /// Whether a run of the scope that began after the given one has completed, so that the mirror is fresher than the
    /// given run could make it.
    package func hasCompletedRun(after run: RunTicket, scope: Int64) throws(StoreError) -> Bool {
        try read { database in
            try Bool.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT EXISTS (
                            SELECT 1 FROM sync_run WHERE run_id > ? AND scope_id = ? AND outcome = 'complete')
                        """),
                arguments: [run.id, scope]) ?? false
        }
    }

    /// Records that a run did not complete, and why.
    package func endRun(
        _ run: RunTicket, outcome: SyncRun.Outcome, message: String, requestID: String?, counts: SyncCounts,
        at time: Timestamp
    ) throws(StoreError) {
        try write { database in
            try Self.endRun(
                run.id, outcome: outcome, message: message, requestID: requestID, serverDate: nil, counts: counts,
                at: time,
                in: database)
        }
    }

    static func endRun(
        _ run: Int64, outcome: SyncRun.Outcome, message: String?, requestID: String?, serverDate: Timestamp?,
        counts: SyncCounts, at time: Timestamp, in database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                UPDATE sync_run SET finished_at = max(started_at, ?), outcome = ?, message = ?, request_id = ?,
                    server_date = ?, bytes = ?, listed = ?, new = ?, changed = ?, ended = ?, vanished = ?
                WHERE run_id = ?
                """
        ).execute(arguments: [
            time.secondsSince1970, outcome.rawValue, message, requestID, serverDate?.secondsSince1970, counts.bytes,
            counts.listed, counts.new, counts.changed, counts.ended, counts.vanished, run,
        ])
    }

    /// The last attempts to read a list, the latest first.
    ///
    /// - Parameter limit: how many.
    /// - Returns: the attempts.
    /// - Throws: ``StoreError``.
    package func recentRuns(limit: Int) throws(StoreError) -> [SyncRun] {
        try read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: "SELECT * FROM sync_run WHERE kind = 'list' ORDER BY run_id DESC LIMIT ?"),
                arguments: [limit]
            ).map(SyncRun.init(row:))
        }
    }

    /// The last run of each cloud.
    package func lastRuns() throws(StoreError) -> [SyncRun] {
        try read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT * FROM sync_run
                        WHERE run_id IN (SELECT max(run_id) FROM sync_run WHERE kind = 'list' GROUP BY cloud)
                        ORDER BY cloud
                        """)
            ).map(SyncRun.init(row:))
        }
    }
}

extension SyncRun {
    init(row: Row) {
        var counts = SyncCounts()
        counts.bytes = row["bytes"]
        counts.listed = row["listed"]
        counts.new = row["new"]
        counts.changed = row["changed"]
        counts.ended = row["ended"]
        counts.vanished = row["vanished"]
        self.init(
            id: row["run_id"], cloud: row["cloud"], scopeID: row["scope_id"],
            startedAt: Timestamp(secondsSince1970: row["started_at"]), finishedAt: row.time("finished_at"),
            outcome: (row["outcome"] as String?).flatMap(Outcome.init(rawValue:)), message: row["message"],
            serverDate: row.time("server_date"), counts: counts)
    }
}

extension Row {
    /// A time column; `nil` for NULL.
    func time(_ column: String) -> Timestamp? {
        (self[column] as Int64?).map(Timestamp.init(secondsSince1970:))
    }

    /// A time in the column at a position; `nil` for NULL.
    func time(at position: Int) -> Timestamp? {
        (self[position] as Int64?).map(Timestamp.init(secondsSince1970:))
    }
}
