import GRDB
package import LeaseModel
import SyncPlanner

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
            return try database.writeWithoutTransaction { database in
                var reports: [ImportReport] = []
                try database.inTransaction(.immediate) {
                    for source in sources {
                        switch source.content {
                        case .leases(let saved, let scope, let observedAt, let isDatedByFile):
                            var report = try Self.take(
                                saved, scope: scope, observedAt: observedAt, file: source.file, now: now, database)
                            report.isDatedByFile = isDatedByFile
                            reports.append(report)
                            progress(
                                ImportProgress(file: source.file, done: report.leases, total: report.leases))
                        case .database(let other, let scopes):
                            reports += try Self.take(
                                other, scopes: scopes, file: source.file, now: now, database, progress: progress)
                        }
                    }
                    return isTrial ? .rollback : .commit
                }
                return reports
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    // MARK: - Saved leases

    private static func take(
        _ saved: SavedLeases, scope: Scope, observedAt: Timestamp, file: String, now: Timestamp, _ database: Database
    ) throws -> ImportReport {
        var report = ImportReport(
            file: file, kind: .leases, site: scope.site, projectName: scope.projectName)
        report.passedOver = saved.passedOver
        let writer = try ImportWriter(database, scope: scope, otherListings: [])
        let byID = Dictionary(grouping: saved.leases, by: \.lease.id)
        report.leases = byID.count
        for batch in byID.keys.sorted().chunks(of: 500) {
            let known = try writer.known(batch)
            let items = try batch.map { id in
                let sightings = byID[id, default: []].map { lease in
                    let last = lease.lastSeenAt ?? observedAt
                    return SavedSighting(lease: lease, firstSeen: lease.firstSeenAt ?? last, lastSeen: last)
                }
                for sighting in sightings {
                    report.note(sighting.firstSeen)
                    report.note(sighting.lastSeen)
                }
                let history = SavedHistory(
                    id: id, sightings: sightings, known: ObservedTimeline(versions: known[id]?.versions ?? []))
                if let problem = history.problem(scope: scope, now: now) {
                    throw StoreError(kind: .invalid, message: "\(file): \(problem)")
                }
                return ImportWriter.Item(id: id, timeline: history.timeline)
            }
            for effect in try writer.take(items) { report.count(effect) }
        }
        if report.new + report.changed > 0 { try writer.mark() }
        return report
    }

    // MARK: - Another database

    private static func take(
        _ other: LeaseStore, scopes: Set<Int64>?, file: String, now: Timestamp, _ database: Database,
        progress: (ImportProgress) -> Void
    ) throws -> [ImportReport] {
        func reading<Value>(_ body: () throws -> Value) throws -> Value {
            do { return try body() } catch { throw StoreError(reading: file, error) }
        }
        func require(_ problem: String?) throws {
            guard let problem else { return }
            throw StoreError(kind: .invalid, message: "\(file): \(problem) Nothing was changed.")
        }
        return try other.database.read { theirs in
            let (reader, keys) = try reading {
                (
                    try MirrorReader(theirs),
                    try Row.fetchAll(theirs, sql: "SELECT scope_id, lease_key FROM lease ORDER BY scope_id, id")
                )
            }
            let keysByScope = Dictionary(grouping: keys) { $0[0] as Int64 }.mapValues { $0.map { $0[1] as Int64 } }
            let pairs = try reader.scopes.values.sorted { $0.id < $1.id }.compactMap { theirScope in
                try counterpart(of: theirScope, wanted: scopes, database).map { (theirScope, $0) }
            }
            if scopes != nil, pairs.isEmpty {
                try require("it has nothing of the cloud or project that is asked for.")
            }
            let total = pairs.reduce(0) { $0 + (keysByScope[$1.0.id]?.count ?? 0) }
            var done = 0
            return try pairs.map { theirScope, scope in
                var report = ImportReport(
                    file: file, kind: .database, site: scope.site, projectName: scope.projectName)
                let rules = SightingRules(scope: scope, now: now)
                let theirListings = try reading { try listings(theirs, scope: theirScope.id) }
                try require(rules.problem(withListings: theirListings))
                let writer = try ImportWriter(database, scope: scope, otherListings: theirListings)
                for batch in (keysByScope[theirScope.id] ?? []).chunks(of: 500) {
                    let items = try reading { try versions(theirs, keys: batch, reader) }.map { found in
                        try require(rules.problem(with: found.versions, id: found.lease.id))
                        for version in found.versions {
                            report.note(version.observedAt)
                            report.note(version.lastSeenAt)
                        }
                        return ImportWriter.Item(
                            id: found.lease.id, timeline: ObservedTimeline(versions: found.versions))
                    }
                    for effect in try writer.take(items) { report.count(effect) }
                    report.leases += items.count
                    done += items.count
                    progress(ImportProgress(file: file, done: done, total: total))
                }
                let isNews = try writer.takeListings()
                let resourcesSeen = try takeResources(theirs, of: theirScope, into: scope, database)
                try require(rules.problem(withResourcesSeen: resourcesSeen))
                if report.new + report.changed > 0 || isNews { try writer.mark() }
                return report
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
            projectID: scope.projectID, projectName: scope.projectName, seesAllProjects: scope.seesAllProjects)
        return try found()
    }
}

extension ImportReport {
    fileprivate mutating func count(_ effect: ImportWriter.Effect) {
        switch effect {
        case .new: new += 1
        case .changed: changed += 1
        case .unchanged: break
        }
    }
}

extension Array {
    /// The elements in their order, so many at a time.
    fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
