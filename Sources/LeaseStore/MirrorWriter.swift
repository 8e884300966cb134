import GRDB
import LeaseModel

/// Writes one run's observations into the mirror, inside one transaction.
struct MirrorWriter {
    private let database: Database
    private let rows: LeaseRowWriter
    private let scope: Scope
    private let run: Int64
    private let ticket: RunTicket
    private let time: Timestamp
    /// When the scope's leases were last known to be as the mirror has them.
    private let lastListedAt: Timestamp?

    /// Makes a writer; `nil` if another run has written or completed since this one began: nobody can tell then whose
    /// answer is the older one, and the two must not be mixed.
    init?(_ database: Database, scope: Scope, run ticket: RunTicket, at time: Timestamp) throws {
        let row = try Row.fetchOne(
            database, sql: "SELECT last_complete_run, listed_at FROM scope WHERE scope_id = ?", arguments: [scope.id])
        guard let row, (row[0] as Int64) < ticket.id || (row[0] as Int64) == ticket.ownMark else { return nil }
        self.database = database
        rows = LeaseRowWriter(database: database)
        self.scope = scope
        self.run = ticket.id
        self.ticket = ticket
        self.time = time
        lastListedAt = row.time("listed_at")
    }

    /// Marks the scope as written: every run that has begun by now is out of date, but for this one.
    ///
    /// - Returns: this run, which may go on.
    func mark() throws -> RunTicket {
        var ticket = ticket
        ticket.ownMark = try Int64.fetchOne(database, sql: "SELECT max(run_id) FROM sync_run")
        try database.execute(
            sql: "UPDATE scope SET last_complete_run = ? WHERE scope_id = ?", arguments: [ticket.ownMark, scope.id])
        return ticket
    }

    // MARK: - Seen

    /// Writes a lease as seen; `nil` if that changes nothing.
    func write(_ observed: ObservedLease) throws -> LeaseChange? {
        let lease = observed.lease
        let statement = try database.cachedStatement(
            sql: "SELECT lease_key, run_id FROM lease WHERE id = ? AND scope_id = ?")
        let known = try Row.fetchOne(statement, arguments: [lease.id, scope.id])
        guard let known else {
            try insert(observed)
            return change(.new, lease, fields: [], after: nil, at: time)
        }
        guard (known["run_id"] as Int64) < run else { return nil }
        let key: Int64 = known["lease_key"]
        guard let (_, row, old) = try LeaseRows.leases(database, keys: CollectionOfOne(key)).first else { return nil }
        let wasGone = (row["gone"] as String?) != nil
        guard wasGone || old != normalized(lease) else { return nil }
        let since = try archive(key: key, row: row, lease: old)
        try update(key: key, observed, since: since.until)
        let kind: LeaseChange.Kind =
            wasGone ? .new : (lease.status == .terminated && old.status != .terminated ? .ended : .changed)
        let fields = LeaseChange.differences(from: old, to: lease)
        return change(kind, lease, fields: fields, after: since.lastSeen, at: since.until)
    }

    /// The lease as the mirror would give it back: parts know their lease from where they stand.
    private func normalized(_ lease: BlazarLease) -> BlazarLease {
        var lease = lease
        lease.reservations = lease.reservations.map {
            var reservation = $0
            reservation.leaseID = lease.id
            return reservation
        }
        lease.events = lease.events.map {
            var event = $0
            event.leaseID = lease.id
            return event
        }
        return lease
    }

    // MARK: - Gone

    /// Notes that a lease is gone; `nil` if it was already, or a later run has seen it.
    func markGone(key: Int64, reason: Departure.Reason) throws -> LeaseChange? {
        guard let (_, row, lease) = try LeaseRows.leases(database, keys: CollectionOfOne(key)).first else { return nil }
        guard (row["gone"] as String?) == nil, (row["run_id"] as Int64) < run else { return nil }
        let since = try archive(key: key, row: row, lease: lease)
        try database.execute(
            sql: """
                UPDATE lease SET gone = ?, gone_after = ?, gone_before = ?, observed_at = ?, run_id = ?,
                    last_seen_at = NULL
                WHERE lease_key = ?
                """,
            arguments: [
                reason.rawValue, since.lastSeen.secondsSince1970, since.until.secondsSince1970,
                since.until.secondsSince1970, run, key,
            ])
        return change(.vanished, lease, fields: [], after: since.lastSeen, at: since.until)
    }

    // MARK: - Rows

    /// Copies the state that is over into the history.
    ///
    /// - Returns: when it was last seen, and from when on it no longer held. A clock that was set back never makes an
    ///   interval end before it began.
    private func archive(key: Int64, row: Row, lease: BlazarLease) throws -> (lastSeen: Timestamp, until: Timestamp) {
        let observed = Timestamp(secondsSince1970: row["observed_at"])
        let goneBefore = row.time("gone_before")
        let until = max(time, observed)
        let lastSeen = min(until, max(observed, goneBefore ?? row.time("last_seen_at") ?? lastListedAt ?? observed))
        try rows.insertHistory(
            key: key,
            LeaseVersion(
                lease: lease, observedAt: observed, lastSeenAt: lastSeen, observedUntil: until,
                departure: Departure(row: row),
                partial: LeaseRows.object(row["extra"])[PartialSightings.key].flatMap(PartialSightings.init(json:))))
        return (lastSeen, until)
    }

    private func insert(_ observed: ObservedLease) throws {
        let lease = observed.lease
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO lease (scope_id, id, name, user_id, project_id, start_at, end_at, status, degraded, trust_id,
                    created_at, updated_at, extra, digest, run_id, first_run, first_seen_at, observed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            scope.id, lease.id, lease.name, lease.userID, lease.projectID, lease.startsAt.secondsSince1970,
            lease.endsAt.secondsSince1970, lease.status.rawValue, lease.isDegraded, lease.trustID,
            lease.createdAt?.secondsSince1970, lease.updatedAt?.secondsSince1970, LeaseRows.text(lease.extra),
            Int64(bitPattern: observed.digest), run, run, time.secondsSince1970, time.secondsSince1970,
        ])
        try rows.insertParts(of: lease, key: database.lastInsertedRowID)
    }

    private func update(key: Int64, _ observed: ObservedLease, since: Timestamp) throws {
        let lease = observed.lease
        try database.cachedStatement(
            sql: """
                UPDATE lease SET name = ?, user_id = ?, project_id = ?, start_at = ?, end_at = ?, status = ?,
                    degraded = ?, trust_id = ?, created_at = ?, updated_at = ?, extra = ?, digest = ?, run_id = ?,
                    observed_at = ?, last_seen_at = NULL, gone = NULL, gone_after = NULL, gone_before = NULL,
                    gone_unconfirmed = 0
                WHERE lease_key = ?
                """
        ).execute(arguments: [
            lease.name, lease.userID, lease.projectID, lease.startsAt.secondsSince1970, lease.endsAt.secondsSince1970,
            lease.status.rawValue, lease.isDegraded, lease.trustID, lease.createdAt?.secondsSince1970,
            lease.updatedAt?.secondsSince1970, LeaseRows.text(lease.extra), Int64(bitPattern: observed.digest), run,
            since.secondsSince1970, key,
        ])
        try rows.replaceParts(of: lease, key: key)
    }

    private func change(
        _ kind: LeaseChange.Kind, _ lease: BlazarLease, fields: [LeaseChange.Field], after: Timestamp?,
        at time: Timestamp
    ) -> LeaseChange {
        LeaseChange(kind: kind, site: scope.site, lease: lease, fields: fields, after: after, observedAt: time)
    }
}
