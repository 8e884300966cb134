package import ArgumentParser
import LeaseModel
import LeaseReports
import LeaseText
import Leasehold
import Output

/// `leasehold report lead-time`
package struct LeadTimeReportCommand: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.leadTime.rawValue,
        abstract: ReportName.leadTime.summary,
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report lead-time --by project --from 2026-01-01
            """))

    @OptionGroup package var times: ReportPeriodOptions
    @OptionGroup package var match: LeaseMatchOptions
    @OptionGroup package var page: ReportOutputOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption
    @OptionGroup var grouping: GroupingOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        try await SpreadOutput(subject: .leadTime, title: "Lead times", options: options, grouping: grouping)
            .write(&console)
    }
}

/// `leasehold report latency`
package struct LatencyReportCommand: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.latency.rawValue,
        abstract: ReportName.latency.summary,
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report latency --by site --from -30d
            """))

    @OptionGroup package var times: ReportPeriodOptions
    @OptionGroup package var match: LeaseMatchOptions
    @OptionGroup package var page: ReportOutputOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption
    @OptionGroup var grouping: GroupingOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        try await SpreadOutput(subject: .latency, title: "Latencies", options: options, grouping: grouping)
            .write(&console)
    }
}

/// Makes and writes a report on the distribution of durations.
private struct SpreadOutput {
    let subject: SpreadReport.Subject
    let title: String
    let options: ReportOptions
    let grouping: GroupingOptions

    func write(_ console: inout Console) async throws {
        let dimensions = try grouping.dimensions()
        // Lead times include reservations that are still to come.
        let context = try await options.begin(&console, defaultEnd: subject == .leadTime ? .distantFuture : nil)
        var report = SpreadReport(subject, by: dimensions, period: context.period)
        try context.fill(
            &report, context.filter, names: subject == .leadTime || dimensions.contains(where: \.needsNames),
            events: subject == .latency, console)
        typealias Line = ReportLine<SpreadRow>
        var columns = Line.groupColumns(
            dimensions, calendar: nil, hasBucket: false, format: options.reading.output.format, period: context.period)
        if subject == .latency { columns.append(Column("event") { .text($0.row.kind) }) }
        columns += [
            Column("count") { .number($0.row.count) },
            Column("unknown") { .number($0.row.unknown) },
            Column("least") { Self.cell($0.row.least) },
            Column("median") { Self.cell($0.row.median) },
            Column("ninth_decile") { Self.cell($0.row.ninthDecile) },
            Column("greatest") { Self.cell($0.row.greatest) },
        ]
        try options.write(
            report.rows.map { Line(row: $0) }, columns, head: try options.head(title, context), context, &console)
        try options.remark(context, &console)
    }

    private static func cell(_ seconds: Int64?) -> Cell { seconds.map { .duration(seconds: $0) } ?? .unknown }
}

/// `leasehold report stacking`
package struct StackingReportCommand: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.stacking.rawValue,
        abstract: ReportName.stacking.summary,
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
    @OptionGroup package var times: ReportPeriodOptions
    @OptionGroup package var match: LeaseMatchOptions
    @OptionGroup package var page: ReportOutputOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

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

/// `leasehold report coverage`
package struct CoverageReportCommand: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.coverage.rawValue,
        abstract: ReportName.coverage.summary,
        usage: "leasehold report coverage [--gap <length>] [<options>]",
        discussion: .paragraphs(
            """
            A lease that was created and deleted in a gap was never observed. The time since the last list is also a
            gap.

            EXAMPLES
              leasehold report coverage --gap 6h
              leasehold report coverage -f html -o coverage.html
            """))

    @Option(
        name: .customLong("gap"), help: ArgumentHelp("The shortest gap to count.", valueName: "length"))
    var gap = "24h"
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption
    @OptionGroup var page: ReportOutputOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let pause = try DurationArgument(parsing: gap).seconds
        let zone = try page.zone(reading, console)
        let (manager, scopes) = try await reading.open(&console)
        let now = console.now()
        let runs = try manager.listRuns()
        let rows = try manager.scopes().filter { scopes?.contains($0.id) ?? true }
            .map { CoverageRow($0, lists: try manager.wholeLists(scope: $0.id), runs: runs, pause: pause, now: now) }
        let head = PageHead(
            title: "How closely sites were watched", remarks: ["Made \(TimeText(zone: zone).full(now))."])
        try page.write(
            rows,
            [
                Column("site") { .text($0.scope.site) },
                Column("project", dropPriority: 3, role: .context) { .text($0.scope.projectName) },
                Column("all_projects", visibility: .structured) { .bool($0.scope.seesAllProjects) },
                Column("complete_from") { $0.completeFrom.map { .time($0) } ?? .unknown },
                Column("last_sync") { .time($0.lastSync) },
                Column("syncs") { .number($0.syncs) },
                Column("failed") { .number($0.failed) },
                Column("gaps") { .number($0.gaps) },
                Column("longest_gap") { row in
                    row.longestGap.map { .duration(seconds: $0.upperBound.seconds(since: $0.lowerBound)) } ?? .missing
                },
                Column("longest_gap_start", dropPriority: 2) { .time($0.longestGap?.lowerBound) },
                Column("longest_gap_end", dropPriority: 1) { .time($0.longestGap?.upperBound) },
            ], head: head, zone: zone, reading, &console)
    }
}
