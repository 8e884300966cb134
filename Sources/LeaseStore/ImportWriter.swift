import GRDB
import LeaseModel
import SyncPlanner

/// Adds what others saw of one site's leases to the mirror and its history, inside one transaction.
///
/// Anything seen later than all that is known here becomes the present state; the rest is placed in the past. Nothing
/// is lost, and repeating an import changes nothing.
struct ImportWriter {
    /// The observations of one lease, and the scopes that made them.
    struct Item {
        let id: String
        let timeline: ObservedTimeline
        let witnesses: [Witness]
    }

    /// What an import did to a lease.
    struct Effect {
        /// The scopes that were not known to see the lease.
        let newScopes: Set<Int64>
        /// Whether the lease's state or history changed.
        let isChanged: Bool
    }

    /// What this database knows of a lease.
    struct Known {
        let life: LeaseStore.Life
        let witnesses: [Witness]
    }

    private let database: Database
    private let site: Int64
    private let scopes: [Int64: Scope]
    private let rows: LeaseRowWriter
    private let reader: MirrorReader
    /// When each scope of the site was read here.
    private let listings: [Int64: [Timestamp]]
    private let otherListings: [Int64: [Timestamp]]
    private let allListings: [Int64: [Timestamp]]

    /// - Parameters:
    ///   - database: a transaction that may write.
    ///   - site: the site.
    ///   - otherListings: when the others read complete lists of the site's scopes, ascending.
    /// - Throws: SQLite's error.
    init(_ database: Database, site: Int64, otherListings: [Int64: [Timestamp]]) throws {
        self.database = database
        self.site = site
        self.otherListings = otherListings
        rows = LeaseRowWriter(database: database)
        reader = try MirrorReader(database)
        scopes = reader.scopes.filter { $0.value.siteID == site }
        let listings = try Dictionary(
            uniqueKeysWithValues: scopes.keys.map { ($0, try LeaseStore.listings(database, scope: $0)) })
        self.listings = listings
        allListings = listings.merging(otherListings) { Set($0).union($1).sorted() }
    }

    /// The leases of the site that are known here.
    func known(_ ids: some Collection<String>) throws -> [String: Known] {
        let marks = ids.map { _ in "?" }.joined(separator: ",")
        let keys = try Int64.fetchAll(
            database, sql: "SELECT lease_key FROM lease WHERE site_id = ? AND id IN (\(marks))",
            arguments: [site] + StatementArguments(Array(ids)))
        let known = try known(keys: keys)
        return Dictionary(known.map { ($0.life.lease.id, $0) }) { first, _ in first }
    }

    private func known(keys: [Int64]) throws -> [Known] {
        let witnesses = try Self.witnesses(database, keys: keys, listings: listings)
        return try LeaseStore.lives(database, keys: keys, reader).map {
            Known(life: $0, witnesses: witnesses[$0.key] ?? [])
        }
    }

    /// The scopes that see the leases of some rows, or once saw them.
    ///
    /// - Parameters:
    ///   - database: a transaction.
    ///   - keys: the rows.
    ///   - listings: when each scope was read; scopes that are not among the keys are ignored.
    /// - Returns: the scopes of each row.
    /// - Throws: SQLite's error.
    static func witnesses(
        _ database: Database, keys: some Collection<Int64>, listings: [Int64: [Timestamp]]
    ) throws -> [Int64: [Witness]] {
        let scopes = listings.keys.sorted().map(String.init).joined(separator: ",")
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT scope_id, lease_key, seen_since, hidden_after, hidden_before FROM visibility
                WHERE scope_id IN (\(scopes)) AND lease_key IN (\(keys.map(String.init).joined(separator: ",")))
                """)
        var found: [Int64: [Witness]] = [:]
        while let row = try rows.next() {
            let scope: Int64 = row[0]
            let refusal = row.time("hidden_after").flatMap { after in
                row.time("hidden_before").map { Witness.Refusal(after: after, before: $0) }
            }
            found[row[1], default: []].append(
                Witness(
                    scope: scope, since: Timestamp(secondsSince1970: row[2]), refusal: refusal,
                    listings: listings[scope] ?? []))
        }
        return found
    }

    /// Imports the observations of some leases.
    func take(_ items: [Item]) throws -> [Effect] {
        let known = try known(items.map(\.id))
        return try items.map { item in
            guard let known = known[item.id] else { return try insert(item) }
            return try revise(known, with: item)
        }
    }

    /// Records the complete lists that others read, and which leases were missing from them and have not been seen
    /// since.
    ///
    /// - Returns: whether any of the lists was new here.
    func takeListings() throws -> Bool {
        let insert = try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO imported_listing (scope_id, listed_at) VALUES (?, ?)")
        var isNews = false
        for (scope, others) in otherListings.sorted(by: { $0.key < $1.key }) {
            let new = Set(others).subtracting(listings[scope] ?? []).sorted()
            for moment in new { try insert.execute(arguments: [scope, moment.secondsSince1970]) }
            guard let latest = others.last, !new.isEmpty else { continue }
            isNews = true
            let keys = try Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT lease_key FROM visibility JOIN lease USING (lease_key)
                        WHERE scope_id = ?1 AND hidden_before IS NULL AND (gone IS NULL OR gone_unconfirmed)
                            AND coalesce(gone_after, max(last_seen_at, ?2)) < ?3
                        """),
                arguments: [scope, scopes[scope]?.listedAt?.secondsSince1970 ?? 0, latest.secondsSince1970])
            for start in stride(from: 0, to: keys.count, by: 500) {
                for known in try known(keys: Array(keys[start..<min(start + 500, keys.count)])) {
                    let nothing = Item(
                        id: known.life.lease.id, timeline: ObservedTimeline(states: []), witnesses: [])
                    _ = try revise(known, with: nothing)
                }
            }
        }
        return isNews
    }

    /// Makes every list of the site that is being read now out of date: it may have been requested before the imported
    /// states were seen.
    func mark() throws {
        try database.cachedStatement(
            sql: """
                UPDATE scope SET last_complete_run = (SELECT coalesce(max(run_id), 0) FROM sync_run) WHERE site_id = ?
                """
        ).execute(arguments: [site])
    }

    // MARK: - Rows

    /// The history that a timeline gives a lease of this site.
    private func versions(of timeline: ObservedTimeline, _ witnesses: [Witness]) -> [LeaseVersion] {
        let owner = witnesses.lazy.compactMap { self.scopes[$0.scope] }.first { !$0.seesAllProjects }
        return timeline.versions(witnesses: witnesses, projectID: owner?.projectID ?? "")
    }

    private func insert(_ item: Item) throws -> Effect {
        let witnesses = Witness.merged([], item.witnesses, listings: allListings)
        let versions = versions(of: item.timeline, witnesses)
        guard let present = versions.last else { return Effect(newScopes: [], isChanged: false) }
        let key = try rows.insert(
            present, site: site,
            .init(audience: audience(of: witnesses), run: 0, firstSeenAt: versions[0].observedAt))
        try rows.replaceHistory(key: key, versions.dropLast(), present: present)
        for witness in witnesses { try rows.note(witness, key: key) }
        return Effect(newScopes: Set(witnesses.map(\.scope)), isChanged: true)
    }

    private func revise(_ known: Known, with item: Item) throws -> Effect {
        let (key, before) = (known.life.key, known.life.versions)
        let witnesses = Witness.merged(known.witnesses, item.witnesses, listings: allListings)
        let merged = self.versions(
            of: ObservedTimeline(versions: before).merging(
                item.timeline, witnesses: known.witnesses, otherWitnesses: item.witnesses), witnesses)
        let unknown = Set(witnesses.map(\.scope)).subtracting(known.witnesses.map(\.scope))
        for witness in witnesses where !known.witnesses.contains(where: { $0.isSame(as: witness) }) {
            try rows.note(witness, key: key)
        }
        let audience = try audience(of: witnesses)
        let isChanged = merged != before
        guard isChanged || audience != known.life.audience, let present = merged.last, let last = before.last else {
            return Effect(newScopes: unknown, isChanged: false)
        }
        if merged.dropLast() != before.dropLast() {
            try rows.replaceHistory(key: key, merged.dropLast(), present: present)
        }
        let isSame = present.lease == last.lease
        try rows.update(
            key, present, .init(audience: audience, run: known.life.run, firstSeenAt: merged[0].observedAt),
            replacesParts: !isSame)
        // Another database's digest is not trusted: the next sync reads the lease again.
        if !isSame { try rows.forgetDigests(key: key, of: witnesses.map(\.scope)) }
        return Effect(newScopes: unknown, isChanged: isChanged)
    }

    private func audience(of witnesses: [Witness]) throws -> Int64 {
        let seeing = witnesses.filter { $0.refusal == nil }
        return try reader.audiences.number(of: Set((seeing.isEmpty ? witnesses : seeing).map(\.scope)))
    }
}

extension LeaseStore {
    /// When complete lists of a scope were read, here and by others, ascending.
    static func listings(_ database: Database, scope: Int64) throws -> [Timestamp] {
        try Int64.fetchAll(
            database, sql: "SELECT DISTINCT listed_at FROM (\(wholeListings)) WHERE scope_id = ? ORDER BY listed_at",
            arguments: [scope]
        ).map(Timestamp.init(secondsSince1970:))
    }
}
