package import ArgumentParser
import LeaseModel
import Leasehold

/// `leasehold show`
package struct LeaseShow: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a lease: its reservations, its events, what is queued for it, and its history.",
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
        let knownAt = try knownAt.map { try reading.pastMoment($0, option: "--at", console) }
        let lease =
            if let knownAt {
                try manager.state(of: reference, at: knownAt, scopes: scopes)
            } else {
                try manager.lease(reference, scopes: scopes)
            }
        let now = knownAt ?? console.now()
        let changes = lease.isDraft ? [] : try manager.lifeline(LeaseCandidate(lease)).filter { $0.observedAt <= now }
        let detail = LeaseDetail(row: LeaseRow(lease, now: now), changes: changes)
        try reading.show(detail, LeaseDetail.columns, &console)
        if reading.output.format == .table, reading.output.columnNames.isEmpty {
            try detail.writeSections(reading.style(console), to: &console.output)
        }
        try reading.remarkFreshness(manager, scopes: [lease.scopeID], knownAt: knownAt, &console)
    }
}
