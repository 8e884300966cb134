package import ArgumentParser
import Leasehold

/// `leasehold`
package struct LeaseholdCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "leasehold",
        abstract: "OpenStack Blazar leases, mirrored in a local database: found at once, offline, with their history.",
        discussion: """
            Clouds are those of clouds.yaml and of the OS_* variables, as for the openstack command. `leasehold sync`
            reads them; every other command answers from the local database and never touches the network, unless
            --refresh is given.

            EXAMPLES
              leasehold sync --os-cloud all
              leasehold list --mine
              leasehold id mylease

            EXIT STATUS
              0 done, 64 usage, 65 ambiguous or invalid data, 66 not found, 69 cloud unreachable, 73 database,
              74 output, 75 not finished in time, 77 refused or not authenticated, 78 configuration
            """,
        version: LeaseManager.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Leases",
                subcommands: [
                    LeaseList.self, LeaseShow.self, LeaseIdentify.self, ReservationList.self, LeaseHistory.self,
                    LeaseChanges.self,
                ]),
            CommandGroup(
                name: "Sites",
                subcommands: [
                    Sync.self, SiteStatus.self, SiteList.self, HostList.self, DeviceList.self, FlavorList.self,
                ]),
            CommandGroup(name: "Upkeep", subcommands: [Doctor.self, DatabaseCommand.self]),
        ])

    package init() {}
}
