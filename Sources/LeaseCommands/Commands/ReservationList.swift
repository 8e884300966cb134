package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold reservations`
package struct ReservationList: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "reservations",
        abstract: "List the reservations of a lease, or of all matching leases.",
        discussion: .paragraphs(
            """
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
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var filters: LeaseFilterOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let filter = try filters.filter(now: console.now(), zone: reading.zone(console), scopes: scopes)
        let networks = reading.isPage(console) ? try manager.networkNames(scopes: scopes) : [:]
        func rows(of lease: MirroredLease) -> [ReservationRow] {
            lease.lease.reservations.filter {
                (filter.resourceTypes.isEmpty || filter.resourceTypes.contains($0.resourceType))
                    && (filter.nodeType == nil || $0.requiredValue(of: "node_type") == filter.nodeType)
            }.map { ReservationRow(reservation: $0, lease: lease, networks: networks) }
        }
        if let reference {
            let lease = try manager.lease(reference, scopes: scopes)
            try reading.write(
                rows(of: lease), ReservationRow.columns, terminal: ReservationRow.terminalColumns, &console)
        } else {
            try reading.write(ReservationRow.columns, terminal: ReservationRow.terminalColumns, &console) { write in
                try manager.forEachLease(filter) { for row in rows(of: $0) { try write(row) } }
            }
        }
        try reading.remarkFreshness(manager, scopes: scopes, &console)
    }
}
