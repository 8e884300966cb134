package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold floating-ips`
package struct FloatingIPList: Subcommand {
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
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

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
