package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report extensions`
package struct ExtensionsReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "extensions",
        abstract: "When leases were extended or shortened, and by how much.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report extensions --from -30d --mine
            """))

    @OptionGroup var options: ReportOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let context = try await options.begin(&console)
        var report = ExtensionReport(period: context.period)
        try context.fill(&report, context.filter, states: true, console)
        let rows = report.rows
        let columns: [Column<ExtensionRow>] =
            LeaseColumns.columns(\.lease) + [
                Column("old_end") { .time($0.oldEnd) },
                Column("new_end") { .time($0.newEnd) },
                Column("hours") { .decimal(Double($0.seconds) / 3_600) },
                Column("after") { .time($0.after) },
                Column("before") { .time($0.before) },
            ]
        try options.write(rows, columns, head: try options.head("Extended and shortened", context), context, &console)
        if options.addsTotals, !options.reading.output.isQuiet {
            func sum(_ rows: [ExtensionRow]) -> String {
                let seconds = rows.reduce(0.0) { $0 + Double($1.seconds.magnitude) }
                return "\(rows.count) by \(Cell.fixed(seconds / 3_600, places: 2)) h"
            }
            console.remark(
                "Extended: \(sum(rows.filter { $0.seconds > 0 })). Shortened: \(sum(rows.filter { $0.seconds < 0 })).")
        }
        try options.remark(context, &console)
    }
}
