package import LeaseModel

/// Changes of leases' ends.
package struct ExtensionReport: AdditiveReport {
    private let period: Range<Timestamp>
    private var changes: [ExtensionRow] = []

    /// Starts a report.
    ///
    /// - Parameter period: when a change must first have been seen to count.
    package init(period: Range<Timestamp>) { self.period = period }

    /// Adds a lease with its earlier states.
    package mutating func add(_ lease: LeaseUsage) {
        changes += ExtensionRow.changes(of: lease).filter { period.contains($0.before) }
    }

    package mutating func merge(_ other: ExtensionReport) { changes += other.changes }

    /// The rows, in the order in which the changes were seen.
    package var rows: [ExtensionRow] {
        changes.sorted { ($0.before, $0.lease.id, $0.lease.site) < ($1.before, $1.lease.id, $1.lease.site) }
    }
}

/// One change of a lease's end.
package struct ExtensionRow: Sendable, Hashable {
    package let lease: LeaseUsage
    /// The end before the change.
    package let oldEnd: Timestamp
    /// The end after it.
    package let newEnd: Timestamp
    /// When the lease was last seen with the old end.
    package let after: Timestamp
    /// When it was first seen with the new one.
    package let before: Timestamp

    /// The length of the extension in seconds; negative if the lease was shortened.
    package var seconds: Int64 { newEnd.seconds(since: oldEnd) }

    /// The observed changes of a lease's end, earliest first. The lease must come with its earlier states.
    static func changes(of lease: LeaseUsage) -> [ExtensionRow] {
        var states = lease.earlierStates.filter { !$0.isGone }
        if lease.removal == nil {
            states.append(
                ObservedState(
                    status: lease.status, startsAt: lease.startsAt, endsAt: lease.endsAt,
                    observedAt: lease.observedAt, lastSeenAt: lease.lastSeenAt, observedUntil: lease.lastSeenAt))
        }
        var bare = lease
        bare.earlierStates = []
        bare.events = []
        return zip(states, states.dropFirst()).filter { $0.endsAt != $1.endsAt }.map { old, new in
            ExtensionRow(
                lease: bare, oldEnd: old.endsAt, newEnd: new.endsAt, after: old.lastSeenAt, before: new.observedAt)
        }
    }
}
