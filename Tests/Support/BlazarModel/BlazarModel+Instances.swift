import LeaseModel

/// The requirements of an instance reservation.
struct InstanceFields {
    var vcpus: Int
    var memoryMB: Int
    var diskGB: Int
    var amount: Int
    var affinity: JSONValue
    var resourceProperties: JSONValue

    /// As read by Blazar's `bool_from_string`; `nil` for anything that is neither yes nor no.
    var isAffine: Bool? {
        if let value = affinity.boolValue { return value }
        switch affinity.pythonString.lowercased() {
        case "1", "t", "true", "on", "y", "yes": return true
        case "0", "f", "false", "off", "n", "no": return false
        default: return nil
        }
    }
}

// `virtual:instance`.
extension BlazarModel {
    func instanceFields(_ request: ReservationRequest) throws(Refusal) -> InstanceFields {
        let fields = request.fields
        // Blazar uses the fields before it checks that they exist.
        guard let vcpus = fields["vcpus"]?.intValue, let memory = fields["memory_mb"]?.intValue,
            let disk = fields["disk_gb"]?.intValue, let amount = fields["amount"]?.intValue,
            let affinity = fields["affinity"], let properties = fields["resource_properties"]
        else { throw .obscured }
        // The fork reads `null` as text and fails.
        if dialect == .chameleon, affinity.isNull { throw .obscured }
        return InstanceFields(
            vcpus: vcpus, memoryMB: memory, diskGB: disk, amount: amount, affinity: affinity,
            resourceProperties: properties)
    }

    /// The hosts for new instances: one entry for each instance.
    func instanceHosts(
        _ wanted: InstanceFields, _ window: Window, held: [String] = [], except reservationID: String? = nil
    ) throws(Refusal) -> [String] {
        let slots = try instanceSlots(wanted, window, except: reservationID)
        switch wanted.isAffine {
        case true?:
            let counts = Dictionary(slots.map { ($0, 1) }, uniquingKeysWith: +)
            let roomy = slots.filter { (counts[$0] ?? 0) >= wanted.amount }
            guard let host = held.first(where: roomy.contains) ?? roomy.first else { throw .notEnoughHosts }
            return Array(repeating: host, count: max(0, wanted.amount))
        case let affine:
            var possible = slots
            var chosen: [String] = []
            for host in held {
                guard let index = possible.firstIndex(of: host) else { continue }
                chosen.append(possible.remove(at: index))
            }
            for host in possible where affine == nil || !chosen.contains(host) { chosen.append(host) }
            guard chosen.count >= wanted.amount else { throw .notEnoughHosts }
            return Array(chosen.prefix(max(0, wanted.amount)))
        }
    }

    /// Every place where one such instance would fit, hosts with reservations first.
    private func instanceSlots(
        _ wanted: InstanceFields, _ window: Window, except reservationID: String?
    ) throws(Refusal) -> [String] {
        let large = [("vcpus", wanted.vcpus), ("memory_mb", wanted.memoryMB), ("local_gb", wanted.diskGB)]
        var requirements = large.map { Requirement(key: $0.0, comparison: ">=", value: String($0.1)) }
        if wanted.resourceProperties.isTruthy { requirements += try Requirement.parse(wanted.resourceProperties) }
        let matching = try Candidate.matching(
            requirements, among: hostsAsCandidates, table: "ComputeHostExtraCapability", dialect: dialect)
        var slots: [String] = []
        for (host, reservations) in sharedHosts(matching, window, except: reservationID) {
            let peak = try Self.peak(reservations) { [$0.vcpus, $0.memoryMB, $0.diskGB] }
            let room = zip([host.vcpus, host.memoryMB, host.localGB], peak).map { $0 - $1 }
            let size = [wanted.vcpus, wanted.memoryMB, wanted.diskGB]
            let fits = zip(room, size).map { $1 > 0 ? max(0, $0 / $1) : ($0 >= 0 ? Int(Int16.max) : 0) }.min() ?? 0
            slots += Array(repeating: host.id, count: fits)
        }
        return slots
    }

    typealias Shared = (lease: LeaseRecord, reservation: InstanceReservation)

    /// The hosts that nobody has exclusively in the window, with their instance reservations; those with some come
    /// first.
    func sharedHosts(
        _ ids: [String], _ window: Window, except reservationID: String?
    ) -> [(host: Inventory.Host, reservations: [Shared])] {
        var busy: [(Inventory.Host, [Shared])] = []
        var idle: [(Inventory.Host, [Shared])] = []
        for host in inventory.hosts where ids.contains(host.id) {
            var seen: Set<String> = []
            var shared: [Shared] = []
            var isExclusive = false
            for allocation in allocations.of(resource: host.id) where allocation.reservationID != reservationID {
                guard seen.insert(allocation.reservationID).inserted, let lease = leases[allocation.leaseID],
                    lease.window.touches(window),
                    let reservation = lease.reservations.first(where: { $0.id == allocation.reservationID })
                else { continue }
                guard case .instance(let instance) = reservation.detail else {
                    isExclusive = true
                    break
                }
                shared.append((lease, instance))
            }
            if isExclusive { continue }
            if seen.isEmpty || shared.isEmpty { idle.append((host, [])) } else { busy.append((host, shared)) }
        }
        return busy + idle
    }

    /// The peak usage of each resource by reservations.
    ///
    /// - Throws: what Blazar answers if one of the leases has an event without a time, such as a client's own: Blazar
    ///   sorts all their events by time, and Python then refuses.
    static func peak(
        _ reservations: [Shared], _ usage: (InstanceReservation) -> [Int]
    ) throws(Refusal) -> [Int] {
        guard reservations.allSatisfy({ $0.lease.events.allSatisfy { $0.time != nil } }) else { throw .obscured }
        var changes: [(time: Timestamp, usage: [Int], sign: Int)] = []
        for (lease, reservation) in reservations {
            let used = usage(reservation)
            changes.append((lease.startsAt, used, 1))
            changes.append((lease.endsAt, used, -1))
        }
        changes.sort { ($0.time, $0.sign) < ($1.time, $1.sign) }
        var current = [0, 0, 0]
        var most = [0, 0, 0]
        for change in changes {
            for index in current.indices {
                current[index] += change.sign * change.usage[index]
                most[index] = max(most[index], current[index])
            }
        }
        return most
    }

    private static func check(_ fields: JSONObject) throws(Refusal) {
        if let amount = fields["amount"] {
            guard let number = amount.pythonInteger else { throw .harmless(400, "amount must be an integer") }
            guard number >= 1 else { throw .harmless(400, "amount must be >= 1") }
            guard number <= 2_147_483_647 else { throw .harmless(400, "amount must be <= 2147483647") }
        }
        let words = [
            "1", "t", "true", "on", "y", "yes", "0", "f", "false", "off", "n", "no", "none",
        ]
        if let affinity = fields["affinity"], !affinity.isNull, !words.contains(affinity.pythonString.lowercased()) {
            throw .malformed("affinity (must be a bool value or None)")
        }
    }

    mutating func reserveInstances(
        _ request: ReservationRequest, _ reservation: ReservationRecord
    ) throws(Refusal) -> ReservationDetail {
        let wanted = try instanceFields(request)
        try Self.check(request.fields)
        let hosts = try instanceHosts(wanted, request.window)
        try Self.checkText([wanted.resourceProperties])
        allocate(.host, hosts, reservation)
        lastAggregate += 1
        return .instance(
            InstanceReservation(
                vcpus: wanted.vcpus, memoryMB: wanted.memoryMB, diskGB: wanted.diskGB, amount: wanted.amount,
                affinity: wanted.isAffine, resourceProperties: wanted.resourceProperties, aggregateID: lastAggregate,
                serverGroupID: wanted.isAffine == nil ? nil : identifiers.uuid(), isOfFlavor: false))
    }

    mutating func updateInstances(
        _ change: ReservationChange, _ instance: InstanceReservation
    ) throws(Refusal) {
        try Self.check(change.fields)
        let updatable = ["vcpus", "memory_mb", "disk_gb", "affinity", "amount", "resource_properties"]
        let given = updatable.filter { change.fields[$0] != nil }
        guard change.isExtension || !given.isEmpty else { return }
        if change.isActive, given.contains(where: { $0 != "amount" }) {
            throw .fatal(409, "An active reservation only accepts to update amount.")
        }
        if change.reservation.status == .error {
            throw .fatal(409, "An error reservation doesn't accept an updating request.")
        }
        func number(_ name: String, _ old: Int) throws(Refusal) -> Int {
            guard let value = change.fields[name] else { return old }
            guard let number = value.intValue else { throw .obscured }
            return number
        }
        let wanted = InstanceFields(
            vcpus: try number("vcpus", instance.vcpus), memoryMB: try number("memory_mb", instance.memoryMB),
            diskGB: try number("disk_gb", instance.diskGB), amount: try number("amount", instance.amount),
            affinity: change.fields["affinity"] ?? JSONValue(instance.affinity),
            resourceProperties: change.fields["resource_properties"] ?? instance.resourceProperties)
        let held = allocations.of(reservation: change.reservation.id).map(\.resourceID)
        let chosen = try instanceHosts(wanted, change.after, held: held, except: change.reservation.id)
        var removed = held
        for host in chosen { if let index = removed.firstIndex(of: host) { removed.remove(at: index) } }
        guard removed.isEmpty || !change.isActive else {
            throw .harmless(
                409,
                "Instance reservation doesn't allow to reduce/replace reserved instance slots when the reservation is "
                    + "in active status.")
        }
        allocations.release(change.reservation.id)
        allocate(.host, chosen, change.reservation)
        var updated = instance
        (updated.vcpus, updated.memoryMB, updated.diskGB) = (wanted.vcpus, wanted.memoryMB, wanted.diskGB)
        (updated.amount, updated.affinity) = (wanted.amount, wanted.isAffine)
        updated.resourceProperties = wanted.resourceProperties
        setDetail(change.reservation, .instance(updated))
    }
}
