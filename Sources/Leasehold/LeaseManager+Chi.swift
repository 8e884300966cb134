public import LeaseModel

// The functions of python-chi's module `chi.lease` are methods of the manager. Those that read use the local database;
// `sync(clouds:options:progress:)` updates it.
extension LeaseManager {
    /// All listed and queued leases: the user's own ones first, then by end.
    ///
    /// - Parameter cloud: a cloud, by the name in clouds.yaml; `nil` for all that have been synced.
    /// - Returns: the leases.
    /// - Throws: ``LeaseholdError`` with the code `notFound` if the cloud has not been synced, or `database`.
    public func listLeases(cloud: String? = nil) throws(LeaseholdError) -> [Lease] {
        var filter = LeaseFilter()
        filter.scopes = try scopeIDs(ofClouds: cloud.map { [$0] } ?? [])
        var found: [Lease] = []
        for lease in try leases(filter) { found.append(try Lease(lease, manager: self)) }
        return found
    }

    /// All listed and queued leases as a table, whose rows can be sorted and which can be printed as text.
    ///
    /// - Parameter cloud: a cloud, by the name in clouds.yaml; `nil` for all that have been synced.
    /// - Returns: the table.
    /// - Throws: ``LeaseholdError`` with the code `notFound` if the cloud has not been synced, or `database`.
    public func showLeases(cloud: String? = nil) throws(LeaseholdError) -> LeaseTable {
        LeaseTable(try listLeases(cloud: cloud))
    }

    /// The lease with that id, name or beginning of an id.
    ///
    /// - Parameters:
    ///   - reference: the id, the name, or at least the first four characters of the id.
    ///   - cloud: the cloud; `nil` for all that have been synced.
    /// - Returns: the lease; `nil` if there is none.
    /// - Throws: ``LeaseholdError`` with the code `ambiguous` and the candidates, or `database`.
    public func getLease(_ reference: String, cloud: String? = nil) throws(LeaseholdError) -> Lease? {
        let scopes = try scopeIDs(ofClouds: cloud.map { [$0] } ?? [])
        if case .none = try resolve(reference, scopes: scopes) { return nil }
        return try Lease(try lease(reference, scopes: scopes), manager: self)
    }

    /// The id of the lease with that name.
    ///
    /// - Parameters:
    ///   - name: the whole name.
    ///   - cloud: the cloud; `nil` for all that have been synced.
    /// - Returns: the id.
    /// - Throws: ``LeaseholdError`` with the code `notFound`, or `ambiguous` and the candidates.
    public func getLeaseID(_ name: String, cloud: String? = nil) throws(LeaseholdError) -> String {
        let found = try candidate(name, scopes: scopeIDs(ofClouds: cloud.map { [$0] } ?? []))
        guard found.name == name else {
            throw LeaseholdError(code: .notFound, message: "There is no lease named '\(name)'.")
        }
        return found.id
    }

    /// The start and end of a lease that is created now, as python-chi computes them: it starts a minute from now, and
    /// its duration counts from now.
    ///
    /// For a lease whose duration counts from its start, make a ``Lease`` with a duration.
    ///
    /// - Parameters:
    ///   - days: the number of days.
    ///   - hours: the number of additional hours.
    /// - Returns: both moments, truncated to the minute.
    public func leaseDuration(days: Int = 1, hours: Int = 0) -> (startsAt: Timestamp, endsAt: Timestamp) {
        let now = configuration.now()
        let seconds = Int64(days) * 86_400 + Int64(hours) * 3_600
        return (now.adding(seconds: 60).truncatedToMinute, now.adding(seconds: seconds).truncatedToMinute)
    }

    /// The one reservation of a lease that matches a query.
    ///
    /// - Parameters:
    ///   - query: the query.
    ///   - reference: the lease's id or name.
    /// - Returns: the reservation.
    /// - Throws: ``LeaseholdError`` with the code `notFound` if there is none, `ambiguous` if there are several, or the
    ///   error of finding the lease.
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

    /// The reservations of a lease that match a query. There is at least one.
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

// Functions that python-chi has deprecated since its release 1.0. The messages say what to use instead.
extension LeaseManager {
    /// Creates a lease that lasts for a day by default. Does not wait for it.
    ///
    /// - Parameters:
    ///   - name: the lease's name.
    ///   - reservations: its reservations.
    ///   - startsAt: when it starts; `nil` for now.
    ///   - endsAt: when it ends; `nil` for a day after its start.
    ///   - cloud: the cloud; `nil` for the default cloud.
    /// - Returns: the lease.
    /// - Throws: ``LeaseholdError``, like
    ///   ``Lease/submit(waitForActive:waitTimeout:show:idempotent:retryOnError:isOffline:progress:)``.
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

    /// Deletes the lease with that id or name.
    @available(*, deprecated, message: "Use getLease(_:cloud:) and Lease.delete().")
    public nonisolated(nonsending) func deleteLease(_ reference: String) async throws(LeaseholdError) {
        try await Lease(try lease(reference), manager: self).delete()
    }

    /// Waits up to two and a half minutes until the lease with that id or name is active.
    ///
    /// - Returns: the active lease.
    /// - Throws: ``LeaseholdError`` with the code `notFinished` after that time, or `refused` if it can never become
    ///   active.
    @available(*, deprecated, message: "Use getLease(_:cloud:) and Lease.wait().")
    public nonisolated(nonsending) func waitForActive(_ reference: String) async throws(LeaseholdError) -> Lease {
        let lease = try Lease(try lease(reference), manager: self)
        try await lease.wait(timeout: .seconds(150))
        return lease
    }

    // MARK: - Reservations of a lease

    /// The id of the one node reservation that matches.
    ///
    /// - Parameters:
    ///   - reference: the lease's id or name.
    ///   - count: with exactly this number of nodes.
    ///   - resourceProperties: with exactly these requirements.
    ///   - nodeType: for nodes of this type.
    ///   - architecture: for nodes of this architecture.
    /// - Returns: the id with which to launch an instance.
    /// - Throws: ``LeaseholdError`` with the code `notFound` or `ambiguous`.
    @available(*, deprecated, message: "Use Lease.nodeReservations, or reservation(_:inLease:) with a .node query.")
    public func getNodeReservation(
        _ reference: String, count: Int? = nil, resourceProperties: ResourceProperties? = nil,
        nodeType: String? = nil, architecture: String? = nil
    ) throws(LeaseholdError) -> String {
        let query = ReservationQuery.node(
            count: count, resourceProperties: resourceProperties, nodeType: nodeType, architecture: architecture)
        return try reservation(query, inLease: reference).id
    }

    /// The id of the one device reservation that matches.
    ///
    /// - Parameters:
    ///   - reference: the lease's id or name.
    ///   - count: with exactly this number of devices.
    ///   - machineName: for devices with this machine name.
    ///   - deviceModel: for devices of this model.
    ///   - deviceName: for the device with this name.
    /// - Returns: the id with which to launch a container.
    /// - Throws: ``LeaseholdError`` with the code `notFound` or `ambiguous`.
    @available(*, deprecated, message: "Use Lease.deviceReservations, or reservation(_:inLease:) with a .device query.")
    public func getDeviceReservation(
        _ reference: String, count: Int? = nil, machineName: String? = nil, deviceModel: String? = nil,
        deviceName: String? = nil
    ) throws(LeaseholdError) -> String {
        let query = ReservationQuery.device(
            count: count, machineName: machineName, deviceModel: deviceModel, deviceName: deviceName)
        return try reservation(query, inLease: reference).id
    }

    /// The floating IP addresses of the lease with that id or name.
    ///
    /// - Throws: ``LeaseholdError`` with the code `notFound` if it has no reservation of floating IPs.
    @available(*, deprecated, message: "Use getLease(_:cloud:) and Lease.reservedFloatingIPs().")
    public nonisolated(nonsending) func getReservedFloatingIPs(
        _ reference: String
    ) async throws(LeaseholdError) -> [String] {
        _ = try reservations(ReservationQuery(resourceType: .floatingIP), inLease: reference)
        return try await Lease(try lease(reference), manager: self).reservedFloatingIPs()
    }
}
