package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold wait`
package struct LeaseWait: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until leases are active, or have another status.",
        usage: "leasehold wait <lease> ... [<options>]",
        discussion: .paragraphs(
            """
            A queued lease is sent first. Exit status 75 if it takes longer than --timeout, 77 if the lease ends in ERROR
            or was refused.

            EXAMPLES
              leasehold wait mylease
              leasehold wait first second
              leasehold wait mylease --status terminated --timeout 1d
            """))

    @Argument(
        help: ArgumentHelp(
            "The leases: a name, an id, the beginning of an id, or a local id.", valueName: "lease"),
        completion: .values(.leases))
    var references: [String]
    @Option(
        name: .customLong("status"), help: ArgumentHelp("The status to wait for.", valueName: "status"),
        completion: .list(LeaseStatus.known.map { $0.rawValue.lowercased() }))
    var status = "active"
    @Option(name: .customLong("timeout"), help: ArgumentHelp("How long to wait at most.", valueName: "duration"))
    var timeout = "10m"
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let seconds = try DurationArgument(parsing: timeout).seconds
        let wanted = LeaseStatus(rawValue: status.uppercased())
        guard LeaseStatus.known.contains(wanted) else {
            throw CommandError.usage(
                "There is no status '\(status)'. Known: \(LeaseStatus.known.map(\.rawValue).joined(separator: ", ")).")
        }
        let manager = try reading.global.manager(console, access: .writing)
        let clouds = reading.global.names(console)
        let deadline = console.now().adding(seconds: seconds)
        var details: [LeaseDetail] = []
        for reference in references {
            let rest = max(0, deadline.seconds(since: console.now()))
            let result = try await WaitReporter(console, isQuiet: reading.output.isQuiet).wait { progress in
                try await manager.wait(
                    for: reference, clouds: clouds, status: wanted, timeoutSeconds: rest, progress: progress)
            }
            guard let lease = result.lease else { continue }
            _ = try await manager.readReserved(by: lease)
            details.append(LeaseDetail(row: LeaseRow(lease, now: console.now())))
        }
        if reading.isPage(console) {
            guard !reading.output.isQuiet else { return }
            var page = TextPage(reading.style(console))
            for row in details.map(\.row) {
                page.line(
                    "\(row.lease.name) is \(row.lease.status), ends \(page.time.zoned(row.lease.endsAt))",
                    right: row.lease.id)
            }
            try reading.write(page, &console)
        } else if references.count > 1 {
            try reading.write(details.map(\.row), LeaseRow.columns, &console)
        } else if let detail = details.first {
            try reading.show(detail, LeaseDetail.columns, &console)
        }
    }
}

/// The options of a command that may wait for its result.
package struct WaitingOptions: ParsableArguments {
    @Flag(
        name: .customLong("wait"),
        help: ArgumentHelp(
            "Wait for the result: a new lease until it is active (PENDING, if it starts after the timeout), "
                + "a deleted one until it is gone."))
    var waits = false

    @Option(name: .customLong("timeout"), help: ArgumentHelp("How long to wait at most.", valueName: "duration"))
    var timeout = "10m"

    package init() {}

    /// Checks the options.
    func check() throws { _ = try DurationArgument(parsing: timeout) }

    /// If the options ask for it, waits until a write has been executed or can no longer be.
    ///
    /// - Returns: the result, with the lease as it is then.
    func wait(
        for result: WriteResult, _ manager: LeaseManager, _ console: Console, _ writing: WritingOptions
    ) async throws -> WriteResult {
        guard waits, !writing.isOffline, result.mutation.status == .success else { return result }
        guard result.mutation.id != 0 || result.mutation.verb == .create else { return result }
        let seconds = try DurationArgument(parsing: timeout).seconds
        let isQuiet = writing.reading.output.isQuiet
        let waited = try await WaitReporter(console, isQuiet: isQuiet).wait { progress in
            guard result.mutation.id == 0 else {
                return try await manager.wait(
                    forWrite: result.mutation.id, timeoutSeconds: seconds, progress: progress)
            }
            // An idempotent create has found an existing lease.
            let reference = result.mutation.leaseID ?? result.mutation.leaseName
            return try await manager.wait(
                for: reference, clouds: [], status: .active, timeoutSeconds: seconds, progress: progress)
        }
        if result.mutation.verb == .create, let lease = waited.lease { _ = try await manager.readReserved(by: lease) }
        var done = WriteResult(
            mutation: waited.mutation ?? result.mutation, pause: nil, lease: waited.lease, notes: result.notes)
        done.isFound = result.isFound
        done.warnings = result.warnings
        return done
    }
}
