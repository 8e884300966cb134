import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Synchronization

/// The options of every report.
package struct ReportOptions: ParsableArguments {
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var match: LeaseMatchOptions

    @Option(
        name: .customLong("from"), parsing: .unconditional,
        help: ArgumentHelp("Count from this time on. Default: from the first lease on.", valueName: "time"))
    var from: String?

    @Option(
        name: .customLong("to"), parsing: .unconditional,
        help: ArgumentHelp("Count up to this time, that moment excluded.", valueName: "time"))
    var to: String?

    @Option(
        name: .customLong("tz"),
        help: ArgumentHelp(
            "The zone of days, weeks and times, such as Europe/Berlin. Default: your own.", valueName: "zone"))
    var zoneName: String?

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("Write to this file, whole or not at all, instead of standard output.", valueName: "file"),
        completion: .file())
    var file: String?

    package init() {}

    /// The zone asked for.
    func zone(_ console: Console) throws(CommandError) -> DisplayZone {
        guard let zoneName else { return reading.zone(console) }
        return try DisplayZone.named(zoneName, environment: console.environment)
    }

    /// Opens the database and settles what is asked about.
    ///
    /// - Parameters:
    ///   - console: where to read and write.
    ///   - defaultEnd: what ends the period if nothing is said; now if `nil`.
    /// - Returns: the database, and what is asked.
    /// - Throws: ``CommandError`` for a period that ends before it starts, or what cannot be read.
    func begin(_ console: inout Console, defaultEnd: Timestamp? = nil) async throws -> ReportContext {
        let zone = try zone(console)
        let now = console.now()
        func moment(_ text: String?) throws -> Timestamp? {
            try text.map { try TimeArgument(parsing: $0).moment(now: now, zone: zone) }
        }
        let start = try moment(from) ?? .distantPast
        let end = try moment(to) ?? defaultEnd ?? now
        guard start < end else {
            let text = TimeText(zone: zone)
            throw CommandError.usage(
                "The period ends (\(text.full(end))) before it starts, or when it does (\(text.full(start))). "
                    + "Give --from and --to so that the first is earlier.")
        }
        var filter = try match.filter()
        let (manager, scopes) = try await reading.open(&console)
        filter.includesDeparted = true
        filter.scopes = scopes
        return ReportContext(
            manager: manager, scopes: scopes, zone: zone, now: now, period: start..<end, filter: filter)
    }

    /// Writes rows to where they are wanted, with the report's zone.
    func write<Row>(
        _ rows: [Row], _ columns: [Column<Row>], head: PageHead, _ context: ReportContext, _ console: inout Console
    ) throws {
        let output = reading.output
        let selection = try ColumnSelection(
            from: columns, names: output.columnNames, sort: output.sort, format: output.format)
        try ReportFile.write(to: file, &console) { console in
            var style = OutputStyle(
                format: output.format, width: reading.style(console).width,
                usesColor: reading.style(console).usesColor, zone: context.zone)
            style.head = head
            var sink = console.output
            defer { console.output = sink }
            try ListOutput.write(rows, selection: selection, style: style, to: &sink)
        }
    }

    /// What a page says of itself.
    func head(_ title: String, _ context: ReportContext) throws -> PageHead {
        var head = PageHead()
        head.title = title
        head.remarks = [context.periodText, try context.coverageText()]
        return head
    }

    /// Says on standard error how complete and how fresh the report is.
    func remark(_ context: ReportContext, _ console: inout Console) throws {
        guard reading.output.format.isForPeople, !reading.output.isQuiet else { return }
        console.remark(try context.coverageText())
        try reading.remarkFreshness(context.manager, scopes: context.scopes, zone: context.zone, &console)
    }
}

/// What a report is about, once its options are settled.
struct ReportContext {
    let manager: LeaseManager
    let scopes: Set<Int64>?
    let zone: DisplayZone
    let now: Timestamp
    let period: Range<Timestamp>
    /// Finds the leases, gone ones too; its times are not set.
    var filter: LeaseFilter

    /// The filter, narrowed to leases whose own dates touch the period.
    var filterInPeriod: LeaseFilter {
        var filter = filter
        if period.lowerBound > .distantPast { filter.from = period.lowerBound }
        filter.to = period.upperBound
        return filter
    }

    func calendar(_ bucket: Bucket?) -> BucketCalendar? {
        bucket.map { BucketCalendar($0, offsetSeconds: zone.offsetSeconds) }
    }

    /// Adds to a report what leases held, and shows how far it is.
    ///
    /// - Parameters:
    ///   - report: the report, just begun.
    ///   - filter: which leases.
    ///   - moment: only leases that held something then; `nil` for all.
    ///   - knowledge: what had been seen by when; `nil` for everything.
    ///   - names: whether the names of projects and users matter.
    ///   - states: whether past states matter.
    ///   - events: whether events matter.
    ///   - kinds: whether flavors and machine names matter.
    ///   - console: where the progress is shown.
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
                report.add(LeaseHolding(lease).keepingReservations(of: filter))
                progress.withLock { $0.add(1) }
            }
        }
        let parts = try manager.addUpHoldings(
            filter, from: report, includesNames: names, includesStates: states, includesEvents: events,
            includesKinds: kinds, progress: { leases in progress.withLock { $0.add(leases) } }, add: { $0.add($1) })
        for part in parts { report.merge(part) }
    }

    /// `2026-03-02 00:00 +01:00 to 2026-04-06 00:00 +02:00`
    var periodText: String {
        let text = TimeText(zone: zone)
        let start = period.lowerBound == .distantPast ? "The first lease" : text.full(period.lowerBound)
        return period.upperBound == .distantFuture ? "\(start) on." : "\(start) to \(text.full(period.upperBound))."
    }

    /// From when on nothing is missing.
    func coverageText() throws -> String {
        guard let from = try manager.completeness(scopes: scopes)?.from else {
            return "A site was never read whole: leases may be missing."
        }
        return "Leases that were deleted before \(TimeText(zone: zone).full(from)) are not known."
    }
}

extension LeaseHolding {
    /// The lease without the reservations that a filter's types leave out.
    fileprivate func keepingReservations(of filter: LeaseFilter) -> LeaseHolding {
        var lease = self
        lease.reservations.removeAll { reservation in
            filter.nodeType.map { $0 != reservation.nodeType } ?? false
                || !(filter.resourceTypes.isEmpty || filter.resourceTypes.contains(reservation.resourceType))
        }
        return lease
    }
}
