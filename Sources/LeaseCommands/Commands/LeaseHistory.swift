package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold history show`, the default subcommand of `leasehold history`
package struct LeaseHistory: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the observed history of a lease.",
        discussion: .paragraphs(
            """
            On a terminal, each line says what happened, and when. In a file or a pipe, each row is a change: the old
            and new value, when it was observed, and the earliest time at which it can have happened. 'effective' is the
            exact time, if Blazar recorded it: of a start, an end, the creation. 'ending' says how a lease that is no
            longer listed had ended: as planned, early, or unknown if the observations fit both.

            --states shows complete states instead. Leases that are no longer listed have a history too.

            EXAMPLES
              leasehold history mylease
              leasehold history mylease --states -f json
              leasehold history show import
            """))

    @Argument(
        help: ArgumentHelp("The lease: its name, its id, or the beginning of its id.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String
    @Flag(name: .customLong("states"), help: "Show states instead of changes.")
    var showsStates = false
    @Flag(name: .customLong("all"), help: "Include status changes of events and reservations on a terminal.")
    var includesEchoes = false
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let candidate = try manager.candidate(reference, scopes: scopes)
        let syncedAt = try manager.scopes().first { $0.id == candidate.scopeID }?.listedAt
        if showsStates {
            let rows = try manager.history(candidate).map { VersionRow(version: $0, syncedAt: syncedAt) }
            try reading.write(rows, VersionRow.columns, &console)
        } else {
            let changes = try manager.lifeline(candidate)
            if reading.isPage(console) {
                let style = reading.style(console)
                let history = HistoryPage(
                    changes: changes, time: style.time, includesEchoes: includesEchoes,
                    showsBounds: reading.global.verbosity > 0)
                try reading.write(history.page(style, now: console.now()), &console)
                let bounds = "Times that Blazar did not record are when it was observed; -v has the bounds."
                try reading.remarkFreshness(
                    manager, scopes: [candidate.scopeID],
                    more: history.hasBounds && !history.showsBounds ? bounds : "", &console)
                return
            }
            let rows = changes.flatMap { ChangeRow.rows(of: $0, syncedAt: syncedAt) }
            try reading.write(rows, ChangeRow.columns, &console)
        }
        try reading.remarkFreshness(manager, scopes: [candidate.scopeID], &console)
    }
}
