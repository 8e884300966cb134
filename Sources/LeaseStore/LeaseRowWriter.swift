import GRDB
import LeaseModel
import SyncPlanner

/// Writes the rows of a lease: its present state with reservations and events, its past states, and who sees it.
struct LeaseRowWriter {
    let database: Database

    // MARK: - Present state

    /// The columns of `lease` that do not describe its state.
    struct Origin {
        let audience: Int64
        let run: Int64
        let firstSeenAt: Timestamp
    }

    /// Inserts a new lease in its present state.
    ///
    /// - Returns: the key of its row.
    /// - Throws: SQLite's error.
    func insert(_ present: LeaseVersion, site: Int64, _ origin: Origin) throws -> Int64 {
        try database.cachedStatement(sql: Self.insertion).execute(
            arguments: StatementArguments(
                Self.values(of: present, origin) + [site, present.lease.id, origin.run]))
        let key = database.lastInsertedRowID
        try insertParts(of: present.lease, key: key)
        return key
    }

    /// Replaces the present state of a lease.
    ///
    /// - Parameters:
    ///   - key: the row of the lease.
    ///   - present: the new state.
    ///   - origin: the other columns.
    ///   - replacesParts: whether its reservations and events may have changed.
    /// - Throws: SQLite's error.
    func update(_ key: Int64, _ present: LeaseVersion, _ origin: Origin, replacesParts: Bool) throws {
        try database.cachedStatement(sql: Self.revision).execute(
            arguments: StatementArguments(Self.values(of: present, origin) + [key]))
        if replacesParts { try replaceParts(of: present.lease, key: key) }
    }

    private static let columns = [
        "name", "user_id", "project_id", "start_at", "end_at", "status", "degraded", "trust_id", "created_at",
        "updated_at", "extra", "observed_at", "last_seen_at", "gone", "gone_after", "gone_before", "gone_unconfirmed",
        "audience_id", "run_id", "first_seen_at",
    ]

    private static let insertion = """
        INSERT INTO lease (\(columns.joined(separator: ", ")), site_id, id, first_run)
        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")), ?, ?, ?)
        """

    private static let revision = """
        UPDATE lease SET \(columns.map { "\($0) = ?" }.joined(separator: ", ")) WHERE lease_key = ?
        """

    /// The values of ``columns``.
    private static func values(
        of version: LeaseVersion, _ origin: Origin
    ) -> [(any DatabaseValueConvertible)?] {
        let lease = version.lease
        let removal = version.removal
        return [
            lease.name, lease.userID, lease.projectID, lease.startsAt.secondsSince1970, lease.endsAt.secondsSince1970,
            lease.status.rawValue, lease.isDegraded, lease.trustID, lease.createdAt?.secondsSince1970,
            lease.updatedAt?.secondsSince1970, LeaseRows.text(version.storedExtra),
            version.observedAt.secondsSince1970, max(version.observedAt, version.lastSeenAt).secondsSince1970,
            removal?.column, removal?.after.secondsSince1970, removal?.before.secondsSince1970,
            removal?.reason == .unlisted, origin.audience, origin.run, origin.firstSeenAt.secondsSince1970,
        ]
    }

    // MARK: - Parts

    private func replaceParts(of lease: BlazarLease, key: Int64) throws {
        try database.cachedStatement(sql: "DELETE FROM reservation WHERE lease_key = ?").execute(arguments: [key])
        try database.cachedStatement(sql: "DELETE FROM event WHERE lease_key = ?").execute(arguments: [key])
        try insertParts(of: lease, key: key)
    }

    private func insertParts(of lease: BlazarLease, key: Int64) throws {
        let reservations = try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO reservation (lease_key, id, resource_id, resource_type, status, missing_resources,
                    resources_changed, created_at, updated_at, node_type, fields, min_count, max_count, amount)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        for part in lease.reservations {
            try reservations.execute(arguments: [
                key, part.id, part.resourceID, part.resourceType.rawValue, part.status.rawValue,
                part.isMissingResources, part.areResourcesChanged, part.createdAt?.secondsSince1970,
                part.updatedAt?.secondsSince1970, part.requiredValue(of: "node_type"),
                JSONValue.object(part.fields).text(), part.minimumCount, part.maximumCount, part.amount,
            ])
        }
        let events = try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO event (lease_key, id, event_type, time_at, status, created_at, updated_at, extra)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
        for part in lease.events {
            try events.execute(arguments: [
                key, part.id, part.eventType, part.time?.secondsSince1970, part.status.rawValue,
                part.createdAt?.secondsSince1970, part.updatedAt?.secondsSince1970, LeaseRows.text(part.extra),
            ])
        }
    }

    // MARK: - Past states

    /// Replaces the history of a lease.
    func replaceHistory(key: Int64, _ past: some BidirectionalCollection<LeaseVersion>, present: LeaseVersion) throws {
        try database.cachedStatement(sql: "DELETE FROM lease_history WHERE lease_key = ?").execute(arguments: [key])
        for (version, next) in zip(past, past.dropFirst() + [present]) {
            try insertHistory(key: key, version, before: next.lease)
        }
    }

    /// Adds a past state to the history.
    ///
    /// - Parameters:
    ///   - key: the row of the lease.
    ///   - version: the state.
    ///   - next: the lease in the state that followed.
    /// - Throws: SQLite's error.
    func insertHistory(key: Int64, _ version: LeaseVersion, before next: BlazarLease) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO lease_history (lease_key, observed_at, last_seen_at, observed_until, name, status, start_at,
                    end_at, gone, gone_after, gone_before, gone_unconfirmed, document, held)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        let lease = version.lease
        let removal = version.removal
        try statement.execute(arguments: [
            key, version.observedAt.secondsSince1970, version.lastSeenAt.secondsSince1970,
            version.observedUntil?.secondsSince1970, lease.name, lease.status.rawValue,
            lease.startsAt.secondsSince1970, lease.endsAt.secondsSince1970, removal?.column,
            removal?.after.secondsSince1970, removal?.before.secondsSince1970, removal?.reason == .unlisted,
            JSONValue.object(version.stored).text(), HeldColumn.text(lease, before: next),
        ])
    }

    // MARK: - Visibility

    /// Records that a scope sees a lease.
    ///
    /// - Parameters:
    ///   - scope: the scope.
    ///   - key: the row of the lease.
    ///   - digest: the digest of the bytes that the row was read from; 0 if the lease must be read again.
    ///   - time: since when the scope sees the lease, if it did not before.
    /// - Throws: SQLite's error.
    func see(scope: Int64, key: Int64, digest: UInt64, at time: Timestamp) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO visibility (scope_id, lease_key, digest, seen_since) VALUES (?, ?, ?, ?)
                ON CONFLICT (scope_id, lease_key) DO UPDATE
                SET digest = excluded.digest, seen_since = iif(hidden_before IS NULL, seen_since, excluded.seen_since),
                    hidden_after = NULL, hidden_before = NULL
                """
        ).execute(arguments: [scope, key, Int64(bitPattern: digest), time.secondsSince1970])
    }

    /// Records since when a scope sees a lease, and whether it has been refused since. A scope that is new to the lease
    /// must read it.
    func note(_ witness: Witness, key: Int64) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO visibility (scope_id, lease_key, digest, seen_since, hidden_after, hidden_before)
                VALUES (?, ?, 0, ?, ?, ?)
                ON CONFLICT (scope_id, lease_key) DO UPDATE SET seen_since = excluded.seen_since,
                    hidden_after = excluded.hidden_after, hidden_before = excluded.hidden_before
                """
        ).execute(arguments: [
            witness.scope, key, witness.since.secondsSince1970, witness.refusal?.after.secondsSince1970,
            witness.refusal?.before.secondsSince1970,
        ])
    }

    /// Makes some scopes read a lease again, because their digests no longer match its row.
    func forgetDigests(key: Int64, of scopes: some Sequence<Int64>) throws {
        let statement = try database.cachedStatement(
            sql: "UPDATE visibility SET digest = 0 WHERE scope_id = ? AND lease_key = ?")
        for scope in scopes { try statement.execute(arguments: [scope, key]) }
    }
}

extension LeaseVersion {
    /// The lease's other fields as they are stored, with a note of what was seen only in part.
    var storedExtra: JSONObject {
        guard let partial else { return lease.extra }
        return lease.extra.merging([PartialObservations.key: partial.json])
    }

    /// The whole lease as the history stores it.
    fileprivate var stored: JSONObject {
        var lease = lease
        lease.extra = storedExtra
        return lease.json()
    }
}
