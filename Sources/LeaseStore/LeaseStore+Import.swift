import GRDB
package import LeaseModel
import SyncPlanner

/// How an import writes: a transaction for each batch, or all in one that is undone.
struct ImportTransaction {
    private let run: ((Database) throws -> Void) throws -> Void

    init(_ run: @escaping ((Database) throws -> Void) throws -> Void) { self.run = run }

    func callAsFunction(_ body: (Database) throws -> Void) throws {
        try withoutActuallyEscaping(body) { try run($0) }
    }
}

/// A file whose contents are to be taken into the history.
package struct ImportSource: Sendable {
    /// What it holds.
    package enum Content: Sendable {
        /// Saved leases of a scope; those that do not tell when they were seen were at `observedAt`.
        case leases(SavedLeases, scope: Scope, observedAt: Timestamp, isDatedByFile: Bool)
        /// Another database, of whose scopes these are wanted; `nil` for all.
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
    /// Takes files into the history: all of them or, if one cannot be, none.
    ///
    /// An import is not a sync: it adds what was seen when it was seen, and deletes nothing. The present state of a
    /// lease changes only where the file saw it later than this database did.
    ///
    /// Databases are checked whole before anything is written, and taken in a batch at a time, so that others can write
    /// meanwhile. What is cut short, by a full disk for instance, is completed by the same import again.
    ///
    /// - Parameters:
    ///   - sources: the files.
    ///   - isTrial: whether to find out what would happen, and change nothing.
    ///   - now: the time: nothing can have been seen later.
    ///   - progress: told how far it is.
    /// - Returns: a report for each file, or for each scope of a file that is a database.
    /// - Throws: ``StoreError``; of kind `invalid` if a file contradicts what is known.
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

    /// Takes files in: saved leases together, since one file may contradict another, then the databases.
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
                    invalid: file, "it has nothing of the cloud or project that is asked for. Nothing was changed.")
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

    /// The scope here that is the same as one there; made if there is none, unless others are wanted.
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
    /// Counts what became of a lease, for one of the scopes that see it.
    mutating func count(_ effect: ImportWriter.Effect, for scope: Int64) {
        if effect.newScopes.contains(scope) {
            new += 1
        } else if effect.isChanged {
            changed += 1
        }
    }
}

extension Array {
    /// The elements in their order, so many at a time.
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
