import GRDB
package import LeaseModel
package import SyncPlanner

/// A lease as the server returned it in one run.
package struct ObservedLease: Sendable {
    package let lease: BlazarLease
    /// The digest of the bytes that it was read from.
    package let digest: UInt64

    package init(lease: BlazarLease, digest: UInt64) {
        self.lease = lease
        self.digest = digest
    }
}

/// A run that has begun.
package struct RunTicket: Sendable, Hashable {
    /// The number of the run. The later of two runs has the higher number.
    package let id: Int64
    /// The mark that this run's last write left on the scope; `nil` if it has not written yet.
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
                database.cachedStatement(
                    sql: """
                        SELECT lease_key, id, digest, gone IS NOT NULL OR hidden_before IS NOT NULL
                        FROM visibility JOIN lease USING (lease_key) WHERE scope_id = ?
                        """), arguments: [scope])
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

    /// The listed leases that a delete of ours may have removed.
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

    /// Writes what a run saw of some leases, and moves superseded states to the history.
    ///
    /// Rows that a later run has written or confirmed are left alone. If a lease differs from the mirror only in form,
    /// such as the order of its parts, only its digest is written.
    ///
    /// The write is as durable as the completion of the run; a run that did not complete is repeated.
    ///
    /// - Returns: the changes; `nil` if another run has written since this one began, in which case nothing was
    ///   written.
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

    /// The mirror's rows for leases that a list lacked.
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

    /// Completes a run: records which leases are gone, and that the mirror is as fresh as the run.
    ///
    /// - Returns: the leases that are gone, and the counts including them; `nil` if another run has written since this
    ///   one began.
    /// - Throws: ``StoreError``.
    package func completeRun(
        _ run: RunTicket, scope: Scope, gone: [(key: Int64, reason: Removal.Reason)], counts: SyncCounts,
        serverDate: Timestamp?, requestID: String?, startedAt: Timestamp, at time: Timestamp
    ) throws(StoreError) -> (changes: [LeaseChange], counts: SyncCounts)? {
        try write { database in
            guard try MirrorWriter.isNewest(run, of: scope, database) else { return nil }
            let writer = gone.isEmpty ? nil : try MirrorWriter(database, scope: scope, run: run, at: time)
            let changes = try gone.compactMap { try writer?.markGone(key: $0.key, reason: $0.reason) }
            var counts = counts
            for change in changes { counts.count(change.kind) }
            try Self.endRun(
                run.id, outcome: .complete, message: nil, requestID: requestID, serverDate: serverDate, counts: counts,
                at: time, in: database)
            // A listed lease that is not gone by now was last seen when the list was requested.
            try database.cachedStatement(
                sql: """
                    UPDATE scope SET last_complete_run = max(last_complete_run, ?1), listed_run = max(listed_run, ?1),
                        listed_at = max(coalesce(listed_at, 0), ?2)
                    WHERE scope_id = ?3
                    """
            ).execute(arguments: [run.id, startedAt.secondsSince1970, scope.id])
            if !changes.isEmpty { _ = try writer?.mark() }
            try Self.forgetIdlePublications(database, at: time)
            return (changes, counts)
        }
    }
}
