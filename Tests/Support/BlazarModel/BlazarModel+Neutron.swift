import LeaseModel

// Neutron: networks, and the floating IPs that active reservations make.
extension BlazarModel {
    mutating func neutron(_ request: ModelRequest, _ path: String) -> ModelResponse {
        guard let token = validToken(request), let project = token.project else {
            let body: JSONValue = [
                "error": ["code": 401, "title": "Unauthorized", "message": .string(Self.unauthorizedMessage)]
            ]
            return .json(401, body, headers: [authenticateHeader])
        }
        let parts = path.split(separator: "/").map(String.init).map { $0.replacingSuffix(".json", with: "") }
        guard request.method == "GET", let collection = parts.first else { return neutronNotFound() }
        let elements: [JSONObject]
        switch collection {
        case "networks": elements = neutronNetworks()
        case "floatingips": elements = neutronFloatingIPs(token.user.isAdmin ? nil : project.id)
        case "subnets", "ports", "routers", "security-groups", "extensions", "agents": elements = []
        default: return neutronNotFound()
        }
        guard parts.count == 1 else {
            guard let found = elements.first(where: { $0["id"] == .string(parts[1]) }) else {
                return neutronMissing(collection, parts[1])
            }
            return compact(["network": .object(found)])
        }
        return compact(
            .object(JSONObject([(collection, .array(filtered(elements, request).map(JSONValue.object)))])))
    }

    mutating func neutronVersions() -> ModelResponse {
        compact([
            "versions": [
                [
                    "id": "v2.0", "status": "CURRENT",
                    "links": [["rel": "self", "href": .string(endpoints.network + "/v2.0/")]],
                ]
            ]
        ])
    }

    private mutating func compact(_ value: JSONValue, status: Int = 200) -> ModelResponse {
        ModelResponse(
            status: status,
            headers: [("Content-Type", "application/json"), ("X-Openstack-Request-Id", requestIDHeader().value)],
            chunks: [value.compactBytes])
    }

    private mutating func neutronNotFound() -> ModelResponse {
        compact(
            ["NeutronError": ["type": "HTTPNotFound", "message": "The resource could not be found.", "detail": ""]],
            status: 404)
    }

    private mutating func neutronMissing(_ collection: String, _ id: String) -> ModelResponse {
        let (type, noun) =
            collection == "networks" ? ("NetworkNotFound", "Network") : ("FloatingIPNotFound", "Floating IP")
        return compact(
            [
                "NeutronError": [
                    "type": .string(type), "message": .string("\(noun) \(id) could not be found."), "detail": "",
                ]
            ], status: 404)
    }

    private func filtered(_ elements: [JSONObject], _ request: ModelRequest) -> [JSONObject] {
        let fields = request.query.filter { $0.name == "fields" }.map(\.value)
        var left = elements
        for (name, value) in request.query where !["fields", "limit", "marker", "sort_key", "sort_dir"].contains(name) {
            left = left.filter { element in
                if name == "tags" {
                    return value.split(separator: ",").allSatisfy { tag in
                        element["tags"]?.arrayValue?.contains(.string(String(tag))) == true
                    }
                }
                guard let own = element[name] else { return true }
                return own.pythonString.lowercased() == value.lowercased()
            }
        }
        guard !fields.isEmpty else { return left }
        return left.map { element in
            JSONObject(element.members.filter { fields.contains($0.key) }.map { ($0.key, $0.value) })
        }
    }

    private func neutronNetworks() -> [JSONObject] {
        let made = inventory.hosts.first?.registeredAt ?? now
        func network(_ id: String, _ name: String, _ subnet: String, isExternal: Bool) -> JSONObject {
            var object: JSONObject = [
                "id": .string(id), "name": .string(name), "tenant_id": .string(identity.projects[0].id),
                "project_id": .string(identity.projects[0].id), "admin_state_up": true, "mtu": 1_500,
                "status": "ACTIVE", "subnets": [.string(subnet)], "shared": .bool(!isExternal),
                "availability_zone_hints": [], "availability_zones": [], "ipv4_address_scope": nil,
                "ipv6_address_scope": nil, "router:external": .bool(isExternal), "qinq": false,
                "vlan_transparent": false, "description": "", "port_security_enabled": true,
            ]
            if isExternal { object["is_default"] = false }
            object["tags"] = []
            object["created_at"] = .string(made.iso8601)
            object["updated_at"] = .string(made.iso8601)
            object["revision_number"] = 2
            return object
        }
        return [
            network(Inventory.publicNetworkID, "public", Inventory.publicSubnetID, isExternal: true),
            network(Inventory.sharedNetworkID, "sharednet1", Inventory.sharedSubnetID, isExternal: false),
        ]
    }

    private func neutronFloatingIPs(_ projectID: String?) -> [JSONObject] {
        var addresses: [JSONObject] = []
        for (lease, reservation) in activeReservations() where projectID == nil || lease.projectID == projectID {
            for allocation in allocations.of(reservation: reservation.id) where allocation.kind == .floatingIP {
                guard let address = inventory.floatingIPs.first(where: { $0.id == allocation.resourceID }) else {
                    continue
                }
                let made = (reservation.updatedAt ?? reservation.createdAt).iso8601
                addresses.append([
                    "id": .string(address.id), "tenant_id": .string(lease.projectID),
                    "project_id": .string(lease.projectID), "floating_ip_address": .string(address.address),
                    "floating_network_id": .string(Inventory.publicNetworkID), "router_id": nil, "port_id": nil,
                    "fixed_ip_address": nil, "status": "DOWN", "description": "", "port_details": nil,
                    "tags": ["blazar", .string("reservation:" + reservation.id)], "created_at": .string(made),
                    "updated_at": .string(made), "revision_number": 1,
                ])
            }
        }
        return addresses
    }
}
