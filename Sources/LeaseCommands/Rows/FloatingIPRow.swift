import LeaseModel
import Leasehold
import Output

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
