package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold devices`
package struct DeviceList: Subcommand {
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
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let now = console.now()
        try await reading.writeResources(
            .device, ReservableRow.columns(type: ["machine_name", "device_type"]), &console
        ) { found in
            try properties.matching(found).map { ReservableRow(mirrored: $0, now: now) }
        }
    }
}
