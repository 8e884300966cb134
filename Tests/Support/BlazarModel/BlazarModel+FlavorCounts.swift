import LeaseModel

// `GET /v1/flavor-instances/availability` of Chameleon's newer servers.
extension BlazarModel {
    /// The longest period that is counted without an `end_date`.
    private static let countedSeconds: Int64 = 30 * 86_400

    /// How many instances of each public flavor, or of one, are free at each moment of a period, without gaps.
    func flavorCounts(_ request: ModelRequest) throws(Refusal) -> JSONValue {
        let start = try date("start_date", request) ?? now
        let end = try date("end_date", request) ?? start.adding(seconds: Self.countedSeconds)
        let id = request.parameter("flavor_id")
        let flavors = inventory.flavors.filter { id == nil || id == $0.id }
        guard !flavors.isEmpty else { throw .obscured }
        return ["flavor_instances": .array(flavors.map { counts(of: $0, from: start, to: end) })]
    }

    private func date(_ name: String, _ request: ModelRequest) throws(Refusal) -> Timestamp? {
        guard let text = request.parameter(name), !text.isEmpty else { return nil }
        guard text.utf8.count == 16, let date = Timestamp(parsing: text) else {
            throw .fatal(500, "Invalid \(name): expected format '%Y-%m-%d %H:%M'")
        }
        return date
    }

    private func counts(of flavor: Inventory.Flavor, from start: Timestamp, to end: Timestamp) -> JSONValue {
        let window = leases.order.compactMap { leases[$0] }.flatMap { [$0.startsAt, $0.endsAt] }
        let changes = Set(window.filter { $0 > start && $0 < end }).sorted()
        let total = inventory.hosts.reduce(0) { $0 + slots(of: flavor, on: $1, at: nil) }
        var segments: [(start: Timestamp, end: Timestamp, free: Int)] = []
        for (from, to) in zip([start] + changes, changes + [end]) {
            let free = inventory.hosts.reduce(0) { $0 + slots(of: flavor, on: $1, at: from) }
            if segments.last?.free == free {
                segments[segments.count - 1].end = to
            } else {
                segments.append((from, to, free))
            }
        }
        return [
            "flavor_id": .string(flavor.id),
            "resource_spec": [
                "vcpus": JSONValue(flavor.vcpus), "memory_mb": JSONValue(flavor.memoryMB),
                "disk_gb": JSONValue(flavor.diskGB),
            ],
            "availability": .array(
                segments.map { segment in
                    [
                        "start": .string(segment.start.blazarRequest), "end": .string(segment.end.blazarRequest),
                        "available": JSONValue(segment.free), "total": JSONValue(total),
                    ]
                }),
        ]
    }

    /// How many instances of a flavor fit on a host beside what is there at a moment; if it is empty, without one.
    private func slots(of flavor: Inventory.Flavor, on host: Inventory.Host, at moment: Timestamp?) -> Int {
        var used = [0, 0, 0]
        for allocation in allocations.of(resource: host.id) {
            guard let moment, let lease = leases[allocation.leaseID], lease.startsAt <= moment, moment < lease.endsAt,
                let reservation = lease.reservations.first(where: { $0.id == allocation.reservationID })
            else { continue }
            guard case .instance(let instance) = reservation.detail else { return 0 }
            // An allocation for each instance.
            for (index, size) in [instance.vcpus, instance.memoryMB, instance.diskGB].enumerated() {
                used[index] += size
            }
        }
        return Self.fit(flavor, on: host, beside: used)
    }
}

extension BlazarModel {
    /// The resource types that the site serves.
    var resourceTypes: Set<String> {
        policy.countsFlavors ? dialect.resourceTypes.union(["flavor:instance"]) : dialect.resourceTypes
    }
}
