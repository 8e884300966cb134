package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report su`
package struct ServiceUnitReportCommand: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.su.rawValue,
        abstract: ReportName.su.summary,
        discussion: .paragraphs(
            """
            Rates come from the policy file, for each site. --rates names a CSV file to use instead, for all sites. Its
            columns are resource_type, node_type, rate, from, to; rate is for one unit and hour. node_type may also be a
            flavor's name, or the machine name of devices. The leases of sites without rates are left out.

            EXAMPLES
              leasehold report su --by site,project
              leasehold report su --rates rates.csv --by project --bucket month
            """))

    @Option(
        name: .customLong("rates"), help: ArgumentHelp("The table of rates.", valueName: "file"), completion: .file())
    var rates: String?
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
        let dimensions = try grouping.dimensions()
        let file = try rates.map { try RateFile(reading: $0, console, zone: options.zone(console)) }
        let context = try await options.begin(&console)
        let (tables, unrated) = try Self.tables(context, file?.table(isReserved: context.hasReservations))
        let format = options.reading.output.format
        let calendar = context.calendar(buckets.bucket)
        var report = ServiceUnitReport(
            by: dimensions, calendar: calendar, period: context.period, rates: tables, addsTotals: options.addsTotals)
        try context.fill(
            &report, context.filterInPeriod, names: dimensions.contains(where: \.needsNames), kinds: true, console)
        typealias Line = ReportLine<ServiceUnitRow>
        let columns =
            Line.groupColumns(dimensions, calendar: calendar, format: format, period: context.period) + [
                Column("su") { .decimal($0.row.serviceUnits) },
                Column("unrated_hours") { .decimal($0.row.unratedHours) },
                Column("estimated") { .bool($0.row.isEstimated) },
            ]
        let rows = report.rows
        let lines = Line.lines(rows, subtotals: report.subtotals, total: report.total)
        var head = try options.head("Service units", context)
        if let unrated { head.remarks.append(unrated) }
        head.totals = Line.totals(lines)
        if format == .html {
            let chart = BarChart(
                title: "Service units", unit: "SU", rows: rows, calendar: calendar, value: \.serviceUnits)
            head.figures = [chart.html]
        }
        try options.write(lines, columns, head: head, context, &console)
        if let unrated, !options.reading.output.isQuiet { console.remark(unrated) }
        try options.remark(context, &console)
    }

    /// The rates of each scope: the given ones, otherwise those of its policy.
    ///
    /// - Returns: the tables, and a sentence that names the sites without one; `nil` if all have one.
    private static func tables(
        _ context: ReportContext, _ given: RateTable?
    ) throws -> (tables: [Int64: RateTable], unrated: String?) {
        var tables: [Int64: RateTable] = [:]
        var unrated: Set<String> = []
        for scope in try context.manager.scopes() where context.scopes?.contains(scope.id) ?? true {
            if let given {
                tables[scope.id] = given
                continue
            }
            let policy = try context.manager.policy(of: scope)
            if policy.rates.isEmpty { unrated.insert(scope.site) } else { tables[scope.id] = RateTable(policy) }
        }
        guard !tables.isEmpty else {
            throw CommandError(
                code: "configuration",
                message: "No site has rates. Write them into the policy file, or give a table with --rates.",
                status: .configuration)
        }
        guard !unrated.isEmpty else { return (tables, nil) }
        let sites = unrated.sorted().joined(separator: ", ")
        return (tables, "Leases of sites for which the policy file has no rates are left out: those of \(sites).")
    }
}

extension ReportContext {
    /// Whether a resource of this type was ever reserved, according to the mirror.
    fileprivate func hasReservations(of type: ResourceType) throws -> Bool {
        var filter = LeaseFilter()
        filter.resourceTypes = [type]
        filter.includesRemoved = true
        return try manager.count(filter) > 0
    }
}
