import LeaseModel

extension LeaseRecord {
    /// The lease as a dialect shows it.
    func json(_ dialect: Dialect) -> JSONValue {
        let own: [(String, JSONValue)] = [
            ("id", .string(id)), ("name", .string(name)), ("user_id", .string(userID)),
            ("project_id", .string(projectID)), ("start_date", .string(startsAt.blazarDate)),
            ("end_date", .string(endsAt.blazarDate)), ("trust_id", .string(trustID)),
            ("status", .string(status.rawValue)), ("degraded", false),
        ]
        let parts: [(String, JSONValue)] = [
            ("reservations", .array(reservations.sorted { $0.id < $1.id }.map { $0.json(dialect) })),
            ("events", .array(events.sorted { $0.id < $1.id }.map { $0.json(dialect) })),
        ]
        return dialect.arranged(own, Self.stamps(createdAt, updatedAt), parts)
    }

    static func stamps(_ createdAt: Timestamp, _ updatedAt: Timestamp?) -> [(String, JSONValue)] {
        [("created_at", .string(createdAt.blazarRecord)), ("updated_at", JSONValue(updatedAt?.blazarRecord))]
    }
}

extension Dialect {
    /// An object with its time stamps where the dialect has them: the fork has them first.
    func arranged(
        _ own: [(String, JSONValue)], _ stamps: [(String, JSONValue)], _ parts: [(String, JSONValue)] = []
    ) -> JSONValue {
        .object(JSONObject(self == .chameleon ? stamps + own + parts : own + stamps + parts))
    }
}

extension EventRecord {
    func json(_ dialect: Dialect) -> JSONValue {
        dialect.arranged(
            [
                ("id", .string(id)), ("lease_id", .string(leaseID)), ("event_type", JSONValue(type)),
                ("time", JSONValue(time?.blazarDate)), ("status", JSONValue(status?.rawValue)),
            ], LeaseRecord.stamps(createdAt, updatedAt))
    }
}

extension ReservationRecord {
    func json(_ dialect: Dialect) -> JSONValue {
        let own: [(String, JSONValue)] = [
            ("id", .string(id)), ("lease_id", .string(leaseID)), ("resource_id", JSONValue(resourceID)),
            ("resource_type", .string(type)), ("status", .string(status.rawValue)),
            ("missing_resources", false), ("resources_changed", false),
        ]
        return dialect.arranged(own, LeaseRecord.stamps(createdAt, updatedAt), detailMembers(dialect))
    }

    private func detailMembers(_ dialect: Dialect) -> [(String, JSONValue)] {
        switch detail {
        case .none: return []
        case .host(let host):
            let onStart: [(String, JSONValue)] = dialect == .chameleon ? [("on_start", "default")] : []
            return [
                ("hypervisor_properties", host.hypervisorProperties), ("resource_properties", host.resourceProperties),
                ("before_end", .string(host.beforeEnd)),
            ] + onStart + [("min", JSONValue(host.minimum)), ("max", JSONValue(host.maximum))]
        case .device(let device):
            return [
                ("resource_properties", device.resourceProperties), ("before_end", .string(device.beforeEnd)),
                ("min", JSONValue(device.minimum)), ("max", JSONValue(device.maximum)),
            ]
        case .floatingIP(let networkID, let amount, let required):
            return [
                ("network_id", .string(networkID)), ("amount", JSONValue(amount)),
                ("required_floatingips", .array(required.map(JSONValue.string))),
            ]
        case .instance(let instance):
            return [
                ("vcpus", JSONValue(instance.vcpus)), ("memory_mb", JSONValue(instance.memoryMB)),
                ("disk_gb", JSONValue(instance.diskGB)), ("amount", JSONValue(instance.amount)),
                ("affinity", JSONValue(instance.affinity)), ("resource_properties", instance.resourceProperties),
                ("flavor_id", .string(id)), ("aggregate_id", JSONValue(instance.aggregateID)),
                ("server_group_id", JSONValue(instance.serverGroupID)),
            ]
        }
    }
}
