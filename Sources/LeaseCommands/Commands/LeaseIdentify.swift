package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold id`
package struct LeaseIdentify: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "id",
        abstract: "Print the id of the lease with this name.",
        usage: "leasehold id <reference> [<options>]",
        discussion: .paragraphs(
            """
            Prints the id and nothing else. If several leases have the name, they are listed on standard error and the
            exit status is 65; if none has it, 66.

            EXAMPLES
              leasehold id mylease
              openstack reservation lease show "$(leasehold id mylease)"
            """))

    @Argument(
        help: ArgumentHelp("The lease: its name, its id, or the beginning of its id.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String
    @OptionGroup var global: GlobalOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let manager = try global.manager(console)
        let candidate = try manager.candidate(reference, scopes: global.scopes(manager, console))
        try console.output.write(candidate.id + "\n")
    }
}
