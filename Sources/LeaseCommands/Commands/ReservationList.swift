package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
package import Output

/// `leasehold reservations`
package struct ReservationList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "reservations",
        abstract: "List the reservations of a lease, or of all matching leases.",
        discussion: .paragraphs(
            """
            On a terminal, those of leases that run come first, then those to come, then those that have ended.

            EXAMPLES
              leasehold reservations mylease
              leasehold reservations mylease --type node -c id -f value
              leasehold reservations --mine --status active -f json
            """))

    @Argument(
        help: ArgumentHelp(
            "The lease: its name, id, or the beginning of its id. Default: every lease.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String?
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption
    @OptionGroup var match: LeaseMatchOptions
    @OptionGroup var filters: LeaseFilterOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let filter = try filters.filter(match, now: console.now(), zone: reading.zone(console), scopes: scopes)
        let networks = reading.isPage(console) ? try manager.networkNames(scopes: scopes) : [:]
        func rows(of lease: MirroredLease) -> [ReservationRow] {
            lease.lease.reservations.filter {
                filter.admits(type: $0.resourceType, nodeType: $0.requiredValue(of: "node_type"))
            }.map { ReservationRow(reservation: $0, lease: lease, networks: networks) }
        }
        if let reference {
            let lease = try manager.lease(reference, scopes: scopes)
            try reading.write(
                rows(of: lease), ReservationRow.columns, terminal: ReservationRow.terminalColumns, &console)
        } else {
            let order = reading.isPage(console) ? LeaseOrder.relevance(at: console.now()) : .ownFirst
            try reading.write(ReservationRow.columns, terminal: ReservationRow.terminalColumns, &console) { write in
                try manager.forEachLease(filter, order: order) { for row in rows(of: $0) { try write(row) } }
            }
        }
        try reading.remarkFreshness(manager, scopes: scopes, &console)
    }
}

/// A reservation and its lease, as a row of `reservations`.
package struct ReservationRow: Sendable {
    let reservation: Reservation
    let lease: MirroredLease
    /// The names of networks, by their ids.
    var networks: [String: String] = [:]
    private var text: ReservationText { ReservationText(reservation: reservation, networks: networks) }
}

extension ReservationRow: Tabular {
    /// The columns of `reservations` on a terminal.
    static let terminalColumns: [Column<ReservationRow>] = [
        Column("id", role: .identifier) { .text($0.reservation.id) },
        Column("lease_name", heading: "LEASE") { .text($0.lease.lease.name) },
        Column("resources") { .text($0.text.what) },
        Column("status") { .status($0.reservation.status.rawValue) },
        Column("end_date", dropPriority: 2, heading: "ENDS") { .time($0.lease.lease.endsAt) },
        Column("site", dropPriority: 1, role: .context) { .text($0.lease.site) },
        Column("resource_properties", heading: "REQUIRES") { .text($0.text.requirement) },
    ]

    package static let columns: [Column<ReservationRow>] = [
        Column("id", isShrinkable: false) { .text($0.reservation.id) },
        Column("resource_type") { .text($0.reservation.resourceType.rawValue) },
        Column("status") { .status($0.reservation.status.rawValue) },
        Column("min") { $0.reservation.minimumCount.map { .number($0) } ?? .missing },
        Column("max") { $0.reservation.maximumCount.map { .number($0) } ?? .missing },
        Column("amount") { $0.reservation.amount.map { .number($0) } ?? .missing },
        Column("resource_properties") { .text($0.reservation.resourceProperties) },
        Column("lease_name", title: "lease") { .text($0.lease.lease.name) },
        Column("lease_status", dropPriority: 3) { .status($0.lease.lease.status.rawValue) },
        Column("end_date", dropPriority: 4, heading: "ENDS") { .time($0.lease.lease.endsAt) },
        Column("site", dropPriority: 2, role: .context) { .text($0.lease.site) },
        Column("lease_id", visibility: .structured, isShrinkable: false) { .text($0.lease.lease.id) },
        Column("resource_id", visibility: .structured) { .text($0.reservation.resourceID) },
        Column("node_type", visibility: .structured) { .text($0.reservation.requiredValue(of: "node_type")) },
        Column("start_date", visibility: .structured) { .time($0.lease.lease.startsAt) },
        Column("created_at", visibility: .structured) { .time($0.reservation.createdAt) },
        Column("updated_at", visibility: .structured) { .time($0.reservation.updatedAt) },
        Column("missing_resources", visibility: .structured) { .bool($0.reservation.isMissingResources) },
        Column("resources_changed", visibility: .structured) { .bool($0.reservation.areResourcesChanged) },
        Column("fields", visibility: .structured) { .json(.object($0.reservation.fields)) },
        Column("deleted", visibility: .structured) { .bool($0.lease.removal != nil) },
        Column("synced_at", visibility: .structured) { .time($0.lease.lastSeenAt) },
    ]
}

extension ReservationRow {
    /// The columns of the reservations in `show`.
    static let section: [Column<Reservation>] = [
        Column("id", isShrinkable: false) { .text($0.id) },
        Column("resource_type") { .text($0.resourceType.rawValue) },
        Column("status") { .status($0.status.rawValue) },
        Column("min") { $0.minimumCount.map { .number($0) } ?? .missing },
        Column("max") { $0.maximumCount.map { .number($0) } ?? .missing },
        Column("amount") { $0.amount.map { .number($0) } ?? .missing },
        Column("resource_properties") { $0.resourceProperties == "" ? .missing : .text($0.resourceProperties) },
        Column("fields", title: "other fields") { reservation in
            let others = ReservationText.otherFields(of: reservation)
            guard !others.isEmpty else { return .missing }
            return .text(others.map { "\($0.key)=\($0.value.plain)" }.joined(separator: ", "))
        },
    ]
}
