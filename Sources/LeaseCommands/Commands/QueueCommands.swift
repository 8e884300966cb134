package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold queue`
package struct QueueCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Show unfinished writes, and decide about them.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold queue list
              leasehold queue show 12
            """),
        subcommands: [
            QueueList.self, QueueShow.self, QueueCancel.self, QueueRetry.self, QueueEdit.self, QueueResolve.self,
        ],
        defaultSubcommand: QueueList.self)

    package init() {}
}

/// `leasehold queue list`
package struct QueueList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the writes that are queued, unconfirmed, refused or waiting for a decision.",
        usage: "leasehold queue list [--all] [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold queue list
              leasehold queue list --all -f json
            """))

    @Flag(name: .customLong("all"), help: "Include finished writes.")
    var includesFinal = false
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let (manager, narrowed) = try await reading.open(&console)
        // A write may wait for another site than the one OS_CLOUD names now. It must be listed all the same.
        let scopes = reading.global.clouds.isEmpty ? nil : narrowed
        let rows = try manager.queue(scopes: scopes, includesFinal: includesFinal).map { QueueRow(mutation: $0) }
        try reading.write(
            rows, QueueRow.columns, terminal: QueueRow.terminalColumns(reading.style(console).time), &console)
        guard reading.isPage(console), !reading.output.isQuiet else { return }
        console.remark(
            rows.isEmpty ? "No writes wait." : "All of a write, and how to decide: leasehold queue show WRITE")
    }
}

/// `leasehold queue show`
package struct QueueShow: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a write, its attempts and, after a conflict, the values base, mine and theirs.",
        usage: "leasehold queue show <write> [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold queue show 12
            """))

    @Argument(help: ArgumentHelp("The number of the write.", valueName: "write"), completion: .values(.writes))
    var id: Int64
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let (manager, _) = try await reading.open(&console)
        let (mutation, attempts) = try manager.mutation(id)
        if reading.isPage(console) {
            let scopes = try manager.scopes()
            let cloud = scopes.first { $0.id == mutation.scopeID }?.clouds.first
            let sites = Dictionary(scopes.map { ($0.siteID, $0.site) }) { first, _ in first }
            let page = QueuePage(mutation: mutation, attempts: attempts, cloud: cloud, sites: sites)
                .page(reading.style(console))
            return try reading.write(page, &console)
        }
        try reading.show(QueueRow(mutation: mutation, attempts: attempts), QueueRow.details, &console)
    }
}

/// `leasehold queue cancel`
package struct QueueCancel: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel an unsent write and the ones that depend on it.",
        usage: "leasehold queue cancel <write> [--give-up] [<options>]",
        discussion: .paragraphs(
            """
            If no answer arrived, the server may have executed the write; `leasehold sync` finds out. --give-up forgets
            the write before that is known. If the lease appears later, it is an ordinary lease.

            EXAMPLES
              leasehold queue cancel 12
              leasehold queue cancel 13 --give-up
            """))

    @Argument(help: ArgumentHelp("The number of the write.", valueName: "write"), completion: .values(.writes))
    var id: Int64
    @Flag(name: .customLong("give-up"), help: "Forget the write although the server may have executed it.")
    var givesUp = false
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let mutation = try reading.global.manager(console, access: .writing).cancel(id, givesUp: givesUp)
        try reading.tell(mutation, &console)
    }
}

/// `leasehold queue retry`
package struct QueueRetry: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "At the next sync, retry a write that was refused, parked, or blocked by a login.",
        usage: "leasehold queue retry <write> [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold queue retry 12 && leasehold sync
            """))

    @Argument(help: ArgumentHelp("The number of the write.", valueName: "write"), completion: .values(.writes))
    var id: Int64
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let mutation = try reading.global.manager(console, access: .writing).retry(id)
        try reading.tell(mutation, &console)
    }
}

/// `leasehold queue edit`
package struct QueueEdit: Subcommand, HasWritingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "edit",
        abstract: "Change an unsent write.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold queue edit 12 --end '2026-12-03 09:00'
              leasehold queue edit 12 --rename otherlease --late-start shift
            """))

    @Argument(help: ArgumentHelp("The number of the write.", valueName: "write"), completion: .values(.writes))
    var id: Int64
    @Option(name: .customLong("rename"), help: ArgumentHelp("The name.", valueName: "name"))
    var newName: String?
    @Option(name: .customLong("start"), parsing: .unconditional, help: ArgumentHelp("The start.", valueName: "time"))
    var start: String?
    @Option(name: .customLong("end"), parsing: .unconditional, help: ArgumentHelp("The end.", valueName: "time"))
    var end: String?
    @Option(
        name: .customLong("reservation"), parsing: .singleValue,
        help: ArgumentHelp(
            "Fields of a reservation and their values; repeat it for more.", valueName: "id=...,name=value,..."))
    var reservations: [String] = []
    @Option(
        name: .customLong("late-start"), help: ArgumentHelp("start-now, shift or expire.", valueName: "policy"),
        transform: LateStartPolicy.parse)
    var lateStart: LateStartPolicy?
    @Option(
        name: .customLong("retry-until"), parsing: .unconditional,
        help: ArgumentHelp("If too few resources are free, try again until this time.", valueName: "time"))
    var retryUntil: String?
    @OptionGroup package var sending: SendingOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        var fields: JSONObject = [:]
        if let newName { fields["name"] = .string(newName) }
        if let start {
            let time = try TimeArgument(parsing: start)
            let moment = try time.moment(now: console.now(), zone: writing.reading.zone(console))
            fields["start_date"] = .string(time.isNow ? "now" : moment.blazarRequest)
        }
        if let end = try writing.moment(end, console) { fields["end_date"] = .string(end.blazarRequest) }
        let terms = WriteTerms(
            lateStart: lateStart, notAfter: try writing.moment(writing.notAfter, console),
            retryUntil: try writing.moment(retryUntil, console))
        fields = try ReservationArgument.add(reservations, to: fields, isForced: writing.isForced)
        let mutation = try writing.manager(&console).edit(
            id, fields: fields, terms: terms, isForced: writing.isForced)
        try writing.reading.tell(mutation, &console)
    }
}

/// `leasehold queue resolve`
package struct QueueResolve: Subcommand, HasWritingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Resolve a conflict between a queued change and a change at the server.",
        discussion: .paragraphs(
            """
            'mine' sends the queued values, 'theirs' leaves the lease as it is on the server, and --end, --rename or
            --reservation sends other values. For an unconfirmed create, use --adopt LEASE-ID or --create-again.

            EXAMPLES
              leasehold queue resolve 12 mine
              leasehold queue resolve 12 --end '2026-12-03 09:00'
              leasehold queue resolve 13 --adopt 5d68f3de-40ed-43b5-91cb-8d834598424c
            """))

    /// Whose values to keep.
    enum Side: String, ExpressibleByArgument, CaseIterable { case mine, theirs }

    @Argument(help: ArgumentHelp("The number of the write.", valueName: "write"), completion: .values(.writes))
    var id: Int64
    @Argument(help: "Whose values to keep: mine or theirs.")
    var side: Side?
    @Option(name: .customLong("rename"), help: ArgumentHelp("Another name.", valueName: "name"))
    var newName: String?
    @Option(
        name: .customLong("start"), parsing: .unconditional, help: ArgumentHelp("Another start.", valueName: "time"))
    var start: String?
    @Option(name: .customLong("end"), parsing: .unconditional, help: ArgumentHelp("Another end.", valueName: "time"))
    var end: String?
    @Option(
        name: .customLong("reservation"), parsing: .singleValue,
        help: ArgumentHelp(
            "New values of a reservation; repeat it for more.", valueName: "id=...,name=value,..."))
    var reservations: [String] = []
    @Option(name: .customLong("adopt"), help: ArgumentHelp("The create made this lease.", valueName: "lease-id"))
    var adopted: String?
    @Flag(name: .customLong("create-again"), help: "None of the candidates came from this create: send it again.")
    var createsAgain = false
    @OptionGroup package var sending: SendingOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        var values: JSONObject = [:]
        if let newName { values["name"] = .string(newName) }
        if let start = try writing.moment(start, console) { values["start_date"] = .string(start.blazarRequest) }
        if let end = try writing.moment(end, console) { values["end_date"] = .string(end.blazarRequest) }
        values = try ReservationArgument.add(reservations, to: values, isForced: writing.isForced)
        let chosen: [ConflictResolution?] = [
            side.map { $0 == .mine ? .mine : .theirs }, values.isEmpty ? nil : .values(values),
            adopted.map { .adopt(leaseID: $0) }, createsAgain ? .create : nil,
        ]
        let decisions = chosen.compactMap { $0 }
        guard let decision = decisions.first, decisions.count == 1 else {
            throw CommandError.usage("Give one decision: mine, theirs, new values, --adopt or --create-again.")
        }
        let mutation = try writing.manager(&console).resolve(id, decision, isForced: writing.isForced)
        try writing.reading.tell(mutation, &console)
    }
}

extension ReadingOptions {
    /// Writes the state of a write after somebody has decided about it. People get a sentence.
    fileprivate func tell(_ mutation: Mutation, _ console: inout Console) throws {
        guard isPage(console) else { return try show(QueueRow(mutation: mutation), QueueRow.columns, &console) }
        guard !output.isQuiet else { return }
        let style = style(console)
        var page = TextPage(style)
        if mutation.state == .queued {
            page.line("Queued as write \(mutation.id): \(WriteText(mutation: mutation, time: style.time).clause)")
        }
        page.line(mutation.outlook)
        try write(page, &console)
    }
}
