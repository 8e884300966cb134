import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// The options of every command that writes: when a write is sent, if at all.
package struct SendingOptions: ParsableArguments {
    @Flag(name: .customLong("offline"), help: "Only queue the write; the next sync sends it.")
    var isOffline = false

    @Option(
        name: .customLong("not-after"), parsing: .unconditional,
        help: ArgumentHelp("Do not send the write after this time.", valueName: "time"))
    var notAfter: String?

    @Flag(name: .customLong("force"), help: "Queue and send the write even if Blazar is sure to refuse it.")
    var isForced = false

    package init() {}
}

/// What has the options of a command that writes.
package protocol HasWritingOptions: HasReadingOptions {
    var sending: SendingOptions { get }
}

extension HasWritingOptions {
    var writing: WritingOptions { WritingOptions(options: sending, reading: reading) }
}

/// How a command writes.
struct WritingOptions {
    var options: SendingOptions
    var reading: ReadingOptions

    var isOffline: Bool { options.isOffline }
    var notAfter: String? { options.notAfter }
    var isForced: Bool { options.isForced }

    func moment(_ text: String?, _ console: Console) throws -> Timestamp? {
        try text.map { try TimeArgument(parsing: $0).moment(now: console.now(), zone: reading.zone(console)) }
    }

    /// Opens the database and leaves it open until the process ends.
    ///
    /// Closing it would copy SQLite's log into the file and flush both. A queued write is safe in the log after a
    /// single flush; the next process that closes the database copies it.
    func manager(_ console: inout Console) throws(LeaseholdError) -> LeaseManager {
        let manager = try reading.global.manager(console, access: .writing)
        if isOffline { console.openToTheEnd.append(manager) }
        return manager
    }

    /// Writes the findings about a requested lease.
    func remark(_ findings: [DraftFinding], _ console: inout Console) {
        for finding in findings {
            let label = finding.severity == .refusal ? "Blazar will refuse this" : "Warning"
            console.remark("\(label): \(console.errorTerminal.isTerminal ? finding.message : finding.description)")
        }
    }

    /// Sends a write. A person at a terminal sees that the command is waiting for the cloud.
    func sending<Value>(
        to clouds: [String], _ console: Console, _ body: () async throws -> Value
    ) async rethrows -> Value {
        guard !isOffline else { return try await body() }
        return try await console.waiting(
            for: clouds, remark: "Ctrl-C stops waiting", isQuiet: reading.output.isQuiet, body)
    }

    /// An explanation why there was no room, for a person at a terminal; `nil` for everybody else, and for other
    /// refusals.
    private func lackOfRoom(_ result: WriteResult, _ console: Console) -> LackOfRoom? {
        guard reading.output.format == .table, console.errorTerminal.isTerminal else { return nil }
        return LackOfRoom(result, TimeText(zone: reading.zone(console), now: console.now()))
    }

    /// Writes the outcome, and ends with the matching status.
    func conclude(_ result: WriteResult, _ console: inout Console) throws {
        try show([result], &console)
        try finish(result, &console)
    }

    /// Writes what came of several writes, and ends with the status of the first that failed.
    ///
    /// - Parameters:
    ///   - outcomes: what came of each.
    ///   - summary: what is said of all, if not how many were done.
    ///   - console: where to write.
    /// - Throws: ``CommandError`` or `ExitCode` if one failed.
    func conclude(
        _ outcomes: [Result<WriteResult, any Error>], summary: String? = nil, _ console: inout Console
    ) throws {
        guard outcomes.count != 1 else { return try conclude(outcomes[0].get(), &console) }
        try show(outcomes.compactMap { try? $0.get() }, &console)
        var failures: [CommandError] = []
        for outcome in outcomes {
            do { try finish(outcome.get(), &console) } catch {
                failures.append(CommandError(error))
                console.remark("leasehold: \(CommandError(error).message)")
            }
        }
        if !reading.output.format.isStructured, !reading.output.isQuiet {
            let done = outcomes.count - failures.count
            console.remark(summary ?? "\(done) of \(outcomes.count) done, \(failures.count) failed.")
        }
        if let first = failures.first { throw ExitCode(first.status.rawValue) }
    }

    /// Writes the results.
    private func show(_ results: [WriteResult], _ console: inout Console) throws {
        let output = reading.output
        let style = reading.style(console)
        // Programs find the findings in the result. Beside it there is only the error, if there is one.
        if !output.format.isStructured {
            for result in results where lackOfRoom(result, console) == nil { remark(result.warnings, &console) }
        }
        let outcomes = results.map { WriteOutcome(result: $0) }
        if reading.isPage(console) {
            guard !output.isQuiet else { return }
            guard outcomes.count > 1 else {
                return try outcomes.forEach { try reading.write($0.page(style), &console) }
            }
            var page = TextPage(style)
            for line in outcomes.compactMap({ $0.line(style) }) { page.line(line) }
            return try reading.write(page, &console)
        }
        // People see a refusal once, as an error. Programs get everything that is known about it.
        let shown = output.format == .table ? results.filter { $0.mutation.status == .success } : results
        let rows = shown.map { WriteRow(result: $0) }
        if results.count > 1 {
            try reading.write(rows, WriteRow.columns, &console)
        } else if let row = rows.first {
            try reading.show(row, WriteRow.columns, &console)
        }
        guard output.format == .table, !output.isQuiet else { return }
        for line in outcomes.compactMap({ $0.line(style) }) { console.remark(line) }
    }

    /// Reports what the result does not show.
    ///
    /// - Throws: ``CommandError`` if the write was refused, or waits for a person.
    private func finish(_ result: WriteResult, _ console: inout Console) throws {
        let mutation = result.mutation
        let outcome = WriteOutcome(result: result)
        let isTold = reading.output.format == .table
        for note in result.notes where !(reading.output.isQuiet || isTold && outcome.says(note)) {
            console.remark(note)
        }
        switch mutation.state {
        case .queued where reading.isPage(console):
            if !isOffline {
                console.remark("Not sent: \(result.pause ?? mutation.message ?? "it waits for an earlier write.")")
            }
            console.remark("To send it: leasehold sync. To cancel it: leasehold queue cancel \(mutation.id)")
        case .queued:
            let why = isOffline ? "" : " (\(result.pause ?? mutation.message ?? "it waits for an earlier one"))"
            console.remark(
                """
                Queued as write \(mutation.id)\(why). `leasehold sync` sends it; `leasehold queue cancel \(mutation.id)` \
                cancels it.
                """)
        case .waiting:
            if let pause = result.pause { console.remark("Its cloud could not be read: \(pause)") }
            console.remark(
                "Each sync looks for room. To have that done: leasehold sync --watch. To cancel it: leasehold queue "
                    + "cancel \(mutation.id)")
        case .blocked where mutation.reason == "cloud":
            console.remark("Queued as write \(mutation.id). \(mutation.message ?? "")")
        case .sending:
            console.remark(mutation.outlook)
        case .unknown:
            console.remark(
                """
                \(mutation.message ?? "There was no answer; whether the server executed the write is not known yet.") \
                `leasehold sync` finds out, and it is executed only once. To give it up: \
                leasehold queue cancel \(mutation.id) --give-up
                """)
        case .cancelled where mutation.verb == .create && mutation.id != 0:
            console.remark("The create had not been sent, and was canceled.")
        default: break
        }
        if let refusal = lackOfRoom(result, console) { throw refusal.error }
        if mutation.status != .success {
            let message = mutation.message ?? "It is \(mutation.state.rawValue)."
            let done = mutation.verb == .create ? "Not created" : "Not done"
            throw CommandError(
                code: mutation.reason ?? mutation.state.rawValue,
                message: mutation.state == .rejected && mutation.id != 0
                    ? "\(message) \(done); kept as write \(mutation.id): leasehold queue show \(mutation.id)" : message,
                status: mutation.status)
        }
    }
}
