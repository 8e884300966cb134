package import LeaseModel

/// One row of a report of hours.
package struct HoursRow: Sendable, Hashable {
    /// The start of the bucket; `nil` if the report has no buckets.
    package var bucket: Timestamp?
    /// The values that it is grouped by, in the requested order.
    package var labels: [String?]
    /// The number of leases.
    package var leases: Int
    /// The seconds for which leases were held.
    package var leaseSeconds: Int64
    /// Seconds times machines; `nil` if the number of machines is not known.
    package var nodeSeconds: Int64?
    /// Whether it contains a bound or an estimate.
    package var isEstimated: Bool
    /// Whether it certainly includes everything, even what was deleted before the first sync or came after the last;
    /// `nil` if completeness does not apply.
    package var isComplete: Bool?

    package var leaseHours: Double { Double(leaseSeconds) / 3_600 }
    package var nodeHours: Double? { nodeSeconds.map { Double($0) / 3_600 } }
}

/// Lease-hours and node-hours by bucket and group.
///
/// Leases are added one by one, from any source, and need not be kept.
package struct HoursReport: AdditiveReport {
    private var tally: HoursTally
    private var subtotalTally: HoursTally?
    private var totalTally: HoursTally?
    private let period: Range<Timestamp>
    private let calendar: BucketCalendar?
    private let completeness: Completeness?

    /// Starts a report.
    ///
    /// - Parameters:
    ///   - dimensions: what to group by.
    ///   - calendar: the buckets; `nil` for one bucket.
    ///   - period: the period that counts.
    ///   - completeness: the time within which nothing is missing; `nil` if some scope was never read completely.
    ///   - addsTotals: whether to compute ``subtotals`` and ``total`` too.
    package init(
        by dimensions: [ReportDimension], calendar: BucketCalendar?, period: Range<Timestamp>,
        completeness: Completeness?, addsTotals: Bool = false
    ) {
        self.period = period
        self.calendar = calendar
        self.completeness = completeness
        tally = HoursTally(by: dimensions, calendar: calendar, period: period)
        guard addsTotals else { return }
        totalTally = HoursTally(by: [], calendar: nil, period: period)
        if calendar != nil, !dimensions.isEmpty {
            subtotalTally = HoursTally(by: [], calendar: calendar, period: period)
        } else if dimensions.count > 1 {
            subtotalTally = HoursTally(by: [dimensions[0]], calendar: calendar, period: period)
        }
    }

    package mutating func add(_ lease: LeaseUsage) {
        guard lease.earlierReservations.isEmpty else {
            let parts = lease.heldParts
            tally.add(lease, parts)
            subtotalTally?.add(lease, parts)
            totalTally?.add(lease, parts)
            return
        }
        guard let held = lease.held else { return }
        add(lease, CollectionOfOne(held), reason: nil)
    }

    package mutating func merge(_ other: HoursReport) {
        tally.merge(other.tally)
        if let subtotals = other.subtotalTally { subtotalTally?.merge(subtotals) }
        if let total = other.totalTally { totalTally?.merge(total) }
    }

    /// Adds spans of a lease's time, with the reason why they count.
    mutating func add(_ lease: LeaseUsage, _ stretches: some Collection<HeldTime>, reason: String?) {
        tally.add(lease, stretches, reason: reason)
        subtotalTally?.add(lease, stretches, reason: reason)
        totalTally?.add(lease, stretches, reason: reason)
    }

    /// The rows, by bucket and labels.
    package var rows: [HoursRow] { judged(tally) }

    /// The sum of each bucket, or of each first label if there are no buckets; every lease counts once.
    package var subtotals: [HoursRow] { subtotalTally.map(judged) ?? [] }

    /// The sum of everything; `nil` if there is nothing.
    package var total: HoursRow? { totalTally.flatMap { judged($0).first } }

    private func judged(_ tally: HoursTally) -> [HoursRow] {
        var bucket: (start: Timestamp?, isComplete: Bool)?
        return tally.rows.map { row in
            // The rows of one bucket are adjacent.
            if bucket?.start != row.bucket || bucket == nil { bucket = (row.bucket, isComplete(row.bucket)) }
            var row = row
            row.isComplete = bucket?.isComplete
            return row
        }
    }

    private func isComplete(_ start: Timestamp?) -> Bool {
        guard let completeness else { return false }
        var part = period
        if let start, let calendar {
            let bucket = calendar.bucket(holding: start)
            part = max(bucket.lowerBound, period.lowerBound)..<min(bucket.upperBound, period.upperBound)
        }
        return part.lowerBound >= completeness.from && part.upperBound <= completeness.until
    }
}

/// Adds up lease-hours and node-hours for one way of grouping.
struct HoursTally: Sendable {
    private let dimensions: [ReportDimension]
    private let isByReservation: Bool
    private var codes = GroupCodes()
    private var ledger: SpanLedger
    /// The groups in which the current span has been counted; a property so that no array is made for every lease.
    private var groups: [Int32] = []
    /// The number of leases so far.
    private var number = 0

    init(by dimensions: [ReportDimension], calendar: BucketCalendar?, period: Range<Timestamp>) {
        self.dimensions = dimensions
        isByReservation = dimensions.contains(where: \.isOfReservation)
        ledger = SpanLedger(calendar, period: period)
    }

    /// Adds spans of a lease's time.
    mutating func add(_ lease: LeaseUsage, _ stretches: some Collection<HeldTime>, reason: String? = nil) {
        number += 1
        for held in stretches where ledger.clipped(held.span) != nil { add(lease, held, lease.reservations, reason) }
    }

    /// Adds the time of a lease whose reservations changed, part by part.
    mutating func add(_ lease: LeaseUsage, _ parts: [HeldPart]) {
        number += 1
        for part in parts where ledger.clipped(part.time.span) != nil { add(lease, part.time, part.reservations, nil) }
    }

    private mutating func add(
        _ lease: LeaseUsage, _ held: HeldTime, _ reservations: [HeldReservation], _ reason: String?
    ) {
        groups.removeAll(keepingCapacity: true)
        guard isByReservation, !reservations.isEmpty else {
            let nodes = lease.isOutline ? nil : Self.nodes(of: reservations)
            add(held, to: group(lease, nil, reason), nodes: nodes, addsLease: true)
            return
        }
        for reservation in reservations {
            let group = group(lease, reservation, reason)
            let isFirst = !groups.contains(group)
            if isFirst { groups.append(group) }
            add(held, to: group, nodes: reservation.nodes, addsLease: isFirst)
        }
    }

    private mutating func group(_ lease: LeaseUsage, _ reservation: HeldReservation?, _ reason: String?) -> Int32 {
        var group = GroupCodes.none
        for dimension in dimensions {
            group = codes.group(group, adding: dimension.label(lease, reservation, reason: reason))
        }
        return group
    }

    /// The machines of all reservations together; `nil` if one of the numbers is not known.
    private static func nodes(of reservations: [HeldReservation]) -> UnitCount? {
        var count = 0
        var isEstimated = false
        for reservation in reservations {
            guard let nodes = reservation.nodes else { return nil }
            count += nodes.count
            isEstimated = isEstimated || nodes.isEstimated
        }
        return UnitCount(count: count, isEstimated: isEstimated)
    }

    private mutating func add(_ held: HeldTime, to group: Int32, nodes: UnitCount?, addsLease: Bool) {
        let number = number
        var pieces = ledger.pieces(of: held)
        while let piece = ledger.next(&pieces) {
            ledger.update(group, piece.bucket) { entry in
                if addsLease { entry.leaseSeconds += piece.seconds }
                if entry.lastLease != number {
                    entry.lastLease = number
                    entry.leases += 1
                }
                if let nodes {
                    entry.add(seconds: piece.seconds, units: nodes.count)
                } else {
                    entry.unknownSeconds += piece.seconds
                }
                if !piece.isCertain || nodes?.isEstimated ?? true { entry.isEstimated = true }
            }
        }
    }

    /// Merges another tally, of other leases.
    mutating func merge(_ other: HoursTally) {
        let groups = codes.merge(other.codes)
        ledger.merge(other.ledger) { groups[Int($0)] }
    }

    /// The rows, by bucket and labels.
    var rows: [HoursRow] {
        ledger.all.map { group, start, entry in
            HoursRow(
                bucket: start, labels: codes.labels(of: group), leases: entry.leases,
                leaseSeconds: entry.leaseSeconds, nodeSeconds: entry.unknownSeconds > 0 ? nil : entry.unitSeconds,
                isEstimated: entry.isEstimated)
        }.sorted { RowOrder.precedes(($0.bucket, $0.labels), ($1.bucket, $1.labels)) }
    }
}

/// The order of a report's rows: by bucket, then by label; missing labels come last.
enum RowOrder {
    static func precedes(_ left: (Timestamp?, [String?]), _ right: (Timestamp?, [String?])) -> Bool {
        if let first = left.0, let second = right.0, first != second { return first < second }
        for (first, second) in zip(left.1, right.1) where first != second {
            guard let first else { return false }
            guard let second else { return true }
            return first < second
        }
        return false
    }
}
