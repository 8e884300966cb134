import LeaseModel

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
