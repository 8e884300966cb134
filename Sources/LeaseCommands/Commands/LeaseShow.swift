package import ArgumentParser
import LeaseModel
import Leasehold

/// `leasehold show`
package struct LeaseShow: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a lease with its reservations and events.",
        usage: "leasehold show <lease> [<options>]",
        discussion: """
            EXAMPLES
              leasehold show mylease
              leasehold show 5d68f3de -f json
              leasehold show mylease -c end_date -f value
            """)

    @Argument(help: "The lease: its name, its id, or the beginning of its id.")
    var reference: String
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let lease = try manager.lease(reference, scopes: scopes)
        try reading.show(LeaseRow(lease, now: console.now()), LeaseRow.details, &console)
        if reading.output.format == .table, !reading.output.isQuiet {
            for mutation in lease.pending {
                let why = mutation.message.map { ": \($0)" } ?? "."
                console.remark("Mutation \(mutation.id) (\(mutation.verb)) is \(mutation.state.rawValue)\(why)")
            }
        }
        try reading.remarkFreshness(manager, scopes: [lease.scopeID], &console)
    }
}
