public import LeaseModel

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
