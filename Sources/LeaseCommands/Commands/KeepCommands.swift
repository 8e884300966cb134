package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold keep`
package struct KeepCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "keep",
        abstract: "Have a lease extended whenever its site allows it, until a time.",
        usage: """
            leasehold keep <lease> --until <time> [--min-step <duration>] [<options>]
            leasehold keep list [--all] [<options>]
            leasehold keep stop <lease> [<options>]
            """,
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold keep mylease --until '2026-12-24 18:00'
              leasehold keep list
              leasehold keep stop mylease
            """),
        subcommands: [KeepStart.self, KeepList.self, KeepStop.self], defaultSubcommand: KeepStart.self)

    package init() {}
}

/// `leasehold keep start`, the default subcommand of `leasehold keep`
package struct KeepStart: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Keep a lease until a time.",
        usage: "leasehold keep <lease> --until <time> [--min-step <duration>] [<options>]",
        discussion: .paragraphs(
            """
            Nothing is sent now. Each `leasehold sync` of the cloud, also with --watch, looks at the kept leases. When
            the site's rules allow an extension (docs/policy.md), it extends the lease as far as they allow, and never
            beyond the time that you gave. A refusal is tried again, with longer and longer pauses, until the lease
            ends. A second `keep` of the same lease changes its limits.

            EXAMPLES
              leasehold keep mylease --until '2026-12-24 18:00'
              leasehold keep mylease --until +30d --min-step 12h
            """))

    @Argument(
        help: ArgumentHelp(
            "The lease: its name, its id, the beginning of its id, or its local id.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String
    @Option(
        name: .customLong("until"), parsing: .unconditional,
        help: ArgumentHelp("How long to keep it.", valueName: "time"))
    var until: String
    @Option(
        name: .customLong("min-step"),
        help: ArgumentHelp("The shortest extension, except for the last one.", valueName: "duration"))
    var minStep = "1h"
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let seconds = try DurationArgument(parsing: minStep).seconds
        guard seconds >= 60 else { throw CommandError.usage("--min-step takes a minute or more.") }
        let moment = try TimeArgument(parsing: until).moment(now: console.now(), zone: reading.zone(console))
        guard moment > console.now() else { throw CommandError.usage("--until takes a time to come.") }
        _ = try await reading.open(&console)
        let manager = try global.manager(console, access: .writing)
        let rule = try manager.keep(
            reference, until: moment, minStepSeconds: seconds, clouds: global.names(console))
        try reading.tell(rule, manager, &console)
        guard reading.output.format.isForPeople, !reading.output.isQuiet else { return }
        console.remark("Each sync looks at it. To have that done: leasehold sync --watch")
    }
}

/// `leasehold keep list`
package struct KeepList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the leases that are kept, and those that were kept in the last 30 days.",
        usage: "leasehold keep list [--all] [<options>]",
        discussion: .paragraphs(
            """
            The state is 'keeping', or how it ended: 'reached' the time, 'stopped' by you, 'gone' if the lease was
            deleted, 'missed' if it ended before the time. The message says why.

            EXAMPLES
              leasehold keep list
              leasehold keep list --all -f json
            """))

    @Flag(name: .customLong("all"), help: "Include what ended earlier.")
    var includesAll = false
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let moment = includesAll ? Timestamp(secondsSince1970: 0) : console.now().adding(seconds: -30 * 86_400)
        let time = reading.style(console).time
        let rows = try manager.keepRules(scopes: scopes, endedAfter: moment).map {
            KeepRow(rule: $0, end: try manager.end(ofKept: $0), now: console.now(), time: time)
        }
        try reading.write(rows, KeepRow.columns, &console)
        if reading.isPage(console), rows.isEmpty, !output.isQuiet { console.remark("No leases are kept.") }
    }
}

/// `leasehold keep stop`
package struct KeepStop: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop keeping a lease. An extension that has not been sent is canceled.",
        usage: "leasehold keep stop <lease> [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold keep stop mylease
            """))

    @Argument(
        help: ArgumentHelp(
            "The lease: its name, its id, the beginning of its id, or its local id.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let (_, scopes) = try await reading.open(&console)
        let manager = try global.manager(console, access: .writing)
        try reading.tell(try manager.stopKeeping(reference, scopes: scopes), manager, &console)
    }
}

extension ReadingOptions {
    /// Writes a rule: people get a sentence.
    fileprivate func tell(_ rule: KeepRule, _ manager: LeaseManager, _ console: inout Console) throws {
        let time = style(console).time
        let row = KeepRow(rule: rule, end: try manager.end(ofKept: rule), now: console.now(), time: time)
        guard isPage(console) else { return try show(row, KeepRow.columns, &console) }
        guard !output.isQuiet else { return }
        var page = TextPage(style(console))
        page.line(KeepText(rule: rule, now: console.now(), time: time).sentence)
        try write(page, &console)
    }
}

extension LeaseManager {
    /// The end of a kept lease; `nil` if the lease is not known.
    fileprivate func end(ofKept rule: KeepRule) throws -> Timestamp? {
        guard let id = rule.leaseID ?? rule.localID else { return nil }
        do {
            return try lease(id, scopes: [rule.scopeID]).lease.endsAt
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }
}
