package import LeaseModel

/// How long the leases of a group were in one status.
package struct StatesRow: Sendable, Hashable {
    package let status: String
    /// The values that it is grouped by, in the requested order.
    package let labels: [String?]
    /// How many leases were seen in the status.
    package let leases: Int
    /// The seconds for which they were seen in it.
    package let seconds: Int64
    /// The seconds for which they may have been in it: from the last observation of the status to the first of another.
    package let uncertainSeconds: Int64
}

/// The time that leases spent in each status, as far as it was observed.
package struct StatesReport: AdditiveReport {
    private let period: Range<Timestamp>
    private var grouping: LeaseGrouping
    private var sums: [Int32: (leases: Int, seconds: Int64, uncertain: Int64)] = [:]

    package init(by dimensions: [ReportDimension], period: Range<Timestamp>) {
        self.period = period
        grouping = LeaseGrouping(by: dimensions)
    }

    /// Adds a lease with its earlier states.
    package mutating func add(_ lease: LeaseUsage) {
        var times: [LeaseStatus: (seen: Int64, uncertain: Int64)] = [:]
        func note(_ status: LeaseStatus, _ from: Timestamp, _ last: Timestamp, _ until: Timestamp) {
            let seen = length(from, last)
            let uncertain = length(max(from, last), until)
            guard seen + uncertain > 0 else { return }
            times[status, default: (0, 0)].seen += seen
            times[status, default: (0, 0)].uncertain += uncertain
        }
        for state in lease.earlierStates where !state.isGone {
            note(state.status, state.observedAt, state.lastSeenAt, state.observedUntil)
        }
        if lease.removal == nil { note(lease.status, lease.observedAt, lease.lastSeenAt, lease.lastSeenAt) }
        for (status, time) in times {
            for group in grouping.groups(of: lease, kind: status.rawValue) {
                sums[group, default: (0, 0, 0)].leases += 1
                sums[group, default: (0, 0, 0)].seconds += time.seen
                sums[group, default: (0, 0, 0)].uncertain += time.uncertain
            }
        }
    }

    package mutating func merge(_ other: StatesReport) {
        let groups = grouping.merge(other.grouping)
        for (group, sum) in other.sums {
            sums[groups[Int(group)], default: (0, 0, 0)].leases += sum.leases
            sums[groups[Int(group)], default: (0, 0, 0)].seconds += sum.seconds
            sums[groups[Int(group)], default: (0, 0, 0)].uncertain += sum.uncertain
        }
    }

    private func length(_ from: Timestamp, _ to: Timestamp) -> Int64 {
        guard from < to else { return 0 }
        let span = (from..<to).clamped(to: period)
        return span.upperBound.seconds(since: span.lowerBound)
    }

    /// The rows: by label, and then in the order of a lease's life.
    package var rows: [StatesRow] {
        let order = LeaseStatus.known.map(\.rawValue)
        return sums.map { group, sum in
            let labels = grouping.labels(of: group)
            return StatesRow(
                status: (labels.first ?? nil) ?? "", labels: Array(labels.dropFirst()), leases: sum.leases,
                seconds: sum.seconds, uncertainSeconds: sum.uncertain)
        }.sorted {
            if $0.labels != $1.labels { return RowOrder.precedes((nil, $0.labels), (nil, $1.labels)) }
            return (order.firstIndex(of: $0.status) ?? order.count, $0.status)
                < (order.firstIndex(of: $1.status) ?? order.count, $1.status)
        }
    }
}

/// The distribution of a duration over the leases of a group.
package struct SpreadRow: Sendable, Hashable {
    /// What is measured, if the report measures more than one thing.
    package let kind: String?
    /// The values that it is grouped by, in the requested order.
    package let labels: [String?]
    /// How many durations are known.
    package let count: Int
    /// How many should be known but are not.
    package let unknown: Int
    /// The least duration in seconds; `nil` if none is known.
    package let least: Int64?
    package let median: Int64?
    package let ninthDecile: Int64?
    package let greatest: Int64?
}

/// Lead times or latencies.
package struct SpreadReport: AdditiveReport {
    /// What is measured.
    package enum Subject: Sendable, Hashable {
        /// From the creation of a lease to its start.
        case leadTime
        /// From when a start or an end was due to when it happened.
        case latency
    }

    private let subject: Subject
    private let period: Range<Timestamp>
    private var grouping: LeaseGrouping
    private var values: [Int32: (known: [Int64], unknown: Int)] = [:]

    /// Starts a report.
    ///
    /// - Parameters:
    ///   - subject: what to measure.
    ///   - dimensions: what to group by.
    ///   - period: the period that counts. It must contain the lease's start for lead times, and the event's due time
    ///     for latencies.
    package init(_ subject: Subject, by dimensions: [ReportDimension], period: Range<Timestamp>) {
        self.subject = subject
        self.period = period
        grouping = LeaseGrouping(by: dimensions)
    }

    /// Adds a lease; for latencies, with its events.
    package mutating func add(_ lease: LeaseUsage) {
        switch subject {
        case .leadTime:
            guard period.contains(lease.startsAt) else { return }
            note(lease.createdAt.map { max(0, lease.startsAt.seconds(since: $0)) }, lease)
        case .latency:
            for event in lease.events {
                guard let time = event.time, period.contains(time) else { continue }
                let kind = event.eventType == "start_lease" ? "start" : event.eventType == "end_lease" ? "end" : nil
                guard let kind else { continue }
                if event.status == .done, let done = event.updatedAt {
                    note(done.seconds(since: time), lease, kind: kind)
                } else if event.status == .done || event.status == .error || time < lease.lastSeenAt {
                    note(nil, lease, kind: kind)
                }
            }
        }
    }

    package mutating func merge(_ other: SpreadReport) {
        let groups = grouping.merge(other.grouping)
        for (group, lengths) in other.values {
            values[groups[Int(group)], default: ([], 0)].known += lengths.known
            values[groups[Int(group)], default: ([], 0)].unknown += lengths.unknown
        }
    }

    private mutating func note(_ value: Int64?, _ lease: LeaseUsage, kind: String? = nil) {
        for group in grouping.groups(of: lease, kind: kind) {
            if let value {
                values[group, default: ([], 0)].known.append(value)
            } else {
                values[group, default: ([], 0)].unknown += 1
            }
        }
    }

    /// The rows, by label.
    package var rows: [SpreadRow] {
        values.map { group, values in
            let labels = grouping.labels(of: group)
            let sorted = values.known.sorted()
            return SpreadRow(
                kind: subject == .latency ? labels.first ?? nil : nil,
                labels: Array(subject == .latency ? labels.dropFirst() : labels[...]), count: sorted.count,
                unknown: values.unknown, least: sorted.first, median: Self.rank(sorted, 1, of: 2),
                ninthDecile: Self.rank(sorted, 9, of: 10), greatest: sorted.last)
        }.sorted { RowOrder.precedes((nil, $0.labels + [$0.kind]), (nil, $1.labels + [$1.kind])) }
    }

    /// The nearest rank: the ⌈n · p⌉-th smallest.
    private static func rank(_ sorted: [Int64], _ part: Int, of whole: Int) -> Int64? {
        sorted.isEmpty ? nil : sorted[(sorted.count * part + whole - 1) / whole - 1]
    }
}

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
