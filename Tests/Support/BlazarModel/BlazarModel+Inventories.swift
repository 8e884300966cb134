import LeaseModel

// Hosts, floating IPs, networks, devices and their allocations.
extension BlazarModel {
    mutating func inventoryAnswer(
        _ request: ModelRequest, _ parts: [String], _ token: Identity.Token
    ) throws(Refusal) -> ModelResponse {
        let collection = parts[0]
        let policyName = collection == "os-hosts" ? "oshosts" : collection
        let mayRead =
            token.user.isAdmin || policy.membersReadInventory || (collection == "floatingips" && dialect == .upstream)
        let isSpecial =
            parts.count == 2 && ["allocations", "properties"].contains(parts[1]) && collection != "floatingips"
        let action =
            switch (isSpecial, parts.last) {
            case (true, "allocations"?): "get_allocations"
            case (true, _): "get_resource_properties"
            default: parts.count == 3 ? "get_allocations" : "get"
            }
        guard request.method == "GET" || request.method == "HEAD" else {
            guard token.user.isAdmin else { throw .policy("\(policyName):\(request.method.lowercased())") }
            // The resources that an administrator registers are fixed when the model is made.
            throw .obscured
        }
        guard mayRead else { throw .policy("\(policyName):\(parts.count == 3 ? "get" : action)") }
        if isSpecial {
            return parts[1] == "allocations"
                ? blazarJSON(200, ["allocations": .array(allocationsJSON(collection, request, token))])
                : blazarJSON(200, ["resource_properties": .array(propertiesJSON(collection, request))])
        }
        let (plural, singular, key) = Self.names(collection)
        let resources = resourcesJSON(collection)
        guard parts.count > 1 else {
            return blazarJSON(200, .object(JSONObject([(plural, .array(resources.map(\.json)))])))
        }
        guard let found = resources.first(where: { $0.id == parts[1] }) else {
            // The fork checks this itself, before the floating IPs' plugin does.
            throw collection == "floatingips" && dialect == .upstream
                ? .fatal(404, "Floating IP \(parts[1]) not found.") : .notFound(key, parts[1])
        }
        guard parts.count == 3 else { return blazarJSON(200, .object(JSONObject([(singular, found.json)]))) }
        return blazarJSON(200, ["allocation": allocationJSON(found.id, request, token)])
    }

    private static func names(_ collection: String) -> (plural: String, singular: String, key: String) {
        switch collection {
        case "os-hosts": ("hosts", "host", "host_id")
        case "networks": ("networks", "network", "network_id")
        case "devices": ("devices", "device", "device_id")
        default: ("floatingips", "floatingip", "floatingip_id")
        }
    }

    private func resourcesJSON(_ collection: String) -> [(id: String, json: JSONValue)] {
        switch collection {
        case "os-hosts": return inventory.hosts.map { ($0.id, hostJSON($0, withProperties: true)) }
        case "networks": return inventory.segments.map { ($0.id, segmentJSON($0, withProperties: true)) }
        case "devices": return inventory.devices.map { ($0.id, deviceJSON($0, withProperties: true)) }
        default:
            return inventory.floatingIPs.map { address in
                (
                    address.id,
                    dialect.arranged(
                        [
                            ("id", .string(address.id)),
                            ("floating_network_id", .string(Inventory.publicNetworkID)),
                            ("subnet_id", .string(Inventory.publicSubnetID)),
                            ("floating_ip_address", .string(address.address)), ("reservable", true),
                        ], LeaseRecord.stamps(address.registeredAt, nil))
                )
            }
        }
    }

    private static let processor =
        "{\"arch\": \"x86_64\", \"model\": \"Nehalem\", \"vendor\": \"Intel\", \"features\": [\"pge\", \"clflush\"], "
        + "\"topology\": {\"cores\": 1, \"threads\": 1, \"sockets\": 4}}"

    private func added(_ properties: [(name: String, value: String)]) -> [(String, JSONValue)] {
        properties.map { ($0.name, .string($0.value)) }
    }

    private func hostJSON(_ host: Inventory.Host, withProperties: Bool) -> JSONValue {
        let disabled: [(String, JSONValue)] = dialect == .chameleon ? [("disabled", false)] : []
        return dialect.arranged(
            [
                ("id", .string(host.id)), ("vcpus", JSONValue(host.vcpus)), ("cpu_info", .string(Self.processor)),
                ("hypervisor_type", "fake"), ("hypervisor_version", 1_000),
                ("hypervisor_hostname", .string(host.name)), ("service_name", .string(host.name)),
                ("memory_mb", JSONValue(host.memoryMB)), ("local_gb", JSONValue(host.localGB)), ("status", .null),
                ("availability_zone", "nova"), ("trust_id", .string(host.trustID)), ("reservable", true),
            ] + disabled, LeaseRecord.stamps(host.registeredAt, nil), withProperties ? added(host.properties) : [])
    }

    private func segmentJSON(_ segment: Inventory.Segment, withProperties: Bool) -> JSONValue {
        dialect.arranged(
            [
                ("id", .string(segment.id)), ("network_type", "vlan"), ("physical_network", "physnet1"),
                ("segment_id", JSONValue(segment.number)),
            ], LeaseRecord.stamps(segment.registeredAt, nil), withProperties ? added(segment.properties) : [])
    }

    private func deviceJSON(_ device: Inventory.Device, withProperties: Bool) -> JSONValue {
        dialect.arranged(
            [
                ("id", .string(device.id)), ("name", .string(device.name)), ("device_type", "container"),
                ("device_driver", "k8s"), ("reservable", true),
            ], LeaseRecord.stamps(device.registeredAt, nil), withProperties ? added(device.properties) : [])
    }

    /// The present or past resources of a lease, without the added properties, and without a check of the lease's
    /// project.
    mutating func leaseResources(of id: String, _ collection: String) -> ModelResponse {
        let had = allocations.everOfLease[id] ?? []
        func ids(_ kind: AllocationBook.Kind) -> Set<String> {
            Set(had.lazy.filter { $0.kind == kind }.map(\.resourceID))
        }
        let elements: [JSONValue]
        switch collection {
        case "hosts":
            let wanted = ids(.host)
            elements = inventory.hosts.filter { wanted.contains($0.id) }.map { hostJSON($0, withProperties: false) }
        case "networks":
            let wanted = ids(.segment)
            elements = inventory.segments.filter { wanted.contains($0.id) }
                .map { segmentJSON($0, withProperties: false) }
        default:
            let wanted = ids(.device)
            elements = inventory.devices.filter { wanted.contains($0.id) }.map { deviceJSON($0, withProperties: false) }
        }
        return blazarJSON(200, .object(JSONObject([(collection, .array(elements))])))
    }

    private func allocationsJSON(_ collection: String, _ request: ModelRequest, _ token: Identity.Token) -> [JSONValue]
    {
        resourcesJSON(collection).map { allocationJSON($0.id, request, token) }
    }

    private func allocationJSON(_ resource: String, _ request: ModelRequest, _ token: Identity.Token) -> JSONValue {
        var reservations: [JSONValue] = []
        for allocation in allocations.of(resource: resource) {
            guard let lease = leases[allocation.leaseID],
                let reservation = lease.reservations.first(where: { $0.id == allocation.reservationID })
            else { continue }
            let leaseID = request.parameter("lease_id")
            let reservationID = request.parameter("reservation_id")
            if let leaseID, leaseID != lease.id { continue }
            if let reservationID, reservationID != reservation.id { continue }
            guard leaseID != nil || reservationID != nil || lease.endsAt >= now else { continue }
            reservations.append(.object(allocated(reservation, lease, token)))
        }
        return ["resource_id": .string(resource), "reservations": .array(reservations)]
    }

    private func allocated(
        _ reservation: ReservationRecord, _ lease: LeaseRecord, _ token: Identity.Token
    ) -> JSONObject {
        var members: JSONObject = ["id": .string(reservation.id)]
        let isDetailed = dialect == .chameleon && token.user.isAdmin
        if isDetailed { members["status"] = .string(reservation.status.rawValue) }
        members["lease_id"] = .string(lease.id)
        members["start_date"] = .string(lease.startsAt.blazarDate)
        members["end_date"] = .string(lease.endsAt.blazarDate)
        if isDetailed {
            members["lease_name"] = .string(lease.name)
            members["project_id"] = .string(lease.projectID)
        }
        if dialect == .chameleon { members["extras"] = [:] }
        return members
    }

    private func propertiesJSON(_ collection: String, _ request: ModelRequest) -> [JSONValue] {
        let all: [[(name: String, value: String)]]
        switch collection {
        case "os-hosts": all = inventory.hosts.map(\.properties)
        case "networks": all = inventory.segments.map(\.properties)
        default: all = inventory.devices.map(\.properties)
        }
        var names: [String] = []
        var values: [String: [String]] = [:]
        for property in all.joined() {
            if values[property.name] == nil { names.append(property.name) }
            if values[property.name]?.contains(property.value) == true { continue }
            values[property.name, default: []].append(property.value)
        }
        guard let detail = request.parameter("detail"), !detail.isEmpty else {
            return names.map { ["property": .string($0)] }
        }
        return names.map { name in
            var members: JSONObject = [
                "property": .string(name), "private": false,
                "values": .array((values[name] ?? []).map(JSONValue.string)),
            ]
            if dialect == .chameleon { members["is_unique"] = false }
            return .object(members)
        }
    }
}
