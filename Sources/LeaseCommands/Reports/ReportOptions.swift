import ArgumentParser
import Foundation
import LeaseModel
import LeaseReports
import LeaseText
import Leasehold
import LocalFiles
import Output
import Synchronization

/// What has the options of a report on leases.
package protocol HasReportOptions: HasReadingOptions {
    var times: ReportPeriodOptions { get }
    var match: LeaseMatchOptions { get }
    var page: ReportOutputOptions { get }
}

extension HasReportOptions {
    var options: ReportOptions { ReportOptions(times: times, match: match, page: page, reading: reading) }
}

/// How a report on leases is made.
struct ReportOptions {
    var times: ReportPeriodOptions
    var match: LeaseMatchOptions
    var page: ReportOutputOptions
    var reading: ReadingOptions

    /// The file to write to; `nil` for standard output.
    var file: String? { page.file }

    /// The requested zone.
    func zone(_ console: Console) throws(CommandError) -> DisplayZone { try page.zone(reading, console) }

    /// Opens the database and evaluates the options.
    ///
    /// - Parameters:
    ///   - console: where to read and write.
    ///   - defaultEnd: the end of the period if the options give none; now if `nil`.
    /// - Returns: the database, and what the report is about.
    /// - Throws: ``CommandError`` if the period ends before it starts or an option cannot be parsed.
    func begin(_ console: inout Console, defaultEnd: Timestamp? = nil) async throws -> ReportContext {
        let zone = try zone(console)
        let now = console.now()
        let period = try times.period(now: now, zone: zone, defaultEnd: defaultEnd)
        var filter = try match.filter()
        let (manager, scopes) = try await reading.open(&console)
        filter.includesRemoved = true
        filter.scopes = scopes
        return ReportContext(manager: manager, scopes: scopes, zone: zone, now: now, period: period, filter: filter)
    }

    /// Writes rows to the chosen file, with the report's zone.
    func write<Row>(
        _ rows: [Row], _ columns: [Column<Row>], head: PageHead, _ context: ReportContext, _ console: inout Console
    ) throws {
        try page.write(rows, columns, head: head, zone: context.zone, reading, &console)
    }

    /// The head of a page.
    func head(_ title: String, _ context: ReportContext) throws -> PageHead {
        let text = TimeText(zone: context.zone)
        var head = PageHead(title: title, remarks: [text.period(context.period), try context.coverageText(text.full)])
        head.span = TimeText(zone: context.zone, now: context.now).span(context.period)
        return head
    }

    /// Writes to standard error how complete and how fresh the report is.
    ///
    /// - Parameters:
    ///   - context: what the report is about.
    ///   - knownAt: the time whose knowledge the answer is based on; `nil` for now.
    ///   - console: where to write.
    /// - Throws: ``LeaseholdError`` of code `database`.
    func remark(_ context: ReportContext, knownAt: Timestamp? = nil, _ console: inout Console) throws {
        guard reading.output.format.isForPeople, !reading.output.isQuiet else { return }
        let text = TimeText(zone: context.zone, now: context.now)
        console.remark(try context.coverageText { reading.isPage(console) ? text.zoned($0) : text.full($0) })
        try reading.remarkFreshness(
            context.manager, scopes: context.scopes, knownAt: knownAt, zone: context.zone, &console)
    }
}

/// What a report is about, after its options have been evaluated.
struct ReportContext {
    let manager: LeaseManager
    let scopes: Set<Int64>?
    let zone: DisplayZone
    let now: Timestamp
    let period: Range<Timestamp>
    /// Selects the leases, including those that are no longer listed. Its times are not set.
    var filter: LeaseFilter

    /// The filter, narrowed to leases whose own dates overlap the period.
    var filterInPeriod: LeaseFilter {
        var filter = filter
        if period.lowerBound > .distantPast { filter.from = period.lowerBound }
        filter.to = period.upperBound
        return filter
    }

    func calendar(_ bucket: Bucket?) -> BucketCalendar? {
        bucket.map { BucketCalendar($0, offsetSeconds: zone.offsetSeconds) }
    }

    /// Adds the usage of the selected leases to a report, and shows progress.
    ///
    /// - Parameters:
    ///   - report: an empty report.
    ///   - filter: which leases.
    ///   - moment: only leases that held something at this time; `nil` for all.
    ///   - knowledge: only what had been observed by this time; `nil` for everything.
    ///   - names: whether the names of projects and users are needed.
    ///   - states: whether past states are needed.
    ///   - events: whether events are needed.
    ///   - kinds: whether flavors and machine names are needed.
    ///   - console: where progress is shown.
    /// - Throws: ``LeaseholdError`` of code `database`.
    func fill(
        _ report: inout some AdditiveReport, _ filter: LeaseFilter, on moment: Timestamp? = nil,
        asKnownAt knowledge: Timestamp? = nil, names: Bool = true, states: Bool = false, events: Bool = false,
        kinds: Bool = false, _ console: Console
    ) throws {
        let progress = Mutex(ReadingProgress(console))
        defer { progress.withLock { $0.finish() } }
        guard moment == nil, knowledge == nil else {
            return try manager.forEachLease(on: moment, asKnownAt: knowledge, filter) { lease in
                report.add(LeaseUsage(lease).keepingReservations(of: filter))
                progress.withLock { $0.add(1) }
            }
        }
        let parts = try manager.addUpUsage(
            filter, from: report, includesNames: names, includesStates: states, includesEvents: events,
            includesKinds: kinds, progress: { leases in progress.withLock { $0.add(leases) } }, add: { $0.add($1) })
        for part in parts { report.merge(part) }
    }

    /// The time from which on the data is complete.
    func coverageText(_ text: (Timestamp) -> String) throws -> String {
        guard let from = try manager.completeness(scopes: scopes)?.from else {
            return "No complete list of a site was ever read: leases may be missing."
        }
        return "Leases deleted before \(text(from)) are not known."
    }
}

extension LeaseUsage {
    /// The lease, with only those reservations whose types the filter includes.
    fileprivate func keepingReservations(of filter: LeaseFilter) -> LeaseUsage {
        var lease = self
        lease.reservations.removeAll { !filter.admits(type: $0.resourceType, nodeType: $0.nodeType) }
        return lease
    }
}

/// The options for the period of a report.
package struct ReportPeriodOptions: ParsableArguments {
    @Option(
        name: .customLong("from"), parsing: .unconditional,
        help: ArgumentHelp("The beginning of the period. Default: the first lease.", valueName: "time"))
    var from: String?

    @Option(
        name: .customLong("to"), parsing: .unconditional,
        help: ArgumentHelp(
            "The end of the period, exclusive. Default: now; no end for early, lead-time, failures, ical.",
            valueName: "time"))
    var to: String?

    package init() {}

    /// The requested period.
    ///
    /// - Parameters:
    ///   - now: the current time.
    ///   - zone: the zone of times that name none.
    ///   - defaultEnd: the end of the period if the options give none; now if `nil`.
    /// - Returns: the period. Without a start option, it has no beginning.
    /// - Throws: ``CommandError`` if the period ends before it starts, ``TimeArgumentError`` if a text is not a time.
    func period(now: Timestamp, zone: DisplayZone, defaultEnd: Timestamp? = nil) throws -> Range<Timestamp> {
        func moment(_ text: String?) throws -> Timestamp? {
            try text.map { try TimeArgument(parsing: $0).moment(now: now, zone: zone) }
        }
        let start = try moment(from) ?? .distantPast
        let end = try moment(to) ?? defaultEnd ?? now
        guard start < end else {
            let text = TimeText(zone: zone)
            throw CommandError.usage(
                "The period ends (\(text.full(end))) before it starts (\(text.full(start))), or at the same time. "
                    + "Give --from and --to so that the first is earlier.")
        }
        return start..<end
    }
}

extension TimeText {
    /// `2026-03-02 00:00 +01:00 to 2026-04-06 00:00 +02:00.`
    func period(_ period: Range<Timestamp>) -> String {
        let start = period.lowerBound == .distantPast ? "The first lease" : full(period.lowerBound)
        return period.upperBound == .distantFuture ? "\(start) on." : "\(start) to \(full(period.upperBound))."
    }

    /// `Mon 2 Mar 00:00 CET to Mon 6 Apr 00:00 CEST`; `nil` for all time.
    func span(_ period: Range<Timestamp>) -> String? {
        switch (period.lowerBound == .distantPast, period.upperBound == .distantFuture) {
        case (true, true): nil
        case (true, false): "from the first lease to \(zoned(period.upperBound))"
        case (false, true): "from \(zoned(period.lowerBound))"
        case (false, false): self.period(from: period.lowerBound, to: period.upperBound)
        }
    }
}

/// The options that every report has in addition to ``ReadingOptions``: the file to write to, and the zone of times.
package struct ReportOutputOptions: ParsableArguments {
    @Option(
        name: .customLong("tz"),
        help: ArgumentHelp(
            "The zone of days, weeks and times, such as Europe/Berlin. Default: your own.", valueName: "zone"))
    var zoneName: String?

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("Write to this file. If writing fails, an existing file is kept.", valueName: "file"),
        completion: .file())
    var file: String?

    package init() {}

    /// The requested zone, from these options or the reading options.
    func zone(_ reading: ReadingOptions, _ console: Console) throws(CommandError) -> DisplayZone {
        guard let zoneName else { return reading.zone(console) }
        do {
            return try DisplayZone.named(zoneName, environment: console.environment)
        } catch {
            throw .usage(error.message)
        }
    }

    /// Writes rows to the chosen file, or to the console.
    ///
    /// - Parameters:
    ///   - rows: the rows.
    ///   - columns: all available columns.
    ///   - head: the head of a page.
    ///   - zone: the zone of times.
    ///   - reading: the options that choose the format.
    ///   - console: where to write if no file is named.
    /// - Throws: ``CommandError`` if the file cannot be written or a column does not exist.
    func write<Row>(
        _ rows: [Row], _ columns: [Column<Row>], head: PageHead, zone: DisplayZone, _ reading: ReadingOptions,
        _ console: inout Console
    ) throws {
        let output = reading.output
        let isPage = reading.isPage(console) && !output.isWide && file == nil
        let marked = isPage ? Self.markingEstimates(in: columns, rows) : nil
        let selection = try ColumnSelection(
            from: columns, names: output.columnNames, sort: output.sort, format: output.format, standard: marked)
        let database = reading.global.configuration(console).databasePath
        try ReportFile.write(to: file, database: database, &console) { console in
            var style = OutputStyle(
                format: output.format, width: reading.style(console).width,
                usesColor: reading.style(console).usesColor, zone: zone)
            style.head = head
            style.isForTerminal = reading.style(console).isForTerminal
            style.isSpreadsheetSafe = output.isSpreadsheetSafe
            style.now = console.now()
            var sink = console.output
            defer { console.output = sink }
            if style.isForTerminal, !output.isQuiet {
                var page = TextPage(style)
                page.line([head.title, head.span].compactMap { $0 }.joined(separator: ", "))
                try page.write(to: &sink)
            }
            try ListOutput.write(rows, selection: selection, style: style, to: &sink)
        }
        if marked?.contains(where: { $0.key == "estimated" }) ?? false, !output.isQuiet {
            console.remark("~ estimated: a value that is not known exactly counts at its maximum.")
        }
    }

    /// The columns for a terminal. If any row is an estimate, `~` after its figures replaces the column `estimated`.
    private static func markingEstimates<Row>(in columns: [Column<Row>], _ rows: [Row]) -> [Column<Row>] {
        let shown = columns.filter { $0.visibility == .always }
        guard let estimated = shown.first(where: { $0.key == "estimated" }) else { return shown }
        let others = shown.filter { $0.key != "estimated" }
        guard rows.contains(where: { estimated.cell($0) == .bool(true) }) else { return others }
        let mark = Column<Row>("estimated", heading: "") { .text(estimated.cell($0) == .bool(true) ? "~" : " ") }
        return others + [mark]
    }
}

/// The file to which a report is written.
enum ReportFile {
    /// Opens a file for the body to write to; without a path, the body writes to standard output.
    ///
    /// The file gets its name only when it is complete. If anything fails, an older file with that name is kept.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - database: the path of the database, whose files are never replaced.
    ///   - console: provides standard output.
    ///   - body: writes the report.
    /// - Throws: ``CommandError`` if the file cannot be written, or the body's error.
    static func write(
        to path: String?, database: String, _ console: inout Console, _ body: (inout Console) throws -> Void
    ) throws {
        guard let path else { return try body(&console) }
        let full = path.hasPrefix("/") ? path : "\(console.currentDirectory)/\(path)"
        let file: OutputFile
        do {
            file = try OutputFile(path: full, besides: DatabaseFiles(named: database))
        } catch {
            throw failure(path, error)
        }
        var inner = console
        inner.output = FileSink(descriptor: file.descriptor)
        inner.outputTerminal = .none
        do {
            try body(&inner)
            try inner.output.flush()
        } catch {
            file.discard()
            throw error
        }
        console.errors = inner.errors
        do {
            try file.finish()
        } catch {
            throw failure(path, error)
        }
    }

    private static func failure(_ path: String, _ problem: FileProblem) -> CommandError {
        if case .database = problem {
            return .usage("\(path) cannot be replaced: \(problem.clause). Name another file with -o.")
        }
        return CommandError(
            code: "output", message: "\(path) cannot be written: \(problem.clause). Name another file with -o.",
            status: .outputFailed)
    }
}
