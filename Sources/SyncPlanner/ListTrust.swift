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

/// The server's answer to the request for one missing lease.
package enum MissingLeaseAnswer: Sendable, Hashable {
    /// 404: there is no such lease.
    case notFound
    /// 403: the lease may exist, but this token may not see it.
    case forbidden
    /// 200, and the project that the lease belongs to.
    case found(projectID: String)
}

/// What became of a missing lease.
package enum MissingLease: Sendable, Hashable {
    /// It was deleted.
    case deleted
    /// It exists, but this scope does not see it.
    case outOfScope
    /// The list or the token cannot be trusted: abandon the sync.
    case distrust(reason: String)

    /// Classifies a missing lease by the server's answer.
    ///
    /// Upstream Blazar refuses another project's lease with 403. Chameleon's fork returns it (200), so only its
    /// `project_id` shows whose it is. A lease never changes its project. So if the server refuses a lease of the
    /// scope's own project, the token is not what it seems to be.
    ///
    /// - Parameters:
    ///   - answer: the server's answer.
    ///   - knownProjectID: the lease's project in the mirror.
    ///   - scopeProjectID: the project of the scope.
    ///   - seesAllProjects: whether the scope sees all projects.
    /// - Returns: what became of the lease.
    package static func classify(
        _ answer: MissingLeaseAnswer, knownProjectID: String, scopeProjectID: String, seesAllProjects: Bool
    ) -> MissingLease {
        switch answer {
        case .notFound: return .deleted
        case .forbidden:
            guard seesAllProjects || knownProjectID != scopeProjectID else {
                return .distrust(reason: "the server refuses a lease of this project, so the token is for another one")
            }
            return .outOfScope
        case .found(let projectID):
            guard !seesAllProjects, projectID != scopeProjectID else {
                return .distrust(reason: "the server has a lease that is missing from its list")
            }
            return .outOfScope
        }
    }
}

/// The leases that the mirror had for a scope before a list was requested. They are ticked off as the list arrives.
///
/// The ledger holds one digest per lease and no text, about 50 bytes each, so that 100,000 leases take a few megabytes.
/// An id is stored as two independent 64-bit hashes. Among a million ids, two are confused about once in 10^26 lists.
package struct ListLedger: Sendable {
    /// A slice of the list compared with the mirror.
    package enum Comparison: Sendable, Hashable {
        /// Known, and byte for byte the same as when it was last read.
        case unchanged
        /// Known but not byte for byte the same, or known as removed.
        case changed
        /// Unknown.
        case new
        /// Already listed in the same list.
        case repeated
    }

    /// A lease of the mirror.
    package struct Entry: Sendable, Hashable {
        /// The row id of the lease.
        package let key: Int64
        /// The digest of the bytes that were last read.
        package let digest: UInt64
        /// Whether it was removed.
        package let isGone: Bool
        /// Whether a deletion has been sent for it from here, so that its absence is expected.
        package let isBeingDeleted: Bool

        package init(key: Int64, digest: UInt64, isGone: Bool, isBeingDeleted: Bool = false) {
            self.key = key
            self.digest = digest
            self.isGone = isGone
            self.isBeingDeleted = isBeingDeleted
        }
    }

    private struct IDHash: Hashable, Sendable {
        let first: UInt64
        let second: UInt64
    }

    private var entries: [IDHash: (entry: Entry, isListed: Bool)] = [:]
    private var newIDs: Set<IDHash> = []
    /// The number of leases that the mirror holds as listed.
    package private(set) var knownCount = 0
    /// The number of leases in the list so far.
    package private(set) var listedCount = 0

    /// Makes an empty ledger.
    ///
    /// - Parameter capacity: the expected number of leases.
    package init(capacity: Int = 0) { entries.reserveCapacity(capacity) }

    /// Adds a lease of the mirror.
    package mutating func enter(id: String, _ entry: Entry) {
        entries[Self.hash(id)] = (entry, false)
        if !entry.isGone { knownCount += 1 }
    }

    /// Ticks off a slice of the list.
    package mutating func observe(id: String, digest: UInt64) -> Comparison {
        let hash = Self.hash(id)
        guard let index = entries.index(forKey: hash) else {
            guard newIDs.insert(hash).inserted else { return .repeated }
            listedCount += 1
            return .new
        }
        guard !entries.values[index].isListed else { return .repeated }
        entries.values[index].isListed = true
        listedCount += 1
        let entry = entries.values[index].entry
        return entry.isGone || entry.digest != digest ? .changed : .unchanged
    }

    /// The row ids of leases that the mirror holds as listed but that are missing from the list.
    package var missingKeys: [Int64] {
        entries.values.lazy.filter { !$0.isListed && !$0.entry.isGone }.map(\.entry.key).sorted()
    }

    /// The number of missing leases that this program deleted or tried to delete.
    package var ownDeletionCount: Int {
        entries.values.count { !$0.isListed && !$0.entry.isGone && $0.entry.isBeingDeleted }
    }

    private static func hash(_ id: String) -> IDHash {
        var id = id
        return id.withUTF8 { bytes in
            // FNV-1a twice, with different offsets. It is stable, and sufficient for ids that nobody forges.
            var first: UInt64 = 0xcbf2_9ce4_8422_2325
            var second: UInt64 = 0x9e37_79b9_7f4a_7c15
            for byte in bytes {
                first = (first ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
                second = (second ^ UInt64(byte)) &* 0xff51_afd7_ed55_8ccd
                second ^= second >> 29
            }
            return IDHash(first: first, second: second)
        }
    }
}
