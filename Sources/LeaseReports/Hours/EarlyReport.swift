package import LeaseModel

/// Hours that were reserved but not used, by reason.
package struct EarlyReport: AdditiveReport {
    /// Why reserved hours were not used.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        case error
        case cancelled
        case neverStarted = "never_started"
        case deleted
        case shortened
    }

    /// The hours, by bucket and group.
    package private(set) var hours: HoursReport

    /// Starts a report, as ``HoursReport`` does.
    package init(
        by dimensions: [ReportDimension], calendar: BucketCalendar?, period: Range<Timestamp>,
        completeness: Completeness?, addsTotals: Bool = false
    ) {
        hours = HoursReport(
            by: dimensions, calendar: calendar, period: period, completeness: completeness, addsTotals: addsTotals)
    }

    /// Adds a lease with its earlier states.
    package mutating func add(_ lease: LeaseUsage) {
        guard let unused = lease.unused else { return }
        hours.add(lease, unused.stretches, reason: unused.reason.rawValue)
    }

    package mutating func merge(_ other: EarlyReport) { hours.merge(other.hours) }
}

extension LeaseUsage {
    /// The times that some observed state reserved and the lease did not hold; `nil` if there are none.
    var unused: (stretches: [HeldTime], reason: EarlyReport.Reason)? {
        let held = held
        var times = earlierStates.filter { !$0.isGone && $0.startsAt < $0.endsAt }.map { $0.startsAt..<$0.endsAt }
        if startsAt < endsAt { times.append(startsAt..<endsAt) }
        let reserved = TimeSpans.union(times)
        let left = TimeSpans.subtracting(held.map { [$0.span] } ?? [], from: reserved)
        guard !left.isEmpty else { return nil }
        let reason: EarlyReport.Reason =
            if status == .error, held == nil {
                .error
            } else if wasCancelled {
                .cancelled
            } else if hasNeverStarted {
                .neverStarted
            } else if let held, removal?.reason == .deleted, held.span.upperBound < endsAt {
                .deleted
            } else {
                .shortened
            }
        // If the end of the held time is not known, it is an upper bound, and so the rest is a lower bound.
        let isBound = held.map { $0.certainUntil < $0.span.upperBound } ?? false
        return (left.map { HeldTime($0, certainUntil: isBound ? $0.lowerBound : nil) }, reason)
    }
}
