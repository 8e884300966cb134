public import LeaseModel

extension LeaseManager {
    /// The floating IP addresses that a lease's reservations hold, as the local database knows them.
    ///
    /// Neutron marks an address by the tag `reservation:<id>` once the lease is active; Blazar's allocations, where the
    /// site tells them, name it from the creation on.
    ///
    /// - Returns: the addresses, in the order of their texts.
    /// - Throws: ``LeaseholdError`` of code `database`.
    public func reservedFloatingIPs(of lease: MirroredLease) throws(LeaseholdError) -> [String] {
        let ids = Set(lease.lease.reservations.filter { $0.resourceType == .floatingIP }.map(\.id))
        guard !ids.isEmpty else { return [] }
        let tags = Set(ids.map { JSONValue.string("reservation:" + $0) })
        var addresses: Set<String> = []
        for address in try resources(.floatingIP, scopes: [lease.scopeID]) {
            guard !tags.isDisjoint(with: address.resource.fields["tags"]?.arrayValue ?? []) else { continue }
            addresses.insert(address.resource.name ?? address.resource.id)
        }
        for address in try resources(.reservableFloatingIP, scopes: [lease.scopeID]) {
            guard address.allocations.contains(where: { ids.contains($0.reservationID) }) else { continue }
            addresses.insert(address.resource.name ?? address.resource.id)
        }
        return addresses.sorted()
    }

    /// The private flavors that Blazar made for a lease's flavor and instance reservations, as the local database knows
    /// them: what an instance is launched with.
    ///
    /// - Returns: the flavors, in the order of their ids.
    /// - Throws: ``LeaseholdError`` of code `database`.
    public func reservedFlavors(of lease: MirroredLease) throws(LeaseholdError) -> [Flavor] {
        guard lease.lease.reservations.contains(where: { $0.isOfInstances }) else { return [] }
        return try resources(.flavor, scopes: [lease.scopeID]).map { Flavor($0.resource) }
            .filter { flavor in lease.lease.reservations.contains { flavor.belongs(to: $0) } }
            .sorted { $0.id < $1.id }
    }
}

extension Lease {
    /// The floating IP addresses that the lease holds. If the database lacks some of an active lease, its cloud is read.
    ///
    /// - Throws: ``LeaseholdError`` of code `invalid` before it is submitted.
    public nonisolated(nonsending) func reservedFloatingIPs() async throws(LeaseholdError) -> [String] {
        let wanted = fipReservations.reduce(0) { $0 + ($1.amount ?? 1) }
        return try await reserved(wanted) { lease throws(LeaseholdError) in
            try manager.reservedFloatingIPs(of: lease)
        }
    }

    /// The flavors of the lease's flavor and instance reservations. If the database lacks some of an active lease, its
    /// cloud is read.
    ///
    /// - Throws: ``LeaseholdError`` of code `invalid` before it is submitted.
    public nonisolated(nonsending) func reservedFlavors() async throws(LeaseholdError) -> [Flavor] {
        let wanted = reservations.count { $0.isOfInstances }
        return try await reserved(wanted) { lease throws(LeaseholdError) in try manager.reservedFlavors(of: lease) }
    }

    private nonisolated(nonsending) func reserved<Thing>(
        _ wanted: Int, _ find: (MirroredLease) throws(LeaseholdError) -> [Thing]
    ) async throws(LeaseholdError) -> [Thing] {
        _ = try submittedID()
        if mirrored == nil { try reload() }
        guard let present = mirrored else { return [] }
        let found = try find(present)
        guard found.count < wanted, present.lease.status == .active else { return found }
        // Offline, what is known is all there is.
        guard try await sync(readsResources: true, { _ in }) else { return found }
        try reload()
        return try find(mirrored ?? present)
    }
}

extension Reservation {
    /// Whether Nova gets a private flavor for it.
    fileprivate var isOfInstances: Bool { [.flavor, .instance].contains(resourceType) }
}
