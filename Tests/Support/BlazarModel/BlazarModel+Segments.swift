import LeaseModel

// Chameleon's `network` and `device`.
extension BlazarModel {
    func segmentCandidates(_ request: ReservationRequest) throws(Refusal) -> [String] {
        for name in ["network_name", "network_properties", "resource_properties"] where request.fields[name] == nil {
            throw .missing([name])
        }
        let candidates = inventory.segments.map { segment in
            Candidate(
                id: segment.id,
                columns: [
                    "id": .text(segment.id), "network_type": .text("vlan"), "physical_network": .text("physnet1"),
                    "segment_id": .number(segment.number),
                ], properties: segment.properties)
        }
        let matching = try matching(request, among: candidates, table: "NetworkSegmentExtraCapability")
        let picked = pick(matching, from: 1, to: 1, in: request.window)
        guard !picked.isEmpty else {
            throw request.notEnoughResources([("before_end", request.fields["before_end"] ?? "default")])
        }
        return picked
    }

    private func matching(
        _ request: ReservationRequest, among candidates: [Candidate], table: String
    ) throws(Refusal) -> [String] {
        var requirements: [Requirement] = []
        for name in ["network_properties", "resource_properties"] {
            guard let given = request.fields[name], given.isTruthy else { continue }
            requirements += try Requirement.parse(given)
        }
        return try Candidate.matching(requirements, among: candidates, table: table, dialect: dialect)
    }

    mutating func reserveSegment(
        _ request: ReservationRequest, _ reservation: ReservationRecord
    ) throws(Refusal) -> ReservationDetail {
        allocate(.segment, try segmentCandidates(request), reservation)
        return .none
    }

    mutating func updateSegment(_ change: ReservationChange) throws(Refusal) {
        guard change.isExtension else { return }
        let held = allocations.of(reservation: change.reservation.id).map(\.resourceID)
        guard held.allSatisfy({ isFree($0, in: change.after, except: change.reservation.id) }) else {
            throw .fatal(500, "Not enough networks available")
        }
    }

    private var devicesAsCandidates: [Candidate] {
        inventory.devices.map { device in
            Candidate(
                id: device.id,
                columns: [
                    "id": .text(device.id), "name": .text(device.name), "device_type": .text("container"),
                    "device_driver": .text("k8s"), "reservable": .number(1),
                ], properties: device.properties)
        }
    }

    private func deviceFields(_ fields: JSONObject) throws(Refusal) -> HostReservation {
        let (fewest, most) = try Self.countRange(fields["min"], fields["max"])
        guard let properties = fields["resource_properties"] else { throw .missing(["resource_properties"]) }
        return HostReservation(
            minimum: fewest, maximum: most, hypervisorProperties: "", resourceProperties: properties,
            beforeEnd: try beforeEnd(fields))
    }

    func deviceCandidates(_ request: ReservationRequest) throws(Refusal) -> [String] {
        let wanted = try deviceFields(request.fields)
        let matching = try matching(request, among: devicesAsCandidates, table: "DeviceExtraCapability")
        let picked = pick(matching, from: wanted.minimum, to: wanted.maximum, in: request.window)
        guard !picked.isEmpty else { throw request.notEnoughResources(Self.hostQuery(wanted)) }
        return picked
    }

    mutating func reserveDevices(
        _ request: ReservationRequest, _ reservation: ReservationRecord
    ) throws(Refusal) -> ReservationDetail {
        let wanted = try deviceFields(request.fields)
        let picked = try deviceCandidates(request)
        try Self.checkText([wanted.resourceProperties])
        allocate(.device, picked, reservation)
        return .device(wanted)
    }

    mutating func updateDevices(_ change: ReservationChange, _ device: HostReservation) throws(Refusal) {
        let names = ["min", "max", "resource_properties"]
        guard change.isExtension || names.contains(where: { change.fields[$0] != nil }) else { return }
        var updated = device
        (updated.minimum, updated.maximum) = try Self.countRange(
            change.fields["min"] ?? JSONValue(device.minimum), change.fields["max"] ?? JSONValue(device.maximum))
        updated.resourceProperties = change.fields["resource_properties"] ?? device.resourceProperties
        var requirements: [Requirement] = []
        if updated.resourceProperties.isTruthy { requirements = try Requirement.parse(updated.resourceProperties) }
        let matching = try Candidate.matching(
            requirements, among: devicesAsCandidates, table: "DeviceExtraCapability", dialect: dialect)
        try replace(.device, change, matching, updated)
        setDetail(change.reservation, .device(updated))
    }
}
