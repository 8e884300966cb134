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
              leasehold show mylease --at '2026-03-01 12:00'
            """)

    @Argument(help: "The lease: its name, its id, or the beginning of its id.")
    var reference: String
    @Option(
        name: .customLong("at"), parsing: .unconditional,
        help: ArgumentHelp("As it was known at this time.", valueName: "time"))
    var knownAt: String?
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        if let knownAt {
            let moment = try reading.pastMoment(knownAt, option: "--at", console)
            let lease = try manager.state(of: reference, at: moment, scopes: scopes)
            try reading.show(LeaseRow(lease, now: moment), LeaseRow.details, &console)
            try reading.remarkFreshness(manager, scopes: [lease.scopeID], knownAt: moment, &console)
            return
        }
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
