package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report early`
package struct EarlyReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "early",
        abstract: "Hours that were reserved but not used: returned, canceled, or lost to an error.",
        discussion: .paragraphs(
            """
            The future hours of leases that ended early also count, unless --to ends the period.

            EXAMPLES
              leasehold report early
              leasehold report early --by reason,project --bucket month
            """))

    @OptionGroup var grouping: GroupingOptions
    @OptionGroup var buckets: BucketOptions
    @OptionGroup var options: ReportOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let dimensions = try grouping.dimensions([.reason], known: ReportDimension.allCases)
        let context = try await options.begin(&console, defaultEnd: .distantFuture)
        let calendar = context.calendar(buckets.bucket)
        var report = EarlyReport(
            by: dimensions, calendar: calendar, period: context.period,
            completeness: try context.manager.completeness(scopes: context.scopes), addsTotals: options.addsTotals)
        // This is not narrowed to the period, because a lease may have been reserved for other times before.
        try context.fill(&report, context.filter, states: true, console)
        let rows = report.hours.rows
        let lines = ReportLine.lines(rows, subtotals: report.hours.subtotals, total: report.hours.total)
        var head = try options.head("Hours reserved and not used", context)
        head.figures = [HoursOutput.chart(rows, calendar, title: "Node-hours not used").html]
        head.totals = ReportLine.totals(lines)
        let columns = HoursOutput.columns(dimensions, calendar, options.reading.output.format, context.period)
        try options.write(lines, columns, head: head, context, &console)
        try options.remark(context, &console)
    }
}
