package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold

/// `leasehold report utilization`
package struct UtilizationReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "utilization",
        abstract: "How much of a site's hosts was given out, as far as the site tells.",
        discussion: """
            --by takes site and node_type.

            EXAMPLES
              leasehold report utilization --by site,node_type --bucket week
            """)

    @OptionGroup var options: ReportOptions
    @OptionGroup var grouping: GroupingOptions
    @OptionGroup var buckets: BucketOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let dimensions = try grouping.dimensions([.site], known: [.site, .nodeType])
        let context = try await options.begin(&console)
        let format = options.reading.output.format
        let calendar = context.calendar(buckets.bucket)
        let scopes = try context.manager.scopes().filter { context.scopes?.contains($0.id) ?? true }
        let hosts = try context.manager.hostHistories(scopes: context.scopes).filter {
            options.match.nodeType == nil || $0.nodeType == options.match.nodeType
        }
        var report = UtilizationReport(
            hosts: hosts, by: dimensions, calendar: calendar, period: context.period,
            allSeeingScopes: Set(scopes.filter(\.seesAllProjects).map(\.id)))
        try context.fill(&report, context.filterInPeriod, names: false, console)
        typealias Line = ReportLine<UtilizationRow>
        let columns =
            Line.groupColumns(dimensions, calendar: calendar, format: format, period: context.period) + [
                Column("reservable_hours") { .decimal($0.row.reservableSeconds.map { Double($0) / 3_600 }) },
                Column("committed_hours") { .decimal($0.row.committedSeconds.map { Double($0) / 3_600 }) },
                Column("utilization") { .decimal($0.row.utilization, places: 3) },
            ]
        let head = try options.head("Utilization of hosts", context)
        try options.write(report.rows.map { Line(row: $0) }, columns, head: head, context, &console)
        if hosts.isEmpty, !options.reading.output.isQuiet {
            console.remark("No site has listed its hosts, or none was synced: see `leasehold hosts`.")
        }
        try options.remark(context, &console)
    }
}
