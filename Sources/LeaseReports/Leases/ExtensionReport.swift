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
