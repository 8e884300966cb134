package import LeaseModel

/// How long the leases of a group held something without a break.
package struct StackingRow: Sendable, Hashable {
    /// The values by which it is grouped, in the order asked for.
    package let labels: [String?]
    /// How many leases held something in the period.
    package let leases: Int
    /// The seconds in which at least one did.
    package let coveredSeconds: Int64
    /// That as a part of the period; `nil` if the period has no beginning.
    package let coverage: Double?
    /// How many leases the longest chain has.
    package let longestLeases: Int
    /// The longest chain: leases that follow each other, or overlap.
    package let longest: Range<Timestamp>
    /// Whether the end of one of them is known as a bound only.
    package let isEstimated: Bool
}

/// Finds leases that were put one behind the other.
package struct StackingReport: AdditiveReport {
    private let period: Range<Timestamp>
    private let pause: Int64
    private var grouping: LeaseGrouping
    private var spans: [Int32: [Range<Timestamp>]] = [:]
    private var estimated: Set<Int32> = []

    /// Begins a report.
    ///
    /// - Parameters:
    ///   - dimensions: what makes leases belong together.
    ///   - period: what counts.
    ///   - pause: how many seconds may lie between two leases of a chain.
    package init(by dimensions: [ReportDimension], period: Range<Timestamp>, pause: Int64) {
        self.period = period
        self.pause = pause
        grouping = LeaseGrouping(by: dimensions)
    }

    /// Adds a lease. One without machines does not count.
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
