public import LeaseModel

// What python-chi has declared deprecated since its release 1.0, with what to use instead.
extension LeaseManager {
    /// Makes a lease: a day long, unless told otherwise. It is not waited for.
    ///
    /// - Parameters:
    ///   - name: the lease's name.
    ///   - reservations: what it reserves.
    ///   - startsAt: when it starts; `nil` for now.
    ///   - endsAt: when it ends; `nil` for a day after its start.
    ///   - cloud: where; `nil` for the standard cloud.
    /// - Returns: the lease.
    /// - Throws: ``LeaseholdError`` as ``Lease/submit(waitForActive:waitTimeout:show:idempotent:retryOnError:isOffline:progress:)``.
    @available(*, deprecated, message: "Make a Lease, add reservations to it, and submit() it.")
    public nonisolated(nonsending) func createLease(
        name: String, reservations: [ReservationRequest], startsAt: Timestamp? = nil, endsAt: Timestamp? = nil,
        cloud: String? = nil
    ) async throws(LeaseholdError) -> Lease {
        let lease = try Lease(
            name: name, startsAt: startsAt, endsAt: endsAt, duration: endsAt == nil ? .seconds(86_400) : nil,
            cloud: cloud, manager: self)
        for reservation in reservations { try lease.addReservation(reservation) }
        try await lease.submit(waitForActive: false)
        return lease
    }

    /// Deletes the lease of that id or name.
    @available(*, deprecated, message: "Use getLease(_:cloud:) and Lease.delete().")
    public nonisolated(nonsending) func deleteLease(_ reference: String) async throws(LeaseholdError) {
        try await Lease(try lease(reference), manager: self).delete()
    }

    /// Waits for two and a half minutes until the lease of that id or name is active.
    ///
    /// - Returns: the active lease.
    /// - Throws: ``LeaseholdError`` of code `notFinished` after that time, `refused` if it can never get there.
    @available(*, deprecated, message: "Use getLease(_:cloud:) and Lease.wait().")
    public nonisolated(nonsending) func waitForActive(_ reference: String) async throws(LeaseholdError) -> Lease {
        let lease = try Lease(try lease(reference), manager: self)
        try await lease.wait(timeout: .seconds(150))
        return lease
    }

    // MARK: - Reservations of a lease

    /// The id of the one reservation of nodes that fits.
    ///
    /// - Parameters:
    ///   - reference: the lease's id or name.
    ///   - count: for exactly so many nodes.
    ///   - resourceProperties: with these conditions.
    ///   - nodeType: for nodes of this type.
    ///   - architecture: for nodes of this architecture.
    /// - Returns: the id, which an instance is launched with.
    /// - Throws: ``LeaseholdError`` of code `notFound` or `ambiguous`.
    @available(*, deprecated, message: "Use Lease.nodeReservations, or reservation(_:inLease:) with a .node query.")
    public func getNodeReservation(
        _ reference: String, count: Int? = nil, resourceProperties: ResourceProperties? = nil,
        nodeType: String? = nil, architecture: String? = nil
    ) throws(LeaseholdError) -> String {
        let query = ReservationQuery.node(
            count: count, resourceProperties: resourceProperties, nodeType: nodeType, architecture: architecture)
        return try reservation(query, inLease: reference).id
    }

    /// The id of the one reservation of edge devices that fits.
    ///
    /// - Parameters:
    ///   - reference: the lease's id or name.
    ///   - count: for exactly so many devices.
    ///   - machineName: for devices of this machine name.
    ///   - deviceModel: for devices of this model.
    ///   - deviceName: for the device of this name.
    /// - Returns: the id, which a container is launched with.
    /// - Throws: ``LeaseholdError`` of code `notFound` or `ambiguous`.
    @available(*, deprecated, message: "Use Lease.deviceReservations, or reservation(_:inLease:) with a .device query.")
    public func getDeviceReservation(
        _ reference: String, count: Int? = nil, machineName: String? = nil, deviceModel: String? = nil,
        deviceName: String? = nil
    ) throws(LeaseholdError) -> String {
        let query = ReservationQuery.device(
            count: count, machineName: machineName, deviceModel: deviceModel, deviceName: deviceName)
        return try reservation(query, inLease: reference).id
    }

    /// The floating IP addresses that the lease of that id or name holds.
    ///
    /// - Throws: ``LeaseholdError`` of code `notFound` if it has no reservation of floating IPs.
    @available(*, deprecated, message: "Use getLease(_:cloud:) and Lease.reservedFloatingIPs().")
    public nonisolated(nonsending) func getReservedFloatingIPs(
        _ reference: String
    ) async throws(LeaseholdError) -> [String] {
        _ = try reservations(ReservationQuery(resourceType: .floatingIP), inLease: reference)
        return try await Lease(try lease(reference), manager: self).reservedFloatingIPs()
    }
}
