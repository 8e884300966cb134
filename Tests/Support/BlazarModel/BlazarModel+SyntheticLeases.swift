import LeaseModel

// Leases for benchmarks: many, similar to real ones, and the same for the same seed.
extension BlazarModel {
    /// Adds leases without resources to project1: most have ended, some are active, some are in the future.
    ///
    /// They are named `bulk-000001` and so on, and have one reservation each; every other one has a client's own event.
    /// As JSON they have about 1,580 bytes each. Meant for a cloud without leases: existing ones are dropped.
    package mutating func addSyntheticLeases(_ count: Int) {
        let owners = identity.users.filter { !$0.isAdmin && $0.projectID == identity.projects[1].id }
        let hour = now.truncatedToMinute
        var made: [LeaseRecord] = []
        made.reserveCapacity(count)
        for number in 1...max(1, count) where number <= count {
            let hours = Int64(identifiers.next() % 72) + 1
            // One in twenty is active and one in twenty in the future; the others ended within the last three years.
            let start: Timestamp
            switch number % 20 {
            case 0: start = hour.adding(seconds: -1_800)
            case 1: start = hour.adding(seconds: 86_400 + Int64(identifiers.next() % 8_000) * 3_600)
            default: start = hour.adding(seconds: -(hours + 1 + Int64(identifiers.next() % 26_000)) * 3_600)
            }
            made.append(
                syntheticLease(
                    number, owners[number % owners.count],
                    Window(start: start, end: start.adding(seconds: hours * 3_600))
                ))
        }
        leases.fill(made)
    }

    private mutating func syntheticLease(_ number: Int, _ owner: Identity.User, _ window: Window) -> LeaseRecord {
        let digits = String(number)
        let created = min(now, window.start).adding(seconds: -3_600)
        let hasStarted = window.start <= now
        let hasEnded = window.end <= now
        var lease = LeaseRecord(
            id: identifiers.uuid(), name: "bulk-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits,
            userID: owner.id, projectID: owner.projectID, trustID: identifiers.hex(), startsAt: window.start,
            endsAt: window.end, status: hasEnded ? .terminated : hasStarted ? .active : .pending, createdAt: created)
        lease.updatedAt = hasEnded ? window.end : hasStarted ? window.start : created
        let id = identifiers.uuid()
        var reservation = ReservationRecord(
            id: id, leaseID: lease.id, type: "physical:host", resourceID: identifiers.uuid(),
            status: hasEnded ? .deleted : hasStarted ? .active : .pending, createdAt: created,
            updatedAt: lease.updatedAt)
        let type = inventory.hosts[number % inventory.hosts.count].properties.first { $0.name == "node_type" }?.value
        let wanted: JSONValue = ["==", "$node_type", .string(type ?? "compute_skylake")]
        reservation.detail = .host(
            HostReservation(
                minimum: 1, maximum: 1 + number % 2, hypervisorProperties: "",
                resourceProperties: .string(wanted.text(.spaced)), beforeEnd: "default"))
        lease.reservations = [reservation]
        lease.events = [
            syntheticEvent(lease, "start_lease", window.start, isDone: hasStarted),
            syntheticEvent(lease, "end_lease", window.end, isDone: hasEnded),
        ]
        if number % 2 == 0 {
            lease.events.append(
                EventRecord(
                    id: identifiers.uuid(), leaseID: lease.id,
                    type: "client_token:" + String(identifiers.hex().prefix(16)), time: window.start, status: .done,
                    createdAt: created))
        }
        return lease
    }

    private mutating func syntheticEvent(
        _ lease: LeaseRecord, _ type: String, _ time: Timestamp, isDone: Bool
    ) -> EventRecord {
        if !isDone { eventLoop.expect(time) }
        return EventRecord(
            id: identifiers.uuid(), leaseID: lease.id, type: type, time: time, status: isDone ? .done : .undone,
            createdAt: lease.createdAt, updatedAt: isDone ? time : nil)
    }
}
