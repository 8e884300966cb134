public import LeaseModel

// What Blazar makes for the reservations of a lease, as the mirror has it.
extension LeaseManager {
    /// The flavors that Blazar made for the flavor and instance reservations of a lease, in the order of those.
    ///
    /// They are there from the lease's start to its end, and known after a sync that read resources.
    public func reservedFlavors(of lease: MirroredLease) throws(LeaseholdError) -> [MirroredResource] {
        let wanted = lease.lease.reservations.filter { [.flavor, .instance].contains($0.resourceType) }
        guard !wanted.isEmpty else { return [] }
        let flavors = try resources(.flavor, scopes: [lease.scopeID])
        return wanted.flatMap { reservation in flavors.filter { Flavor($0.resource).belongs(to: reservation) } }
    }

    /// The addresses that the floating IP reservations of a lease hold, in their order.
    ///
    /// Blazar's own allocations tell of them from the creation on, where the site lets one read those; Neutron's tags
    /// from the lease's start on.
    public func reservedFloatingIPs(of lease: MirroredLease) throws(LeaseholdError) -> [ReservedFloatingIP] {
        let wanted = Set(lease.lease.reservations.filter { $0.resourceType == .floatingIP }.map(\.id))
        guard !wanted.isEmpty else { return [] }
        var found: [String: ReservedFloatingIP] = [:]
        for resource in try resources(.reservableFloatingIP, scopes: [lease.scopeID]) {
            guard let address = resource.resource.floatingIPAddress,
                let allocation = resource.allocations.first(where: { wanted.contains($0.reservationID) })
            else { continue }
            found[address] = ReservedFloatingIP(
                address: address, reservationID: allocation.reservationID, resource: resource)
        }
        for resource in try resources(.floatingIP, scopes: [lease.scopeID]) {
            guard let address = resource.resource.floatingIPAddress, let id = resource.resource.taggedReservationID,
                wanted.contains(id)
            else { continue }
            found[address] = ReservedFloatingIP(address: address, reservationID: id, resource: resource)
        }
        return found.values.sorted { ($0.reservationID, $0.address) < ($1.reservationID, $1.address) }
    }
}
