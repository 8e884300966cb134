import GRDB
import LeaseModel
import SyncPlanner

/// Writes one run's observations into the mirror, inside one transaction.
struct MirrorWriter {
    private let database: Database
    private let rows: LeaseRowWriter
    private let scope: Scope
    private let run: Int64
    private let ticket: RunTicket
    private let time: Timestamp
    private let audiences: AudienceBook
    private let leases: LeaseReader

    /// Whether no other run has written or completed since this one began.
    static func isNewest(_ ticket: RunTicket, of scope: Scope, _ database: Database) throws -> Bool {
        let last = try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT last_complete_run FROM scope WHERE scope_id = ?"),
            arguments: [scope.id])
        return last.map { $0 < ticket.id || $0 == ticket.ownMark } ?? false
    }

    /// Returns `nil` if another run has written or completed since this one began: it is then unknown which answer is
    /// older, and the two must not be mixed.
    init?(_ database: Database, scope: Scope, run ticket: RunTicket, at time: Timestamp) throws {
        guard try Self.isNewest(ticket, of: scope, database) else { return nil }
        self.database = database
        rows = LeaseRowWriter(database: database)
        self.scope = scope
        self.run = ticket.id
        self.ticket = ticket
        self.time = time
        audiences = try AudienceBook(database)
        leases = try LeaseReader(database)
    }

    /// Marks the scope as written, which makes every other run that has begun by now out of date.
    ///
    /// - Returns: this run, which may continue.
    func mark() throws -> RunTicket {
        var ticket = ticket
        ticket.ownMark = try Int64.fetchOne(database.cachedStatement(sql: "SELECT max(run_id) FROM sync_run"))
        try database.cachedStatement(sql: "UPDATE scope SET last_complete_run = ? WHERE scope_id = ?").execute(
            arguments: [ticket.ownMark, scope.id])
        return ticket
    }

    // MARK: - Listed leases

    /// Writes a listed lease; returns `nil` if that is not news to the scope.
    func write(_ observed: ObservedLease) throws -> LeaseChange? {
        let lease = observed.lease
        let statement = try database.cachedStatement(
            sql: """
                SELECT lease.lease_key, lease.run_id, audience_id,
                    visibility.scope_id IS NOT NULL AND visibility.hidden_before IS NULL
                FROM lease LEFT JOIN visibility
                    ON visibility.scope_id = ?1 AND visibility.lease_key = lease.lease_key
                WHERE lease.id = ?2 AND lease.site_id = ?3
                """)
        let found = try Row.fetchOne(statement, arguments: [scope.id, lease.id, scope.siteID])
        guard let found else {
            try insert(observed)
            return change(.new, lease, fields: [], after: nil, at: time)
        }
        let key: Int64 = found[0]
        let wasSeen: Bool = found[3]
        guard let known = try KnownLease(leases, key: key, audiences) else { return nil }
        // A later run has written or confirmed the lease.
        let isOlder = (found[1] as Int64) >= run || audiences.hasListed(found[2], since: run, but: scope.id)
        let isSame = known.present.removal == nil && known.present.lease == normalized(lease)
        let audience =
            try wasSeen ? found[2] as Int64 : audiences.adding(scope.id, to: found[2], isRefused: known.isRefused)
        if isSame || isOlder {
            try rows.see(scope: scope.id, key: key, digest: isSame ? observed.digest : 0, at: time)
            if !wasSeen { try setAudience(audience, key: key) }
            return wasSeen ? nil : change(.new, known.present.lease, fields: [], after: nil, at: time)
        }
        let past = known.present.ended(at: time)
        let present: LeaseVersion
        if known.present.removal?.reason == .unlisted, let versions = try resumed(key, lease),
            let last = versions.last
        {
            present = last
            try rows.replaceHistory(key: key, versions.dropLast(), present: present)
        } else {
            present = past.followed(by: lease)
            try rows.insertHistory(key: key, past, before: lease)
        }
        try rows.update(
            key, present, .init(audience: audience, run: run, firstSeenAt: known.firstSeenAt), replacesParts: true)
        try rows.see(scope: scope.id, key: key, digest: observed.digest, at: time)
        try rows.forgetDigests(key: key, of: audiences.scopes(audience).subtracting([scope.id]))
        let old = past.lease
        let kind: LeaseChange.Kind =
            past.removal != nil || !wasSeen
            ? .new : (lease.status == .terminated && old.status != .terminated ? .ended : .changed)
        let fields = LeaseChange.differences(from: old, to: lease)
        return change(kind, lease, fields: fields, after: past.lastSeenAt, at: present.observedAt)
    }

    /// The history of a lease that was missing from a list and is listed again: it was there all the time.
    private func resumed(_ key: Int64, _ lease: BlazarLease) throws -> [LeaseVersion]? {
        let life = try LeaseStore.lives(database, keys: CollectionOfOne(key), MirrorReader(database)).first
        let seen = ObservedTimeline(states: [.init(.listed(normalized(lease)), firstSeen: time, lastSeen: time)])
        return life.map {
            ObservedTimeline(versions: $0.versions).merging(seen, witnesses: [], otherWitnesses: [])
                .versions(witnesses: [], projectID: scope.projectID)
        }
    }

    /// The lease as the mirror would return it: each part takes its lease's id from the lease that contains it.
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

    private func insert(_ observed: ObservedLease) throws {
        let present = LeaseVersion(
            lease: observed.lease, observedAt: time, lastSeenAt: time, observedUntil: nil, removal: nil)
        let key = try rows.insert(
            present, site: scope.siteID,
            .init(audience: audiences.number(of: [scope.id]), run: run, firstSeenAt: time))
        try rows.see(scope: scope.id, key: key, digest: observed.digest, at: time)
    }

    // MARK: - Removals

    /// Marks a lease as gone; returns `nil` if it already was, or if a later run has seen it.
    func markGone(key: Int64, reason: Removal.Reason) throws -> LeaseChange? {
        guard let known = try KnownLease(leases, key: key, audiences), known.present.removal == nil,
            known.run < run
        else { return nil }
        let past = known.present.ended(at: time)
        let present = past.followed(byGoing: reason)
        var audience = known.audience
        if reason == .outOfScope {
            try hide(key: key)
            let others = audiences.scopes(audience).subtracting([scope.id])
            if !others.isEmpty {
                // Other scopes still see the lease; record that this one did until now.
                audience = try audiences.number(of: others)
                try setAudience(audience, key: key, seenUntil: known.present.lastSeenAt)
                return change(.vanished, past.lease, fields: [], after: past.lastSeenAt, at: present.observedAt)
            }
        }
        try rows.insertHistory(key: key, past, before: past.lease)
        try rows.update(
            key, present, .init(audience: audience, run: run, firstSeenAt: known.firstSeenAt), replacesParts: false)
        return change(.vanished, past.lease, fields: [], after: past.lastSeenAt, at: present.observedAt)
    }

    private func hide(key: Int64) throws {
        let listedAt = scope.listedAt.map { min($0, time) } ?? time
        try database.cachedStatement(
            sql: """
                UPDATE visibility SET digest = 0, hidden_after = max(seen_since, ?), hidden_before = max(seen_since, ?)
                WHERE scope_id = ? AND lease_key = ? AND hidden_before IS NULL
                """
        ).execute(arguments: [listedAt.secondsSince1970, time.secondsSince1970, scope.id, key])
    }

    // MARK: - Rows

    private func setAudience(_ audience: Int64, key: Int64, seenUntil: Timestamp? = nil) throws {
        try database.cachedStatement(
            sql: "UPDATE lease SET audience_id = ?, last_seen_at = max(last_seen_at, ?) WHERE lease_key = ?"
        ).execute(arguments: [audience, seenUntil?.secondsSince1970 ?? .min, key])
    }

    private func change(
        _ kind: LeaseChange.Kind, _ lease: BlazarLease, fields: [LeaseChange.Field], after: Timestamp?,
        at time: Timestamp
    ) -> LeaseChange {
        LeaseChange(kind: kind, site: scope.site, lease: lease, fields: fields, after: after, observedAt: time)
    }
}

/// What the mirror has of a lease that is about to be written.
private struct KnownLease {
    let present: LeaseVersion
    let audience: Int64
    let run: Int64
    let firstSeenAt: Timestamp
    var isRefused: Bool { present.removal?.reason == .outOfScope }

    init?(_ leases: LeaseReader, key: Int64, _ audiences: AudienceBook) throws {
        guard let row = try leases.lease(key: key) else { return nil }
        audience = row.audience
        run = row.run
        firstSeenAt = row.firstSeenAt
        present = row.present(listedAt: audiences.listedAt(audience))
    }
}
