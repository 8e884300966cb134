import ArgumentParser
import LeaseModel
import LeaseReports
import Leasehold
import Output
import Synchronization

/// The options of a report on leases.
package struct ReportOptions: ParsableArguments {
    @OptionGroup var times: ReportPeriodOptions
    @OptionGroup var match: LeaseMatchOptions
    @OptionGroup var output: ReportOutputOptions
    @OptionGroup var reading: ReadingOptions

    package init() {}

    /// The file to write to; `nil` for standard output.
    var file: String? { output.file }

    /// The requested zone.
    func zone(_ console: Console) throws(CommandError) -> DisplayZone { try output.zone(reading, console) }

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
        filter.includesDeparted = true
        filter.scopes = scopes
        return ReportContext(manager: manager, scopes: scopes, zone: zone, now: now, period: period, filter: filter)
    }

    /// Writes rows to the chosen file, with the report's zone.
    func write<Row>(
        _ rows: [Row], _ columns: [Column<Row>], head: PageHead, _ context: ReportContext, _ console: inout Console
    ) throws {
        try output.write(rows, columns, head: head, zone: context.zone, reading, &console)
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
        lease.reservations.removeAll { reservation in
            filter.nodeType.map { $0 != reservation.nodeType } ?? false
                || !(filter.resourceTypes.isEmpty || filter.resourceTypes.contains(reservation.resourceType))
        }
        return lease
    }
}
