package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
package import Output

/// `leasehold history`
package struct HistoryCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the observed history of a lease, or import observations of others.",
        usage: """
            leasehold history <lease> [<options>]
            leasehold history import <file> ... [<options>]
            """,
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold history mylease
              leasehold history mylease --states -f json
              leasehold history import colleague.sqlite
            """),
        subcommands: [LeaseHistory.self, HistoryImport.self], defaultSubcommand: LeaseHistory.self)

    package init() {}
}

/// `leasehold history show`, the default subcommand of `leasehold history`
package struct LeaseHistory: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the observed history of a lease.",
        discussion: .paragraphs(
            """
            On a terminal, each line says what happened, and when. In a file or a pipe, each row is a change: the old
            and new value, when it was observed, and the earliest time at which it can have happened. 'effective' is the
            exact time, if Blazar recorded it: of a start, an end, the creation. 'ending' says how a lease that is no
            longer listed had ended: as planned, early, or unknown if the observations fit both.

            --states shows complete states instead. Leases that are no longer listed have a history too.

            EXAMPLES
              leasehold history mylease
              leasehold history mylease --states -f json
              leasehold history show import
            """))

    @Argument(
        help: ArgumentHelp("The lease: its name, its id, or the beginning of its id.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String
    @Flag(name: .customLong("states"), help: "Show states instead of changes.")
    var showsStates = false
    @Flag(name: .customLong("all"), help: "Include status changes of events and reservations on a terminal.")
    var includesEchoes = false
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let candidate = try manager.candidate(reference, scopes: scopes)
        let syncedAt = try manager.scopes().first { $0.id == candidate.scopeID }?.listedAt
        if showsStates {
            let rows = try manager.history(candidate).map { VersionRow(version: $0, syncedAt: syncedAt) }
            try reading.write(rows, VersionRow.columns, &console)
        } else {
            let changes = try manager.lifeline(candidate)
            if reading.isPage(console) {
                let style = reading.style(console)
                let history = HistoryPage(
                    changes: changes, time: style.time, includesEchoes: includesEchoes,
                    showsBounds: reading.global.verbosity > 0)
                try reading.write(history.page(style, now: console.now()), &console)
                let bounds = "Times that Blazar did not record are when it was observed; -v has the bounds."
                try reading.remarkFreshness(
                    manager, scopes: [candidate.scopeID],
                    more: history.hasBounds && !history.showsBounds ? bounds : "", &console)
                return
            }
            let rows = changes.flatMap { ChangeRow.rows(of: $0, syncedAt: syncedAt) }
            try reading.write(rows, ChangeRow.columns, &console)
        }
        try reading.remarkFreshness(manager, scopes: [candidate.scopeID], &console)
    }
}

/// An observed state of a lease, as a row of `history --states`.
package struct VersionRow: Sendable {
    let version: LeaseVersion
    /// When the site was last synced.
    let syncedAt: Timestamp?
}

extension VersionRow: Tabular {
    package static let columns: [Column<VersionRow>] = [
        Column("observed_at") { .time($0.version.observedAt) },
        Column("last_seen_at") { .time($0.version.lastSeenAt) },
        Column("observed_until") { .time($0.version.observedUntil) },
        Column("status") { .status($0.version.removal?.reason.rawValue ?? $0.version.lease.status.rawValue) },
        Column("name") { .text($0.version.lease.name) },
        Column("start_date") { .time($0.version.lease.startsAt) },
        Column("end_date") { .time($0.version.lease.endsAt) },
        Column("ending") { .text($0.version.ending?.rawValue) },
        Column("synced_at", visibility: .structured) { .time($0.syncedAt) },
        Column("deleted", visibility: .structured) { .bool($0.version.removal != nil) },
        Column("deleted_after", visibility: .structured) { .time($0.version.removal?.after) },
        Column("deleted_before", visibility: .structured) { .time($0.version.removal?.before) },
        Column("lease", visibility: .structured) { .json(.object($0.version.lease.json(times: .iso8601))) },
    ]
}

/// `leasehold history import`
package struct HistoryImport: Subcommand, HasReadingOptions {
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
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

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

/// The result of importing a file, as a row of `history import`.
enum ImportRow {
    static let columns: [Column<ImportReport>] = [
        Column("file") { .text($0.file) },
        Column("kind") { .text($0.kind.rawValue) },
        Column("site") { .text($0.site) },
        Column("project_name", title: "project") { .text($0.projectName) },
        Column("leases") { .number($0.leases) },
        Column("new") { .number($0.new) },
        Column("changed") { .number($0.changed) },
        Column("passed_over", title: "passed over") { .number($0.passedOver) },
        Column("observed_from", title: "seen from") { .time($0.observedFrom) },
        Column("observed_until", title: "seen until") { .time($0.observedUntil) },
        Column("dated_by_file", visibility: .structured) { .bool($0.isDatedByFile) },
    ]
}
