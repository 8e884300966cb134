public import LeaseModel
import LeaseStore
import SyncEngine

extension LeaseManager {
    /// Foretells whether a lease can be extended, from the mirror and the policy file. No request is sent.
    ///
    /// - Parameters:
    ///   - target: the lease.
    ///   - end: the new end; `nil` for the furthest possible one.
    /// - Returns: the verdict.
    /// - Throws: ``LeaseholdError``.
    public func verdict(extending target: WriteTarget, to end: Timestamp?) throws(LeaseholdError) -> ExtensionVerdict {
        try verdict(extending: target, to: end, at: configuration.now())
    }

    /// The same at a time: a sync knows the cloud's.
    func verdict(
        extending target: WriteTarget, to end: Timestamp?, at now: Timestamp
    ) throws(LeaseholdError) -> ExtensionVerdict {
        guard let scope = try scopes().first(where: { $0.id == target.scopeID }) else {
            throw LeaseholdError(code: .notFound, message: "The scope of '\(target.name)' is no longer known.")
        }
        let mirrored: MirroredLease
        switch target {
        case .mirrored(let lease):
            if lease.removal != nil {
                throw LeaseholdError(code: .notFound, message: "The lease \"\(target.name)\" has been deleted.")
            }
            mirrored = lease
        case .creation(let creation, _): mirrored = try lease(creation.localID ?? target.name, scopes: [scope.id])
        }
        let changes = mirrored.pending.filter { $0.verb != .create }.map(\.body)
        let lease = changes.reduce(mirrored.lease) { $0.applying($1) }
        var policy = SitePolicy()
        var rulesProblem: String?
        do {
            policy = try self.policy(of: scope)
        } catch {
            rulesProblem = "The site's rules are not known: \(error.message)"
        }
        var changed = mirrored
        changed.lease = lease
        let names = try flavorNames(of: lease, scope)
        let held = lease.reservations.map { reservation in
            mirrored.isDraft
                ? HeldReservation(requesting: reservation.json(), flavors: names)
                : HeldReservation(reservation, allocated: mirrored.heldCounts[reservation.id])
        }
        var rooms: [ReservationRoom] = []
        for reservation in lease.reservations { rooms.append(try room(for: reservation, of: lease, scope, at: now)) }
        return ExtensionCheck(
            lease: lease, rules: policy.rules(for: LeaseSubject(changed)), rooms: rooms, policy: policy, held: held,
            rulesProblem: rulesProblem, now: now
        ).verdict(end)
    }

    /// The names of the flavors that a queued lease asks for, by id: it has their ids only.
    func flavorNames(of lease: BlazarLease, _ scope: Scope) throws(LeaseholdError) -> [String: String] {
        guard lease.reservations.contains(where: { $0.resourceType == .flavor }) else { return [:] }
        return try resources(.flavor, scopes: [scope.id]).reduce(into: [:]) {
            $0[$1.resource.id] = $1.resource.name
        }
    }

    /// What is known about the resources of a reservation.
    private func room(
        for reservation: Reservation, of lease: BlazarLease, _ scope: Scope, at now: Timestamp
    ) throws(LeaseholdError) -> ReservationRoom {
        guard let kind = reservation.resourceType.listedKind else {
            return ReservationRoom(
                reservation, unknown: "When resources of the type \(reservation.resourceType) are free is not known.")
        }
        do {
            guard try checkLists(kind, scope) else {
                return ReservationRoom(
                    reservation, unknown: "\(scope.site) does not report who holds which of its \(kind.plural).")
            }
        } catch {
            guard error.code != .database else { throw error }
            return ReservationRoom(reservation, unknown: error.message)
        }
        let held = Set(
            try reading { store throws(StoreError) in
                try store.allocations(of: kind, scope: scope.id, leases: [lease.id])
            }.filter { $0.reservationID == reservation.id }.map(\.resourceID))
        let hasStarted = lease.startsAt <= now
        guard !hasStarted || !held.isEmpty else {
            return ReservationRoom(
                reservation,
                unknown: "Which \(kind.plural) the lease holds is not known: \(scope.site) has not listed them yet.")
        }
        let holdings = try reading { store throws(StoreError) in
            try store.holdings(of: kind, scope: scope.id, after: ResourceCalendar.never)
        }
        let wanted = reservation.resourceProperties.flatMap { try? ResourceProperties(parsing: $0) }
        let resources = holdings.resources.filter { resource in
            if held.contains(resource.id) { return true }
            guard !hasStarted, resource.fields["reservable"]?.boolValue != false else { return false }
            if let network = reservation.networkID, let own = resource.fields["floating_network_id"]?.stringValue {
                return own == network
            }
            return wanted.map { $0.matches(resource.fields) == true } ?? true
        }
        let allocations = try reading { store throws(StoreError) in
            try store.allocations(of: kind, scope: scope.id, resources: Set(resources.map(\.id)))
        }
        let others = Dictionary(grouping: allocations.filter { $0.reservationID != reservation.id }, by: \.resourceID)
        return ReservationRoom(
            reservation,
            candidates: resources.map { resource in
                ReservationRoom.Candidate(
                    id: resource.id, name: resource.name ?? resource.id, isHeld: held.contains(resource.id),
                    others: others[resource.id] ?? [])
            }, listedAt: holdings.listedAt)
    }

    /// What stands in the way of a new end, as findings. What every Blazar refuses is left out:
    /// `review` finds it.
    func warnings(
        moving target: WriteTarget, to wanted: JSONObject
    ) throws(LeaseholdError) -> [DraftFinding] {
        guard let end = target.endsAt, let text = wanted["end_date"]?.stringValue,
            let newEnd = Timestamp(parsing: text), newEnd > end
        else { return [] }
        return try verdict(extending: target, to: newEnd).obstacles.map(\.finding).filter { $0.severity == .warning }
    }
}
