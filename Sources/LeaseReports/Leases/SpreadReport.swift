package import LeaseModel

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
