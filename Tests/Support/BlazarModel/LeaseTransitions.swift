import LeaseModel

/// Which status may follow which, and which fit together (Blazar's `blazar.status`).
enum LeaseTransitions {
    static let stable: Set<LeaseStatus> = [.pending, .active, .terminated, .error]

    private static let following: [LeaseStatus: Set<LeaseStatus>] = [
        .pending: [.starting, .updating, .deleting],
        .active: [.terminating, .updating, .deleting],
        .terminated: [.updating, .deleting],
        .error: [.terminating, .updating, .deleting],
        .creating: [.pending, .deleting],
        .starting: [.active, .error, .deleting],
        .updating: stable.union([.deleting]),
        .terminating: [.terminated, .error, .deleting],
        .deleting: [.error],
    ]

    private struct Combination {
        let reservations: Set<ReservationStatus>
        let start: Set<EventStatus>
        let end: Set<EventStatus>
    }

    private static let combinations: [LeaseStatus: Combination] = {
        let settled: Set<EventStatus> = [.undone, .done, .error]
        let any: Set<ReservationStatus> = [.pending, .active, .deleted, .error]
        return [
            .creating: Combination(reservations: [.pending], start: [.undone], end: [.undone]),
            .pending: Combination(reservations: [.pending], start: [.undone], end: [.undone]),
            .starting: Combination(
                reservations: [.pending, .active, .error], start: [.inProgress], end: [.undone]),
            .active: Combination(reservations: [.active], start: [.done], end: [.undone]),
            .terminating: Combination(
                reservations: [.active, .deleted, .error], start: [.done, .error], end: [.inProgress]),
            .terminated: Combination(reservations: [.deleted], start: [.done], end: [.done]),
            .deleting: Combination(reservations: any, start: settled, end: settled),
            .updating: Combination(reservations: any, start: settled, end: settled),
            .error: Combination(reservations: [.error], start: [.done, .error], end: [.undone, .error]),
        ]
    }()

    /// Whether a lease may change to a status.
    ///
    /// - Throws: what Blazar answers if the lease lost its events.
    static func mayPass(_ lease: LeaseRecord, to next: LeaseStatus) throws(Refusal) -> Bool {
        guard following[lease.status]?.contains(next) == true else { return false }
        return try fits(lease, next)
    }

    private static func fits(_ lease: LeaseRecord, _ status: LeaseStatus) throws(Refusal) -> Bool {
        guard let wanted = combinations[status] else { return false }
        guard lease.reservations.allSatisfy({ wanted.reservations.contains($0.status) }) else { return false }
        // A lease stuck in CREATING has no events, so Blazar fails.
        guard let start = lease.event("start_lease") else { throw .obscured }
        guard start.status.map(wanted.start.contains) == true else { return false }
        guard let end = lease.event("end_lease") else { throw .obscured }
        return end.status.map(wanted.end.contains) == true
    }

    /// The status that follows from a lease's events and reservations.
    static func settled(_ lease: LeaseRecord) throws(Refusal) -> LeaseStatus {
        guard let start = lease.event("start_lease"), let end = lease.event("end_lease") else { throw .obscured }
        let derived: LeaseStatus
        switch (start.status, end.status) {
        case (.undone?, .undone?): derived = .pending
        case (.done?, .undone?): derived = .active
        case (.done?, .done?): derived = .terminated
        default: derived = .error
        }
        return try fits(lease, derived) ? derived : .error
    }
}

extension BlazarModel {
    mutating func setStatus(_ id: String, _ status: LeaseStatus) {
        let moment = now
        leases.change(id) { lease in
            guard lease.status != status else { return }
            lease.status = status
            lease.updatedAt = moment
        }
    }

    /// Runs something on a lease that has a transitional status meanwhile (Blazar's `lease_status` decorator).
    mutating func passing<Result>(
        _ id: String, through transition: LeaseStatus, into results: Set<LeaseStatus>,
        _ body: (inout BlazarModel) throws(Refusal) -> Result
    ) throws(Refusal) -> Result {
        guard let lease = leases[id] else { throw .obscured }
        let original = lease.status
        guard try LeaseTransitions.mayPass(lease, to: transition) else { throw .invalidStatus }
        setStatus(id, transition)
        let result: Result
        do {
            result = try body(&self)
        } catch {
            setStatus(id, error.isHarmlessToUpdate && transition == .updating ? original : .error)
            throw error
        }
        guard let after = leases[id] else { return result }
        let next = try LeaseTransitions.settled(after)
        guard results.contains(next), try LeaseTransitions.mayPass(after, to: next) else {
            setStatus(id, .error)
            throw .invalidStatus
        }
        setStatus(id, next)
        return result
    }
}
