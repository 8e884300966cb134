package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report coverage`
package struct CoverageReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "coverage",
        abstract: "Since when each site was watched, and the gaps since then.",
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
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var output: ReportOutputOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let pause = try DurationArgument(parsing: gap).seconds
        let zone = try output.zone(reading, console)
        let (manager, scopes) = try await reading.open(&console)
        let now = console.now()
        let runs = try manager.listRuns()
        let rows = try manager.scopes().filter { scopes?.contains($0.id) ?? true }
            .map { CoverageRow($0, lists: try manager.wholeLists(scope: $0.id), runs: runs, pause: pause, now: now) }
        let head = PageHead(
            title: "How closely sites were watched", remarks: ["Made \(TimeText(zone: zone).full(now))."])
        try output.write(
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
