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
