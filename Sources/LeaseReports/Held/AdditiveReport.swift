package import LeaseModel

/// A report that leases are added to one by one, and that can be made in parts.
///
/// Neither the order of the leases nor how they are divided among the parts shows in the result, so that several threads
/// may each add up some of them.
package protocol AdditiveReport: Sendable {
    /// Adds a lease.
    mutating func add(_ lease: LeaseUsage)
    /// Adds what came together in another part. Both must have begun with the same parameters, and have no lease in common.
    mutating func merge(_ other: Self)
}
