public import LeaseModel

extension LeaseManager {
    /// The floating IP addresses that a lease's reservations hold, as the local database knows them.
    ///
    /// - Returns: the addresses, in the order of their texts.
    /// - Throws: ``LeaseholdError`` of code `database`.
    public func reservedFloatingIPs(of lease: MirroredLease) throws(LeaseholdError) -> [String] {
        try floatingIPs(reservedIn: lease).map(\.address).sorted()
    }

    /// The floating IPs that a lease's reservations hold, with what is known of each.
    ///
    /// Neutron marks an address by the tag `reservation:<id>` once the lease is active; Blazar's allocations, where the
    /// site tells them, name it from the creation on.
    ///
    /// - Returns: the floating IPs, by reservation.
    /// - Throws: ``LeaseholdError`` of code `database`.
    public func floatingIPs(reservedIn lease: MirroredLease) throws(LeaseholdError) -> [ReservedFloatingIP] {
        let wanted = Set(lease.lease.reservations.filter { $0.resourceType == .floatingIP }.map(\.id))
        guard !wanted.isEmpty else { return [] }
        var found: [String: ReservedFloatingIP] = [:]
        for resource in try resources(.reservableFloatingIP, scopes: [lease.scopeID]) {
            let holding = resource.allocations.map(\.reservationID).first(where: wanted.contains)
            if let holding, let address = ReservedFloatingIP(resource, by: holding) { found[address.address] = address }
        }
        for resource in try resources(.floatingIP, scopes: [lease.scopeID]) {
            guard let tagged = resource.resource.taggedReservationID, wanted.contains(tagged) else { continue }
            let address = ReservedFloatingIP(resource, by: tagged)
            if let address { found[address.address] = address }
        }
        return found.values.sorted { ($0.reservationID, $0.address) < ($1.reservationID, $1.address) }
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

extension Reservation {
    /// Whether Nova gets a private flavor for it.
    var isOfInstances: Bool { [.flavor, .instance].contains(resourceType) }
}
