import LeaseModel

// `flavor:instance`.
extension BlazarModel {
    /// The hosts for instances of a flavor (one entry for each instance), and the flavor.
    func flavorHosts(_ request: ReservationRequest) throws(Refusal) -> (hosts: [String], flavor: Inventory.Flavor) {
        let missing = ["affinity", "amount", "flavor_id"].filter { request.fields[$0] == nil }
        guard missing.isEmpty else { throw .missing(missing, separator: ",") }
        guard let amount = request.fields["amount"]?.pythonInteger else {
            throw .harmless(400, "amount must be an integer")
        }
        guard amount >= 1 else { throw .harmless(400, "amount must be >= 1") }
        guard amount <= 2_147_483_647 else { throw .harmless(400, "amount must be <= 2147483647") }
        let id = request.fields["flavor_id"]?.pythonString ?? ""
        if let owner = reservationOfFlavor(id), owner.reservation.status == .active,
            owner.lease.projectID == request.projectID
        {
            // A reservation's own flavor requires a resource class that no host has.
            throw .notEnoughHosts
        }
        guard let flavor = inventory.flavors.first(where: { $0.id == id }) else { throw Self.noFlavor(id) }
        let slots = try flavorSlots(flavor, request.window, except: nil)
        guard slots.count >= amount else { throw .notEnoughHosts }
        let affinity = InstanceFields(
            vcpus: 0, memoryMB: 0, diskGB: 0, amount: 0, affinity: request.fields["affinity"] ?? .null,
            resourceProperties: nil)
        guard affinity.isAffine == nil else { throw .fatal(409, "Affinity not supported yet") }
        return (Array(slots.prefix(amount)), flavor)
    }

    private static func noFlavor(_ id: String) -> Refusal {
        let request = "req-00000000-0000-4000-8000-000000000000"
        return .fatal(404, "Flavor \(id) could not be found. (HTTP 404) (Request-ID: \(request))")
    }

    /// The reservation that owns a flavor.
    func reservationOfFlavor(_ id: String) -> (lease: LeaseRecord, reservation: ReservationRecord)? {
        for allocation in allocations.current where allocation.reservationID == id && allocation.kind == .host {
            guard let lease = leases[allocation.leaseID],
                let reservation = lease.reservations.first(where: { $0.id == id }), case .instance = reservation.detail
            else { continue }
            return (lease, reservation)
        }
        return nil
    }

    /// Every place where one instance of the flavor would fit, by the hosts' inventories in Placement.
    private func flavorSlots(
        _ flavor: Inventory.Flavor, _ window: Window, except reservationID: String?
    ) throws(Refusal) -> [String] {
        var slots: [String] = []
        let ids = inventory.hosts.map(\.id)
        for (host, reservations) in sharedHosts(ids, window, except: reservationID) {
            let peak = try Self.peak(reservations) { reservation in
                [reservation.vcpus, reservation.memoryMB, reservation.diskGB].map { $0 * reservation.amount }
            }
            guard reservations.allSatisfy(\.reservation.isOfFlavor) else {
                throw .fatal(409, "Conflicting reservation types found")
            }
            slots += Array(repeating: host.id, count: Self.fit(flavor, on: host, beside: peak))
        }
        return slots
    }

    /// How many instances of a flavor fit on a host, by its inventory in Placement, beside what is used.
    static func fit(_ flavor: Inventory.Flavor, on host: Inventory.Host, beside used: [Int]) -> Int {
        // Placement's ratio for processors is Nova's initial 4.0; 512 MB are reserved for the host.
        let capacity = [host.vcpus * 4, host.memoryMB - 512, host.localGB]
        let largest = [host.vcpus, host.memoryMB, host.localGB]
        let size = [flavor.vcpus, flavor.memoryMB, flavor.diskGB]
        guard zip(size, largest).allSatisfy({ $0 <= $1 }) else { return 0 }
        let fits = size.indices.map { index in
            size[index] > 0 ? max(0, (capacity[index] - used[index]) / size[index]) : Int(Int16.max)
        }
        return fits.min() ?? 0
    }

    mutating func reserveFlavor(
        _ request: ReservationRequest, _ reservation: ReservationRecord
    ) throws(Refusal) -> ReservationDetail {
        let (hosts, flavor) = try flavorHosts(request)
        allocate(.host, hosts, reservation)
        lastAggregate += 1
        var source = novaFlavor(flavor)
        source["links"] = nil
        source["extra_specs"] = [:]
        return .instance(
            InstanceReservation(
                vcpus: flavor.vcpus, memoryMB: flavor.memoryMB, diskGB: flavor.diskGB, amount: hosts.count,
                affinity: nil, resourceProperties: .string(JSONValue.object(source).text(.spaced)),
                aggregateID: lastAggregate, serverGroupID: nil, isOfFlavor: true))
    }

    mutating func updateFlavor(_ change: ReservationChange, _ instance: InstanceReservation) throws(Refusal) {
        // The project gets the reservation's own flavor only when the lease starts, and Blazar looks it up with the
        // project's rights. Before that, changing a date fails and puts the lease into ERROR.
        guard change.isActive else { throw Self.noFlavor(change.reservation.id) }
        let size = Inventory.Flavor(
            id: change.reservation.id, name: "", vcpus: instance.vcpus, memoryMB: instance.memoryMB,
            diskGB: instance.diskGB)
        let slots = try flavorSlots(size, change.after, except: change.reservation.id)
        let room = Dictionary(slots.map { ($0, 1) }, uniquingKeysWith: +)
        let held = Dictionary(
            allocations.of(reservation: change.reservation.id).map { ($0.resourceID, 1) }, uniquingKeysWith: +)
        guard held.allSatisfy({ $0.value <= room[$0.key] ?? 0 }) else { throw .notEnoughHosts }
    }
}
