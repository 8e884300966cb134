package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold history import`
package struct HistoryImport: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import saved leases, or another Leasehold database, into the history.",
        usage: "leasehold history import <file> ... [<options>]",
        discussion: .paragraphs(
            """
            A file may be a Leasehold database, of this or an older version. It is only read, and its hosts and
            allocations are imported too, so that reports count nodes exactly. Or it may be JSON: the output of
            `openstack reservation lease list -f json` or `lease show -f json`, an answer of Blazar, one lease per line,
            or the output of `leasehold list`, `show` or `history --states` with -f json.

            Each observation keeps its time, and importing a file again changes nothing. If a file contains no times,
            its time is --observed-at or, by default, when the file was last written. Nothing is deleted; the present
            state of a lease changes only if a file has a later one. If any file cannot be read, nothing is imported.

            EXAMPLES
              leasehold history import ~/colleague/leasehold.sqlite
              leasehold history import leases-march.json \\
                --observed-at '2026-03-01 12:00' --os-cloud chi_uc
              leasehold history import old/*.json --dry-run -f json
            """))

    @Argument(help: "The files.", completion: .file())
    var files: [String]
    @Option(
        name: .customLong("observed-at"), parsing: .unconditional,
        help: ArgumentHelp(
            "When a file without times was observed. Default: when it was last written.", valueName: "time"))
    var observedAt: String?
    @Option(
        name: .customLong("project"),
        help: ArgumentHelp("The project that the leases are of, by id or name.", valueName: "project"))
    var project: String?
    @Flag(name: .customLong("dry-run"), help: "Only report what would be imported.")
    var isTrial = false
    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        var options = ImportOptions()
        options.observedAt = try observedAt.map { try reading.pastMoment($0, option: "--observed-at", console) }
        options.project = project
        options.isTrial = isTrial
        let manager = try reading.global.manager(console, access: .writing)
        // OS_CLOUD names the cloud that a file belongs to, but does not restrict what is imported from a database.
        let scopes = try reading.global.scopes(manager, console)
        if reading.global.clouds.isEmpty { options.usualScopes = scopes } else { options.scopes = scopes }
        var paths = files.map { $0.hasPrefix("/") ? $0 : "\(console.currentDirectory)/\($0)" }
        for path in paths where manager.isOwnDatabase(path) {
            console.remark("\(path): skipped, because it is the database in use.")
        }
        paths.removeAll(where: manager.isOwnDatabase)
        let reports = try taking(paths, options, manager, &console)
        try reading.write(reports, ImportRow.columns, &console)
        guard reading.output.format == .table, !reading.output.isQuiet else { return }
        let text = TimeText(zone: reading.zone(console))
        for report in reports where report.isDatedByFile {
            guard let moment = report.observedUntil else { continue }
            console.remark(
                "\(report.file): assumed to be from when it was last written, \(text.full(moment)). "
                    + "Change this with --observed-at.")
        }
        if isTrial { console.remark("Dry run: nothing was changed.") }
    }

    private func taking(
        _ paths: [String], _ options: ImportOptions, _ manager: LeaseManager, _ console: inout Console
    ) throws -> [ImportReport] {
        guard console.errorTerminal.isTerminal, !reading.output.isQuiet else {
            return try manager.importHistory(from: paths, options: options)
        }
        var bar = ProgressBar(
            label: "Taking in", unit: .count("leases"), width: console.errorTerminal.width ?? 80)
        let started = ContinuousClock.now
        func show(_ text: String) {
            try? console.errors.write(text)
            try? console.errors.flush()
        }
        defer { show(bar.finish()) }
        return try manager.importHistory(from: paths, options: options) { progress in
            show(
                bar.update(
                    completed: Int64(progress.done), total: Int64(progress.total),
                    label: "Importing \(progress.file)", at: started.duration(to: .now)))
        }
    }
}
