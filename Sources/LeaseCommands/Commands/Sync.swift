package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Logging
import Output
import ServiceLifecycle
import UnixSignals

/// `leasehold sync`
package struct Sync: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Read clouds into the local database, and print what changed.",
        discussion: .paragraphs(
            """
            A list counts only if it was read to its end. A lease that is missing from it is requested by itself before
            it counts as deleted. If a list is suddenly empty, or lacks more than three leases and more than a fifth of
            those known, nothing is deleted and the exit status is 65. --confirm-deletes accepts such a list.

            If a cloud fails, the others are still read, and the exit status is not 0.

            EXAMPLES
              leasehold sync
              leasehold sync --os-cloud chi_uc --os-cloud chi_tacc
              leasehold sync --os-cloud all -f json
              leasehold sync --watch --interval 5m
              leasehold sync --watch --publish leases
            """))

    @Flag(name: .customLong("watch"), help: "Repeat until interrupted; print one line per change.")
    var watches = false

    @Option(
        name: .customLong("interval"),
        help: ArgumentHelp("The time between two syncs with --watch, 5 s or more.", valueName: "duration"))
    var interval = "60s"

    @Flag(name: .customLong("confirm-deletes"), help: "Accept a list that lacks many known leases, or all of them.")
    var confirmsDeletes = false

    @Flag(
        name: .customLong("confirm-project"),
        help: "Accept credentials for another project than at the last sync.")
    var confirmsProject = false

    @Flag(name: .customLong("no-resources"), help: "Leases only: no hosts, devices, flavors, networks and names.")
    var skipsResources = false

    @OptionGroup var publishing: SyncPublishingOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let seconds = try DurationArgument(parsing: interval).seconds
        guard !watches || seconds >= 5 else {
            throw CommandError.usage("--interval takes 5 s or more: each reading lists every lease.")
        }
        // A watch runs for days, usually with nobody at the terminal.
        if watches { console.assistant = nil }
        let manager = try global.manager(console, access: .writing)
        var options = SyncOptions()
        options.confirmsDeletes = confirmsDeletes
        options.confirmsProject = confirmsProject
        options.readsResources = !skipsResources
        let printer = SyncPrinter(
            output: console.output, errors: console.errors, terminal: output.isQuiet ? .none : console.errorTerminal,
            resultTerminal: console.outputTerminal, options: output,
            time: TimeText(zone: output.usesUTC ? .utc : console.zone, now: console.now()), isWatching: watches)
        let publishing = try publishing.publishing(global.configuration(console), printer)
        if watches {
            try await watch(manager, printer, publishing, seconds: Double(seconds), console)
            return
        }
        let names = global.names(console)
        let interruption = SyncInterruption(manager, console)
        let assistant = console.assistant
        async let _: Void = Self.tell(
            printer, of: names.isEmpty ? "the cloud" : names.joined(separator: ", "), assistant)
        let reports = try await manager.sync(clouds: global.selection(console), options: options) {
            interruption.note($0)
            await printer.note($0)
        }
        try await printer.conclude(reports)
        // What is told depends on what was read, and nobody who waits for the sync waits for it.
        await printer.tell(await Result(of: manager, time: reminderTime(console)))
        let published = await publishing?.publish() ?? .success
        let failures = reports.compactMap(\.failure)
        if let worst = failures.first {
            // The common status of all failures, if they have one.
            let status = failures.allSatisfy { $0.status == worst.status } ? worst.status : .unavailable
            throw ExitCode(status.rawValue)
        }
        if published != .success { throw ExitCode(published.rawValue) }
    }

    /// How reminders write times.
    private func reminderTime(_ console: Console) -> @Sendable (Timestamp) -> String {
        let zone = output.usesUTC ? .utc : console.zone
        let now = console.now
        return { TimeText(zone: zone, now: now()).zoned($0) }
    }

    /// Says each second that nothing has arrived yet, until it is canceled.
    private static func tell(_ printer: SyncPrinter, of clouds: String, _ assistant: (any LoginAssistant)?) async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            if await (assistant as? TerminalAssistant)?.isAsking ?? false { continue }
            await printer.wait(for: clouds)
        }
    }

    private func watch(
        _ manager: LeaseManager, _ printer: SyncPrinter, _ publishing: SyncPublishing?, seconds: Double,
        _ console: Console
    ) async throws {
        let service = WatchService(
            manager: manager, clouds: global.selection(console), seconds: seconds, time: reminderTime(console),
            publishing: publishing, note: { await printer.note($0) }, tell: { await printer.tell($0) })
        var logger = Logger(label: "leasehold")
        logger.logLevel = .critical
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigint, .sigterm], logger: logger))
        try await group.run()
        await printer.remark("Stopped.")
    }
}

/// Keeps the mirror fresh, and tells what is due, until the process is asked to stop.
struct WatchService: Service {
    let manager: LeaseManager
    let clouds: Clouds
    let seconds: Double
    let time: @Sendable (Timestamp) -> String
    var publishing: SyncPublishing?
    /// Called for everything that happens.
    let note: @Sendable (SyncProgress) async -> Void
    /// Called with what came of each attempt to remind people.
    let tell: @Sendable (Result<ReminderPass?, LeaseholdError>) async -> Void

    func run() async throws {
        let (syncs, ended) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (readings, read) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await manager.watch(clouds: clouds, intervalSeconds: seconds) { progress in
                        await note(progress)
                        if case .finished = progress {
                            ended.yield()
                            read.yield()
                        }
                    }
                }
                group.addTask {
                    await manager.keepReminding(after: syncs, time: time) { await tell($0) }
                }
                if let publishing { group.addTask { await publishing.follow(readings) } }
                try await group.next()
                group.cancelAll()
            }
        }
    }
}

extension Result where Success == ReminderPass?, Failure == LeaseholdError {
    /// Tells what is due.
    fileprivate init(of manager: LeaseManager, time: @escaping @Sendable (Timestamp) -> String) async {
        do throws(LeaseholdError) {
            self = .success(try await manager.remind(time: time))
        } catch {
            self = .failure(error)
        }
    }
}

/// Prints what a sync does: changes and reports are results; progress and failures go to standard error.
actor SyncPrinter {
    private var output: any TextSink & Sendable
    private var errors: any TextSink & Sendable
    private let options: OutputOptions
    private let time: TimeText
    private let isWatching: Bool
    private let terminal: Terminal
    /// Properties of standard output.
    private let resultTerminal: Terminal
    /// The refused writes that were already reported, by site.
    private var told: [String: [String: Set<Int64>]] = [:]
    /// The last message about each write.
    private var lastWrite: [Int64: String] = [:]
    /// Whether a time was printed. The zone is then printed once.
    private var hasToldTimes = false
    /// Whether anything has arrived from any cloud.
    private var hasHeard = false
    private var bar: ProgressBar?
    private let started = ContinuousClock.now
    private var changes: [LeaseChange] = []
    /// The clouds that failed last, so that a lasting failure is reported only once.
    private var failing: [String: String] = [:]
    /// The warnings that a watch has printed.
    private var warned: Set<String> = []

    /// The maximum number of changes that are kept for JSON. The first sync of a large site has one for each lease.
    private static let maxChanges = 10_000

    init(
        output: any TextSink & Sendable, errors: any TextSink & Sendable, terminal: Terminal, resultTerminal: Terminal,
        options: OutputOptions, time: TimeText, isWatching: Bool
    ) {
        self.resultTerminal = resultTerminal
        self.output = output
        self.errors = errors
        self.terminal = terminal
        self.options = options
        self.time = time
        self.isWatching = isWatching
    }

    // MARK: - During the sync

    /// Says that nothing has arrived yet, and how long that has taken.
    func wait(for clouds: String) {
        guard !hasHeard, terminal.isTerminal, !isWatching else { return }
        let elapsed = started.duration(to: .now)
        if bar == nil { bar = ProgressBar(label: "", unit: .count("s"), width: terminal.width ?? 80) }
        write(bar?.update(completed: elapsed.components.seconds, label: "Waiting for \(clouds)", at: elapsed))
    }

    func note(_ progress: SyncProgress) {
        if !hasHeard {
            hasHeard = true
            write(bar?.finish())
            bar = nil
        }
        switch progress {
        case .reading(let cloud, let bytes, let total, let leases):
            show("Reading \(cloud): \(leases) leases", .bytes, bytes, total)
        case .writing(let cloud, let done, let total): show("Writing \(cloud)", .count("leases"), done, total)
        case .confirming(let cloud, let done, let total):
            show("Asking \(cloud) for missing leases", .count("leases"), done, total)
        case .resources(let cloud, let kind): show("Reading \(cloud): \(kind.rawValue)", .count(""), 0, nil)
        case .changed(_, let changes): print(changes)
        case .mutation(_, let mutation): print(mutation)
        case .kept(_, let news): print(news)
        case .waiting: break
        case .finished(let report): if isWatching { finish(report) }
        }
    }

    private func show(_ label: String, _ unit: ProgressBar.Unit, _ completed: Int, _ total: Int?) {
        guard terminal.isTerminal, !isWatching else { return }
        if bar == nil { bar = ProgressBar(label: label, unit: unit, width: terminal.width ?? 80) }
        write(
            bar?.update(
                completed: Int64(completed), total: total.map(Int64.init), label: label,
                at: started.duration(to: .now)))
    }

    private func print(_ new: [LeaseChange]) {
        guard options.format == .table || isWatching else {
            changes += new.prefix(max(0, Self.maxChanges - changes.count))
            return
        }
        // At the first sync, people want to know how many leases there are, instead of seeing each one.
        let news = new.count > 50 && new.allSatisfy { $0.kind == .new } ? [] : new
        guard !news.isEmpty else { return }
        hasToldTimes = true
        write(bar?.finish())
        bar = nil
        guard !options.isQuiet else { return }
        for change in news { try? output.write(line(of: change) + "\n") }
        try? output.flush()
    }

    private func print(_ mutation: Mutation) {
        guard options.format == .table || isWatching, !options.isQuiet else { return }
        write(bar?.finish())
        bar = nil
        hasToldTimes = true
        let text = WriteText(mutation: mutation, time: time)
        let word: String
        let what: String
        switch mutation.state {
        case .settled, .accepted:
            (word, what) = ("sent", "\(mutation.verb.rawValue) \(mutation.leaseName): \(text.outcome)")
        case .rejected: (word, what) = ("refused", text.clause)
        case .sending: return
        default: (word, what) = (mutation.state.rawValue, text.clause)
        }
        if mutation.state == .rejected || mutation.state == .accepted || mutation.state == .settled {
            told[mutation.site, default: [:]][word, default: []].insert(mutation.id)
        }
        let reason = mutation.state.isFinal || mutation.state == .queued ? mutation.reason.map { " (\($0))" } ?? "" : ""
        let message = mutation.message.map { ": \($0)" } ?? ""
        let isTold = [.settled, .accepted].contains(mutation.state)
        let line = "\(label(mutation.site, word))\(what)\(isTold ? "" : reason + message)"
        guard lastWrite[mutation.id] != line else { return }
        lastWrite[mutation.id] = line
        try? output.write(wrapped(line) + "\n")
        try? output.flush()
    }

    private func print(_ news: KeepNews) {
        guard options.format == .table || isWatching, !options.isQuiet else { return }
        write(bar?.finish())
        bar = nil
        hasToldTimes = true
        let text = KeepText.line(news, now: time.now ?? news.rule.createdAt, time: time)
        try? output.write(wrapped("\(label(news.rule.site, "keep"))\(text)") + "\n")
        try? output.flush()
    }

    /// The beginning of each line: the site, and the kind of event.
    private func label(_ site: String, _ word: String) -> String {
        "\(site)   \(word)\(String(repeating: " ", count: max(1, 10 - word.count)))"
    }

    private func wrapped(_ line: String) -> String {
        let safe = line.escapedForTerminal
        guard let width = resultTerminal.width else { return safe }
        return TextWidth.wrapped(safe, to: max(20, width)).joined(separator: "\n")
    }

    private func line(of change: LeaseChange) -> String {
        guard options.format == .table else { return Self.json(change).text() }
        let events = ChangeText(time: time).events(of: change).map(\.words)
        let words = events.isEmpty ? "reservations and events" : events.joined(separator: "; ")
        // A person finds the lease by its name; a reader of a file may need its id.
        let id = resultTerminal.isTerminal ? "" : "  \(change.lease.id)"
        return wrapped("\(label(change.site, change.kind.rawValue))\(change.lease.name)\(id)   \(words)")
    }

    private func finish(_ report: SyncReport) {
        if let message = report.message {
            if failing[report.cloud] != message { remark("leasehold: \(message)") }
            failing[report.cloud] = message
        } else if failing.removeValue(forKey: report.cloud) != nil {
            remark("\(report.cloud) can be read again.")
        } else if report.isFirst {
            remark(summary(report))
        }
        for warning in report.warnings where warned.insert(warning).inserted { remark("\(report.cloud): \(warning)") }
    }

    // MARK: - After the sync

    /// Writes the reports.
    func conclude(_ reports: [SyncReport]) throws {
        write(bar?.finish())
        bar = nil
        for report in reports {
            if let message = report.message { remark("leasehold: \(message)") }
            for warning in report.warnings where !options.isQuiet { remark("\(report.cloud): \(warning)") }
        }
        switch options.format {
        case .table:
            for report in reports where report.failure == nil {
                guard !options.isQuiet else { continue }
                let seconds = (started.duration(to: .now) / .milliseconds(100)).rounded() / 10
                let took = resultTerminal.isTerminal ? "   (\(seconds) s)" : ""
                try output.write(summary(report).escapedForTerminal + took + "\n")
            }
            if hasToldTimes, resultTerminal.isTerminal, !options.isQuiet, !options.usesUTC, let now = time.now {
                try output.write("Times are in \(time.zone.description(at: now)).\n")
            }
        default:
            let selection = try ColumnSelection(
                from: columns(), names: options.columnNames, sort: options.sort, format: options.format)
            try ListOutput.write(
                reports, selection: selection, style: OutputStyle(format: options.format, zone: time.zone),
                to: &output)
        }
        try output.flush()
    }

    private func summary(_ report: SyncReport) -> String {
        let counts = report.counts
        let parts = [
            (counts.new, "new"), (counts.changed - counts.ended, "changed"), (counts.ended, "ended"),
            (counts.vanished, "vanished"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let listed = "\(counts.listed) lease\(counts.listed == 1 ? "" : "s")"
        let sent = [("sent", "sent"), ("refused", "refused")].compactMap { key, word -> String? in
            guard let count = told[report.site]?[key]?.count, count > 0 else { return nil }
            return key == "sent" ? "\(count) write\(count == 1 ? "" : "s") sent" : "\(count) \(word)"
        }
        let all = parts + sent
        return "\(report.site): \(listed), " + (all.isEmpty ? "nothing changed" : all.joined(separator: ", "))
    }

    private func columns() -> [Column<SyncReport>] {
        let changes = changes
        return [
            Column("cloud") { .text($0.cloud) },
            Column("site") { .text($0.site) },
            Column("outcome") { .text($0.failure?.rawValue ?? "complete") },
            Column("leases") { .number($0.counts.listed) },
            Column("new") { .number($0.counts.new) },
            Column("changed") { .number($0.counts.changed) },
            Column("ended") { .number($0.counts.ended) },
            Column("vanished") { .number($0.counts.vanished) },
            Column("bytes", visibility: .structured) { .number($0.counts.bytes) },
            Column("message") { .text($0.message) },
            Column("request_id", visibility: .structured) { .text($0.requestID) },
            Column("warnings", visibility: .structured) { .json(.array($0.warnings.map(JSONValue.string))) },
            Column("kept", visibility: .structured) { report in
                .json(
                    .array(
                        report.kept.map { news in
                            let ends: JSONObject = [
                                "end_date": JSONValue(news.end?.iso8601),
                                "new_end_date": JSONValue(news.newEnd?.iso8601),
                            ]
                            return .object(news.rule.summary.merging(ends))
                        }))
            },
            Column("changes", visibility: .structured) { report in
                .json(.array(changes.filter { $0.site == report.site }.map(Self.json)))
            },
        ]
    }

    private static func json(_ change: LeaseChange) -> JSONValue {
        [
            "change": .string(change.kind.rawValue), "site": .string(change.site), "id": .string(change.lease.id),
            "name": .string(change.lease.name), "status": .string(change.lease.status.rawValue),
            "observed_at": .string(change.observedAt.iso8601), "after": JSONValue(change.after?.iso8601),
            "fields": .array(
                change.fields.map {
                    ["field": .string($0.name), "from": $0.old ?? .null, "to": $0.new ?? .null]
                }),
        ]
    }

    /// Says which channels could not tell what was due, and each failure once.
    func tell(_ reminders: Result<ReminderPass?, LeaseholdError>) {
        var texts: [String] = []
        switch reminders {
        case .success(let pass):
            texts = (pass?.problems ?? [:]).sorted { $0.key < $1.key }.map { channel, problem in
                "reminders through \(channel) failed: \(problem). They are tried again (leasehold notify log)."
            }
        case .failure(let error): texts = [error.message]
        }
        for text in texts where warned.insert(text).inserted { remark("leasehold: \(text)") }
    }

    /// Says that publishing failed, or works again, once.
    func tell(publishing name: String, problem: String?) {
        let key = "publishing to \(name)"
        if let problem {
            if failing[key] != problem { remark("leasehold: \(problem)") }
        } else if failing[key] != nil {
            remark("\(name) is published to again.")
        }
        failing[key] = problem
    }

    func remark(_ text: String) {
        write(bar?.finish())
        bar = nil
        write(text.escapedForTerminal + "\n")
    }

    private func write(_ text: String?) {
        guard let text, !text.isEmpty else { return }
        try? errors.write(text)
        try? errors.flush()
    }
}
