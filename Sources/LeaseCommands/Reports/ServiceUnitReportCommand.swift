package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold

/// `leasehold report su`
package struct ServiceUnitReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "su",
        abstract: "Service units, from a table of rates that change with time.",
        discussion: """
            The table is a CSV file with the columns resource_type, node_type, rate, from, to; rate is for one unit and hour.

            EXAMPLES
              leasehold report su --rates rates.csv --by project --bucket month
            """)

    @Option(
        name: .customLong("rates"), help: ArgumentHelp("The table of rates.", valueName: "file"), completion: .file())
    var rates: String
    @OptionGroup var options: ReportOptions
    @OptionGroup var grouping: GroupingOptions
    @OptionGroup var buckets: BucketOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let dimensions = try grouping.dimensions()
        let table = try RateFile(path: rates, console: console, zone: options.zone(console)).table()
        let context = try await options.begin(&console)
        let format = options.reading.output.format
        let calendar = context.calendar(buckets.bucket)
        var report = ServiceUnitReport(by: dimensions, calendar: calendar, period: context.period, rates: table)
        try context.forEach(
            context.filterInPeriod, names: dimensions.contains(where: \.needsNames), &console
        ) { report.add($0) }
        typealias Line = ReportLine<ServiceUnitRow>
        let columns =
            Line.groupColumns(dimensions, calendar: calendar, format: format, period: context.period) + [
                Column("su") { .decimal($0.row.serviceUnits) },
                Column("unrated_hours") { .decimal($0.row.unratedHours) },
                Column("estimated") { .bool($0.row.isEstimated) },
            ]
        let rows = report.rows
        let lines = Line.lines(rows, subtotals: [], total: options.addsTotals ? report.total : nil)
        var head = try options.head("Service units", context)
        head.totals = Line.totals(lines)
        try options.write(lines, columns, head: head, context, &console)
        try options.remark(context, &console)
    }
}
