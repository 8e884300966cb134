package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold flavors`
package struct FlavorList: Subcommand {
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
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

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
