public import LeaseModel
import LeaseStore
import SyncEngine

extension LeaseManager {
    // MARK: - Leases

    /// The leases that match a filter. Leases that are only queued come first, then the user's own ones, unless ordered
    /// otherwise.
    ///
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func leases(
        _ filter: LeaseFilter = LeaseFilter(), order: LeaseOrder = .ownFirst
    ) throws(LeaseholdError) -> [MirroredLease] {
        var found: [MirroredLease] = []
        try reading { store throws(StoreError) in
            try store.leases(filter, order: order, includesDrafts: true) { found += $0 }
        }
        return found
    }

    /// Passes the leases that match a filter, including queued ones, to a closure, so that they need not all be in
    /// memory.
    ///
    /// - Throws: ``LeaseholdError`` with the code `database`, or any error of `each`.
    public func forEachLease(
        _ filter: LeaseFilter = LeaseFilter(), order: LeaseOrder = .ownFirst,
        each: (MirroredLease) throws -> Void
    ) throws {
        try handOver(filter, asKnownAt: nil, order: order, includesDrafts: true, each: each)
    }

    /// Passes only some parts of the leases that match a filter, including queued ones, to a closure. What is not asked
    /// for is not read.
    ///
    /// - Throws: ``LeaseholdError`` with the code `database`, or any error of `each`.
    package func forEachLease(
        _ filter: LeaseFilter, order: LeaseOrder = .ownFirst, parts: LeaseParts, each: (MirroredLease) throws -> Void
    ) throws {
        try handOver(filter, asKnownAt: nil, order: order, includesDrafts: true, parts: parts, each: each)
    }

    /// The number of leases that match a filter.
    public func count(_ filter: LeaseFilter) throws(LeaseholdError) -> Int {
        try reading { store throws(StoreError) in try store.count(filter) }
    }

    /// The number of leases that match a filter, for each status.
    public func counts(_ filter: LeaseFilter) throws(LeaseholdError) -> [LeaseStatus: Int] {
        try reading { store throws(StoreError) in try store.counts(filter) }
    }

    /// The next lease of a scope to end, among those that are running or have not started.
    public func nextToEnd(scope: Int64, after now: Timestamp) throws(LeaseholdError) -> MirroredLease? {
        try reading { store throws(StoreError) in try store.nextToEnd(scope: scope, after: now) }
    }

    /// The lease or leases that a reference stands for: an id, a name, or the beginning of an id (4 characters or
    /// more).
    public func resolve(_ reference: String, scopes: Set<Int64>? = nil) throws(LeaseholdError) -> LeaseResolution {
        try reading { store throws(StoreError) in try store.resolve(reference, scopes: scopes) }
    }

    /// The only lease that a reference stands for.
    ///
    /// - Throws: ``LeaseholdError`` with the code `notFound`, or `ambiguous` and the candidates.
    public func candidate(_ reference: String, scopes: Set<Int64>? = nil) throws(LeaseholdError) -> LeaseCandidate {
        switch try resolve(reference, scopes: scopes) {
        case .one(let candidate): return candidate
        case .none:
            let elsewhere = scopes == nil ? [] : try places(of: reference)
            guard elsewhere.isEmpty else {
                throw LeaseholdError(
                    code: .notFound,
                    message: """
                        There is no lease '\(reference)' at the selected cloud, but there is one at \
                        \(elsewhere.joined(separator: " and at ")). Name that cloud with --os-cloud, or select it.
                        """)
            }
            throw LeaseholdError(
                code: .notFound,
                message: """
                    There is no lease '\(reference)' in the local database. \
                    Run `leasehold sync` if it is new, or `leasehold list --deleted` to see which leases there are.
                    """)
        case .ambiguous(let candidates):
            throw LeaseholdError(
                code: .ambiguous,
                message: "'\(reference)' may mean \(candidates.count) leases. Use an id, or --os-cloud.",
                candidates: candidates)
        }
    }

    /// The sites that have a lease for a reference, each with its endpoint.
    private func places(of reference: String) throws(LeaseholdError) -> [String] {
        let found: [LeaseCandidate] =
            switch try resolve(reference) {
            case .none: []
            case .one(let candidate): [candidate]
            case .ambiguous(let candidates): candidates
            }
        let scopes = Set(found.map(\.scopeID))
        let sites = try self.scopes().filter { scopes.contains($0.id) }
        return Set(sites.map { "\($0.site) (\($0.endpoint)\($0.region.isEmpty ? "" : ", region \($0.region)"))" })
            .sorted()
    }

    /// The lease that a reference stands for, with its reservations and events.
    ///
    /// - Throws: ``LeaseholdError`` with the code `notFound`, or `ambiguous` and the candidates.
    public func lease(_ reference: String, scopes: Set<Int64>? = nil) throws(LeaseholdError) -> MirroredLease {
        let candidate = try candidate(reference, scopes: scopes)
        let found = try reading { store throws(StoreError) in
            try store.lease(id: candidate.id, scope: candidate.scopeID)
        }
        guard let found else {
            throw LeaseholdError(code: .notFound, message: "The lease '\(reference)' has just been removed.")
        }
        return try withAcceptedChanges(found)
    }

    /// The lease with the changes that its site has accepted but no list has shown yet.
    func withAcceptedChanges(_ lease: MirroredLease) throws(LeaseholdError) -> MirroredLease {
        guard !lease.isDraft, lease.removal == nil else { return lease }
        let changes = try reading { store throws(StoreError) in
            try store.changes(ofLease: lease.id, scope: lease.scopeID)
        }
        var current = lease
        for change in changes where change.state == .accepted {
            current.lease = current.lease.applying(change.body)
        }
        return current
    }

    // MARK: - History

    /// Every state in which any scope of its site saw a lease, oldest first. The last one is the current state.
    public func history(_ candidate: LeaseCandidate) throws(LeaseholdError) -> [LeaseVersion] {
        try reading { store throws(StoreError) in
            try store.history(id: candidate.id, scope: candidate.scopeID)
        }
    }

    /// The changes between the states of a lease, beginning with its appearance, whatever scope saw them.
    public func lifeline(_ candidate: LeaseCandidate) throws(LeaseholdError) -> [LeaseChange] {
        try reading { store throws(StoreError) in
            try store.lifeline(id: candidate.id, scope: candidate.scopeID)
        }
    }

    /// The changes that were observed since a moment, in the order of observation.
    public func changes(since: Timestamp, scopes: Set<Int64>? = nil) throws(LeaseholdError) -> [LeaseChange] {
        try reading { store throws(StoreError) in try store.changes(since: since, scopes: scopes) }
    }

    // MARK: - Sites

    /// All scopes that have been synced.
    public func scopes() throws(LeaseholdError) -> [Scope] {
        try reading { store throws(StoreError) in try store.scopes() }
    }

    /// The scopes that clouds lead to; `nil` for all scopes if no cloud is named, or one is called `all`.
    ///
    /// - Throws: ``LeaseholdError`` with the code `notFound` if a cloud has not been synced.
    public func scopeIDs(ofClouds names: [String]) throws(LeaseholdError) -> Set<Int64>? {
        guard !names.isEmpty, !names.contains("all") else { return nil }
        let scopes = try scopes()
        var ids: Set<Int64> = []
        for name in names {
            // Two files may use one name for different clouds, and an entry may have been edited.
            let current = try reading { store throws(StoreError) in try configuredScopes(named: name) }
            let found =
                current.isEmpty
                ? scopes.filter { scope in
                    scope.site == name || scope.clouds.contains { $0 == name || $0.hasPrefix(name + "/") }
                } : current
            guard !found.isEmpty else {
                let known = Set(scopes.flatMap(\.clouds)).sorted()
                throw LeaseholdError(
                    code: .notFound,
                    message: "The cloud '\(name)' has not been synced. "
                        + (known.isEmpty
                            ? "Run `leasehold sync --os-cloud \(name)` first."
                            : "Synced so far: \(known.joined(separator: ", "))."))
            }
            ids.formUnion(found.map(\.id))
        }
        return ids
    }

    /// The last attempts to read the leases of any cloud, the latest first.
    ///
    /// - Parameter limit: how many.
    /// - Returns: the attempts, also those that failed or have not finished.
    /// - Throws: ``LeaseholdError`` with the code `database`.
    public func recentRuns(limit: Int) throws(LeaseholdError) -> [SyncRun] {
        try reading { store throws(StoreError) in try store.recentRuns(limit: limit) }
    }

    /// The last attempt to sync each cloud.
    public func lastRuns() throws(LeaseholdError) -> [SyncRun] {
        try reading { store throws(StoreError) in try store.lastRuns() }
    }

    // MARK: - Resources

    /// The resources of a kind at all sites, with the allocations that the sites report.
    public func resources(
        _ kind: ResourceKind, scopes: Set<Int64>? = nil
    ) throws(LeaseholdError) -> [MirroredResource] {
        try reading { store throws(StoreError) in try store.resources(kind, scopes: scopes) }
    }

    /// The resources of a kind at all sites, without their allocations.
    package func listedResources(
        _ kind: ResourceKind, scopes: Set<Int64>?
    ) throws(LeaseholdError) -> [CatalogResource] {
        try reading { store throws(StoreError) in
            try store.resources(kind, scopes: scopes, readsAllocations: false).map(\.resource)
        }
    }

    /// Each site's last answer for each kind of resource.
    public func resourceListings(scopes: Set<Int64>? = nil) throws(LeaseholdError) -> [ResourceListing] {
        try reading { store throws(StoreError) in try store.resourceListings(scopes: scopes) }
    }
}

extension LeaseManager {
    /// A cloud's resources of a kind, from the local database.
    ///
    /// - Parameters:
    ///   - kind: the kind of resource.
    ///   - cloud: the cloud; `nil` for the default cloud.
    /// - Returns: the resources.
    /// - Throws: ``LeaseholdError`` with the code `notFound` if the cloud has never listed them, or `configuration` if
    ///   the cloud cannot be determined.
    package func catalog(_ kind: ResourceKind, cloud: String?) throws(LeaseholdError) -> [CatalogResource] {
        let found = try scope(ofCloud: cloud)
        let name: String
        if let cloud { name = cloud } else { name = try configuredCloud(nil).reference.description }
        let scopes: Set<Int64>?
        if let found { scopes = [found.id] } else { scopes = try scopeIDs(ofClouds: [name]) }
        let listings = try resourceListings(scopes: scopes).filter { $0.kind == kind }
        guard let answer = listings.first else {
            throw LeaseholdError(
                code: .notFound,
                message: """
                    The resources of cloud '\(name)' are not in the local database yet. \
                    Run `leasehold sync --os-cloud \(name)` once, or LeaseManager.sync(), while you are online.
                    """)
        }
        let listed = try listedResources(kind, scopes: scopes)
        guard listed.isEmpty, answer.outcome != .listed else { return listed }
        throw LeaseholdError(
            code: .notFound,
            message:
                "Cloud '\(name)' does not report its \(kind.plural): \(answer.message ?? answer.outcome.rawValue).")
    }
}

extension LeaseManager {
    /// What is wrong with the database, in SQLite's own words; empty if nothing is.
    public func checkDatabase() throws(LeaseholdError) -> [String] {
        try reading { store throws(StoreError) in try store.check() }
    }

    /// Writes a consistent copy of the database to a new file, even while other processes write to the database.
    public func backUpDatabase(to path: String) throws(LeaseholdError) {
        try reading { store throws(StoreError) in try store.backUp(to: path) }
    }

    /// Runs one SQL statement that reads, and passes the column names and then each row to closures. The views of
    /// docs/store.md keep their shape from release to release.
    ///
    /// - Throws: ``LeaseholdError`` with the code `database`, or any error of the closures.
    public func query(
        _ sql: String, columns: ([String]) throws -> Void, each: ([JSONValue]) throws -> Void
    ) throws {
        var thrown: (any Error)?
        func noting(_ body: () throws -> Void) throws {
            do { try body() } catch {
                thrown = error
                throw error
            }
        }
        do {
            try store.query(sql, columns: { names in try noting { try columns(names) } }) { row in
                try noting { try each(row) }
            }
        } catch {
            if let thrown { throw thrown }
            // SQLite refused the statement, and the database is not at fault.
            guard error.kind != .failed else { throw LeaseholdError(code: .invalid, message: error.message) }
            throw LeaseholdError(error)
        }
    }

    /// The size of the database in bytes, including the write-ahead log.
    public var databaseSizeInBytes: Int { store.sizeInBytes }

    /// The version of the database's schema.
    public var databaseSchemaVersion: Int { store.schemaVersion }
}
