import LeaseModel
package import Output

/// A resource that `hosts` and `devices` list.
package struct ReservableRow: Sendable {
    let mirrored: MirroredResource
    let now: Timestamp

    private func field(_ names: String...) -> Cell {
        for name in names {
            if let value = mirrored.resource.fields[name] { return .json(value) }
        }
        return .missing
    }

    private var current: Allocation? {
        mirrored.allocations.first { $0.startsAt <= now && now < $0.endsAt }
    }

    /// The columns. The type of a host and of a device have different names.
    static func columns(type: [String]) -> [Column<ReservableRow>] {
        [
            Column("id", isShrinkable: false, role: .identifier) { .text($0.mirrored.resource.id) },
            Column("name") { .text($0.mirrored.resource.name) },
            Column(type[0]) { $0.field(type[0], type[1]) },
            Column("reservable", dropPriority: 3, role: .context) { $0.field("reservable") },
            Column("reserved_until", heading: "UNTIL") { .time($0.current?.endsAt) },
            Column("lease_name", title: "lease") { row in
                .text(row.current.map { $0.leaseName ?? $0.leaseID })
            },
            Column("allocations", title: "planned", dropPriority: 2) { .number($0.mirrored.allocations.count) },
            Column("site", dropPriority: 4, role: .context) { .text($0.mirrored.site) },
            Column("synced_at", visibility: .structured) { .time($0.mirrored.syncedAt) },
            Column("fields", visibility: .structured) { .json(.object($0.mirrored.resource.fields)) },
            Column("reservations", visibility: .structured) { row in
                .json(
                    .array(
                        row.mirrored.allocations.map {
                            [
                                "id": .string($0.reservationID), "lease_id": .string($0.leaseID),
                                "lease_name": JSONValue($0.leaseName), "project_id": JSONValue($0.projectID),
                                "start_date": .string($0.startsAt.iso8601), "end_date": .string($0.endsAt.iso8601),
                            ]
                        }))
            },
        ]
    }
}

/// A Nova flavor.
package struct FlavorRow: Sendable {
    let mirrored: MirroredResource

    private func number(_ name: String) -> Cell { mirrored.resource.fields[name].map(Cell.json) ?? .missing }
}

extension FlavorRow: Tabular {
    package static let columns: [Column<FlavorRow>] = [
        Column("id", isShrinkable: false, role: .identifier) { .text($0.mirrored.resource.id) },
        Column("name") { .text($0.mirrored.resource.name) },
        Column("vcpus") { $0.number("vcpus") },
        Column("ram") { $0.number("ram") },
        Column("disk") { $0.number("disk") },
        Column("is_public", title: "public") { $0.number("os-flavor-access:is_public") },
        Column("site", dropPriority: 4, role: .context) { .text($0.mirrored.site) },
        Column("extra_specs", visibility: .structured) { $0.number("extra_specs") },
        Column("synced_at", visibility: .structured) { .time($0.mirrored.syncedAt) },
    ]
}
