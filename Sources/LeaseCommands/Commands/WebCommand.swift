package import ArgumentParser
import Foundation
import LeaseModel
import LeaseText
import LeaseWeb
import Leasehold
import LocalFiles
import Logging
import Output
import ServiceLifecycle
import Synchronization
import UnixSignals

/// `leasehold web`
package struct WebCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "web",
        abstract: "Show and change leases in a browser, from the local database.",
        discussion: .paragraphs(
            """
            Serves a page on this machine's loopback and opens it. It answers offline, like every command that reads;
            writes are queued first, and sent at once if the cloud answers. The address that is printed works once, in
            one browser. Ctrl-C ends the page.

            While the page is served, `leasehold web` opens it again. With options that it is not served with, such as
            --read-only, another page is served beside it.

            --sync keeps the database fresh meanwhile, as `leasehold sync --watch` does. Every view of the page has an
            address, and the same address with .json or .csv at the end of its path gives the data.

            EXAMPLES
              leasehold web
              leasehold web --sync 60s --os-cloud all
              leasehold web --port 8642 --no-open --read-only
              leasehold web --port 8642 --base-path /user/me/proxy/8642 --allowed-host hub.example.org
            """))

    @Option(help: ArgumentHelp("The port; 0 chooses a free one.", valueName: "number"))
    var port = 0

    @Flag(name: .customLong("no-open"), help: "Print the address only, and open no browser.")
    var keepsClosed = false

    @Flag(name: .customLong("read-only"), help: "Refuse everything that would change something.")
    var isReadOnly = false

    @Option(
        name: .customLong("sync"),
        help: ArgumentHelp(
            "Sync again and again meanwhile, this long after the last time, 5 s or more.",
            valueName: "duration"))
    var interval: String?

    @Option(
        name: .customLong("base-path"),
        help: ArgumentHelp("The path below which a proxy shows the page.", valueName: "path"))
    var basePath = ""

    @Option(
        name: .customLong("allowed-host"), parsing: .singleValue,
        help: ArgumentHelp(
            "Another host name, or name:port, by which browsers reach the page, through a proxy; repeat it for more.",
            valueName: "host"))
    var allowedHosts: [String] = []

    @Flag(name: .customLong("utc"), help: "Show and read times in UTC.")
    var usesUTC = false

    @OptionGroup package var global: GlobalOptions

    package init() {}

    package func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port takes a number from 0 to 65535.") }
        let path = base
        guard path.isEmpty || path.hasPrefix("/"),
            path.allSatisfy({ $0.isASCII && !$0.isWhitespace && !"\"'<>?#{}".contains($0) })
        else { throw ValidationError("--base-path takes a path that begins with a slash, such as /proxy/8642.") }
        if isReadOnly, interval != nil {
            throw ValidationError("--sync changes the database, so it does not go with --read-only.")
        }
    }

    /// The base path without a slash at its end.
    private var base: String { basePath.hasSuffix("/") ? String(basePath.dropLast()) : basePath }

    package func execute(_ console: inout Console) async throws {
        let seconds = try interval.map { try DurationArgument(parsing: $0).seconds }
        guard seconds.map({ $0 >= 5 }) ?? true else {
            throw CommandError.usage("--sync takes 5 s or more: each reading lists every lease.")
        }
        // The page runs for long, and nobody answers questions at its terminal.
        console.assistant = nil
        let manager = try global.manager(console, access: isReadOnly ? .reading : .writing)
        let database = manager.configuration.databasePath
        var settings = WebServer.Settings()
        settings.port = port
        settings.basePath = base
        settings.allowedHosts = allowedHosts
        settings.isReadOnly = isReadOnly
        settings.scopes = try global.scopes(manager, console)
        settings.clouds = global.names(console)
        settings.zone = usesUTC ? .utc : console.zone
        settings.commandOptions = (global.databasePath == nil ? [] : ["--db=\(database)"]) + (usesUTC ? ["--utc"] : [])
        let reports = ReportRunner(console, databasePath: database, zone: settings.zone)
        settings.report = { try await reports.text($0) }
        let address = WebAddress(database: database)
        let printer = AddressPrinter(
            console, page: page(console, seconds), at: address,
            browser: keepsClosed ? nil : Browser(environment: console.environment))
        // A folder may refuse new files; the page is then only harder to open again.
        let lock: LockFile?
        do {
            lock = try LockFile(path: address.lockPath)
            if lock == nil, port == 0, let served = address.page {
                let missing = missingOptions(served, console, seconds)
                guard !missing.isEmpty else { return await printer.open(served.address) }
                console.remark(
                    "A page of this database is served already, without \(missing.joined(separator: ", ")). "
                        + "This is another one beside it; `leasehold web` alone opens the first.")
            }
        } catch {
            lock = nil
        }
        let isOnly = lock != nil
        settings.onToken = { token in if isOnly { printer.keep(token: token) } }
        let server = try WebServer(manager: manager, settings: settings) { port, token in
            await printer.show(port: port, token: token, keeps: isOnly)
        }
        try await serve(server, manager, seconds, settings.zone, console)
        if lock != nil { address.remove() }
    }

    /// The page that is served with these options.
    private func page(_ console: Console, _ seconds: Int64?) -> WebAddress.Page {
        var page = WebAddress.Page()
        page.isReadOnly = isReadOnly
        page.syncSeconds = seconds
        page.clouds = global.names(console)
        page.cloudSettings = global.cloudSettings
        page.usesUTC = usesUTC
        page.basePath = base
        page.allowedHosts = allowedHosts
        return page
    }

    /// What a person asks for and a page does not have. Without options, any page will do that shows the clouds of the
    /// environment.
    private func missingOptions(_ page: WebAddress.Page, _ console: Console, _ seconds: Int64?) -> [String] {
        let names = Set(global.names(console))
        let shown = page.clouds.contains("all") ? [] : Set(page.clouds)
        let hasClouds =
            global.clouds.isEmpty
            ? shown.isEmpty || names.isSubset(of: shown) : Set(page.clouds) == names
        let asked = [
            ("--read-only", isReadOnly && !page.isReadOnly),
            ("--sync \(interval ?? "")", seconds.map { $0 < page.syncSeconds ?? .max } ?? false),
            (global.clouds.isEmpty ? "OS_CLOUD=\(names.sorted().joined())" : "--os-cloud", !hasClouds),
            ("--os options", !global.cloudSettings.isEmpty && global.cloudSettings != page.cloudSettings),
            ("--utc", usesUTC && !page.usesUTC), ("--base-path", !base.isEmpty && base != page.basePath),
            ("--allowed-host", !Set(allowedHosts).isSubset(of: page.allowedHosts)),
        ]
        return asked.filter(\.1).map(\.0)
    }

    /// Runs the server, and syncs beside it, until the process is asked to stop.
    private func serve(
        _ server: WebServer, _ manager: LeaseManager, _ seconds: Int64?, _ zone: DisplayZone, _ console: Console
    ) async throws {
        var services: [any Service] = [server]
        if let seconds {
            let now = console.now
            services.append(
                WatchService(
                    manager: manager, clouds: global.selection(console), seconds: Double(seconds),
                    time: { TimeText(zone: zone, now: now()).zoned($0) }, note: { _ in }, tell: { _ in }))
        }
        var logger = Logger(label: "leasehold")
        logger.logLevel = .critical
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
                gracefulShutdownSignals: [.sigint, .sigterm], logger: logger))
        do {
            try await group.run()
        } catch let error as LeaseholdError {
            throw error
        } catch {
            throw CommandError(
                code: "unavailable", message: "The page cannot be served on port \(port): \(error)",
                status: .unavailable)
        }
    }
}

/// Prints the page's address, opens it, and keeps the address that works next for the next call of the command.
private actor AddressPrinter {
    private var output: any TextSink & Sendable
    private var errors: any TextSink & Sendable
    private let isTerminal: Bool
    private let page: WebAddress.Page
    private let place: WebAddress
    private let browser: Browser?
    private let port = Mutex(0)

    init(_ console: Console, page: WebAddress.Page, at place: WebAddress, browser: Browser?) {
        output = console.output
        errors = console.errors
        isTerminal = console.outputTerminal.isTerminal
        self.page = page
        self.place = place
        self.browser = browser
    }

    /// Shows the address of a page that has just been started.
    func show(port: Int, token: String, keeps: Bool) {
        self.port.withLock { $0 = port }
        if keeps { keep(token: token) }
        open(address(token))
        remark("The address works once. Ctrl-C ends the page.")
    }

    /// Shows an address, and opens it.
    func open(_ address: String) {
        try? output.write(address + "\n")
        try? output.flush()
        browser?.open(address)
    }

    /// Keeps the address that works next.
    nonisolated func keep(token: String) {
        var page = page
        page.address = address(token)
        place.write(page)
    }

    private nonisolated func address(_ token: String) -> String {
        "http://127.0.0.1:\(port.withLock(\.self))\(page.basePath)/?token=\(token)"
    }

    private func remark(_ text: String) {
        guard isTerminal else { return }
        try? errors.write(text + "\n")
        try? errors.flush()
    }
}
