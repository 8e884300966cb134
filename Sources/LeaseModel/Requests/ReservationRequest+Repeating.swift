extension ReservationRequest {
    /// Asks again for what a reservation of a lease was for.
    ///
    /// What Blazar adds (ids, status, times, what it made) is left out; a reservation that says nothing of the server,
    /// as one in the body of a POST, stays as it is.
    ///
    /// - Parameter fields: the reservation, as Blazar lists it or takes it.
    /// - Throws: ``DraftError`` for one that does not say what it was for: Chameleon's networks, and a flavor reservation
    ///   of a release that does not tell the flavor.
    public init(repeating fields: JSONObject) throws(DraftError) {
        guard let type = fields["resource_type"]?.stringValue, !type.isEmpty else {
            throw DraftError(field: "resource_type", problem: "is missing in a reservation")
        }
        guard fields["id"] != nil || fields["status"] != nil else {
            self = .other(fields)
            return
        }
        var request: JSONObject = ["resource_type": .string(type)]
        for name in Self.names(ResourceType(rawValue: type), fields) {
            guard let value = fields[name], !Self.isStandard(name, value) else { continue }
            request[name] = value
        }
        switch ResourceType(rawValue: type) {
        case .flavor:
            // The flavor_id that is listed is that of the flavor Blazar made; the one asked for is kept as text.
            let kept = fields["resource_properties"]?.stringValue.flatMap { try? JSONValue(parsing: $0) }
            guard let flavor = kept?["id"]?.stringValue else {
                throw DraftError(
                    field: "flavor_id", problem: "of a flavor reservation is not told by the server: give --flavor")
            }
            request["flavor_id"] = .string(flavor)
        case .network where request["network_name"]?.stringValue == nil:
            throw DraftError(
                field: "network_name",
                problem: "of a network reservation is not told by the server: add it to the file, or give --network")
        default: break
        }
        self = .other(request)
    }

    /// The fields that Blazar takes for a type; for a type that is not known, all but those of every reservation.
    private static func names(_ type: ResourceType, _ fields: JSONObject) -> [String] {
        switch type {
        case .host, .device:
            ["min", "max", "resource_properties", "hypervisor_properties", "before_end", "on_start"]
        case .floatingIP: ["network_id", "amount", "required_floatingips"]
        case .instance: ["vcpus", "memory_mb", "disk_gb", "amount", "affinity", "resource_properties"]
        case .flavor: ["amount", "affinity"]
        case .network: ["network_name", "network_description", "resource_properties", "network_properties"]
        default:
            fields.keys.filter { name in
                ![
                    "id", "lease_id", "resource_id", "resource_type", "status", "missing_resources",
                    "resources_changed", "created_at", "updated_at",
                ].contains(name)
            }
        }
    }

    /// Whether it is what Blazar takes where nothing is said.
    private static func isStandard(_ name: String, _ value: JSONValue) -> Bool {
        switch name {
        case "before_end", "on_start": value == "default" || value.isNull
        case "required_floatingips": value == [] || value.isNull
        default: false
        }
    }
}
