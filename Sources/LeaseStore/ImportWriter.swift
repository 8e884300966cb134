import GRDB
import LeaseModel
import SyncPlanner

/// Adds what others saw of one scope's leases to the mirror and its history, inside one transaction.
///
/// What was seen later than anything here becomes the present state; everything else goes where it belongs in the past.
/// Nothing is lost, and the same import again changes nothing.
struct ImportWriter {
    /// What somebody saw of a lease.
    struct Item {
        let id: String
        let timeline: ObservedTimeline
    }

    /// What became of a lease.
    enum Effect {
        case new
        case changed
        case unchanged
    }

    let scope: Scope
    private let database: Database
    private let rows: LeaseRowWriter
    private let reader: MirrorReader
    private let listings: [Timestamp]
    private let otherListings: [Timestamp]
    private let allListings: [Timestamp]

    /// - Parameters:
    ///   - database: a transaction that may write.
    ///   - scope: the scope.
    ///   - otherListings: when the others read whole lists of the scope, ascending.
    /// - Throws: SQLite's error.
    init(_ database: Database, scope: Scope, otherListings: [Timestamp]) throws {
        self.database = database
        self.scope = scope
        self.otherListings = otherListings
        rows = LeaseRowWriter(database: database)
        reader = try MirrorReader(database)
        listings = try LeaseStore.listings(database, scope: scope.id)
        allListings = Set(listings + otherListings).sorted()
    }

    /// The leases of the scope that are known here, with what was seen of them.
    func known(_ ids: some Collection<String>) throws -> [String: (key: Int64, versions: [LeaseVersion])] {
        let marks = ids.map { _ in "?" }.joined(separator: ",")
        let keys = try Int64.fetchAll(
            database, sql: "SELECT lease_key FROM lease WHERE scope_id = ? AND id IN (\(marks))",
            arguments: [scope.id] + StatementArguments(Array(ids)))
        let found = try LeaseStore.versions(database, keys: keys, reader)
        return Dictionary(found.map { ($0.lease.id, ($0.key, $0.versions)) }) { first, _ in first }
    }

    /// Adds what was seen of some leases.
    func take(_ items: [Item]) throws -> [Effect] {
        let known = try known(items.map(\.id))
        return try items.map { item in
            guard let (key, versions) = known[item.id] else {
                let merged = versions(of: item.timeline)
                guard let present = merged.last else { return .unchanged }
                try insert(merged, present)
                return .new
            }
            return try revise(key, versions, with: item) ? .changed : .unchanged
        }
    }

    /// Notes the whole lists that others read, and which leases that nobody has seen since were missing from them.
    ///
    /// - Returns: whether there was a list that is not known here.
    func takeListings() throws -> Bool {
        let insert = try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO imported_listing (scope_id, listed_at) VALUES (?, ?)")
        let new = Set(otherListings).subtracting(listings).sorted()
        for moment in new {
            try insert.execute(arguments: [scope.id, moment.secondsSince1970])
        }
        guard let latest = otherListings.last, !new.isEmpty else { return false }
        let keys = try Int64.fetchAll(
            database,
            sql: """
                SELECT lease_key FROM lease WHERE scope_id = ?1 AND (gone IS NULL OR gone_unconfirmed)
                    AND coalesce(gone_after, last_seen_at, max(observed_at, ?2)) < ?3
                """,
            arguments: [scope.id, scope.listedAt?.secondsSince1970 ?? 0, latest.secondsSince1970])
        for start in stride(from: 0, to: keys.count, by: 500) {
            for found in try LeaseStore.versions(database, keys: keys[start..<min(start + 500, keys.count)], reader) {
                let nothing = Item(id: found.lease.id, timeline: ObservedTimeline(states: []))
                _ = try revise(found.key, found.versions, with: nothing)
            }
        }
        return true
    }

    /// Makes every list that is being read now out of date: it may have been asked for before what was added here was
    /// seen.
    func mark() throws {
        try database.execute(
            sql: """
                UPDATE scope SET last_complete_run = (SELECT coalesce(max(run_id), 0) FROM sync_run)
                WHERE scope_id = ?
                """,
            arguments: [scope.id])
    }

    /// The history that a timeline makes of a lease of this scope.
    private func versions(of timeline: ObservedTimeline) -> [LeaseVersion] {
        timeline.versions(listings: allListings, projectID: scope.seesAllProjects ? "" : scope.projectID)
    }

    // MARK: - Rows

    private func revise(_ key: Int64, _ versions: [LeaseVersion], with item: Item) throws -> Bool {
        let merged = self.versions(
            of: ObservedTimeline(versions: versions).merging(
                item.timeline, listings: listings, otherListings: otherListings))
        guard merged != versions, let present = merged.last, let before = versions.last else { return false }
        if merged.dropLast() != versions.dropLast() {
            try database.cachedStatement(sql: "DELETE FROM lease_history WHERE lease_key = ?").execute(arguments: [key])
            for version in merged.dropLast() { try rows.insertHistory(key: key, version) }
        }
        let isSame = present.lease == before.lease
        try update(key, present, firstSeenAt: merged[0].observedAt, isRead: isSame)
        if !isSame { try rows.replaceParts(of: present.lease, key: key) }
        return true
    }

    private func insert(_ versions: [LeaseVersion], _ present: LeaseVersion) throws {
        let lease = present.lease
        try database.cachedStatement(
            sql: """
                INSERT INTO lease (scope_id, id, name, user_id, project_id, start_at, end_at, status, digest, run_id,
                    first_run, first_seen_at, observed_at)
                VALUES (?, ?, '', '', '', 0, 0, '', 0, 0, 0, 0, 0)
                """
        ).execute(arguments: [scope.id, lease.id])
        let key = database.lastInsertedRowID
        try update(key, present, firstSeenAt: versions[0].observedAt, isRead: false)
        try rows.insertParts(of: lease, key: key)
        for version in versions.dropLast() { try rows.insertHistory(key: key, version) }
    }

    /// Writes the present state. Unless it `isRead` from a server here, the next sync reads the lease again: another's
    /// digest of the bytes is not believed.
    private func update(_ key: Int64, _ present: LeaseVersion, firstSeenAt: Timestamp, isRead: Bool) throws {
        let lease = present.lease
        let departure = present.departure
        let impliedLastSeen = max(present.observedAt, scope.listedAt ?? present.observedAt)
        let lastSeen = departure == nil && present.lastSeenAt != impliedLastSeen ? present.lastSeenAt : nil
        try database.cachedStatement(
            sql: """
                UPDATE lease SET name = ?, user_id = ?, project_id = ?, start_at = ?, end_at = ?, status = ?,
                    degraded = ?, trust_id = ?, created_at = ?, updated_at = ?, extra = ?,
                    digest = iif(?, digest, 0), first_seen_at = ?, observed_at = ?, last_seen_at = ?, gone = ?,
                    gone_after = ?, gone_before = ?, gone_unconfirmed = ?
                WHERE lease_key = ?
                """
        ).execute(arguments: [
            lease.name, lease.userID, lease.projectID, lease.startsAt.secondsSince1970, lease.endsAt.secondsSince1970,
            lease.status.rawValue, lease.isDegraded, lease.trustID, lease.createdAt?.secondsSince1970,
            lease.updatedAt?.secondsSince1970, LeaseRows.text(present.storedExtra), isRead,
            firstSeenAt.secondsSince1970, present.observedAt.secondsSince1970, lastSeen?.secondsSince1970,
            departure?.column, departure?.after.secondsSince1970, departure?.before.secondsSince1970,
            departure?.reason == .unlisted, key,
        ])
    }
}

extension LeaseStore {
    /// When the whole lists of a scope were read, here and by others, ascending.
    static func listings(_ database: Database, scope: Int64) throws -> [Timestamp] {
        try Int64.fetchAll(
            database, sql: "SELECT DISTINCT listed_at FROM (\(wholeListings)) WHERE scope_id = ? ORDER BY listed_at",
            arguments: [scope]
        ).map(Timestamp.init(secondsSince1970:))
    }
}
