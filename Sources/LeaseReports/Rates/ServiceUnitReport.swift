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

/// Adds up service units for one way of grouping.
struct ServiceUnitTally: Sendable {
    private let dimensions: [ReportDimension]
    private var codes = GroupCodes()
    private var ledger: SpanLedger

    init(by dimensions: [ReportDimension], calendar: BucketCalendar?, period: Range<Timestamp>) {
        self.dimensions = dimensions
        ledger = SpanLedger(calendar, period: period)
    }

    /// Adds the cost of a reservation.
    ///
    /// - Parameters:
    ///   - lease: its lease.
    ///   - reservation: the reservation; `nil` if it is not known what the lease reserves.
    ///   - held: when the lease was held.
    ///   - pieces: that time, divided by rates.
    mutating func add(
        _ lease: LeaseUsage, _ reservation: HeldReservation?, _ held: HeldTime, _ pieces: [RateTable.Piece]
    ) {
        var group = GroupCodes.none
        for dimension in dimensions { group = codes.group(group, adding: dimension.label(lease, reservation)) }
        for piece in pieces {
            add(HeldTime(piece.span, certainUntil: held.certainUntil), piece.rate, reservation?.units, to: group)
        }
    }

    private mutating func add(_ held: HeldTime, _ rate: Double?, _ units: UnitCount?, to group: Int32) {
        var pieces = ledger.pieces(of: held)
        while let piece = ledger.next(&pieces) {
            ledger.update(group, piece.bucket) { entry in
                guard let units else {
                    entry.unknownSeconds.add(piece.seconds)
                    return
                }
                let seconds = piece.seconds * Int64(units.count)
                if let rate {
                    entry.ratedSeconds[rate, default: 0].add(seconds)
                } else {
                    entry.unratedSeconds.add(seconds)
                }
                if !piece.isCertain || units.isEstimated { entry.isEstimated = true }
            }
        }
    }

    /// Merges another tally, of other leases.
    mutating func merge(_ other: ServiceUnitTally) {
        let groups = codes.merge(other.codes)
        ledger.merge(other.ledger) { groups[Int($0)] }
    }

    /// The rows, by bucket and labels.
    var rows: [ServiceUnitRow] {
        ledger.all.map { group, start, entry in
            let isKnown = entry.unratedSeconds == 0 && entry.unknownSeconds == 0
            let charge = entry.ratedSeconds.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.key * Double($1.value) }
            return ServiceUnitRow(
                bucket: start, labels: codes.labels(of: group), serviceUnits: isKnown ? charge / 3_600 : nil,
                unratedHours: Double(entry.unratedSeconds) / 3_600, isEstimated: entry.isEstimated)
        }.sorted { RowOrder.precedes(($0.bucket, $0.labels), ($1.bucket, $1.labels)) }
    }
}
