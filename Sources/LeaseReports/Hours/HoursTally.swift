import LeaseModel

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
