/// What to do about leases that are in the mirror but missing from a complete list.
package enum ListTrust: Sendable, Hashable {
    /// No lease is missing.
    case none
    /// Ask the server for each missing lease.
    case confirmEach
    /// Too many leases are missing to trust the list: change nothing, and report it.
    case suspect(reason: String)

    /// Judges a list by what it lacks.
    ///
    /// A list is suspect if it is suddenly empty, or if it lacks more than three leases and more than a fifth of those
    /// known. It is then more likely a wrong answer than that many deletions; a person can confirm the deletions.
    /// Leases that this program deleted are counted neither as known nor as missing: their absence is expected, even if
    /// the answer to the deletion was lost.
    ///
    /// - Parameters:
    ///   - known: the number of leases that the mirror holds as listed.
    ///   - listed: the number of leases in the list.
    ///   - missing: the number of known leases that are not in the list.
    ///   - ownDeletions: the number of missing leases for which a deletion has been sent from here.
    ///   - isConfirmed: whether a person has confirmed that the leases were deleted.
    /// - Returns: the verdict.
    package static func of(known: Int, listed: Int, missing: Int, ownDeletions: Int = 0, isConfirmed: Bool)
        -> ListTrust
    {
        guard missing > 0 else { return .none }
        let (known, missing) = (known - ownDeletions, missing - ownDeletions)
        guard missing > 0, !isConfirmed else { return .confirmEach }
        if listed == 0 {
            return .suspect(reason: "the list is empty although \(known) lease\(known == 1 ? " was" : "s were") known")
        }
        guard missing * 5 > known, missing > 3 else { return .confirmEach }
        return .suspect(reason: "\(missing) of \(known) known leases are missing from the list")
    }
}
