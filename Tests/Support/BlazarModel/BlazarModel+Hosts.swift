import LeaseModel

// `physical:host`, and what Chameleon's devices share with it.
extension BlazarModel {
    var hostsAsCandidates: [Candidate] {
        inventory.hosts.map { host in
            Candidate(
                id: host.id,
                columns: [
                    "id": .text(host.id), "vcpus": .number(host.vcpus), "memory_mb": .number(host.memoryMB),
                    "local_gb": .number(host.localGB), "hypervisor_type": .text("fake"),
                    "hypervisor_version": .number(1_000), "hypervisor_hostname": .text(host.name),
                    "service_name": .text(host.name), "availability_zone": .text("nova"), "reservable": .number(1),
                ], properties: host.properties)
        }
    }

    func hosts(matching conditions: [JSONValue]) throws(Refusal) -> [String] {
        var requirements: [Requirement] = []
        for condition in conditions where condition.isTruthy { requirements += try Requirement.parse(condition) }
        return try Candidate.matching(
            requirements, among: hostsAsCandidates, table: "ComputeHostExtraCapability", dialect: dialect)
    }

    /// Reads `min` and `max` as Blazar does.
    static func countRange(_ minimum: JSONValue?, _ maximum: JSONValue?) throws(Refusal) -> (Int, Int) {
        for (name, value) in [("min", minimum), ("max", maximum)] {
            guard let value, !value.isNull else { throw .missing([name]) }
            guard value.pythonInteger != nil else { throw .malformed(name) }
        }
        // A string that is a number passes the check above, and then cannot be compared with a number.
        guard let fewest = minimum?.intValue, let most = maximum?.intValue else { throw .obscured }
        guard fewest > 0, most > 0 else { throw .malformed("min and max (must be greater than or equal to 1)") }
        guard most >= fewest else {
            throw .harmless(
                400, "Invalid values for min/max of hosts. Max must be equal to or larger than min.")
        }
        return (fewest, most)
    }

    private func hostFields(_ fields: JSONObject) throws(Refusal) -> HostReservation {
        let (fewest, most) = try Self.countRange(fields["min"], fields["max"])
        guard let hypervisor = fields["hypervisor_properties"] else { throw .missing(["hypervisor_properties"]) }
        guard let resource = fields["resource_properties"] else { throw .missing(["resource_properties"]) }
        return HostReservation(
            minimum: fewest, maximum: most, hypervisorProperties: hypervisor, resourceProperties: resource,
            beforeEnd: try beforeEnd(fields))
    }

    func beforeEnd(_ fields: JSONObject) throws(Refusal) -> String {
        guard let given = fields["before_end"] else { return "default" }
        let options = dialect == .chameleon ? ["", "snapshot", "default", "email"] : ["", "snapshot", "default"]
        guard let option = given.stringValue, options.contains(option) else { throw .malformed("before_end") }
        return option
    }

    func hostCandidates(_ request: ReservationRequest) throws(Refusal) -> [String] {
        let wanted = try hostFields(request.fields)
        let matching = try hosts(matching: [wanted.hypervisorProperties, wanted.resourceProperties])
        let picked = pick(matching, from: wanted.minimum, to: wanted.maximum, in: request.window)
        if picked.isEmpty, dialect == .chameleon { throw request.notEnoughResources(Self.hostQuery(wanted)) }
        return picked
    }

    static func hostQuery(_ wanted: HostReservation) -> [(key: String, value: JSONValue)] {
        [
            ("count_range", .string("\(wanted.minimum)-\(wanted.maximum)")), ("before_end", .string(wanted.beforeEnd)),
            ("on_start", "default"),
        ]
    }

    mutating func reserveHosts(
        _ request: ReservationRequest, _ reservation: ReservationRecord
    ) throws(Refusal) -> ReservationDetail {
        let picked = try hostCandidates(request)
        guard !picked.isEmpty else { throw .notEnoughHosts }
        let wanted = try hostFields(request.fields)
        try Self.checkText([wanted.hypervisorProperties, wanted.resourceProperties])
        lastAggregate += 1
        allocate(.host, picked, reservation)
        return .host(wanted)
    }

    /// The database accepts text and null; anything else makes it fail.
    static func checkText(_ values: [JSONValue]) throws(Refusal) {
        guard values.allSatisfy({ $0.isNull || $0.stringValue != nil }) else { throw .obscured }
    }

    mutating func updateHosts(_ change: ReservationChange, _ host: HostReservation) throws(Refusal) {
        let names = ["min", "max", "hypervisor_properties", "resource_properties"]
        guard change.isExtension || names.contains(where: { change.fields[$0] != nil }) else { return }
        var updated = host
        (updated.minimum, updated.maximum) = try Self.countRange(
            change.fields["min"] ?? JSONValue(host.minimum), change.fields["max"] ?? JSONValue(host.maximum))
        updated.hypervisorProperties = change.fields["hypervisor_properties"] ?? host.hypervisorProperties
        updated.resourceProperties = change.fields["resource_properties"] ?? host.resourceProperties
        let matching = try hosts(matching: [updated.hypervisorProperties, updated.resourceProperties])
        try replace(.host, change, matching, updated)
        try Self.checkText([updated.hypervisorProperties, updated.resourceProperties])
        setDetail(change.reservation, .host(updated))
    }

    /// Adds and removes resources so that a reservation has what it now requires, in its new window.
    mutating func replace(
        _ kind: AllocationBook.Kind, _ change: ReservationChange, _ matching: [String], _ wanted: HostReservation
    ) throws(Refusal) {
        let held = allocations.of(reservation: change.reservation.id).map(\.resourceID)
        var dropped = held.filter { resource in
            !matching.contains(resource)
                || change.isExtension && !isFree(resource, in: change.after, except: change.reservation.id)
        }
        var kept = held.filter { !dropped.contains($0) }
        if kept.count > wanted.maximum {
            dropped += kept.prefix(kept.count - wanted.maximum)
            kept.removeFirst(kept.count - wanted.maximum)
        }
        guard dropped.isEmpty || !change.isActive else { throw .notEnoughHosts }
        if kept.count < wanted.maximum {
            let fewest = max(0, wanted.minimum - kept.count)
            let added = pick(matching, from: fewest, to: wanted.maximum - kept.count, in: change.after)
            guard added.count >= fewest else { throw .notEnoughHosts }
            allocate(kind, added, change.reservation)
        }
        for resource in dropped { allocations.release(resource, of: change.reservation.id) }
    }
}
