import BlazarClient
package import LeaseModel
import LeaseStore
import OpenStackClient

/// Reads what a cloud has besides leases: what names stand for, and what can be reserved.
///
/// Nothing here decides whether a sync succeeded: sites differ in what they offer and to whom.
struct ResourceReader: Sendable {
    let connection: CloudConnection
    let seesAllProjects: Bool

    /// Reads what the site has of some kinds, and writes what it learned.
    ///
    /// - Parameters:
    ///   - kinds: which kinds.
    ///   - store: where to write.
    ///   - scope: whose view it is.
    ///   - progress: told of each kind.
    /// - Returns: sentences about what could not be read for another reason than that the site does not offer it.
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
        // One reason, such as a login that has ended, may keep all of them from being read.
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

    /// An administrator may list every project; anybody may list those that the token's user belongs to.
    private func projects() async throws(ServiceError) -> Offered<[CatalogueResource]> {
        if seesAllProjects, case .listed(let all) = try await connection.identity.allProjects() { return .listed(all) }
        return try await connection.identity.ownProjects()
    }

    private func observed(
        _ kind: ResourceKind, _ offered: Offered<[CatalogueResource]>,
        allocations: (@Sendable () async throws(ServiceError) -> Offered<[Allocation]>)? = nil
    ) async throws(ServiceError) -> ObservedResources {
        switch offered {
        case .listed(let resources):
            // Allocations may be kept from those who may see the resources.
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
    /// Reads what own writes may have changed: who holds what their leases reserve.
    ///
    /// - Parameters:
    ///   - mutations: the writes that have moved.
    ///   - store: where to read and write.
    ///   - scope: whose view it is.
    /// - Throws: ``StoreError`` if it cannot be told what they reserve.
    func readTouched(by mutations: [Mutation], into store: LeaseStore, scope: Scope) async throws(StoreError) {
        var types: Set<ResourceType> = []
        for mutation in mutations where [.accepted, .settled].contains(mutation.state) {
            let requested = mutation.body["reservations"]?.arrayValue ?? []
            types.formUnion(requested.compactMap { $0["resource_type"]?.stringValue }.map(ResourceType.init(rawValue:)))
            guard mutation.verb != .create, let id = mutation.leaseID else { continue }
            let lease = try store.lease(id: id, scope: scope.id)
            types.formUnion(lease?.lease.reservations.map(\.resourceType) ?? [])
        }
        let kinds = ResourceKind.allCases.filter { kind in types.contains { $0.kinds.contains(kind) } }
        _ = await read(kinds, into: store, scope: scope.id, progress: { _ in })
    }
}

extension ResourceType {
    /// The lists in which a reservation of the type shows.
    fileprivate var kinds: [ResourceKind] {
        switch self {
        case .host: [.host]
        case .device: [.device]
        case .network: [.networkSegment, .network]
        case .floatingIP: [.reservableFloatingIP, .floatingIP]
        case .flavor, .instance: [.flavor, .host]
        default: []
        }
    }
}

extension ResourceKind {
    /// What several of them are called, in English.
    package var plural: String {
        switch self {
        case .host: "hosts"
        case .device: "devices"
        case .networkSegment: "network segments"
        case .reservableFloatingIP: "reservable floating IPs"
        case .flavor: "flavors"
        case .network: "networks"
        case .floatingIP: "floating IPs"
        case .project: "projects"
        case .user: "users"
        }
    }
}
