package import ArgumentParser
import LeaseModel
import LeaseReports
import Output

/// `leasehold report lead-time`
package struct LeadTimeReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "lead-time",
        abstract: "How long before their start leases were created.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report lead-time --by project --from 2026-01-01
            """))

    @OptionGroup var options: ReportOptions
    @OptionGroup var grouping: GroupingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        try await SpreadOutput(subject: .leadTime, title: "Lead times", options: options, grouping: grouping)
            .write(&console)
    }
}

/// `leasehold report latency`
package struct LatencyReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "How late leases started and ended.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report latency --by site --from -30d
            """))

    @OptionGroup var options: ReportOptions
    @OptionGroup var grouping: GroupingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

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
