package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report failures`
package struct FailuresReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "Failed writes, by reason.",
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

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var output: ReportOutputOptions
    @OptionGroup var times: ReportPeriodOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let zone = try output.zone(reading, console)
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
        try output.write(rows, columns, head: head, zone: zone, reading, &console)
        if rows.isEmpty, !reading.output.isQuiet { console.remark("No write has failed in that time.") }
    }

    /// Those of the given scopes whose project is selected; `nil` for all.
    private func wanted(_ scopes: Set<Int64>?, _ manager: LeaseManager) throws -> Set<Int64>? {
        guard let project else { return scopes }
        let fitting = try manager.scopes().filter { $0.projectID == project || $0.projectName == project }.map(\.id)
        return Set(fitting).intersection(scopes ?? Set(fitting))
    }
}
