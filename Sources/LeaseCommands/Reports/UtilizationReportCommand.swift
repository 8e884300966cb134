package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report utilization`
package struct UtilizationReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "utilization",
        abstract: "How much of a site's hosts was allocated, as far as it is known.",
        discussion: .paragraphs(
            """
            --by takes site and node_type. The report counts hosts, whoever holds them, so of the options that select
            leases it takes only --node-type and --os-cloud.

            EXAMPLES
              leasehold report utilization --by site,node_type --bucket week
            """))

    @OptionGroup var grouping: GroupingOptions
    @OptionGroup var buckets: BucketOptions
    @OptionGroup var options: ReportOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

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
