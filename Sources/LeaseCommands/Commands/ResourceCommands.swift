package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
package import Output

/// `leasehold hosts`
package struct HostList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "hosts",
        abstract: "List the hosts that can be reserved, and who holds them.",
        usage: "leasehold hosts [--property <name=value>] [<options>]",
        discussion: .paragraphs(
            """
            This needs a site that lets you read its hosts: upstream Blazar shows them only to administrators.

            EXAMPLES
              leasehold hosts
              leasehold hosts --property node_type=gpu_rtx_6000 -c name -c reserved_until
            """))

    @OptionGroup var properties: PropertyOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        try await reading.writeReservable(.host, properties, &console)
    }
}

/// `leasehold devices`
package struct DeviceList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "List the edge devices that can be reserved, and who holds them.",
        usage: "leasehold devices [--property <name=value>] [<options>]",
        discussion: .paragraphs(
            """
            This needs a site that has devices, such as CHI@Edge, and lets you read them.

            EXAMPLES
              leasehold devices --os-cloud chi_edge
              leasehold devices --property machine_name=raspberrypi4-64
            """))

    @OptionGroup var properties: PropertyOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        try await reading.writeReservable(.device, properties, &console)
    }
}

extension ReadingOptions {
    /// Writes what can be reserved of a kind, and who holds it.
    ///
    /// - Parameters:
    ///   - kind: the kind.
    ///   - properties: which resources.
    ///   - console: where to write.
    /// - Throws: ``LeaseholdError`` or ``CommandError``.
    fileprivate func writeReservable(
        _ kind: ResourceKind, _ properties: PropertyOptions, _ console: inout Console
    ) async throws {
        let now = console.now()
        try await writeResources(kind, ReservableRow.columns(of: kind), &console) { found in
            try properties.matching(found).map { ReservableRow(mirrored: $0, now: now) }
        }
    }
}

/// `leasehold flavors`
package struct FlavorList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "flavors",
        abstract: "List flavors: those of sites, or those that a lease was given.",
        usage: "leasehold flavors [<lease>] [<options>]",
        discussion: .paragraphs(
            """
            While a lease is active, each of its flavor or instance reservations has a private flavor with the
            reservation's id. Launch instances with this flavor.

            EXAMPLES
              leasehold flavors
              leasehold flavors --sort vcpus -f json
              leasehold flavors mylease -c id -f value
            """))

    @Argument(
        help: ArgumentHelp(
            "The lease: its name, id, or the beginning of its id. Default: list all flavors.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String?
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        guard let reference else {
            return try await reading.writeResources(.flavor, FlavorRow.columns, &console) { $0.map(FlavorRow.init) }
        }
        let (manager, scopes) = try await reading.open(&console)
        let lease = try manager.lease(reference, scopes: scopes)
        let wanted = lease.lease.reservations.count { [.flavor, .instance].contains($0.resourceType) }
        let ids = try manager.reservedFlavors(of: lease).map(\.id)
        try reading.remarkReserved(
            lease, found: ids.count, wanted: wanted, things: "flavor or instance reservations", [.flavor], manager,
            &console)
        let flavors = try manager.resources(.flavor, scopes: [lease.scopeID])
        try reading.write(
            flavors.filter { ids.contains($0.resource.id) }.map(FlavorRow.init), FlavorRow.columns, &console)
    }
}

/// `leasehold floating-ips`
package struct FloatingIPList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "floating-ips",
        abstract: "List floating IPs: those of sites, or those that a lease holds.",
        usage: "leasehold floating-ips [<lease>] [<options>]",
        discussion: .paragraphs(
            """
            The lease that holds an address is known from Blazar's allocations, if the site lets you read them, and from
            the tag that Blazar adds to an address when its lease starts.

            EXAMPLES
              leasehold floating-ips
              leasehold floating-ips mylease -c floating_ip_address -f value
            """))

    @Argument(
        help: ArgumentHelp(
            "The lease: its name, id, or the beginning of its id. Default: list all addresses.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String?
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        guard let reference else {
            for kind in [ResourceKind.reservableFloatingIP, .floatingIP] {
                try reading.remarkListings(kind, manager, scopes: scopes, &console)
            }
            try reading.write(
                FloatingIPRow.all(manager, scopes: scopes, now: console.now()), FloatingIPRow.columns, &console)
            try reading.remarkFreshness(manager, scopes: scopes, &console)
            return
        }
        let lease = try manager.lease(reference, scopes: scopes)
        let held = try manager.floatingIPs(reservedIn: lease)
        try reading.remarkReserved(
            lease, found: held.count, wanted: lease.floatingIPs.most, things: "reserved floating IPs",
            [.reservableFloatingIP, .floatingIP], manager, &console)
        let addresses = Set(held.map(\.address))
        let rows = try FloatingIPRow.all(manager, scopes: [lease.scopeID], now: console.now())
        try reading.write(
            rows.filter { addresses.contains($0.address) }.map { $0.held(by: lease) }, FloatingIPRow.columns, &console)
    }
}

extension ReadingOptions {
    /// If not everything that a lease reserves is known, says why.
    func remarkReserved(
        _ lease: MirroredLease, found: Int, wanted: Int, things: String, _ kinds: [ResourceKind],
        _ manager: LeaseManager, _ console: inout Console
    ) throws {
        let name = lease.lease.name
        if !output.isQuiet {
            if wanted == 0 {
                console.remark("'\(name)' has no \(things).")
            } else if found < wanted {
                for kind in kinds { try remarkListings(kind, manager, scopes: [lease.scopeID], &console) }
                let why =
                    lease.lease.status == .active
                    ? "run `leasehold sync` to read them" : "the lease is \(lease.lease.status), not ACTIVE"
                console.remark("Of the \(wanted) \(things) of '\(name)' \(found) are known: \(why).")
            }
        }
        try remarkFreshness(manager, scopes: [lease.scopeID], &console)
    }
}

/// The option that selects resources by their properties.
package struct PropertyOptions: ParsableArguments {
    @Option(
        name: .customLong("property"), parsing: .singleValue,
        help: ArgumentHelp(
            "Only with this property, for example node_type=gpu_p100; repeat it for more.",
            valueName: "name=value"))
    var properties: [String] = []

    package init() {}

    func matching(_ resources: [MirroredResource]) throws -> [MirroredResource] {
        let wanted = try pairs()
        return resources.filter { resource in
            wanted.allSatisfy { resource.resource.fields[$0.name]?.plain == $0.value }
        }
    }

    /// The options as requirements of a reservation.
    func conditions() throws -> [ResourceCondition] {
        try pairs().map { ResourceCondition($0.name, .equal, .string($0.value)) }
    }

    private func pairs() throws -> [(name: String, value: String)] {
        try properties.map { text in
            guard let equals = text.firstIndex(of: "=") else {
                throw CommandError.usage("--property takes NAME=VALUE, not '\(text)'.")
            }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
    }
}

extension ReadingOptions {
    /// Writes the resources of a kind, and says which sites do not report them.
    func writeResources<Row>(
        _ kind: ResourceKind, _ columns: [Column<Row>], _ console: inout Console,
        rows: ([MirroredResource]) throws -> [Row]
    ) async throws {
        let (manager, scopes) = try await open(&console)
        try remarkListings(kind, manager, scopes: scopes, &console)
        try write(rows(manager.resources(kind, scopes: scopes)), columns, &console)
        try remarkFreshness(manager, scopes: scopes, &console)
    }

    /// Says which sites do not report a kind of resource, and why.
    func remarkListings(
        _ kind: ResourceKind, _ manager: LeaseManager, scopes: Set<Int64>?, _ console: inout Console
    ) throws {
        guard !output.isQuiet else { return }
        let sites = Dictionary(uniqueKeysWithValues: try manager.scopes().map { ($0.id, $0.site) })
        for listing in try manager.resourceListings(scopes: scopes) where listing.kind == kind {
            let site = sites[listing.scopeID] ?? "?"
            switch listing.outcome {
            case .listed: break
            case .forbidden:
                console.remark("\(site): not allowed: \(listing.message ?? "the site does not show them")")
            case .notOffered: console.remark("\(site): the site has none.")
            case .failed: console.remark("\(site): not read: \(listing.message ?? "no reason given")")
            }
        }
    }
}

/// A resource that `hosts` and `devices` list.
package struct ReservableRow: Sendable {
    let mirrored: MirroredResource
    let now: Timestamp

    private func field(_ names: [String]) -> Cell {
        for name in names {
            if let value = mirrored.resource.fields[name] { return .json(value) }
        }
        return .missing
    }

    private var current: Allocation? {
        mirrored.allocations.first { $0.startsAt <= now && now < $0.endsAt }
    }

    /// The columns. The type of a host and of a device have different names.
    static func columns(of kind: ResourceKind) -> [Column<ReservableRow>] {
        let type = kind.typeKeys
        return [
            Column("id", isShrinkable: false, role: .identifier) { .text($0.mirrored.resource.id) },
            Column("name") { .text($0.mirrored.resource.name) },
            Column(type.first ?? "type") { $0.field(type) },
            Column("reservable", dropPriority: 3, role: .context) { $0.field(["reservable"]) },
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

/// A floating IP as a row of `floating-ips`, combined from what Blazar and Neutron report.
struct FloatingIPRow: Sendable {
    let address: String
    let site: String
    /// What Blazar reports, if it can be reserved.
    var reservable: MirroredResource?
    /// What Neutron reports, if the address exists there.
    var allocated: MirroredResource?
    let networks: [String: String]
    let now: Timestamp
    private var lease: MirroredLease?

    /// The same row for the query of a lease's addresses: that lease holds it, or will hold it.
    func held(by lease: MirroredLease) -> FloatingIPRow {
        var row = self
        row.lease = lease
        return row
    }

    private var allocation: Allocation? {
        reservable?.allocations.first { allocation in
            if let lease { return allocation.leaseID == lease.id }
            return allocation.startsAt <= now && now < allocation.endsAt
        }
    }

    private var reservationID: String? { allocated?.resource.taggedReservationID ?? allocation?.reservationID }

    private var networkID: String? {
        (allocated ?? reservable)?.resource.fields["floating_network_id"]?.stringValue
    }

    private func field(_ name: String) -> Cell { allocated?.resource.fields[name].map(Cell.json) ?? .missing }

    static let columns: [Column<FloatingIPRow>] = [
        Column("floating_ip_address", title: "address", isShrinkable: false) { .text($0.address) },
        Column("status") { row in
            row.allocated?.resource.fields["status"]?.stringValue.map { .status($0) } ?? .missing
        },
        Column("fixed_ip_address", title: "fixed ip", dropPriority: 3) { $0.field("fixed_ip_address") },
        Column("network") { row in .text(row.networkID.map { row.networks[$0] ?? $0 }) },
        Column("reservable", dropPriority: 2, role: .context) { row in
            row.reservable.map { $0.resource.fields["reservable"].map(Cell.json) ?? .bool(true) } ?? .missing
        },
        Column("reservation_id", isShrinkable: false, role: .identifier, heading: "RESERVATION") {
            .text($0.reservationID)
        },
        Column("lease_name", title: "lease") { .text($0.lease?.lease.name ?? $0.allocation?.leaseName) },
        Column("reserved_until", heading: "UNTIL") { .time($0.lease?.lease.endsAt ?? $0.allocation?.endsAt) },
        Column("site", dropPriority: 4, role: .context) { .text($0.site) },
        Column("id", visibility: .structured) { .text($0.allocated?.resource.id) },
        Column("lease_id", visibility: .structured) { .text($0.lease?.id ?? $0.allocation?.leaseID) },
        Column("floating_network_id", visibility: .structured) { .text($0.networkID) },
        Column("planned", visibility: .structured) { row in
            row.reservable.map { .number($0.allocations.count) } ?? .missing
        },
        Column("synced_at", visibility: .structured) { .time(($0.allocated ?? $0.reservable)?.syncedAt) },
    ]

    /// Every address that the sites report, once.
    static func all(_ manager: LeaseManager, scopes: Set<Int64>?, now: Timestamp) throws -> [FloatingIPRow] {
        let named = try manager.resources(.network, scopes: scopes)
        let networks = Dictionary(named.map { ($0.resource.id, $0.resource.name ?? $0.resource.id) }) { $1 }
        var rows: [FloatingIPRow] = []
        var places: [String: Int] = [:]
        func place(_ resource: MirroredResource) -> Int? {
            guard let address = resource.resource.name else { return nil }
            let key = "\(resource.site) \(address)"
            if let place = places[key] { return place }
            places[key] = rows.count
            rows.append(FloatingIPRow(address: address, site: resource.site, networks: networks, now: now))
            return rows.count - 1
        }
        for resource in try manager.resources(.reservableFloatingIP, scopes: scopes) {
            if let place = place(resource) { rows[place].reservable = resource }
        }
        for resource in try manager.resources(.floatingIP, scopes: scopes) {
            if let place = place(resource) { rows[place].allocated = resource }
        }
        return rows
    }

    private init(address: String, site: String, networks: [String: String], now: Timestamp) {
        self.address = address
        self.site = site
        self.networks = networks
        self.now = now
    }
}
