package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold

/// `leasehold report failures`
package struct FailuresReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "Writes of the queue that did not get through, by reason.",
        discussion: """
            EXAMPLES
              leasehold report failures --from -30d
            """)

    @OptionGroup var options: ReportOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        // What failed just now belongs to it, though the period ends with the present second.
        let context = try await options.begin(&console, defaultEnd: .distantFuture)
        let queue = try context.manager.queue(scopes: context.scopes, includesFinal: true)
        let columns: [Column<FailureRow>] = [
            Column("site") { .text($0.site) },
            Column("verb") { .text($0.verb.rawValue) },
            Column("state") { .status($0.state.rawValue) },
            Column("reason") { .text($0.reason) },
            Column("count") { .number($0.count) },
            Column("last_at") { .time($0.lastAt) },
            Column("message") { .text($0.message) },
        ]
        let rows = FailureRow.rows(of: queue, period: context.period)
        try options.write(rows, columns, head: try options.head("Failed writes", context), context, &console)
    }
}
