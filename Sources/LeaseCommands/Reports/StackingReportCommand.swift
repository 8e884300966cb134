package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report stacking`
package struct StackingReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "stacking",
        abstract: "How long consecutive leases held a node type without a break.",
        discussion: .paragraphs(
            """
            Sites that limit the length of leases look for this. The period ends now unless --to is given.

            EXAMPLES
              leasehold report stacking --mine --from -28d
              leasehold report stacking --gap 1h --by user,node_type
            """))

    @Option(
        name: .customLong("gap"),
        help: ArgumentHelp("The longest pause between two leases of a chain.", valueName: "length"))
    var gap = "0s"
    @OptionGroup var grouping: GroupingOptions
    @OptionGroup var options: ReportOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let dimensions = try grouping.dimensions([.site, .project, .nodeType])
        let pause = try DurationArgument(parsing: gap).seconds
        let context = try await options.begin(&console)
        var report = StackingReport(by: dimensions, period: context.period, pause: pause)
        try context.fill(
            &report, context.filterInPeriod, names: dimensions.contains(where: \.needsNames), console)
        typealias Line = ReportLine<StackingRow>
        let columns =
            Line.groupColumns(
                dimensions, calendar: nil, hasBucket: false, format: options.reading.output.format,
                period: context.period) + [
                Column("leases") { .number($0.row.leases) },
                Column("covered_hours") { .decimal(Double($0.row.coveredSeconds) / 3_600) },
                Column("coverage") { .decimal($0.row.coverage, places: 3) },
                Column("longest_leases") { .number($0.row.longestLeases) },
                Column("longest_hours") { line in
                    let span = line.row.longest
                    return .decimal(Double(span.upperBound.seconds(since: span.lowerBound)) / 3_600)
                },
                Column("longest_start") { .time($0.row.longest.lowerBound) },
                Column("longest_end") { .time($0.row.longest.upperBound) },
                Column("estimated") { .bool($0.row.isEstimated) },
            ]
        let head = try options.head("Leases one behind the other", context)
        try options.write(report.rows.map { Line(row: $0) }, columns, head: head, context, &console)
        try options.remark(context, &console)
    }
}
