public import LeaseModel

// The functions of python-chi's module `chi.lease`: what is a function there is a method of the manager here. Those that
// read answer from the local database; `sync(clouds:options:progress:)` brings it up to date.
extension LeaseManager {
    /// The leases that are listed, and those that are only queued: own ones first, then by their end.
    ///
    /// - Parameter cloud: of this cloud, as clouds.yaml calls it; `nil` for all that have been synced.
    /// - Returns: the leases.
    /// - Throws: ``LeaseholdError`` of code `notFound` if the cloud has not been synced, `database`.
    public func listLeases(cloud: String? = nil) throws(LeaseholdError) -> [Lease] {
        var filter = LeaseFilter()
        filter.scopes = try scopeIDs(ofClouds: cloud.map { [$0] } ?? [])
        var found: [Lease] = []
        for lease in try leases(filter) { found.append(try Lease(lease, manager: self)) }
        return found
    }

    /// The leases that are listed as a table, which prints as text and whose rows can be sorted.
    ///
    /// - Parameter cloud: of this cloud, as clouds.yaml calls it; `nil` for all that have been synced.
    /// - Returns: the leases.
    /// - Throws: ``LeaseholdError`` of code `notFound` if the cloud has not been synced, `database`.
    public func showLeases(cloud: String? = nil) throws(LeaseholdError) -> LeaseTable {
        LeaseTable(try listLeases(cloud: cloud))
    }

    /// The lease of that id or name, or whose id begins so.
    ///
    /// - Parameters:
    ///   - reference: the id, the name, or four characters or more of the id's beginning.
    ///   - cloud: of this cloud; `nil` for all that have been synced.
    /// - Returns: `nil` if there is none.
    /// - Throws: ``LeaseholdError`` of code `ambiguous` with the candidates, `database`.
    public func getLease(_ reference: String, cloud: String? = nil) throws(LeaseholdError) -> Lease? {
        let scopes = try scopeIDs(ofClouds: cloud.map { [$0] } ?? [])
        if case .none = try resolve(reference, scopes: scopes) { return nil }
        return try Lease(try lease(reference, scopes: scopes), manager: self)
    }

    /// The id of the lease of that name.
    ///
    /// - Parameters:
    ///   - name: the whole name.
    ///   - cloud: of this cloud; `nil` for all that have been synced.
    /// - Returns: the id.
    /// - Throws: ``LeaseholdError`` of code `notFound`, or `ambiguous` with the candidates.
    public func getLeaseID(_ name: String, cloud: String? = nil) throws(LeaseholdError) -> String {
        let found = try candidate(name, scopes: scopeIDs(ofClouds: cloud.map { [$0] } ?? []))
        guard found.name == name else {
            throw LeaseholdError(code: .notFound, message: "There is no lease of the name '\(name)'.")
        }
        return found.id
    }

    /// When a lease that is made now starts and ends, as python-chi counts it: it starts a minute from now, and its
    /// length counts from now.
    ///
    /// For a lease that lasts its whole length from its start on, give ``Lease`` a duration.
    ///
    /// - Parameters:
    ///   - days: how many days.
    ///   - hours: how many hours more.
    /// - Returns: both moments, their seconds cut off.
    public func leaseDuration(days: Int = 1, hours: Int = 0) -> (startsAt: Timestamp, endsAt: Timestamp) {
        let now = configuration.now()
        let seconds = Int64(days) * 86_400 + Int64(hours) * 3_600
        return (now.adding(seconds: 60).truncatedToMinute, now.adding(seconds: seconds).truncatedToMinute)
    }

    /// The one reservation of a lease that a query means.
    ///
    /// - Parameters:
    ///   - query: which.
    ///   - reference: the lease's id or name.
    /// - Returns: the reservation.
    /// - Throws: ``LeaseholdError`` of code `notFound` if there is none, `ambiguous` if there are several, or those of
    ///   finding the lease.
    public func reservation(
        _ query: ReservationQuery, inLease reference: String
    ) throws(LeaseholdError) -> Reservation {
        let matching = try reservations(query, inLease: reference)
        guard let reservation = matching.first, matching.count == 1 else {
            let ids = matching.map(\.id).joined(separator: ", ")
            throw LeaseholdError(
                code: .ambiguous,
                message: "Multiple matching reservations found in lease '\(reference)': \(ids). Say which.")
        }
        return reservation
    }

    /// The reservations of a lease that a query means; at least one.
    func reservations(
        _ query: ReservationQuery, inLease reference: String
    ) throws(LeaseholdError) -> [Reservation] {
        let present = try lease(reference).lease.reservations
        let matching = present.filter(query.matches)
        guard matching.isEmpty else { return matching }
        let others = present.map { "\($0.id) (\($0.resourceType))" }.joined(separator: ", ")
        throw LeaseholdError(
            code: .notFound,
            message: "No matching reservation found in lease '\(reference)'. "
                + (others.isEmpty ? "It has none." : "It has \(others)."))
    }
}

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
