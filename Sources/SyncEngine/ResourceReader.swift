import BlazarClient
import LeaseModel
import LeaseStore
import OpenStackClient

/// Reads a cloud's other resources: those that can be reserved, and those that ids and names refer to.
///
/// Failures here do not make a sync fail: sites offer different resources, some of them only to certain users.
struct ResourceReader: Sendable {
    let connection: CloudConnection
    let seesAllProjects: Bool

    /// How far ahead free instances of flavors are counted, in seconds. The service's own default is 30 days.
    private static var flavorInstanceSeconds: Int64 { 90 * 86_400 }

    /// Reads the resources of some kinds into the database.
    ///
    /// - Parameters:
    ///   - kinds: the kinds of resources.
    ///   - store: the database.
    ///   - scope: the id of the scope that reads them.
    ///   - progress: called for each kind.
    /// - Returns: warnings about lists that failed. A list that the site does not offer is no failure.
    func read(
        _ kinds: [ResourceKind] = ResourceKind.allCases, into store: LeaseStore, scope: Int64,
        progress: @Sendable (SyncProgress) async -> Void
    ) async -> [String] {
        guard !kinds.isEmpty else { return [] }
        var observed: [ObservedResources] = []
        for kind in kinds {
            await progress(.resources(cloud: connection.name, kind: kind))
            observed.append(await read(kind))
        }
        // One cause, such as an expired login, may affect every list. Report it once.
        var reasons: Set<String> = []
        var warnings = observed.filter { $0.outcome == .failed }.compactMap { failed -> String? in
            let reason = failed.message ?? "no reason given"
            guard reasons.insert(reason).inserted else { return nil }
            return "The \(failed.kind.plural) of cloud \(connection.name) could not be read: \(reason)"
        }
        do {
            try store.apply(observed, scope: scope, at: connection.now())
        } catch {
            warnings.append(error.message)
        }
        return warnings
    }

    private func read(_ kind: ResourceKind) async -> ObservedResources {
        do throws(ServiceError) {
            switch kind {
            case .host:
                return try await observed(
                    kind, connection.blazar.hosts(), allocations: connection.blazar.hostAllocations)
            case .device:
                return try await observed(
                    kind, connection.blazar.devices(), allocations: connection.blazar.deviceAllocations)
            case .networkSegment:
                return try await observed(
                    kind, connection.blazar.networkSegments(),
                    allocations: connection.blazar.networkSegmentAllocations)
            case .reservableFloatingIP:
                return try await observed(
                    kind, connection.blazar.reservableFloatingIPs(),
                    allocations: connection.blazar.floatingIPAllocations)
            case .flavor: return try await observed(kind, connection.compute.flavors())
            case .flavorInstances:
                let end = connection.now().adding(seconds: Self.flavorInstanceSeconds)
                return try await observed(kind, connection.blazar.flavorInstances(until: end))
            case .network: return try await observed(kind, connection.network.networks())
            case .floatingIP: return try await observed(kind, connection.network.floatingIPs())
            case .project: return try await observed(kind, projects())
            case .user:
                return seesAllProjects
                    ? try await observed(kind, connection.identity.allUsers())
                    : ObservedResources(kind: kind, outcome: .forbidden)
            }
        } catch {
            return ObservedResources(kind: kind, outcome: .failed, message: error.message)
        }
    }

    /// An administrator may list every project. Anybody may list the projects of the token's user.
    private func projects() async throws(ServiceError) -> Offered<[CatalogResource]> {
        if seesAllProjects, case .listed(let all) = try await connection.identity.allProjects() { return .listed(all) }
        return try await connection.identity.ownProjects()
    }

    private func observed(
        _ kind: ResourceKind, _ offered: Offered<[CatalogResource]>,
        allocations: (@Sendable () async throws(ServiceError) -> Offered<[Allocation]>)? = nil
    ) async throws(ServiceError) -> ObservedResources {
        switch offered {
        case .listed(let resources):
            // A site may hide allocations from users who may see the resources.
            guard let told = try await allocations?() else {
                return ObservedResources(kind: kind, outcome: .listed, resources: resources)
            }
            return ObservedResources(
                kind: kind, outcome: .listed, resources: resources, allocations: told.value,
                allocationRefusal: told.refusal)
        case .forbidden(let failure):
            return ObservedResources(kind: kind, outcome: .forbidden, message: failure.message)
        case .notOffered:
            return ObservedResources(kind: kind, outcome: .notOffered)
        case .failed(let failure):
            return ObservedResources(
                kind: kind, outcome: .failed, message: failure.sentence(operation: "listing the \(kind.plural)"))
        }
    }
}

extension Offered {
    /// Why there is no list; `nil` if there is one.
    fileprivate var refusal: (outcome: ResourceListing.Outcome, message: String?)? {
        switch self {
        case .listed: nil
        case .forbidden(let failure): (.forbidden, failure.message)
        case .notOffered: (.notOffered, nil)
        case .failed(let failure): (.failed, failure.message)
        }
    }
}

extension ResourceReader {
    /// Reads the resources whose allocations writes from here may have changed.
    ///
    /// - Parameters:
    ///   - mutations: the writes whose state changed.
    ///   - store: the database.
    ///   - scope: the scope that reads them.
    /// - Throws: ``StoreError`` if the mirrored leases cannot be read.
    func readTouched(by mutations: [Mutation], into store: LeaseStore, scope: Scope) async throws(StoreError) {
        var types: Set<ResourceType> = []
        // A site that refused a waiting creation has less room than the mirror shows.
        for mutation in mutations where [.accepted, .settled, .waiting].contains(mutation.state) {
            let requested = mutation.body["reservations"]?.arrayValue ?? []
            types.formUnion(requested.compactMap { $0["resource_type"]?.stringValue }.map(ResourceType.init(rawValue:)))
            guard mutation.verb != .create, let id = mutation.leaseID else { continue }
            let lease = try store.lease(id: id, scope: scope.id)
            types.formUnion(lease?.lease.reservations.map(\.resourceType) ?? [])
        }
        await read(types, into: store, scope: scope)
    }

    /// Reads who holds the resources that waiting creations ask this site for.
    func readHolders(for creations: [Mutation], into store: LeaseStore, scope: Scope) async {
        let choices = creations.flatMap { $0.waiting?.choices ?? [] }.filter { $0.address == scope.queueAddress }
        let types = choices.flatMap(\.reservations).compactMap { $0["resource_type"]?.stringValue }
        await read(Set(types.map(ResourceType.init(rawValue:))), into: store, scope: scope)
    }

    private func read(_ types: Set<ResourceType>, into store: LeaseStore, scope: Scope) async {
        let kinds = ResourceKind.allCases.filter { kind in types.contains { $0.changedKinds.contains(kind) } }
        _ = await read(kinds, into: store, scope: scope.id, progress: { _ in })
    }
}
