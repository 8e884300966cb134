package import ArgumentParser
import LeaseModel
import LeaseReports
import LeaseText
import Leasehold
import Output

/// `leasehold report hours`
package struct HoursReportCommand: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.hours.rawValue,
        abstract: ReportName.hours.summary,
        discussion: .paragraphs(
            """
            Buckets begin exactly, to the second, with the days, weeks and months of the zone of --tz.

            --as-known-at counts what had been observed by a time, and only up to that time unless --to is given. --on
            counts only the leases that held something at a time. docs/history.md explains both.

            EXAMPLES
              leasehold report hours --by node_type,project --bucket week \\
                --from 2026-03-02 --to 2026-04-06
              leasehold report hours --by project \\
                --as-known-at 2026-03-01 --from 2026-02-01
              leasehold report hours --by user --bucket month \\
                --tz America/Chicago -f html -o hours.html
            """))

    @OptionGroup var grouping: GroupingOptions
    @OptionGroup var buckets: BucketOptions
    @OptionGroup var past: PastOptions
    @OptionGroup package var times: ReportPeriodOptions
    @OptionGroup package var match: LeaseMatchOptions
    @OptionGroup package var page: ReportOutputOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let dimensions = try grouping.dimensions()
        let zone = try options.zone(console)
        let knownAt = try past.knownAt.map {
            try options.reading.pastMoment($0, option: "--as-known-at", zone: zone, console)
        }
        let heldAt = try past.heldAt.map { try TimeArgument(parsing: $0).moment(now: console.now(), zone: zone) }
        let context = try await options.begin(&console, defaultEnd: knownAt)
        let format = options.reading.output.format
        let calendar = context.calendar(buckets.bucket)
        let completeness = try context.manager.completeness(scopes: context.scopes)
        var filled = HoursPage(
            report: HoursReport(
                by: dimensions, calendar: calendar, period: context.period, completeness: completeness,
                addsTotals: options.addsTotals),
            timeline: format == .html ? context.timeline() : nil)
        try context.fill(
            &filled, context.filterInPeriod, on: heldAt, asKnownAt: knownAt,
            names: format == .html || dimensions.contains(where: \.needsNames), console)
        let report = filled.report
        var head = try options.head("Lease-hours and node-hours", context)
        let rows = report.rows
        if let timeline = filled.timeline {
            let chart = HoursOutput.chart(rows, calendar, title: "Node-hours")
            head.figures = [chart.html, timeline.html]
        }
        let lines = ReportLine.lines(rows, subtotals: report.subtotals, total: report.total)
        head.totals = ReportLine.totals(lines)
        let columns = HoursOutput.columns(dimensions, calendar, format, context.period)
        try options.write(lines, columns, head: head, context, &console)
        try options.remark(context, knownAt: knownAt, &console)
    }
}

/// A report of hours, and the timeline next to it on a page.
private struct HoursPage: AdditiveReport {
    var report: HoursReport
    var timeline: TimelineChart?

    mutating func add(_ lease: LeaseUsage) {
        report.add(lease)
        timeline?.add(lease)
    }

    mutating func merge(_ other: HoursPage) {
        report.merge(other.report)
        if let more = other.timeline { timeline?.merge(more) }
    }
}

extension ReportOptions {
    /// Whether to add lines with totals: only for people, and only in the report's own order.
    var addsTotals: Bool { reading.output.format.isForPeople && reading.output.sort.isEmpty }
}

extension ReportContext {
    /// A timeline of the period.
    func timeline() -> TimelineChart {
        let text = TimeText(zone: zone)
        return TimelineChart(period: period) { text.full($0) }
    }
}

/// The columns and the chart of hours.
enum HoursOutput {
    typealias Line = ReportLine<HoursRow>

    static func columns(
        _ dimensions: [ReportDimension], _ calendar: BucketCalendar?, _ format: OutputFormat,
        _ period: Range<Timestamp>
    ) -> [Column<Line>] {
        Line.groupColumns(dimensions, calendar: calendar, format: format, period: period) + [
            Column("leases") { .number($0.row.leases) },
            Column("lease_hours", heading: "LEASE-HOURS") { .decimal($0.row.leaseHours) },
            Column("node_hours", heading: "NODE-HOURS") { .decimal($0.row.nodeHours) },
            Column("estimated", role: .context) { .bool($0.row.isEstimated) },
            Column("complete", visibility: .structured) { .bool($0.row.isComplete) },
        ]
    }

    /// The node-hours of a report.
    static func chart(_ rows: [HoursRow], _ calendar: BucketCalendar?, title: String) -> BarChart {
        BarChart(title: title, unit: "h", rows: rows, calendar: calendar, value: \.nodeHours)
    }
}

/// `leasehold report utilization`
package struct UtilizationReportCommand: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.utilization.rawValue,
        abstract: ReportName.utilization.summary,
        discussion: .paragraphs(
            """
            --by takes site and node_type. The report counts hosts, whoever holds them, so of the options that select
            leases it takes only --node-type and --os-cloud.

            EXAMPLES
              leasehold report utilization --by site,node_type --bucket week
            """))

    @OptionGroup var grouping: GroupingOptions
    @OptionGroup var buckets: BucketOptions
    @OptionGroup package var times: ReportPeriodOptions
    @OptionGroup package var match: LeaseMatchOptions
    @OptionGroup package var page: ReportOutputOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let dimensions = try grouping.dimensions([.site], known: [.site, .nodeType])
        try refuseFilters()
        let context = try await options.begin(&console)
        let format = options.reading.output.format
        let calendar = context.calendar(buckets.bucket)
        let hosts = try context.manager.hostHistories(scopes: context.scopes)
        var report = UtilizationReport(
            hosts: hosts, scopes: try context.manager.scopes().filter { context.scopes?.contains($0.id) ?? true },
            by: dimensions, nodeType: options.match.nodeType, calendar: calendar, period: context.period)
        if report.countsLeases {
            var filter = context.filterInPeriod
            // A lease that does not name a node type may have a host of any type.
            filter.nodeType = nil
            filter.resourceTypes = [.host]
            try context.fill(&report, filter, names: false, console)
        }
        typealias Line = ReportLine<UtilizationRow>
        let columns =
            Line.groupColumns(dimensions, calendar: calendar, format: format, period: context.period) + [
                Column("reservable_hours") { .decimal($0.row.reservableSeconds.map { Double($0) / 3_600 }) },
                Column("committed_hours") { .decimal($0.row.committedSeconds.map { Double($0) / 3_600 }) },
                Column("utilization") { .decimal($0.row.utilization, places: 3) },
                Column("estimated") { .bool($0.row.isEstimated) },
            ]
        let head = try options.head("Utilization of hosts", context)
        let rows = report.rows
        try options.write(rows.map { Line(row: $0) }, columns, head: head, context, &console)
        if rows.isEmpty, !options.reading.output.isQuiet {
            console.remark("No site has listed such hosts by then, or none was synced: see `leasehold hosts`.")
        }
        try options.remark(context, &console)
    }

    /// Refuses filters for leases. A lease of any project can hold hosts, and if the site reports allocations, leases
    /// are not read at all.
    private func refuseFilters() throws(CommandError) {
        let match = options.match
        let given = [
            (match.project != nil, "--project"), (match.user != nil, "--user"), (match.isMine, "--mine"),
            (match.nameGlob != nil, "--name"), (!match.statuses.isEmpty, "--status"),
            (match.resource != nil, "--resource"), (!match.types.isEmpty, "--type"),
        ].filter(\.0).map(\.1)
        guard !given.isEmpty else { return }
        throw .usage(
            "This report counts hosts, whoever holds them, and does not take \(given.joined(separator: ", ")). "
                + "It takes --node-type and --os-cloud.")
    }
}

/// `leasehold report states`
package struct StatesReportCommand: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.states.rawValue,
        abstract: ReportName.states.summary,
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report states --from -7d
            """))

    @OptionGroup var grouping: GroupingOptions
    @OptionGroup package var times: ReportPeriodOptions
    @OptionGroup package var match: LeaseMatchOptions
    @OptionGroup package var page: ReportOutputOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

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

/// The options for grouping rows.
package struct GroupingOptions: ParsableArguments {
    @Option(
        name: .customLong("by"), parsing: .singleValue,
        help: ArgumentHelp(
            "Group by these, separated by commas: \(ReportDimension.ofLeases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "names"), completion: .list(ReportDimension.ofLeases.map(\.rawValue)))
    var names: [String] = []

    package init() {}

    /// The dimensions to group by.
    ///
    /// - Parameters:
    ///   - standard: the default.
    ///   - known: the accepted dimensions.
    /// - Returns: the requested dimensions, each once.
    /// - Throws: ``CommandError`` with a suggestion for an unknown one.
    func dimensions(
        _ standard: [ReportDimension] = [], known: [ReportDimension] = ReportDimension.ofLeases
    ) throws(CommandError) -> [ReportDimension] {
        guard !names.isEmpty else { return standard }
        var dimensions: [ReportDimension] = []
        for name in names.flatMap({ $0.split(separator: ",").map(String.init) }) {
            let typed = name.lowercased().replacing("-", with: "_")
            guard let dimension = known.first(where: { $0.rawValue == typed }) else {
                let all = known.map(\.rawValue)
                let suggestion = Suggestion.nearest(to: typed, in: all).map { " Did you mean '\($0)'?" } ?? ""
                throw .usage(
                    "Rows cannot be grouped by '\(name.escapedForTerminal)'.\(suggestion) "
                        + "--by takes \(all.joined(separator: ", ")).")
            }
            if !dimensions.contains(dimension) { dimensions.append(dimension) }
        }
        return dimensions
    }
}

/// The options for dividing the period.
package struct BucketOptions: ParsableArguments {
    @Option(
        name: .customLong("bucket"),
        help: ArgumentHelp(
            "Divide the period into days, weeks (from Monday) or months of the zone's calendar.",
            valueName: "day|week|month"), completion: .list(["day", "week", "month"]),
        transform: Self.bucket)
    var bucket: Bucket?

    package init() {}

    @Sendable private static func bucket(_ text: String) throws -> Bucket {
        guard let bucket = Bucket(rawValue: text.lowercased()) else {
            throw ValidationError("--bucket takes day, week or month.")
        }
        return bucket
    }
}
