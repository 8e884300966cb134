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
