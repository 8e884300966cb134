import GRDB
package import LeaseModel
package import SyncPlanner

/// A lease as the server gave it in one run.
package struct ObservedLease: Sendable {
    package let lease: BlazarLease
    /// The digest of the bytes it was read from.
    package let digest: UInt64

    package init(lease: BlazarLease, digest: UInt64) {
        self.lease = lease
        self.digest = digest
    }
}

/// A run that has begun.
package struct RunTicket: Sendable, Hashable {
    /// The number of the run. Of two runs, the one that began later has the higher one.
    package let id: Int64
    /// What the scope was marked with when this run last wrote; `nil` if it has not yet.
    var ownMark: Int64?
}

extension LeaseStore {
    /// What the mirror holds of a scope, for comparison with a list.
    package func pullLedger(scope: Int64) throws(StoreError) -> ListLedger {
        try read { database in
            let count = try Int.fetchOne(
                database.cachedStatement(sql: "SELECT count(*) FROM visibility WHERE scope_id = ?"), arguments: [scope])
            var ledger = ListLedger(capacity: count ?? 0)
            let ownDeletions = try Self.ownDeletions(database, scope: scope)
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT lease_key, id, digest, gone IS NOT NULL OR hidden_before IS NOT NULL
                    FROM visibility JOIN lease USING (lease_key) WHERE scope_id = ?
                    """, arguments: [scope])
            while let row = try rows.next() {
                ledger.enter(
                    id: row[1],
                    ListLedger.Entry(
                        key: row[0], digest: UInt64(bitPattern: row[2] as Int64), isGone: row[3],
                        isBeingDeleted: ownDeletions.contains(row[0])))
            }
            return ledger
        }
    }

    /// The listed leases for which a deletion of ours may have been carried out.
    private static func ownDeletions(_ database: Database, scope: Int64) throws -> Set<Int64> {
        try Set(
            Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT lease_key FROM mutation JOIN lease ON lease.site_id = mutation.site_id
                            AND lease.id = mutation.lease_id
                        WHERE mutation.site_id = (SELECT site_id FROM scope WHERE scope_id = ?) AND verb = 'delete'
                            AND lease.gone IS NULL AND (state = 'settled' OR state <> 'rejected' AND attempts > 0)
                        """), arguments: [scope]))
    }

    /// Writes what a run saw of some leases, and the states that are thereby over into the history.
    ///
    /// A row that a later run has written, or has seen unchanged, is left alone. Of a lease that says the same as the
    /// mirror, in another order of its parts for instance, only the digest is written.
    ///
    /// It is as durable as the completion of the run: a run that was not completed is made again.
    ///
    /// - Returns: what changed; `nil` if another run has written since this one began, and nothing was written now.
    package func apply(
        _ leases: [ObservedLease], scope: Scope, run: inout RunTicket, at time: Timestamp
    ) throws(StoreError) -> [LeaseChange]? {
        let ticket = run
        let result = try writeInPart { database -> ([LeaseChange], RunTicket)? in
            guard let writer = try MirrorWriter(database, scope: scope, run: ticket, at: time) else { return nil }
            let changes = try leases.compactMap(writer.write)
            return (changes, changes.isEmpty ? ticket : try writer.mark())
        }
        guard let result else { return nil }
        run = result.1
        return result.0
    }

    /// What the mirror has of leases that a list did not have.
    package func missing(keys: [Int64]) throws(StoreError) -> [(key: Int64, id: String, projectID: String)] {
        try read { database in
            try keys.compactMap { key in
                try Row.fetchOne(
                    database.cachedStatement(sql: "SELECT id, project_id FROM lease WHERE lease_key = ?"),
                    arguments: [key]
                ).map { (key, $0[0], $0[1]) }
            }
        }
    }

    /// Completes a run: notes which leases are gone, and that the mirror is as fresh as the run.
    ///
    /// - Returns: the leases that are gone, and the counts with them added; `nil` if another run has written since this
    ///   one began.
    /// - Throws: ``StoreError``.
    package func completeRun(
        _ run: RunTicket, scope: Scope, gone: [(key: Int64, reason: Removal.Reason)], counts: SyncCounts,
        serverDate: Timestamp?, requestID: String?, startedAt: Timestamp, at time: Timestamp
    ) throws(StoreError) -> (changes: [LeaseChange], counts: SyncCounts)? {
        try write { database in
            guard let writer = try MirrorWriter(database, scope: scope, run: run, at: time) else { return nil }
            let changes = try gone.compactMap(writer.markGone)
            var counts = counts
            for change in changes { counts.count(change.kind) }
            try Self.endRun(
                run.id, outcome: .complete, message: nil, requestID: requestID, serverDate: serverDate, counts: counts,
                at: time, in: database)
            // A lease that the list had, and that is not gone by now, was last seen when the list was asked for.
            try database.cachedStatement(
                sql: """
                    UPDATE scope SET last_complete_run = max(last_complete_run, ?1), listed_run = max(listed_run, ?1),
                        listed_at = max(coalesce(listed_at, 0), ?2)
                    WHERE scope_id = ?3
                    """
            ).execute(arguments: [run.id, startedAt.secondsSince1970, scope.id])
            if !changes.isEmpty { _ = try writer.mark() }
            return (changes, counts)
        }
    }
}
