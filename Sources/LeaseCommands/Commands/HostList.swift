package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold hosts`
package struct HostList: Subcommand {
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
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let now = console.now()
        try await reading.writeResources(
            .host, ReservableRow.columns(type: ["node_type", "hypervisor_type"]), &console
        ) { found in
            try properties.matching(found).map { ReservableRow(mirrored: $0, now: now) }
        }
    }
}
