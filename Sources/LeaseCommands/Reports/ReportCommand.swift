package import ArgumentParser

/// `leasehold report`
package struct ReportCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Report the usage of leases, their course, and sites.",
        discussion: .paragraphs(
            """
            Every report answers from the local database. docs/reports.md says exactly what each figure is.

            EXAMPLES
              leasehold report hours --by project --bucket week \\
                --from 2026-03-02 --tz Europe/Berlin
              leasehold report expiring --within 2d
            """),
        subcommands: [
            HoursReportCommand.self, ServiceUnitReportCommand.self, EarlyReportCommand.self,
            UtilizationReportCommand.self, LeadTimeReportCommand.self, LatencyReportCommand.self,
            StatesReportCommand.self, ExtensionsReportCommand.self, FailuresReportCommand.self,
            ExpiringReportCommand.self, StackingReportCommand.self, CoverageReportCommand.self,
        ])

    package init() {}
}
