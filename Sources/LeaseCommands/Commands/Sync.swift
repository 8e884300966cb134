package import ArgumentParser
import LeaseModel
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

    @OptionGroup var global: GlobalOptions
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
        if watches {
            try await watch(manager, printer, seconds: Double(seconds), console)
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
        let failures = reports.compactMap(\.failure)
        if let worst = failures.first {
            // The common status of all failures, if they have one.
            let status = failures.allSatisfy { $0.status == worst.status } ? worst.status : .unavailable
            throw ExitCode(status.rawValue)
        }
    }

    /// Says each second that nothing has arrived yet, until it is cancelled.
    private static func tell(_ printer: SyncPrinter, of clouds: String, _ assistant: (any LoginAssistant)?) async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            if await (assistant as? TerminalAssistant)?.isAsking ?? false { continue }
            await printer.wait(for: clouds)
        }
    }

    private func watch(
        _ manager: LeaseManager, _ printer: SyncPrinter, seconds: Double, _ console: Console
    ) async throws {
        let service = WatchService(manager: manager, clouds: global.selection(console), seconds: seconds) {
            await printer.note($0)
        }
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

/// Keeps the mirror fresh until the process is asked to stop.
private struct WatchService: Service {
    let manager: LeaseManager
    let clouds: Clouds
    let seconds: Double
    let progress: @Sendable (SyncProgress) async -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await manager.watch(clouds: clouds, intervalSeconds: seconds, progress: progress)
        }
    }
}
