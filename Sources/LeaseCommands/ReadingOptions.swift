import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// The option of every command that answers from the database.
package struct RefreshOption: ParsableArguments {
    @Flag(name: .customLong("refresh"), help: "Sync first. Without this, the network is not used.")
    var isRequested = false

    package init() {}
}

/// What has the options of a command that answers from the database.
///
/// They are groups beside each other, because in debug builds the parser checks each option again at each level.
package protocol HasReadingOptions {
    var global: GlobalOptions { get }
    var output: OutputOptions { get }
    var refresh: RefreshOption { get }
}

extension Subcommand where Self: HasReadingOptions {
    package var writesErrorsAsJSON: Bool { output.format == .json }
}

extension HasReadingOptions {
    var reading: ReadingOptions { ReadingOptions(global: global, output: output, refreshes: refresh.isRequested) }
}

/// How a command answers from the database.
struct ReadingOptions {
    var global: GlobalOptions
    var output: OutputOptions
    var refreshes: Bool

    /// Opens the database, after a sync if one is requested.
    func open(_ console: inout Console) async throws -> (manager: LeaseManager, scopes: Set<Int64>?) {
        if refreshes {
            let manager = try global.manager(console, access: .writing)
            let reports = try await console.waiting(for: global.names(console), isQuiet: output.isQuiet) {
                try await manager.sync(clouds: global.selection(console))
            }
            for report in reports {
                if let message = report.message { console.remark("leasehold: \(message)") }
            }
        }
        let manager = try global.manager(console)
        return (manager, try global.scopes(manager, console))
    }

    /// Writes a list, row by row, as the closure provides them.
    ///
    /// - Parameters:
    ///   - columns: all available columns.
    ///   - terminal: the columns on a terminal if the user chose none; the usual ones if `nil`.
    ///   - limit: the maximum number of rows; `nil` for all.
    ///   - console: where to write.
    ///   - rows: provides the rows.
    /// - Throws: ``UnknownColumnError``, ``OutputError``, or the error of `rows`.
    func write<Row>(
        _ columns: [Column<Row>], terminal: [Column<Row>]? = nil, limit: Int? = nil, _ console: inout Console,
        rows: ((Row) throws -> Void) throws -> Void
    ) throws {
        try write(selection(columns, terminal: terminal, console), limit: limit, &console, rows: rows)
    }

    /// The columns that the user chose, or those of the format.
    func selection<Row>(
        _ columns: [Column<Row>], terminal: [Column<Row>]? = nil, _ console: Console
    ) throws -> ColumnSelection<Row> {
        try ColumnSelection(
            from: columns, names: output.columnNames, sort: output.sort, format: output.format,
            standard: style(console).isForTerminal && !output.isWide ? terminal : nil)
    }

    /// Writes a list with the selected columns, row by row, as the closure provides them.
    func write<Row>(
        _ selection: ColumnSelection<Row>, limit: Int? = nil, _ console: inout Console,
        rows: ((Row) throws -> Void) throws -> Void
    ) throws {
        var list = ListOutput(selection: selection, style: style(console), limit: limit)
        var sink = console.output
        defer { console.output = sink }
        try rows { try list.write($0, to: &sink) }
        try list.finish(to: &sink)
    }

    /// Writes a list that is already complete.
    func write<Row>(
        _ rows: [Row], _ columns: [Column<Row>], terminal: [Column<Row>]? = nil, limit: Int? = nil,
        _ console: inout Console
    ) throws {
        try write(columns, terminal: terminal, limit: limit, &console) { write in for row in rows { try write(row) } }
    }

    /// Whether the answer is for a person at a terminal who chose no columns.
    func isPage(_ console: Console) -> Bool { style(console).isForTerminal && output.columnNames.isEmpty }

    /// Writes a page of text for a person.
    func write(_ page: TextPage, _ console: inout Console) throws {
        var sink = console.output
        defer { console.output = sink }
        try page.write(to: &sink)
    }

    /// Writes one result.
    func show<Row>(_ row: Row, _ columns: [Column<Row>], _ console: inout Console) throws {
        let selection = try ColumnSelection(
            from: columns, names: output.columnNames, sort: output.sort, format: output.format)
        var sink = console.output
        defer { console.output = sink }
        try ShowOutput(row, selection: selection, style: style(console)).write(to: &sink)
    }

    func style(_ console: Console) -> OutputStyle {
        OutputStyle(options: output, terminal: console.outputTerminal, zone: console.zone, now: console.now())
    }

    /// The zone in which times are read and shown.
    func zone(_ console: Console) -> DisplayZone { output.usesUTC ? .utc : console.zone }

    /// The time in an option that accepts only past times.
    func pastMoment(
        _ text: String, option: String, zone given: DisplayZone? = nil, _ console: Console
    ) throws -> Timestamp {
        let moment = try TimeArgument(parsing: text).moment(now: console.now(), zone: given ?? zone(console))
        guard moment <= console.now() else {
            throw CommandError.usage(
                "\(option) takes a time in the past, not \(TimeText(zone: given ?? zone(console)).full(moment))."
            )
        }
        return moment
    }

    /// The time in an option that accepts only the present minute and later ones.
    ///
    /// - Returns: the time; `nil` if the option was not given.
    func comingMoment(_ text: String?, option: String, _ console: Console) throws -> Timestamp? {
        guard let text else { return nil }
        let moment = try TimeArgument(parsing: text).moment(now: console.now(), zone: zone(console))
        // To Blazar, "now" is the beginning of the current minute.
        guard moment >= console.now().truncatedToMinute else {
            throw CommandError.usage(
                "\(option) takes a time from now on, not \(TimeText(zone: zone(console)).full(moment)). For the past, "
                    + "see 'leasehold report utilization', or the calendar of 'leasehold web'.")
        }
        return moment
    }

    /// Writes to standard error how fresh the answer is. JSON, YAML and CSV have it in the field `synced_at`.
    ///
    /// - Parameters:
    ///   - manager: the database.
    ///   - scopes: the scopes of the answer; `nil` for all.
    ///   - listings: when the lists were read on which the answer rests, by scope; when the leases were read if `nil`.
    ///   - knownAt: the time whose knowledge the answer is based on; `nil` for now.
    ///   - given: the zone of the answer; that of the options if `nil`.
    ///   - more: other remarks about the answer.
    ///   - console: where to write.
    /// - Throws: ``LeaseholdError``.
    func remarkFreshness(
        _ manager: LeaseManager, scopes: Set<Int64>?, listings: [Int64: Timestamp]? = nil, knownAt: Timestamp? = nil,
        zone given: DisplayZone? = nil, more: String = "", _ console: inout Console
    ) throws {
        let zone = given ?? zone(console)
        if try remarkEmptiness(manager, &console) { return }
        guard output.format.isForPeople, !output.isQuiet else { return }
        if let knownAt {
            try remarkKnowledge(manager, scopes: scopes, at: knownAt, zone, &console)
        } else {
            try remarkLastSync(manager, scopes: scopes, listings, zone, &console)
        }
        let zoneRemark = output.usesUTC ? "" : "Times are in \(zone.description(at: console.now()))."
        let last = [zoneRemark, more].filter { !$0.isEmpty }.joined(separator: " ")
        if !last.isEmpty { console.remark(last) }
    }

    /// If the answer is empty because no site has been read, says so.
    ///
    /// - Returns: whether that is the reason.
    @discardableResult
    func remarkEmptiness(_ manager: LeaseManager, _ console: inout Console) throws -> Bool {
        guard try manager.scopes().allSatisfy({ $0.listedAt == nil }) else { return false }
        if !output.isQuiet {
            console.remark("Nothing is known: no site has been read yet. Run `leasehold sync`.")
        }
        return true
    }

    private func remarkKnowledge(
        _ manager: LeaseManager, scopes: Set<Int64>?, at moment: Timestamp, _ zone: DisplayZone,
        _ console: inout Console
    ) throws {
        let text = TimeText(zone: zone)
        let listings = try manager.listings(until: moment)
        for scope in try manager.scopes() where scopes?.contains(scope.id) ?? true {
            var source = "before its list had ever been read"
            if let listed = listings[scope.id] {
                let age = moment.seconds(since: listed)
                source = "from the list read " + (age > 0 ? "\(TimeText.duration(seconds: age)) before" : "then")
                source += " (\(text.full(listed)))"
            }
            console.remark("\(scope.site): as known at \(text.full(moment)), \(source)")
        }
    }

    private func remarkLastSync(
        _ manager: LeaseManager, scopes: Set<Int64>?, _ listings: [Int64: Timestamp]?, _ zone: DisplayZone,
        _ console: inout Console
    ) throws {
        let now = console.now()
        let text = TimeText(zone: zone, now: now)
        let runs = try manager.lastRuns()
        for scope in try manager.scopes() where scopes?.contains(scope.id) ?? true {
            var remark = "\(scope.site): "
            if let listed = listings?[scope.id] ?? scope.listedAt {
                let ahead = listed.seconds(since: now)
                remark +=
                    ahead > Timestamp.clockToleranceSeconds
                    ? "this computer's clock is wrong, or was at the last sync, when it was "
                        + "\(TimeText.duration(seconds: ahead)) ahead of now (\(text.full(listed)))"
                    : "read \(TimeText.relative(listed, to: now)) (\(text.moment(listed)))"
            } else {
                remark += "never read"
            }
            let failed = runs.filter {
                scope.clouds.contains($0.cloud) && ($0.outcome == .failed || $0.outcome == .suspect)
            }
            if let run = failed.last {
                remark += "; the last attempt, \(TimeText.relative(run.startedAt, to: now)), failed"
            }
            console.remark(remark)
        }
    }
}

/// The options for the two questions about the past.
package struct PastOptions: ParsableArguments {
    @Option(
        name: .customLong("on"), parsing: .unconditional,
        help: ArgumentHelp("What was held at this time, including removed leases.", valueName: "time"))
    var heldAt: String?

    @Option(
        name: .customLong("as-known-at"), parsing: .unconditional,
        help: ArgumentHelp("What had been observed by this time.", valueName: "time"))
    var knownAt: String?

    package init() {}
}
