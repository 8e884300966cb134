package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report hours`
package struct HoursReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "hours",
        abstract: "Lease-hours and node-hours, in any grouping, per day, week or month.",
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
    @OptionGroup var options: ReportOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

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
