package import LeaseModel

/// A report that is fed lease by lease, and can be made in parts.
///
/// The result depends neither on the order of the leases nor on how they are divided among the parts, so several
/// threads can each add up some of them.
package protocol AdditiveReport: Sendable {
    mutating func add(_ lease: LeaseUsage)
    /// Merges another part. Both parts must have begun with the same parameters and have no lease in common.
    mutating func merge(_ other: Self)
}
