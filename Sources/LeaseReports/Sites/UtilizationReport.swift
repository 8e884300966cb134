public import LeaseModel

/// How much of a site's hosts was given out.
public struct UtilizationRow: Sendable, Hashable {
    /// Where the bucket begins; `nil` if the report has none.
    public let bucket: Timestamp?
    /// The values by which it is grouped, in the order asked for.
    public let labels: [String?]
    /// Seconds times hosts that could be reserved; `nil` if nobody knows.
    public let reservableSeconds: Int64?
    /// Seconds times hosts that were; `nil` if nobody knows.
    public let committedSeconds: Int64?

    /// The part that was given out; `nil` if it is not known, or nothing could be reserved.
    public var utilization: Double? {
        guard let reservableSeconds, let committedSeconds, reservableSeconds > 0 else { return nil }
        return Double(committedSeconds) / Double(reservableSeconds)
    }
}

/// Committed and reservable host-hours, by bucket and site or node type.
public struct UtilizationReport: AdditiveReport {
    private let dimensions: [ReportDimension]
    private let period: Range<Timestamp>
    private var codes = GroupCodes()
    private var reservable: SpanLedger
    private var committed: SpanLedger
    /// What leases add to that, where allocations do not tell.
    private var committedByLeases: SpanLedger
    /// When the first host of each group was first seen.
    private var knownFrom: [Int32: Timestamp] = [:]
    /// The groups with a site of which nobody knows who holds what.
    private var untold: Set<Int32> = []
    private let tellingScopes: Set<Int64>
    private let allSeeingScopes: Set<Int64>

    /// Begins a report with the hosts there are.
    ///
    /// - Parameters:
    ///   - hosts: those of every site that is to be reported on.
    ///   - dimensions: `site`, `nodeType`, both or none.
    ///   - calendar: how to divide the period; `nil` for one bucket.
    ///   - period: what counts. One without a beginning begins when the first host was seen.
    ///   - allSeeingScopes: the scopes that see every project's leases: these tell who holds what if allocations do not.
    public init(
        hosts: [HostHistory], by dimensions: [ReportDimension], calendar: BucketCalendar?, period: Range<Timestamp>,
        allSeeingScopes: Set<Int64>
    ) {
        let first = hosts.map(\.firstSeenAt).min() ?? period.lowerBound
        let start = period.lowerBound == .distantPast ? min(first, period.upperBound) : period.lowerBound
        self.period = start..<period.upperBound
        self.dimensions = dimensions
        reservable = SpanLedger(calendar, period: self.period)
        committed = SpanLedger(calendar, period: self.period)
        committedByLeases = SpanLedger(calendar, period: self.period)
        tellingScopes = Set(hosts.filter { !$0.uses.isEmpty }.map(\.scopeID))
        self.allSeeingScopes = allSeeingScopes
        for host in hosts where host.isReservable { add(host) }
    }

    private mutating func add(_ host: HostHistory) {
        var group = GroupCodes.none
        for dimension in dimensions {
            group = codes.group(group, adding: dimension == .site ? host.site : host.nodeType)
        }
        knownFrom[group] = min(knownFrom[group] ?? host.firstSeenAt, host.firstSeenAt)
        let known = host.firstSeenAt..<max(host.firstSeenAt, host.goneBefore ?? .distantFuture)
        Self.add(HeldTime(known), 1, to: group, in: &reservable)
        guard tellingScopes.contains(host.scopeID) else {
            if !allSeeingScopes.contains(host.scopeID) { untold.insert(group) }
            return
        }
        for use in host.uses {
            let end = min(use.endsAt, use.goneBefore ?? use.endsAt)
            guard use.startsAt < end else { continue }
            let held = (use.startsAt..<end).clamped(to: known)
            Self.add(HeldTime(held), 1, to: group, in: &committed)
        }
    }

    /// Adds a lease, for the sites that do not tell which hosts it has.
    public mutating func add(_ lease: LeaseHolding) {
        guard !tellingScopes.contains(lease.scopeID), allSeeingScopes.contains(lease.scopeID), let held = lease.held
        else { return }
        for reservation in lease.reservations where reservation.resourceType == .host {
            var group = GroupCodes.none
            for dimension in dimensions { group = codes.group(group, adding: dimension.label(lease, reservation)) }
            guard let from = knownFrom[group] else { continue }
            guard let units = reservation.units else {
                untold.insert(group)
                continue
            }
            let known = held.span.clamped(to: from..<max(from, held.span.upperBound))
            Self.add(HeldTime(known), units.count, to: group, in: &committedByLeases)
        }
    }

    public mutating func merge(_ other: UtilizationReport) {
        let groups = codes.merge(other.codes)
        committedByLeases.merge(other.committedByLeases) { groups[Int($0)] }
        untold.formUnion(other.untold.map { groups[Int($0)] })
    }

    private static func add(_ held: HeldTime, _ count: Int, to group: Int32, in ledger: inout SpanLedger) {
        var pieces = ledger.pieces(of: held)
        while let piece = ledger.next(&pieces) {
            ledger.update(group, piece.bucket) { $0.add(seconds: piece.seconds, units: count) }
        }
    }

    /// The rows, by bucket and labels.
    public var rows: [UtilizationRow] {
        var given: [Int32: [Timestamp?: Int64]] = [:]
        for (group, start, entry) in committed.all + committedByLeases.all {
            given[group, default: [:]][start, default: 0] += entry.unitSeconds
        }
        return reservable.all.map { group, start, entry in
            let isKnown = max(start ?? period.lowerBound, period.lowerBound) >= knownFrom[group] ?? .distantFuture
            return UtilizationRow(
                bucket: start, labels: codes.labels(of: group), reservableSeconds: isKnown ? entry.unitSeconds : nil,
                committedSeconds: isKnown && !untold.contains(group) ? given[group]?[start] ?? 0 : nil)
        }.sorted { RowOrder.precedes(($0.bucket, $0.labels), ($1.bucket, $1.labels)) }
    }
}
