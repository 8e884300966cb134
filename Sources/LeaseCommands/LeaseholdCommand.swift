package import ArgumentParser
import BuildVersion
import Leasehold

/// `leasehold`
package struct LeaseholdCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "leasehold",
        abstract: "Manage OpenStack Blazar leases with a local mirror: fast, offline, with history.",
        discussion: .paragraphs(
            """
            Clouds come from clouds.yaml and the OS_* variables, as in the openstack command. `leasehold sync` reads
            them and sends queued writes. Commands that read answer from the local database, and use the network only
            with --refresh. Commands that write queue first, and send at once if they can.

            EXAMPLES
              leasehold sync --os-cloud all
              leasehold list --mine
              leasehold id mylease

            EXIT STATUS
              0 done, 64 usage, 65 ambiguous or invalid data, 66 not found, 69 cloud unreachable, 73 database,
              74 output, 75 not finished in time, 77 refused or not authenticated, 78 configuration
            """),
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Leases",
                subcommands: [
                    LeaseList.self, LeaseShow.self, LeaseIdentify.self, ReservationList.self, ReservationIdentify.self,
                    HistoryCommand.self, ChangeList.self, Top.self,
                ]),
            CommandGroup(
                name: "Writing",
                subcommands: [
                    LeaseCreate.self, LeaseExtend.self, LeaseUpdate.self, LeaseDelete.self, LeaseWait.self,
                    QueueCommand.self,
                ]),
            CommandGroup(
                name: "Sites",
                subcommands: [
                    Sync.self, SiteStatus.self, SiteList.self, HostList.self, DeviceList.self, FlavorList.self,
                    FloatingIPList.self, SlotFind.self,
                ]),
            CommandGroup(name: "Reports", subcommands: [ReportCommand.self, ExportCommand.self]),
            CommandGroup(
                name: "Upkeep",
                subcommands: [Login.self, Logout.self, Doctor.self, DatabaseCommand.self, Completion.self]),
        ])

    /// The version, and of a package what it was built from: `0.1.0 (v0.1.0-3-g1234567)`.
    private static var version: String {
        let build = String(cString: leasehold_build())
        return build.isEmpty ? LeaseManager.version : "\(LeaseManager.version) (\(build))"
    }

    package init() {}
}
