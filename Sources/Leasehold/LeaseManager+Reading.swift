public import LeaseModel
import LeaseStore
import SyncEngine

extension LeaseManager {
    // MARK: - Leases

    /// The leases that a filter finds, those that are only queued first, then own ones unless ordered otherwise.
    ///
    /// - Throws: ``LeaseholdError`` of code `database`.
    public func leases(
        _ filter: LeaseFilter = LeaseFilter(), order: LeaseOrder = .ownFirst
    ) throws(LeaseholdError) -> [MirroredLease] {
        var found: [MirroredLease] = []
        try reading { store throws(StoreError) in
            try store.leases(filter, order: order, includesDrafts: true) { found += $0 }
        }
        return found
    }

    /// Hands over the leases that a filter finds, queued ones too, so that they need not all be in memory.
    ///
    /// - Throws: ``LeaseholdError`` of code `database`, or what `each` throws.
    public func forEachLease(
        _ filter: LeaseFilter = LeaseFilter(), order: LeaseOrder = .ownFirst,
        each: (MirroredLease) throws -> Void
    ) throws {
        try handOver(filter, asKnownAt: nil, order: order, includesDrafts: true, each: each)
    }

    /// How many leases a filter finds.
    public func count(_ filter: LeaseFilter) throws(LeaseholdError) -> Int {
        try reading { store throws(StoreError) in try store.count(filter) }
    }

    /// The running or coming lease of a scope that ends first.
    public func nextToEnd(scope: Int64, after now: Timestamp) throws(LeaseholdError) -> MirroredLease? {
        try reading { store throws(StoreError) in try store.nextToEnd(scope: scope, after: now) }
    }

    /// What a reference stands for: an id, a name, or the beginning of an id (4 characters or more).
    public func resolve(_ reference: String, scopes: Set<Int64>? = nil) throws(LeaseholdError) -> LeaseResolution {
        try reading { store throws(StoreError) in try store.resolve(reference, scopes: scopes) }
    }

    /// The one lease that a reference stands for.
    ///
    /// - Throws: ``LeaseholdError`` of code `notFound`, or `ambiguous` with the candidates.
    public func candidate(_ reference: String, scopes: Set<Int64>? = nil) throws(LeaseholdError) -> LeaseCandidate {
        switch try resolve(reference, scopes: scopes) {
        case .one(let candidate): return candidate
        case .none:
            let elsewhere = scopes == nil ? [] : try places(of: reference)
            guard elsewhere.isEmpty else {
                throw LeaseholdError(
                    code: .notFound,
                    message: """
                        There is no lease '\(reference)' at the cloud that is selected, but one at \
                        \(elsewhere.joined(separator: " and at ")). Name its cloud with --os-cloud, or select it.
                        """)
            }
            throw LeaseholdError(
                code: .notFound,
                message: """
                    There is no lease '\(reference)' in the local database. \
                    Run `leasehold sync` if it is new, or `leasehold list --deleted` to see what there is.
                    """)
        case .ambiguous(let candidates):
            throw LeaseholdError(
                code: .ambiguous,
                message: "'\(reference)' may mean \(candidates.count) leases. Use an id, or --os-cloud.",
                candidates: candidates)
        }
    }

    /// The sites at which a reference stands for a lease, each with its endpoint.
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
    /// - Throws: ``LeaseholdError`` of code `notFound`, or `ambiguous` with the candidates.
    public func lease(_ reference: String, scopes: Set<Int64>? = nil) throws(LeaseholdError) -> MirroredLease {
        let candidate = try candidate(reference, scopes: scopes)
        let found = try reading { store throws(StoreError) in
            try store.lease(id: candidate.id, scope: candidate.scopeID)
        }
        guard let found else {
            throw LeaseholdError(code: .notFound, message: "The lease '\(reference)' has just gone.")
        }
        return try withAcceptedChanges(found)
    }

    /// The lease with the changes that its site has accepted, and that no list has shown yet.
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

    /// Every state in which a lease was seen, by whatever scope of its site, the oldest first; the last one holds.
    public func history(_ candidate: LeaseCandidate) throws(LeaseholdError) -> [LeaseVersion] {
        try reading { store throws(StoreError) in
            try store.history(id: candidate.id, scope: candidate.scopeID)
        }
    }

    /// What led from each state of a lease to the next, its appearance first, whatever scope saw it.
    public func lifeline(_ candidate: LeaseCandidate) throws(LeaseholdError) -> [LeaseChange] {
        try reading { store throws(StoreError) in
            try store.lifeline(id: candidate.id, scope: candidate.scopeID)
        }
    }

    /// What was seen to change since a moment, in the order in which it was seen.
    public func changes(since: Timestamp, scopes: Set<Int64>? = nil) throws(LeaseholdError) -> [LeaseChange] {
        try reading { store throws(StoreError) in try store.changes(since: since, scopes: scopes) }
    }

    // MARK: - Sites

    /// What has been synced so far.
    public func scopes() throws(LeaseholdError) -> [Scope] {
        try reading { store throws(StoreError) in try store.scopes() }
    }

    /// The scopes that clouds lead to; `nil`, for all, if none is named or one is called `all`.
    ///
    /// - Throws: ``LeaseholdError`` of code `notFound` if a cloud has not been synced.
    public func scopeIDs(ofClouds names: [String]) throws(LeaseholdError) -> Set<Int64>? {
        guard !names.isEmpty, !names.contains("all") else { return nil }
        let scopes = try scopes()
        var ids: Set<Int64> = []
        for name in names {
            // Two files may call different clouds by one name, and an entry may have been edited.
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

    /// The last attempt to read each cloud.
    public func lastRuns() throws(LeaseholdError) -> [SyncRun] {
        try reading { store throws(StoreError) in try store.lastRuns() }
    }

    // MARK: - Resources

    /// The resources of a kind that the sites list, with the allocations that they tell of.
    public func resources(
        _ kind: ResourceKind, scopes: Set<Int64>? = nil
    ) throws(LeaseholdError) -> [MirroredResource] {
        try reading { store throws(StoreError) in try store.resources(kind, scopes: scopes) }
    }

    /// What each site answered when last asked for each kind of resource.
    public func resourceListings(scopes: Set<Int64>? = nil) throws(LeaseholdError) -> [ResourceListing] {
        try reading { store throws(StoreError) in try store.resourceListings(scopes: scopes) }
    }
}

extension LeaseManager {
    /// What a cloud has of a kind, as the local database knows it.
    ///
    /// - Parameters:
    ///   - kind: of what.
    ///   - cloud: where; `nil` for the standard cloud.
    /// - Returns: the resources, if the cloud has ever listed them.
    /// - Throws: ``LeaseholdError`` of code `notFound` if it has not; of `configuration` if it cannot be told which
    ///   cloud is meant.
    package func catalogue(_ kind: ResourceKind, cloud: String?) throws(LeaseholdError) -> [CatalogueResource] {
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
                    What cloud '\(name)' has is not in the local database yet. \
                    Run `leasehold sync --os-cloud \(name)` once, or LeaseManager.sync(), while you are online.
                    """)
        }
        let listed = try resources(kind, scopes: scopes).map(\.resource)
        guard listed.isEmpty, answer.outcome != .listed else { return listed }
        throw LeaseholdError(
            code: .notFound,
            message: "Cloud '\(name)' does not tell its \(kind.plural): \(answer.message ?? answer.outcome.rawValue).")
    }
}

extension LeaseManager {
    /// What is wrong with the database, in SQLite's own words; empty if nothing is.
    public func checkDatabase() throws(LeaseholdError) -> [String] {
        try reading { store throws(StoreError) in try store.check() }
    }

    /// Writes a consistent copy of the database to a new file, even while others write.
    public func backUpDatabase(to path: String) throws(LeaseholdError) {
        try reading { store throws(StoreError) in try store.backUp(to: path) }
    }

    /// Runs one statement that reads, on the documented views `v_lease`, `v_reservation`, `v_event`, `v_history`,
    /// `v_resource` or anything else, handing over the names of the columns and then each row.
    ///
    /// - Throws: ``LeaseholdError`` of code `database`, or what the closures throw.
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
            // What SQLite refuses without a fault of the database's is the statement's.
            guard error.kind != .failed else { throw LeaseholdError(code: .invalid, message: error.message) }
            throw LeaseholdError(error)
        }
    }

    /// The size of the database in bytes, the write-ahead log included.
    public var databaseSizeInBytes: Int { store.sizeInBytes }

    /// The version of the database's schema.
    public var databaseSchemaVersion: Int { store.schemaVersion }
}
