package import ArgumentParser
import LeaseModel
import LeaseReports
import LeaseText
import Leasehold
import Output

/// `leasehold report expiring`
package struct ExpiringReportCommand: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.expiring.rawValue,
        abstract: ReportName.expiring.summary,
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report expiring --mine
              leasehold report expiring --within 2d --extension-window 2d
            """))

    /// What counts as ending soon if the site's policy does not say.
    private static let usualSeconds: Int64 = 7 * 86_400

    @Option(
        name: .customLong("within"),
        help: ArgumentHelp(
            "How soon. Default: warning_time of the site's policy, otherwise 7d.", valueName: "length"))
    var within: String?
    @OptionGroup var window: ExtensionWindowOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption
    @OptionGroup var page: ReportOutputOptions
    @OptionGroup var match: LeaseMatchOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let givenSeconds = try within.map { try DurationArgument(parsing: $0).seconds }
        let given = try window.seconds()
        let zone = try page.zone(reading, console)
        let now = console.now()
        var filter = try match.filter()
        let (manager, scopes) = try await reading.open(&console)
        filter.scopes = scopes
        filter.from = now
        let windowOf = try ExtensionWindowOptions.window(given, manager)
        var limits: [Int64: Int64] = [:]
        for scope in try manager.scopes() {
            limits[scope.id] = try givenSeconds ?? manager.policy(of: scope).warningSeconds ?? Self.usualSeconds
        }
        var rows: [ExpiringRow] = []
        try manager.forEachUsage(filter, includesKinds: true) { lease in
            let limit = limits[lease.scopeID] ?? Self.usualSeconds
            if let row = ExpiringRow(lease, now: now, within: limit, extensionWindow: windowOf(lease)) {
                rows.append(row)
            }
        }
        rows.sort { ($0.lease.endsAt, $0.lease.id) < ($1.lease.endsAt, $1.lease.id) }
        let head = PageHead(title: "Leases that end soon", remarks: ["Made \(TimeText(zone: zone).full(now))."])
        try page.write(
            rows,
            LeaseColumns.columns(\.lease) + [
                Column("status") { .status($0.lease.status.rawValue) },
                Column("end_date", isShrinkable: false) { .time($0.lease.endsAt) },
                Column("remaining") { .duration(seconds: $0.remainingSeconds) },
                Column("extension_opens_at") { $0.extensionOpensAt.map { .time($0) } ?? .unknown },
            ], head: head, zone: zone, reading, &console)
        try reading.remarkFreshness(manager, scopes: scopes, zone: zone, &console)
    }
}

/// How long before its end a lease may be extended.
package struct ExtensionWindowOptions: ParsableArguments {
    @Option(
        name: .customLong("extension-window"),
        help: ArgumentHelp(
            "How long before its end a site lets a lease be extended, such as 2d. Default: what its policy says.",
            valueName: "length"))
    var length: String?

    package init() {}

    /// The window in seconds; `nil` if the option is absent.
    func seconds() throws -> Int64? { try length.map { try DurationArgument(parsing: $0).seconds } }

    /// The window of a lease: the given one, otherwise the one that its site's policy has for it.
    static func window(
        _ given: Int64?, _ manager: LeaseManager
    ) throws -> @Sendable (LeaseUsage) -> Int64? {
        try manager.extensionWindows(given)
    }
}

/// `leasehold report extensions`
package struct ExtensionsReportCommand: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.extensions.rawValue,
        abstract: ReportName.extensions.summary,
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report extensions --from -30d --mine
            """))

    @OptionGroup package var times: ReportPeriodOptions
    @OptionGroup package var match: LeaseMatchOptions
    @OptionGroup package var page: ReportOutputOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let context = try await options.begin(&console)
        var report = ExtensionReport(period: context.period)
        try context.fill(&report, context.filter, states: true, console)
        let rows = report.rows
        let columns: [Column<ExtensionRow>] =
            LeaseColumns.columns(\.lease) + [
                Column("old_end") { .time($0.oldEnd) },
                Column("new_end") { .time($0.newEnd) },
                Column("hours") { .decimal(Double($0.seconds) / 3_600) },
                Column("after") { .time($0.after) },
                Column("before") { .time($0.before) },
            ]
        try options.write(rows, columns, head: try options.head("Extended and shortened", context), context, &console)
        if options.addsTotals, !options.reading.output.isQuiet {
            func sum(_ rows: [ExtensionRow]) -> String {
                let seconds = rows.reduce(0.0) { $0 + Double($1.seconds.magnitude) }
                return "\(rows.count) by \(Cell.fixed(seconds / 3_600, places: 2)) h"
            }
            console.remark(
                "Extended: \(sum(rows.filter { $0.seconds > 0 })). Shortened: \(sum(rows.filter { $0.seconds < 0 })).")
        }
        try options.remark(context, &console)
    }
}

/// `leasehold report early`
package struct EarlyReportCommand: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.early.rawValue,
        abstract: ReportName.early.summary,
        discussion: .paragraphs(
            """
            The future hours of leases that ended early also count, unless --to ends the period.

            EXAMPLES
              leasehold report early
              leasehold report early --by reason,project --bucket month
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
        let dimensions = try grouping.dimensions([.reason], known: ReportDimension.allCases)
        let context = try await options.begin(&console, defaultEnd: .distantFuture)
        let calendar = context.calendar(buckets.bucket)
        var report = EarlyReport(
            by: dimensions, calendar: calendar, period: context.period,
            completeness: try context.manager.completeness(scopes: context.scopes), addsTotals: options.addsTotals)
        // This is not narrowed to the period, because a lease may have been reserved for other times before.
        try context.fill(&report, context.filter, states: true, console)
        let rows = report.hours.rows
        let lines = ReportLine.lines(rows, subtotals: report.hours.subtotals, total: report.hours.total)
        var head = try options.head("Hours reserved and not used", context)
        head.figures = [HoursOutput.chart(rows, calendar, title: "Node-hours not used").html]
        head.totals = ReportLine.totals(lines)
        let columns = HoursOutput.columns(dimensions, calendar, options.reading.output.format, context.period)
        try options.write(lines, columns, head: head, context, &console)
        try options.remark(context, &console)
    }
}

/// `leasehold report failures`
package struct FailuresReportCommand: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: ReportName.failures.rawValue,
        abstract: ReportName.failures.summary,
        discussion: .paragraphs(
            """
            Only the site, the project and the lease's name of a failed write are certain, so these are the only
            filters.

            EXAMPLES
              leasehold report failures --from -30d
              leasehold report failures --project mine --name 'night-*'
            """))

    @Option(
        name: .customLong("project"),
        help: ArgumentHelp("Only writes for this project, by id or name.", valueName: "project"))
    var project: String?

    @Option(
        name: .customLong("name"),
        help: ArgumentHelp(
            "Only of leases whose names match, with *, ? and [...] as in a shell.", valueName: "glob"))
    var nameGlob: String?

    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption
    @OptionGroup var page: ReportOutputOptions
    @OptionGroup var times: ReportPeriodOptions

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let zone = try page.zone(reading, console)
        // By default the period ends with the present second, but a failure of just now must be included.
        let period = try times.period(now: console.now(), zone: zone, defaultEnd: .distantFuture)
        let (manager, scopes) = try await reading.open(&console)
        let queue = try manager.queue(
            scopes: try wanted(scopes, manager), includesFinal: true, nameGlob: nameGlob)
        let columns: [Column<FailureRow>] = [
            Column("site") { .text($0.site) },
            Column("verb") { .text($0.verb.rawValue) },
            Column("state") { .status($0.state.rawValue) },
            Column("reason") { .text($0.reason) },
            Column("count") { .number($0.count) },
            Column("last_at") { .time($0.lastAt) },
            Column("message") { .text($0.message) },
        ]
        let rows = FailureRow.rows(of: queue, period: period)
        var head = PageHead(title: "Failed writes", remarks: [TimeText(zone: zone).period(period)])
        head.span = TimeText(zone: zone, now: console.now()).span(period)
        try page.write(rows, columns, head: head, zone: zone, reading, &console)
        if rows.isEmpty, !reading.output.isQuiet { console.remark("No write has failed in that time.") }
    }

    /// Those of the given scopes whose project is selected; `nil` for all.
    private func wanted(_ scopes: Set<Int64>?, _ manager: LeaseManager) throws -> Set<Int64>? {
        guard let project else { return scopes }
        let fitting = try manager.scopes().filter { $0.projectID == project || $0.projectName == project }.map(\.id)
        return Set(fitting).intersection(scopes ?? Set(fitting))
    }
}
