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

    /// The zone asked for.
    func zone(_ console: Console) throws(CommandError) -> DisplayZone { try output.zone(reading, console) }

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
        let period = try times.period(now: now, zone: zone, defaultEnd: defaultEnd)
        var filter = try match.filter()
        let (manager, scopes) = try await reading.open(&console)
        filter.includesDeparted = true
        filter.scopes = scopes
        return ReportContext(manager: manager, scopes: scopes, zone: zone, now: now, period: period, filter: filter)
    }

    /// Writes rows to where they are wanted, with the report's zone.
    func write<Row>(
        _ rows: [Row], _ columns: [Column<Row>], head: PageHead, _ context: ReportContext, _ console: inout Console
    ) throws {
        try output.write(rows, columns, head: head, zone: context.zone, reading, &console)
    }

    /// What a page says of itself.
    func head(_ title: String, _ context: ReportContext) throws -> PageHead {
        let text = TimeText(zone: context.zone)
        var head = PageHead(title: title, remarks: [text.period(context.period), try context.coverageText(text.full)])
        head.span = TimeText(zone: context.zone, now: context.now).span(context.period)
        return head
    }

    /// Says on standard error how complete and how fresh the report is.
    ///
    /// - Parameters:
    ///   - context: what was asked.
    ///   - knownAt: when the answer was known; `nil` for now.
    ///   - console: where to say it.
    /// - Throws: ``LeaseholdError`` of code `database`.
    func remark(_ context: ReportContext, knownAt: Timestamp? = nil, _ console: inout Console) throws {
        guard reading.output.format.isForPeople, !reading.output.isQuiet else { return }
        let text = TimeText(zone: context.zone, now: context.now)
        console.remark(try context.coverageText { reading.isPage(console) ? text.zoned($0) : text.full($0) })
        try reading.remarkFreshness(
            context.manager, scopes: context.scopes, knownAt: knownAt, zone: context.zone, &console)
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
                report.add(LeaseUsage(lease).keepingReservations(of: filter))
                progress.withLock { $0.add(1) }
            }
        }
        let parts = try manager.addUpUsage(
            filter, from: report, includesNames: names, includesStates: states, includesEvents: events,
            includesKinds: kinds, progress: { leases in progress.withLock { $0.add(leases) } }, add: { $0.add($1) })
        for part in parts { report.merge(part) }
    }

    /// From when on nothing is missing.
    func coverageText(_ text: (Timestamp) -> String) throws -> String {
        guard let from = try manager.completeness(scopes: scopes)?.from else {
            return "A site was never read whole: leases may be missing."
        }
        return "Leases deleted before \(text(from)) are not known."
    }
}

extension LeaseUsage {
    /// The lease without the reservations that a filter's types leave out.
    fileprivate func keepingReservations(of filter: LeaseFilter) -> LeaseUsage {
        var lease = self
        lease.reservations.removeAll { reservation in
            filter.nodeType.map { $0 != reservation.nodeType } ?? false
                || !(filter.resourceTypes.isEmpty || filter.resourceTypes.contains(reservation.resourceType))
        }
        return lease
    }
}
