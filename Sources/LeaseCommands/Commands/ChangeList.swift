package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold changes`
package struct ChangeList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "changes",
        abstract: "List observed changes of all leases.",
        usage: "leasehold changes [--since <time>] [<options>]",
        discussion: .paragraphs(
            """
            A change happened between the last observation of the old state ("not before") and the first one of the new
            state.

            EXAMPLES
              leasehold changes
              leasehold changes --since 7d
              leasehold changes --since '2026-11-01' -f csv
            """))

    @Option(
        name: .customLong("since"), parsing: .unconditional,
        help: ArgumentHelp(
            "Changes since this time: '2026-11-22 18:00', 'yesterday', or '36h', '7d' ago.", valueName: "time"))
    var since = "24h"
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let now = console.now()
        let start: Timestamp
        if let time = try? TimeArgument(parsing: since) {
            start = try time.moment(now: now, zone: reading.zone(console))
        } else if let length = try? DurationArgument(parsing: since) {
            start = now.adding(seconds: -length.seconds)
        } else {
            throw TimeArgumentError(text: since, problem: .syntax)
        }
        let changes = try manager.changes(since: start, scopes: scopes)
        var synced: [String: Timestamp] = [:]
        for scope in try manager.scopes() { synced[scope.site] = max(synced[scope.site], scope.listedAt) }
        let rows = changes.flatMap { ChangeRow.rows(of: $0, syncedAt: synced[$0.site]) }
        let time = reading.style(console).time
        try reading.write(
            reading.isPage(console) ? rows.filter { !$0.isEcho } : rows, ChangeRow.columns,
            terminal: ChangeRow.terminalColumns(time), &console)
        try reading.remarkFreshness(manager, scopes: scopes, &console)
    }
}

/// The later of two times, either of which may be missing.
private func max(_ left: Timestamp?, _ right: Timestamp?) -> Timestamp? {
    guard let left, let right else { return left ?? right }
    return left > right ? left : right
}
