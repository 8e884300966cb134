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
            Rates are those of the policy file, site by site. --rates takes a CSV file instead, for all sites: its columns
            are resource_type, node_type, rate, from, to; rate is for one unit and hour.

            EXAMPLES
              leasehold report su --by site,project
              leasehold report su --rates rates.csv --by project --bucket month
            """)

    @Option(
        name: .customLong("rates"), help: ArgumentHelp("The table of rates.", valueName: "file"), completion: .file())
    var rates: String?
    @OptionGroup var options: ReportOptions
    @OptionGroup var grouping: GroupingOptions
    @OptionGroup var buckets: BucketOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { options.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let dimensions = try grouping.dimensions()
        let table = try rates.map { try RateFile(path: $0, console: console, zone: options.zone(console)).table() }
        let context = try await options.begin(&console)
        let tables = try Self.tables(context, table)
        let format = options.reading.output.format
        let calendar = context.calendar(buckets.bucket)
        var report = ServiceUnitReport(by: dimensions, calendar: calendar, period: context.period, rates: tables)
        try context.fill(
            &report, context.filterInPeriod, names: dimensions.contains(where: \.needsNames), console)
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

    /// The rates of each scope: those given, or else its policy's.
    private static func tables(_ context: ReportContext, _ given: RateTable?) throws -> [Int64: RateTable] {
        var tables: [Int64: RateTable] = [:]
        for scope in try context.manager.scopes() where context.scopes?.contains(scope.id) ?? true {
            if let given {
                tables[scope.id] = given
                continue
            }
            let rates = try context.manager.policy(of: scope).rates
            guard !rates.isEmpty else { continue }
            do {
                tables[scope.id] = try RateTable(rates)
            } catch {
                throw CommandError(
                    code: "invalid",
                    message: "The policy of \(scope.site) \(RateSentence(zone: context.zone).sentence(error)).",
                    status: .data)
            }
        }
        guard !tables.isEmpty else {
            throw CommandError(
                code: "configuration",
                message: "No site has rates. Write them into the policy file, or give a table with --rates.",
                status: .configuration)
        }
        return tables
    }
}
