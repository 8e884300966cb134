import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// The options of every command that writes.
package struct WritingOptions: ParsableArguments {
    @Flag(name: .customLong("offline"), help: "Only queue it; the next sync sends it.")
    var isOffline = false

    @Option(
        name: .customLong("not-after"), parsing: .unconditional,
        help: ArgumentHelp("Do not send it any more after this time.", valueName: "time"))
    var notAfter: String?

    @Flag(name: .customLong("force"), help: "Queue and send it though Blazar is sure to refuse it.")
    var isForced = false

    @OptionGroup var reading: ReadingOptions

    package init() {}

    func moment(_ text: String?, _ console: Console) throws -> Timestamp? {
        try text.map { try TimeArgument(parsing: $0).moment(now: console.now(), zone: reading.zone(console)) }
    }

    /// Opens the database.
    ///
    /// Closing it would copy SQLite's log into the file, and flush both. What is only queued is safe in the log, for the
    /// price of one flush: the next process that closes the database copies it.
    func manager(_ console: inout Console) throws(LeaseholdError) -> LeaseManager {
        let manager = try reading.global.manager(console, access: .writing)
        if isOffline { console.openToTheEnd.append(manager) }
        return manager
    }

    /// Says what was noticed about a lease that was asked for.
    func remark(_ findings: [DraftFinding], _ console: inout Console) {
        for finding in findings {
            let label = finding.severity == .refusal ? "Blazar will refuse this" : "Warning"
            console.remark("\(label): \(finding)")
        }
    }

    /// Writes what came of it, and ends with the status that fits.
    func conclude(_ result: WriteResult, _ console: inout Console) throws {
        // Programs find them in the result; what stands beside it is the error, if there is one.
        if !reading.output.format.isStructured { remark(result.warnings, &console) }
        let mutation = result.mutation
        let outcome = WriteOutcome(result: result, isOffline: isOffline, now: console.now())
        if reading.isPage(console) {
            if !reading.output.isQuiet { try reading.write(outcome.page(reading.style(console)), &console) }
        } else {
            try reading.show(WriteRow(result: result), WriteRow.columns, &console)
            if reading.output.format == .table, !reading.output.isQuiet, let line = outcome.line(reading.style(console))
            {
                console.remark(line)
            }
        }
        for note in result.notes where !(reading.output.isQuiet || outcome.says(note)) { console.remark(note) }
        switch mutation.state {
        case .queued:
            let why = isOffline ? "" : " (\(result.pause ?? mutation.message ?? "it waits for an earlier one"))"
            console.remark(
                """
                Queued as write \(mutation.id)\(why). `leasehold sync` sends it; `leasehold queue cancel \(mutation.id)` \
                takes it back.
                """)
        case .blocked where mutation.reason == "cloud":
            console.remark("Queued as write \(mutation.id). \(mutation.message ?? "")")
        case .sending:
            console.remark(mutation.outlook)
        case .unknown:
            console.remark(
                """
                \(mutation.message ?? "The answer was lost: whether it was carried out is not known yet.") \
                `leasehold sync` finds out, and it will be carried out once. To give it up: \
                leasehold queue cancel \(mutation.id) --give-up
                """)
        case .cancelled where mutation.verb == .create && mutation.id != 0:
            console.remark("The creation had not been sent, and was withdrawn.")
        default: break
        }
        if mutation.status != .success {
            throw CommandError(
                code: mutation.reason ?? mutation.state.rawValue,
                message: mutation.message ?? "It is \(mutation.state.rawValue).", status: mutation.status)
        }
    }
}
