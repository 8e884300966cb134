package import ArgumentParser
import LeaseModel
import Leasehold
import Output
import Reminders

/// `leasehold notify`
package struct NotifyCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "notify",
        abstract: "Be reminded of leases that start, end or fail: try it, and see what was sent.",
        discussion: .paragraphs(
            """
            The file leasehold/notify.yaml in XDG_CONFIG_HOME (~/.config), or the one that LEASEHOLD_NOTIFY names, says
            what you are reminded of, and how: by desktop notification, mail, web service or any command. Each
            `leasehold sync` sends what is due; `leasehold sync --watch` also sends it on time, without a network too.

            EXAMPLES
              leasehold notify check
              leasehold notify test
              leasehold notify log
            """),
        subcommands: [NotifyCheck.self, NotifyTest.self, NotifyLog.self],
        defaultSubcommand: NotifyLog.self)

    package init() {}
}

extension HasReadingOptions {
    /// What notify.yaml says.
    ///
    /// - Throws: ``CommandError`` of status 78 if there is no such file, or if it is invalid.
    fileprivate func reminderDesk(_ console: Console) throws -> ReminderDesk {
        let configuration = reading.global.configuration(console)
        guard let desk = try LeaseManager.reminderDesk(configuration) else {
            throw CommandError(
                code: "configuration",
                message: """
                    There is no \(LeaseManager.notifyPath(configuration).escapedForTerminal): nobody is reminded of \
                    anything. docs/reminders.md has an example.
                    """, status: .configuration)
        }
        return desk
    }
}

/// `leasehold notify check`
package struct NotifyCheck: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check notify.yaml, and list the next reminders. Nothing is sent.",
        usage: "leasehold notify check [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold notify check
              leasehold notify check -f json
            """))

    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let desk = try reminderDesk(console)
        if output.format.isForPeople, !output.isQuiet {
            console.remark("\(desk.path) is valid.")
            for channel in desk.channels {
                let kinds = ReminderKind.allCases.filter(channel.kinds.contains).map(\.rawValue)
                let all = kinds.count == ReminderKind.allCases.count
                console.remark(
                    "  \(channel.name) (\(channel.type)): \(all ? "everything" : kinds.joined(separator: ", "))")
            }
        }
        let (manager, _) = try await reading.open(&console)
        let rows = try manager.upcomingReminders(desk).map { reminder in
            UpcomingReminder(
                reminder: reminder,
                channels: desk.channels.filter { $0.kinds.contains(reminder.kind) }.map(\.name))
        }
        try reading.write(rows, UpcomingReminder.columns, &console)
        try reading.remarkFreshness(manager, scopes: nil, &console)
    }
}

/// `leasehold notify test`
package struct NotifyTest: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Send a sample through a channel of notify.yaml, or through all of them.",
        usage: "leasehold notify test [<channel> ...] [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold notify test
              leasehold notify test script
            """))

    @Argument(help: ArgumentHelp("The channels, by their names in notify.yaml.", valueName: "channel"))
    var names: [String] = []
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let desk = try reminderDesk(console)
        let known = desk.channels.map(\.name)
        for name in names where !known.contains(name) {
            let suggestion = Suggestion.nearest(to: name, in: known).map { " Did you mean '\($0)'?" } ?? ""
            throw CommandError(
                code: "not_found",
                message: "notify.yaml has no channel '\(name)'.\(suggestion) It has \(known.joined(separator: ", ")).",
                status: .notFound)
        }
        var rows: [ChannelTest] = []
        for name in names.isEmpty ? known : names {
            rows.append(ChannelTest(channel: name, problem: await desk.test(name)))
        }
        try reading.write(rows, ChannelTest.columns, &console)
        if rows.contains(where: { $0.problem != nil }) { throw ExitCode(ExitStatus.unavailable.rawValue) }
    }
}

/// `leasehold notify log`
package struct NotifyLog: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List what was sent, when and through which channel, and what failed.",
        usage: "leasehold notify log [--limit <n>] [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold notify log
              leasehold notify log --limit 5 -f json
            """))

    @Option(name: .customLong("limit"), help: ArgumentHelp("Only the last ones, this many.", valueName: "n"))
    var limit: Int?
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit takes a number, 0 or more, not \(limit).") }
    }

    package func execute(_ console: inout Console) async throws {
        let (manager, _) = try await reading.open(&console)
        let rows = try manager.reminderLog()
        try reading.write(rows.suffix(limit ?? rows.count), RecordedReminder.columns, &console)
        if rows.isEmpty, !output.isQuiet { console.remark("Nothing has been sent yet.") }
    }
}

/// A reminder that is yet to come.
private struct UpcomingReminder {
    let reminder: Reminder
    let channels: [String]

    static let columns: [Column<UpcomingReminder>] = [
        Column("due_at", heading: "DUE") { .time($0.reminder.dueAt) },
        Column("kind") { .text($0.reminder.kind.rawValue) },
        Column("name", heading: "LEASE") { .text($0.reminder.name) },
        Column("site", dropPriority: 2) { .text($0.reminder.site) },
        Column("deadline", dropPriority: 3) { .time($0.reminder.deadline) },
        Column("channels", dropPriority: 1) { .text($0.channels.joined(separator: ", ")) },
        Column("lease_id", visibility: .structured) { .text($0.reminder.leaseID) },
        Column("detail", visibility: .structured) { .text($0.reminder.detail) },
    ]
}

/// The result of trying a channel.
private struct ChannelTest {
    let channel: String
    let problem: String?

    static let columns: [Column<ChannelTest>] = [
        Column("channel") { .text($0.channel) },
        Column("state") { .status($0.problem == nil ? "sent" : "failed") },
        Column("problem") { .text($0.problem) },
    ]
}

extension RecordedReminder {
    fileprivate static var columns: [Column<RecordedReminder>] {
        [
            Column("tried_at", heading: "WHEN") { .time($0.triedAt ?? $0.recordedAt) },
            Column("kind") { .text($0.reminder.kind.rawValue) },
            Column("name", heading: "LEASE") { .text($0.reminder.name) },
            Column("site", dropPriority: 2) { .text($0.reminder.site) },
            Column("deadline", dropPriority: 3) { .time($0.reminder.deadline) },
            Column("channel") { .text($0.channel) },
            Column("state") { .status($0.state.rawValue) },
            Column("problem", dropPriority: 1) { .text($0.state == .sent ? nil : $0.problem) },
            Column("attempts", visibility: .structured) { .number($0.attempts) },
            Column("next_attempt_at", visibility: .structured) { .time($0.nextAttemptAt) },
            Column("due_at", visibility: .structured) { .time($0.reminder.dueAt) },
            Column("recorded_at", visibility: .structured) { .time($0.recordedAt) },
            Column("late", visibility: .structured) { .bool($0.isLate) },
            Column("detail", visibility: .structured) { .text($0.reminder.detail) },
            Column("lease_id", visibility: .structured) { .text($0.reminder.leaseID) },
            Column("id", visibility: .structured) { .text($0.token) },
            Column("message_id", visibility: .structured) { .text($0.messageID) },
        ]
    }
}
