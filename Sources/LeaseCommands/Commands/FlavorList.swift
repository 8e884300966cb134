package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold flavors`
package struct FlavorList: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "flavors",
        abstract: "List the flavors of instances: a site's, or those that a lease was given.",
        usage: "leasehold flavors [<lease>] [<options>]",
        discussion: .paragraphs(
            """
            A flavor or instance reservation makes a private flavor, whose id is the reservation's, for as long as the
            lease is active: instances are launched with it.

            EXAMPLES
              leasehold flavors
              leasehold flavors --sort vcpus -f json
              leasehold flavors mylease -c id -f value
            """))

    @Argument(
        help: ArgumentHelp(
            "The lease: its name, its id, or the beginning of its id. None: all flavors.", valueName: "lease"),
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
