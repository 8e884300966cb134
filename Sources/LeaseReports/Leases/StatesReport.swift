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
