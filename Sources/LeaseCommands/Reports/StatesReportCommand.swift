package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report states`
package struct StatesReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "states",
        abstract: "How long leases were observed in each status.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report states --from -7d
            """))

    @OptionGroup var grouping: GroupingOptions
    @OptionGroup var options: ReportOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let dimensions = try grouping.dimensions()
        let context = try await options.begin(&console)
        var report = StatesReport(by: dimensions, period: context.period)
        try context.fill(&report, context.filter, states: true, console)
        typealias Line = ReportLine<StatesRow>
        let columns =
            Line.groupColumns(
                dimensions, calendar: nil, hasBucket: false, format: options.reading.output.format,
                period: context.period) + [
                Column("status") { .status($0.row.status) },
                Column("leases") { .number($0.row.leases) },
                Column("hours") { .decimal(Double($0.row.seconds) / 3_600) },
                Column("uncertain_hours") { .decimal(Double($0.row.uncertainSeconds) / 3_600) },
            ]
        let head = try options.head("Time in each status", context)
        try options.write(report.rows.map { Line(row: $0) }, columns, head: head, context, &console)
        try options.remark(context, &console)
    }
}
