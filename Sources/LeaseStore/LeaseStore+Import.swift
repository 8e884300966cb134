import GRDB
package import LeaseModel
import SyncPlanner

/// How an import writes: one transaction for each batch, or a single one that is rolled back.
struct ImportTransaction {
    private let run: ((Database) throws -> Void) throws -> Void

    init(_ run: @escaping ((Database) throws -> Void) throws -> Void) { self.run = run }

    func callAsFunction(_ body: (Database) throws -> Void) throws {
        try withoutActuallyEscaping(body) { try run($0) }
    }
}

/// A file to import into the history.
package struct ImportSource: Sendable {
    /// The contents.
    package enum Content: Sendable {
        /// Saved leases of a scope. Those without a time of their own were seen at `observedAt`.
        case leases(SavedLeases, scope: Scope, observedAt: Timestamp, isDatedByFile: Bool)
        /// Another database, and which of its scopes to import; `nil` for all.
        case database(LeaseStore, scopes: Set<Int64>?)
    }

    /// The name of the file, for messages.
    package let file: String
    package let content: Content

    package init(file: String, content: Content) {
        self.file = file
        self.content = content
    }
}

extension LeaseStore {
    /// Imports files into the history: all of them or, if one is invalid, none.
    ///
    /// An import is not a sync: it records observations at the time at which they were made, and deletes nothing. A
    /// lease's present state changes only if the file saw the lease later than this database did.
    ///
    /// Databases are checked as a whole before anything is written, and imported in batches, so that others can write
    /// meanwhile. If an import is cut short, by a full disk for instance, repeating it completes it.
    ///
    /// - Parameters:
    ///   - sources: the files.
    ///   - isTrial: whether to report what would happen without changing anything.
    ///   - now: the current time; nothing can have been seen later.
    ///   - progress: called as the import proceeds.
    /// - Returns: a report for each file, and for each scope of a database.
    /// - Throws: ``StoreError``, of kind `invalid` if a file contradicts what is known.
    package func importHistory(
        _ sources: [ImportSource], isTrial: Bool, now: Timestamp, progress: (ImportProgress) -> Void
    ) throws(StoreError) -> [ImportReport] {
        do {
            for source in sources {
                guard case .database(let other, _) = source.content else { continue }
                try DatabaseImport.check(other, file: source.file, now: now)
            }
            guard isTrial else {
                return try Self.take(sources, now: now, ImportTransaction { try database.write($0) }, progress)
            }
            return try database.writeWithoutTransaction { database in
                var reports: [ImportReport] = []
                try database.inTransaction(.immediate) {
                    reports = try Self.take(sources, now: now, ImportTransaction { try $0(database) }, progress)
                    return .rollback
                }
                return reports
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Imports the saved leases of all files together, since one file may contradict another, and then the databases.
    private static func take(
        _ sources: [ImportSource], now: Timestamp, _ transaction: ImportTransaction,
        _ progress: (ImportProgress) -> Void
    ) throws -> [ImportReport] {
        var reports: [[ImportReport]] = sources.map { _ in [] }
        try transaction { database in
            for (index, source) in sources.enumerated() {
                guard case .leases(let saved, let scope, let observedAt, let isDatedByFile) = source.content else {
                    continue
                }
                var report = try take(
                    saved, scope: scope, observedAt: observedAt, file: source.file, now: now, database)
                report.isDatedByFile = isDatedByFile
                reports[index] = [report]
                progress(ImportProgress(file: source.file, done: report.leases, total: report.leases))
            }
        }
        for (index, source) in sources.enumerated() {
            guard case .database(let other, let scopes) = source.content else { continue }
            reports[index] = try take(
                other, scopes: scopes, file: source.file, transaction, progress: progress)
        }
        return reports.flatMap(\.self)
    }

    // MARK: - Saved leases

    private static func take(
        _ saved: SavedLeases, scope: Scope, observedAt: Timestamp, file: String, now: Timestamp, _ database: Database
    ) throws -> ImportReport {
        var report = ImportReport(
            file: file, kind: .leases, site: scope.site, projectName: scope.projectName)
        report.passedOver = saved.passedOver
        let writer = try ImportWriter(database, site: scope.siteID, otherListings: [:])
        let byID = Dictionary(grouping: saved.leases, by: \.lease.id)
        report.leases = byID.count
        for batch in byID.keys.sorted().chunks(of: 500) {
            let known = try writer.known(batch)
            let items = try batch.map { id in
                let observations = byID[id, default: []].map { lease in
                    let last = lease.lastSeenAt ?? observedAt
                    return SavedObservation(lease: lease, firstSeen: lease.firstSeenAt ?? last, lastSeen: last)
                }
                for observation in observations {
                    report.note(observation.firstSeen)
                    report.note(observation.lastSeen)
                }
                let history = SavedHistory(
                    id: id, observations: observations,
                    known: ObservedTimeline(versions: known[id]?.life.versions ?? []),
                    witnesses: known[id]?.witnesses ?? [])
                if let problem = history.problem(scope: scope, now: now) {
                    throw StoreError(kind: .invalid, message: "\(file): \(problem)")
                }
                let since = observations.map(\.firstSeen).min() ?? observedAt
                return ImportWriter.Item(
                    id: id, timeline: history.timeline,
                    witnesses: [Witness(scope: scope.id, since: since, listings: [])])
            }
            for effect in try writer.take(items) { report.count(effect, for: scope.id) }
        }
        if report.new + report.changed > 0 { try writer.mark() }
        return report
    }

    // MARK: - Another database

    private static func take(
        _ other: LeaseStore, scopes: Set<Int64>?, file: String, _ transaction: ImportTransaction,
        progress: (ImportProgress) -> Void
    ) throws -> [ImportReport] {
        try other.database.read { theirs in
            let theirScopes = try StoreError.reading(file) { try self.scopes(theirs) }
            var pairs: [(theirs: Scope, ours: Scope)] = []
            try transaction { database in
                pairs = try theirScopes.compactMap { theirScope in
                    try counterpart(of: theirScope, wanted: scopes, database).map { (theirScope, $0) }
                }
            }
            if scopes != nil, pairs.isEmpty {
                throw StoreError(
                    invalid: file, "it has nothing for the requested cloud or project. Nothing was changed.")
            }
            let sites = try Dictionary(grouping: pairs, by: \.theirs.siteID).sorted { $0.key < $1.key }.map {
                try DatabaseImport(theirs, of: $0.value, file: file)
            }
            let total = sites.reduce(0) { $0 + $1.keys.count }
            var done = 0
            return try sites.flatMap { site in
                try site.take(transaction) { count in
                    done += count
                    progress(ImportProgress(file: file, done: done, total: total))
                }
            }
        }
    }

    /// The scope here that matches one there. It is created if missing, unless `wanted` names other scopes.
    private static func counterpart(
        of scope: Scope, wanted: Set<Int64>?, _ database: Database
    ) throws -> Scope? {
        func found() throws -> Scope? {
            try scopes(database).first {
                $0.endpoint == scope.endpoint && $0.region == scope.region && $0.projectID == scope.projectID
                    && $0.seesAllProjects == scope.seesAllProjects
            }
        }
        if let known = try found() { return wanted?.contains(known.id) ?? true ? known : nil }
        guard wanted == nil else { return nil }
        _ = try self.scope(
            database, endpoint: scope.endpoint, region: scope.region, site: scope.site, authURL: scope.authURL,
            projectID: scope.projectID, seesAllProjects: scope.seesAllProjects)
        return try found()
    }
}

extension ImportReport {
    /// Counts the effect on a lease, for one of the scopes that see it.
    mutating func count(_ effect: ImportWriter.Effect, for scope: Int64) {
        if effect.newScopes.contains(scope) {
            new += 1
        } else if effect.isChanged {
            changed += 1
        }
    }
}

extension Array {
    /// The elements in batches of `size`, in order.
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
