package import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output

/// `leasehold report expiring`
package struct ExpiringReportCommand: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "expiring",
        abstract: "Leases that end soon, and when they may be extended.",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold report expiring --mine
              leasehold report expiring --within 2d --extension-window 2d
            """))

    /// What counts as ending soon if the site's policy does not say.
    private static let usualSeconds: Int64 = 7 * 86_400

    @Option(
        name: .customLong("within"),
        help: ArgumentHelp(
            "How soon. Default: warning_time of the site's policy, otherwise 7d.", valueName: "length"))
    var within: String?
    @OptionGroup var window: ExtensionWindowOptions
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var output: ReportOutputOptions
    @OptionGroup var match: LeaseMatchOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let givenSeconds = try within.map { try DurationArgument(parsing: $0).seconds }
        let given = try window.seconds()
        let zone = try output.zone(reading, console)
        let now = console.now()
        var filter = try match.filter()
        let (manager, scopes) = try await reading.open(&console)
        filter.scopes = scopes
        filter.from = now
        let windows = try ExtensionWindowOptions.windows(given, manager)
        var limits: [Int64: Int64] = [:]
        for scope in try manager.scopes() {
            limits[scope.id] = try givenSeconds ?? manager.policy(of: scope).warningSeconds ?? Self.usualSeconds
        }
        var rows: [ExpiringRow] = []
        try manager.forEachUsage(filter) { lease in
            let limit = limits[lease.scopeID] ?? Self.usualSeconds
            if let row = ExpiringRow(lease, now: now, within: limit, extensionWindow: windows[lease.scopeID]) {
                rows.append(row)
            }
        }
        rows.sort { ($0.lease.endsAt, $0.lease.id) < ($1.lease.endsAt, $1.lease.id) }
        let head = PageHead(title: "Leases that end soon", remarks: ["Made \(TimeText(zone: zone).full(now))."])
        try output.write(
            rows,
            LeaseColumns.columns(\.lease) + [
                Column("status") { .status($0.lease.status.rawValue) },
                Column("end_date", isShrinkable: false) { .time($0.lease.endsAt) },
                Column("remaining") { .duration(seconds: $0.remainingSeconds) },
                Column("extension_opens_at") { $0.extensionOpensAt.map { .time($0) } ?? .unknown },
            ], head: head, zone: zone, reading, &console)
        try reading.remarkFreshness(manager, scopes: scopes, zone: zone, &console)
    }
}

/// How long before its end a lease may be extended.
package struct ExtensionWindowOptions: ParsableArguments {
    @Option(
        name: .customLong("extension-window"),
        help: ArgumentHelp(
            "How long before its end a site lets a lease be extended, such as 2d. Default: what its policy says.",
            valueName: "length"))
    var length: String?

    package init() {}

    /// The window in seconds; `nil` if the option is absent.
    func seconds() throws -> Int64? { try length.map { try DurationArgument(parsing: $0).seconds } }

    /// The window of each scope: the given one, otherwise the one in its policy.
    static func windows(_ given: Int64?, _ manager: LeaseManager) throws -> [Int64: Int64] {
        var windows: [Int64: Int64] = [:]
        for scope in try manager.scopes() {
            windows[scope.id] = try given ?? manager.policy(of: scope).extensionWindowSeconds
        }
        return windows
    }
}
