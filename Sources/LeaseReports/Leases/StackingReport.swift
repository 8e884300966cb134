package import LeaseModel

/// How long the leases of a group held something without a break.
package struct StackingRow: Sendable, Hashable {
    /// The values that it is grouped by, in the requested order.
    package let labels: [String?]
    /// How many leases held something in the period.
    package let leases: Int
    /// The seconds for which at least one lease held something.
    package let coveredSeconds: Int64
    /// Those seconds as a part of the period; `nil` if the period has no beginning.
    package let coverage: Double?
    /// The number of leases in the longest chain.
    package let longestLeases: Int
    /// The longest chain of leases that overlap or follow each other.
    package let longest: Range<Timestamp>
    /// Whether the end of some lease is known only as a bound.
    package let isEstimated: Bool
}

/// Finds leases that follow each other without a break.
package struct StackingReport: AdditiveReport {
    private let period: Range<Timestamp>
    private let pause: Int64
    private var grouping: LeaseGrouping
    private var spans: [Int32: [Range<Timestamp>]] = [:]
    private var estimated: Set<Int32> = []

    /// Starts a report.
    ///
    /// - Parameters:
    ///   - dimensions: what makes leases belong together.
    ///   - period: the period that counts.
    ///   - pause: the longest break between two leases of a chain, in seconds.
    package init(by dimensions: [ReportDimension], period: Range<Timestamp>, pause: Int64) {
        self.period = period
        self.pause = pause
        grouping = LeaseGrouping(by: dimensions)
    }

    /// Adds a lease; one without machines does not count.
    package mutating func add(_ lease: LeaseUsage) {
        guard let held = lease.held else { return }
        let span = held.span.clamped(to: period)
        var machines = lease
        machines.reservations = lease.reservations.filter(\.isOfNodes)
        guard !span.isEmpty, !machines.reservations.isEmpty else { return }
        for group in grouping.groups(of: machines) {
            spans[group, default: []].append(span)
            if held.certainUntil < span.upperBound { estimated.insert(group) }
        }
    }

    package mutating func merge(_ other: StackingReport) {
        let groups = grouping.merge(other.grouping)
        for (group, more) in other.spans { spans[groups[Int(group)], default: []] += more }
        estimated.formUnion(other.estimated.map { groups[Int($0)] })
    }

    /// The rows, by label.
    package var rows: [StackingRow] {
        spans.compactMap { group, spans in
            let covered = TimeSpans.union(spans).reduce(0) { $0 + $1.upperBound.seconds(since: $1.lowerBound) }
            let chains = TimeSpans.union(spans, pause: pause)
            let longest = chains.max { length($0) < length($1) }
            guard let longest else { return nil }
            return StackingRow(
                labels: grouping.labels(of: group), leases: spans.count, coveredSeconds: covered,
                coverage: period.lowerBound == .distantPast ? nil : Double(covered) / Double(length(period)),
                longestLeases: spans.count { $0.overlaps(longest) }, longest: longest,
                isEstimated: estimated.contains(group))
        }.sorted { RowOrder.precedes((nil, $0.labels), (nil, $1.labels)) }
    }

    private func length(_ span: Range<Timestamp>) -> Int64 { span.upperBound.seconds(since: span.lowerBound) }
}
