import GRDB
import LeaseModel
import SyncPlanner

/// Imports what another database knows of one site.
struct DatabaseImport {
    private let theirs: Database
    private let pairs: [(theirs: Scope, ours: Scope)]
    private let file: String
    private let reader: MirrorReader
    /// When each scope was read there, by its number there.
    private let listings: [Int64: [Timestamp]]
    /// The leases there that the scopes see or once saw.
    let keys: [Int64]

    /// - Parameters:
    ///   - theirs: a transaction of the other database.
    ///   - pairs: the scopes of one site there, each with its counterpart here.
    ///   - file: the name of the other database, for messages.
    /// - Throws: ``StoreError``, which names the file.
    init(_ theirs: Database, of pairs: [(theirs: Scope, ours: Scope)], file: String) throws {
        self.theirs = theirs
        self.pairs = pairs
        self.file = file
        (reader, listings, keys) = try StoreError.reading(file) {
            let scopes = pairs.map(\.theirs.id)
            return (
                try MirrorReader(theirs),
                try Dictionary(uniqueKeysWithValues: scopes.map { ($0, try LeaseStore.listings(theirs, scope: $0)) }),
                try Int64.fetchAll(
                    theirs,
                    sql: """
                        SELECT lease_key FROM lease WHERE EXISTS (
                            SELECT 1 FROM visibility WHERE visibility.lease_key = lease.lease_key
                                AND scope_id IN (\(scopes.map(String.init).joined(separator: ","))))
                        ORDER BY id
                        """)
            )
        }
    }

    /// The leases of some rows there, with the scopes that see them.
    private func leases(_ keys: ArraySlice<Int64>) throws -> [(life: LeaseStore.Life, witnesses: [Witness])] {
        try StoreError.reading(file) {
            let witnesses = try ImportWriter.witnesses(theirs, keys: keys, listings: listings)
            return try LeaseStore.lives(theirs, keys: keys, reader).map { ($0, witnesses[$0.key] ?? []) }
        }
    }

    // MARK: - Checking

    /// Checks another database for contradictions before it is imported.
    ///
    /// - Parameters:
    ///   - other: the database.
    ///   - file: its name, for messages.
    ///   - now: the current time; nothing can have been seen later.
    /// - Throws: ``StoreError`` of kind `invalid`, which says what is wrong.
    static func check(_ other: LeaseStore, file: String, now: Timestamp) throws {
        try other.database.read { theirs in
            let scopes = try StoreError.reading(file) { try LeaseStore.scopes(theirs) }
            for site in Dictionary(grouping: scopes, by: \.siteID).sorted(by: { $0.key < $1.key }).map(\.value) {
                try DatabaseImport(theirs, of: site.map { ($0, $0) }, file: file).check(now: now)
            }
        }
    }

    private func check(now: Timestamp) throws {
        func require(_ problem: String?) throws {
            guard let problem else { return }
            throw StoreError(invalid: file, "\(problem) Nothing was changed.")
        }
        let rules = Dictionary(
            uniqueKeysWithValues: pairs.map { ($0.theirs.id, ObservationRules(scope: $0.theirs, now: now)) })
        guard let any = rules.values.first, let site = pairs.first?.theirs.siteID else { return }
        for moments in listings.values { try require(any.problem(withListings: moments)) }
        for batch in keys.chunks(of: 500) {
            for (life, witnesses) in try leases(batch) {
                for scope in Set(witnesses.map(\.scope)) {
                    try require(rules[scope]?.problem(with: life.versions, id: life.lease.id))
                }
            }
        }
        let seen = try StoreError.reading(file) {
            try LeaseStore.lastSeenResource(theirs, site: site, scopes: pairs.map(\.theirs.id))
        }
        try require(any.problem(withResourcesSeen: seen))
    }

    // MARK: - Importing

    /// Imports the database.
    ///
    /// - Parameters:
    ///   - transaction: writes one batch.
    ///   - progress: called with the number of leases imported since the last call.
    /// - Returns: a report for each scope.
    /// - Throws: ``StoreError``.
    func take(_ transaction: ImportTransaction, progress: (Int) -> Void) throws -> [ImportReport] {
        guard let site = pairs.first?.ours.siteID, let theirSite = pairs.first?.theirs.siteID else { return [] }
        var reports = Dictionary(
            uniqueKeysWithValues: pairs.map { _, scope in
                (
                    scope.id,
                    ImportReport(file: file, kind: .database, site: scope.site, projectName: scope.projectName)
                )
            })
        let numbers = Dictionary(uniqueKeysWithValues: pairs.map { ($0.theirs.id, $0.ours.id) })
        let otherListings = Dictionary(uniqueKeysWithValues: listings.map { (numbers[$0.key] ?? 0, $0.value) })
        for batch in keys.chunks(of: 500) {
            let items = try leases(batch).map { life, witnesses in
                let seen = witnesses.map { $0.of(scope: numbers[$0.scope] ?? 0) }
                for scope in Set(seen.map(\.scope)) {
                    reports[scope]?.leases += 1
                    for version in life.versions {
                        reports[scope]?.note(version.observedAt)
                        reports[scope]?.note(version.lastSeenAt)
                    }
                }
                return ImportWriter.Item(
                    id: life.lease.id, timeline: ObservedTimeline(versions: life.versions), witnesses: seen)
            }
            try transaction { database in
                let writer = try ImportWriter(database, site: site, otherListings: otherListings)
                let effects = try writer.take(items)
                for (item, effect) in zip(items, effects) {
                    for witness in item.witnesses { reports[witness.scope]?.count(effect, for: witness.scope) }
                }
                if effects.contains(where: { $0.isChanged || !$0.newScopes.isEmpty }) { try writer.mark() }
            }
            progress(items.count)
        }
        try transaction { database in
            let writer = try ImportWriter(database, site: site, otherListings: otherListings)
            if try writer.takeListings() { try writer.mark() }
            for (theirScope, scope) in pairs {
                try LeaseStore.takeResources(theirs, of: theirScope, into: scope, database)
            }
            try LeaseStore.takeNames(theirs, ofSite: theirSite, into: site, database)
        }
        return pairs.compactMap { reports[$0.ours.id] }
    }
}

extension StoreError {
    /// The file contradicts itself or what is known.
    init(invalid file: String, _ problem: String) { self.init(kind: .invalid, message: "\(file): \(problem)") }

    /// Reads from a file; errors name the file.
    static func reading<Value>(_ file: String, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw StoreError(reading: file, error) }
    }
}
