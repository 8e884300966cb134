package import ArgumentParser
import LeaseModel
import Leasehold

/// `leasehold flavors`
package struct FlavorList: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "flavors",
        abstract: "List the flavors of instances.",
        usage: "leasehold flavors [<options>]",
        discussion: """
            A flavor or instance reservation makes a private flavor whose id is the reservation's.

            EXAMPLES
              leasehold flavors
              leasehold flavors --sort vcpus -f json
            """)

    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let found = try await reading.resources(.flavor, &console)
        try reading.write(found.map(FlavorRow.init), FlavorRow.columns, &console)
    }
}
