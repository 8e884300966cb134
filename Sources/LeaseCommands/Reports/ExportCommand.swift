package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold export`
package struct ExportCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write leases in another program's format.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold export ical --mine -o leases.ics
            """),
        subcommands: [CalendarExport.self])

    package init() {}
}

/// `leasehold export ical`
package struct CalendarExport: Subcommand, HasReportOptions {
    package static let configuration = CommandConfiguration(
        commandName: "ical",
        abstract: "Write leases as a calendar, with alarms before they end.",
        discussion: .paragraphs(
            """
            Events keep their identity when a calendar is written again, so a calendar program updates its events.
            Deleted leases are canceled events. If no lease is found, nothing is written and the exit status is 66.

            EXAMPLES
              leasehold export ical --mine -o leases.ics
              leasehold export ical --extension-window 2d --alarm 3h --from -30d
            """))

    @Option(
        name: .customLong("alarm"), help: ArgumentHelp("How long before a lease's end to remind.", valueName: "length"))
    var alarm = "1h"
    @OptionGroup var window: ExtensionWindowOptions
    @OptionGroup package var times: ReportPeriodOptions
    @OptionGroup package var match: LeaseMatchOptions
    @OptionGroup package var page: ReportOutputOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let alarmSeconds = try DurationArgument(parsing: alarm).seconds
        let given = try window.seconds()
        let context = try await options.begin(&console, defaultEnd: .distantFuture)
        let database = context.manager.configuration.databasePath
        try ReportFile.write(to: options.file, database: database, &console) { console in
            var isBegun = false
            try context.manager.forEachCalendarPart(
                context.filterInPeriod, now: context.now, alarmSeconds: alarmSeconds, windowSeconds: given
            ) { text in
                isBegun = true
                try console.output.write(text)
            }
            guard isBegun else {
                throw CommandError(
                    code: "not_found",
                    message: "No lease was found. A calendar needs an event, so nothing was written. See "
                        + "`leasehold list --deleted` for what there is.",
                    status: .notFound)
            }
        }
    }
}
