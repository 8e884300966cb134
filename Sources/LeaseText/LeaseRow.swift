package import LeaseModel
package import Output

/// A lease as a row of `list`, or as the result of `show`.
package struct LeaseRow: Sendable {
    package let mirrored: MirroredLease
    package let now: Timestamp
    package var lease: BlazarLease { mirrored.lease }

    package init(_ mirrored: MirroredLease, now: Timestamp) {
        self.mirrored = mirrored
        self.now = now
    }

    /// The seconds until it ends; `nil` if it has ended or was removed.
    package var remainingSeconds: Int64? {
        guard mirrored.removal == nil, lease.status != .terminated, lease.endsAt > now else { return nil }
        return lease.endsAt.seconds(since: max(now, lease.startsAt))
    }

    /// Its length from start to end, in hundredths of an hour.
    package var hundredthsOfHours: Int { Int(lease.endsAt.seconds(since: lease.startsAt) / 36) }

    /// A summary of what it reserves: `2 × compute_skylake, 1 floating IP`.
    package var resources: String {
        lease.reservations.map { reservation in
            let count = reservation.maximumCount ?? reservation.amount ?? 1
            let type = reservation.resourceType
            switch type {
            case .host: return "\(count) × \(reservation.requiredValue(of: "node_type") ?? type.noun)"
            case .device: return "\(count) × \(reservation.requiredValue(of: "machine_name") ?? type.noun)"
            case .floatingIP, .instance, .flavor: return type.counted(count)
            case .network, .other: return type.noun
            }
        }.joined(separator: ", ")
    }
}

extension LeaseRow {
    /// The same for a narrow column: `2 × compute_skylake, 1 IP`.
    package var shortResources: String { resources.replacing("floating IP", with: "IP") }

    /// The mark after the name, on a terminal, of a lease that differs from what its site has.
    package var mark: String {
        guard mirrored.isQueued, !mirrored.isDraft else { return "" }
        return mirrored.pending.contains { $0.state.needsDecision } ? " !" : " *"
    }

    /// The lease's place in a list for people: first those waiting to be created, then running, coming and ended ones.
    package var rank: Int {
        if mirrored.isDraft { return 0 }
        if !isLive { return 3 }
        return lease.startsAt > now ? 2 : 1
    }

    /// Whether the lease is running or still to come, according to the mirror.
    package var isLive: Bool {
        mirrored.isDraft || (mirrored.removal == nil && lease.status != .terminated && lease.endsAt > now)
    }

    /// Whether it waits for room, and it is not known when there will be some.
    var isUndated: Bool { mirrored.pending.contains { $0.state == .waiting && $0.waiting?.roomAt == nil } }

    /// The columns of `list` on a terminal.
    package static let terminalColumns: [Column<LeaseRow>] = [
        Column("id", role: .identifier) { .text($0.lease.id) },
        Column("name") { .text($0.lease.name + $0.mark) },
        Column("status", isShrinkable: false) { .status($0.lease.status.rawValue) },
        Column("user_name", dropPriority: 5, role: .context, heading: "USER") {
            .text($0.mirrored.userName ?? $0.lease.userID)
        },
        Column("project_name", dropPriority: 4, role: .context, heading: "PROJECT") {
            .text($0.mirrored.projectName ?? $0.lease.projectID)
        },
        Column("site", dropPriority: 6, role: .context) { .text($0.mirrored.site) },
        Column("resources", dropPriority: 8) { $0.mirrored.isOutline ? .unknown : .text($0.shortResources) },
        Column("start_date", dropPriority: 3, heading: "STARTS") {
            $0.isUndated ? .missing : .time($0.lease.startsAt)
        },
        Column("end_date", heading: "ENDS") { $0.isUndated ? .missing : .time($0.lease.endsAt) },
        Column("remaining", dropPriority: 7, heading: "LEFT") { row in
            guard row.lease.startsAt <= row.now, !row.mirrored.isDraft else { return .missing }
            return row.remainingSeconds.map { .duration(seconds: $0) } ?? .missing
        },
    ]
}

extension MutationState {
    /// Whether the write waits for a person's decision.
    package var needsDecision: Bool { self == .blocked || self == .parked }
}

extension LeaseRow: Tabular {
    /// The columns of python-chi's `show_leases`, in its order, and the lease's site. A narrow terminal drops the least
    /// informative columns first.
    package static let columns: [Column<LeaseRow>] = [
        Column("name") { .text($0.lease.name) },
        Column("status") { .status($0.lease.status.rawValue) },
        Column("user_name", title: "user", dropPriority: 6) { .text($0.mirrored.userName ?? $0.lease.userID) },
        Column("project_name", title: "project", dropPriority: 5) {
            .text($0.mirrored.projectName ?? $0.lease.projectID)
        },
        Column("start_date", isShrinkable: false, dropPriority: 8) { .time($0.lease.startsAt) },
        Column("end_date", isShrinkable: false) { .time($0.lease.endsAt) },
        Column("remaining") { $0.remainingSeconds.map { .duration(seconds: $0) } ?? .missing },
        Column("hours", dropPriority: 2) { .number(JSONNumber(hundredths: $0.hundredthsOfHours)) },
        Column("nodes", dropPriority: 4) { $0.mirrored.isOutline ? .unknown : .count($0.mirrored.nodes) },
        Column("floating_ips", title: "fips", dropPriority: 3) {
            $0.mirrored.isOutline ? .unknown : .count($0.mirrored.floatingIPs)
        },
        Column("nodes_min", visibility: .structured) {
            $0.mirrored.isOutline ? .unknown : .number($0.mirrored.nodes.least)
        },
        Column("nodes_max", visibility: .structured) {
            $0.mirrored.isOutline ? .unknown : .number($0.mirrored.nodes.most)
        },
        Column("ending", visibility: .structured) { .text($0.mirrored.ending?.rawValue) },
        Column("resources", dropPriority: 7) { $0.mirrored.isOutline ? .unknown : .text($0.resources) },
        Column("created_at", title: "created", isShrinkable: false, dropPriority: 1) { .time($0.lease.createdAt) },
        Column("site") { .text($0.mirrored.site) },
        Column("id", isShrinkable: false) { .text($0.lease.id) },
        Column("user_id", visibility: .structured) { .text($0.lease.userID) },
        Column("project_id", visibility: .structured) { .text($0.lease.projectID) },
        Column("updated_at", visibility: .structured) { .time($0.lease.updatedAt) },
        Column("degraded", visibility: .structured) { .bool($0.lease.isDegraded) },
        Column("trust_id", visibility: .structured) { .text($0.lease.trustID) },
        Column("reservations", visibility: .structured) {
            $0.mirrored.isOutline
                ? .unknown : .json(.array($0.lease.reservations.map { .object($0.json(times: .iso8601)) }))
        },
        Column("events", visibility: .structured) {
            .json(.array($0.lease.events.map { .object($0.json(times: .iso8601)) }))
        },
        Column("extra", visibility: .structured) { .json(.object($0.lease.extra)) },
        Column("queued", visibility: .structured) { .bool($0.mirrored.isQueued) },
        Column("queue", visibility: .structured) { row in
            .json(.array(row.mirrored.pending.map { .object($0.summary) }))
        },
        Column("mine", visibility: .structured) { .bool($0.mirrored.isMine) },
        Column("deleted", visibility: .structured) { .bool($0.mirrored.removal != nil) },
        Column("deleted_after", visibility: .structured) { .time($0.mirrored.removal?.after) },
        Column("deleted_before", visibility: .structured) { .time($0.mirrored.removal?.before) },
        Column("removal", visibility: .structured) { .text($0.mirrored.removal?.reason.rawValue) },
        Column("first_seen_at", visibility: .structured) {
            $0.mirrored.isDraft ? .missing : .time($0.mirrored.firstSeenAt)
        },
        Column("observed_at", visibility: .structured) {
            $0.mirrored.isDraft ? .missing : .time($0.mirrored.observedAt)
        },
        Column("synced_at", visibility: .structured) { $0.mirrored.isDraft ? .missing : .time($0.mirrored.lastSeenAt) },
    ]
}

extension LeaseRow {
    /// The columns of `list` on a terminal. The parameters are those of ``columns(heldAt:showsEnding:)``.
    package static func terminalColumns(heldAt moment: Timestamp?, showsEnding: Bool) -> [Column<LeaseRow>] {
        let added = columns(heldAt: moment, showsEnding: showsEnding).filter {
            $0.key == "held" || ($0.key == "ending" && showsEnding)
        }
        return terminalColumns.flatMap { $0.key == "status" ? [$0] + added : [$0] }
    }

    /// The columns of `list`.
    ///
    /// - Parameters:
    ///   - moment: the time at which leases were held, if the command asks for one.
    ///   - showsEnding: whether removed leases may be listed, so that tables show how leases ended.
    /// - Returns: the columns.
    package static func columns(heldAt moment: Timestamp? = nil, showsEnding: Bool) -> [Column<LeaseRow>] {
        columns.flatMap { column -> [Column<LeaseRow>] in
            switch column.key {
            case "status":
                guard let moment else { return [column] }
                return [column, Column("held") { .text($0.mirrored.held(at: moment)?.rawValue) }]
            case "ending" where showsEnding: return [Column(column.key, cell: column.cell)]
            default: return [column]
            }
        }
    }
}

extension LeaseRow {
    /// The parts of leases that the cells of some columns are made from.
    package static func parts(of selection: ColumnSelection<LeaseRow>) -> LeaseParts {
        selection.neededKeys.reduce(into: []) { parts, key in parts.formUnion(Self.parts(ofColumn: key)) }
    }

    private static func parts(ofColumn key: String) -> LeaseParts {
        switch key {
        case "id", "name", "status", "site", "start_date", "end_date", "hours", "queued", "queue": []
        case "remaining", "created_at", "updated_at", "degraded", "deleted", "deleted_after", "deleted_before",
            "removal", "first_seen_at", "observed_at", "synced_at":
            .record
        case "user_name", "project_name", "user_id", "project_id", "mine": .owners
        case "nodes", "floating_ips", "nodes_min", "nodes_max", "resources", "reservations": .reservations
        case "events": .events
        case "ending": [.events, .record]
        case "trust_id", "extra": .details
        default: .all
        }
    }
}

extension Cell {
    /// The number. If it is not known exactly, people see `1-2`; programs see nothing, because they have the bounds.
    package static func count(_ count: ResourceCount) -> Cell { .range(count.least, count.most) }
}
