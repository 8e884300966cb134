package import LeaseModel

/// One row of a report of service units.
package struct ServiceUnitRow: Sendable, Hashable {
    /// The start of the bucket; `nil` if the report has no buckets.
    package let bucket: Timestamp?
    /// The values that it is grouped by, in the requested order.
    package let labels: [String?]
    /// Service units; `nil` if some hours have no rate, or if a number of units is not known.
    package let serviceUnits: Double?
    /// Hours times units that have no rate.
    package let unratedHours: Double
    /// Whether it contains a bound or an estimate.
    package let isEstimated: Bool
}

/// Service units by bucket and group.
package struct ServiceUnitReport: AdditiveReport {
    private var tally: ServiceUnitTally
    private var subtotalTally: ServiceUnitTally?
    private var totalTally: ServiceUnitTally?
    private let period: Range<Timestamp>
    private let rates: [Int64: RateTable]

    /// Starts a report.
    ///
    /// - Parameters:
    ///   - dimensions: what to group by.
    ///   - calendar: the buckets; `nil` for one bucket.
    ///   - period: the period that counts.
    ///   - rates: the rates for the leases of each scope; leases of other scopes are left out.
    ///   - addsTotals: whether to compute ``subtotals`` and ``total`` too.
    package init(
        by dimensions: [ReportDimension], calendar: BucketCalendar?, period: Range<Timestamp>,
        rates: [Int64: RateTable], addsTotals: Bool = false
    ) {
        self.period = period
        self.rates = rates
        tally = ServiceUnitTally(by: dimensions, calendar: calendar, period: period)
        guard addsTotals else { return }
        totalTally = ServiceUnitTally(by: [], calendar: nil, period: period)
        if calendar != nil, !dimensions.isEmpty {
            subtotalTally = ServiceUnitTally(by: [], calendar: calendar, period: period)
        } else if dimensions.count > 1 {
            subtotalTally = ServiceUnitTally(by: [dimensions[0]], calendar: calendar, period: period)
        }
    }

    package mutating func add(_ lease: LeaseUsage) {
        guard let rates = rates[lease.scopeID], let held = lease.held, held.span.overlaps(period) else { return }
        for part in lease.heldParts {
            for reservation in part.reservations {
                guard let pieces = rates.pieces(of: part.time.span, for: reservation) else { continue }
                add(lease, reservation, part.time, pieces)
            }
        }
        // What an outlined lease reserves is not known, so its cost is not known either.
        if lease.isOutline { add(lease, nil, held, [RateTable.Piece(span: held.span, rate: nil)]) }
    }

    private mutating func add(
        _ lease: LeaseUsage, _ reservation: HeldReservation?, _ held: HeldTime, _ pieces: [RateTable.Piece]
    ) {
        tally.add(lease, reservation, held, pieces)
        subtotalTally?.add(lease, reservation, held, pieces)
        totalTally?.add(lease, reservation, held, pieces)
    }

    package mutating func merge(_ other: ServiceUnitReport) {
        tally.merge(other.tally)
        if let subtotals = other.subtotalTally { subtotalTally?.merge(subtotals) }
        if let total = other.totalTally { totalTally?.merge(total) }
    }

    /// The rows, by bucket and labels.
    package var rows: [ServiceUnitRow] { tally.rows }

    /// The sum of each bucket, or of each first label if there are no buckets.
    package var subtotals: [ServiceUnitRow] { subtotalTally?.rows ?? [] }

    /// The sum of everything; `nil` if there is nothing.
    package var total: ServiceUnitRow? { totalTally?.rows.first }
}
