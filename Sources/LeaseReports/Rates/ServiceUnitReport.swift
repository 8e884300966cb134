public import LeaseModel

/// One row of a report of service units.
public struct ServiceUnitRow: Sendable, Hashable {
    /// Where the bucket begins; `nil` if the report has none.
    public let bucket: Timestamp?
    /// The values by which it is grouped, in the order asked for.
    public let labels: [String?]
    /// Service units; `nil` if some hours have no rate, or nobody knows how many units were held.
    public let serviceUnits: Double?
    /// Hours times units for which there is no rate.
    public let unratedHours: Double
    /// Whether a bound or an estimate is in it.
    public let isEstimated: Bool
}

/// Service units by bucket and group.
public struct ServiceUnitReport: AdditiveReport {
    private let dimensions: [ReportDimension]
    private let rates: [Int64: RateTable]
    private var codes = GroupCodes()
    private var ledger: SpanLedger
    private var totals: SpanLedger

    /// Begins a report.
    ///
    /// - Parameters:
    ///   - dimensions: what rows are grouped by.
    ///   - calendar: the buckets; `nil` for one that is the whole period.
    ///   - period: what is counted.
    ///   - rates: the rates that hold for the leases of each scope; those of a scope without cost nothing.
    public init(
        by dimensions: [ReportDimension], calendar: BucketCalendar?, period: Range<Timestamp>,
        rates: [Int64: RateTable]
    ) {
        self.dimensions = dimensions
        self.rates = rates
        ledger = SpanLedger(calendar, period: period)
        totals = SpanLedger(nil, period: period)
    }

    public mutating func add(_ lease: LeaseHolding) {
        guard let rates = rates[lease.scopeID], let held = lease.held, ledger.clipped(held.span) != nil else { return }
        for reservation in lease.reservations {
            guard let pieces = rates.pieces(of: held.span, for: reservation) else { continue }
            var group = GroupCodes.none
            for dimension in dimensions { group = codes.group(group, adding: dimension.label(lease, reservation)) }
            for piece in pieces {
                let part = HeldTime(piece.span, certainUntil: held.certainUntil)
                Self.add(part, piece.rate, reservation.units, to: group, in: &ledger)
                Self.add(part, piece.rate, reservation.units, to: GroupCodes.none, in: &totals)
            }
        }
    }

    public mutating func merge(_ other: ServiceUnitReport) {
        let groups = codes.merge(other.codes)
        ledger.merge(other.ledger) { groups[Int($0)] }
        totals.merge(other.totals) { $0 }
    }

    private static func add(
        _ held: HeldTime, _ rate: Double?, _ units: UnitCount?, to group: Int32, in ledger: inout SpanLedger
    ) {
        var pieces = ledger.pieces(of: held)
        while let piece = ledger.next(&pieces) {
            ledger.update(group, piece.bucket) { entry in
                guard let units else {
                    entry.unknownSeconds += piece.seconds
                    return
                }
                let seconds = piece.seconds * Int64(units.count)
                if let rate { entry.ratedSeconds[rate, default: 0] += seconds } else { entry.unratedSeconds += seconds }
                if !piece.isCertain || units.isEstimated { entry.isEstimated = true }
            }
        }
    }

    /// The rows, by bucket and labels.
    public var rows: [ServiceUnitRow] {
        rows(of: ledger).sorted { RowOrder.precedes(($0.bucket, $0.labels), ($1.bucket, $1.labels)) }
    }

    /// What everything adds up to; `nil` if there is nothing.
    public var total: ServiceUnitRow? { rows(of: totals).first }

    private func rows(of ledger: SpanLedger) -> [ServiceUnitRow] {
        ledger.all.map { group, start, entry in
            let isKnown = entry.unratedSeconds == 0 && entry.unknownSeconds == 0
            let charge = entry.ratedSeconds.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.key * Double($1.value) }
            return ServiceUnitRow(
                bucket: start, labels: codes.labels(of: group), serviceUnits: isKnown ? charge / 3_600 : nil,
                unratedHours: Double(entry.unratedSeconds) / 3_600, isEstimated: entry.isEstimated)
        }
    }
}
