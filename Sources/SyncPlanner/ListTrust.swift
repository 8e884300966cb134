/// What to do about leases that the mirror holds and a complete list did not have.
package enum ListTrust: Sendable, Hashable {
    /// None is missing.
    case none
    /// Ask the server for each by itself.
    case confirmEach
    /// Too many to believe: change nothing, and tell.
    case suspect(reason: String)

    /// Decides.
    ///
    /// A list that is suddenly empty, or lacks more than three leases and more than a fifth of what was known, is more
    /// likely a wrong answer than so many deletions; a person can say otherwise. What we deleted ourselves is neither
    /// known nor missing here: its absence is what was asked for, also where the answer to that was lost.
    ///
    /// - Parameters:
    ///   - known: the leases that the mirror holds as listed.
    ///   - listed: the leases in the list.
    ///   - missing: the known leases that are not in the list.
    ///   - ownDeletions: those of the missing for which a deletion of ours has left.
    ///   - isConfirmed: whether a person has said that so many deletions are real.
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

/// What the server said when asked for one missing lease.
package enum MissingLeaseAnswer: Sendable, Hashable {
    /// 404: there is no such lease.
    case notFound
    /// 403: there may be one, but not for this token.
    case forbidden
    /// 200, and the project it belongs to.
    case found(projectID: String)
}

/// What follows from that answer.
package enum MissingLease: Sendable, Hashable {
    /// It was deleted.
    case deleted
    /// It is there, but this scope does not see it.
    case outOfScope
    /// The list, or the token, cannot be trusted: abandon the pass.
    case distrust(reason: String)

    /// Decides.
    ///
    /// Upstream Blazar refuses another project's lease with 403; Chameleon's fork gives it (200), so that only its
    /// `project_id` tells. A lease never changes its project: a refusal of one that was this project's says that the
    /// token is not what it seems.
    ///
    /// - Parameters:
    ///   - answer: what the server said.
    ///   - knownProjectID: the project the mirror has for the lease.
    ///   - scopeProjectID: the project of the scope.
    ///   - seesAllProjects: whether the scope sees every project.
    /// - Returns: what became of the lease.
    package static func classify(
        _ answer: MissingLeaseAnswer, knownProjectID: String, scopeProjectID: String, seesAllProjects: Bool
    ) -> MissingLease {
        switch answer {
        case .notFound: return .deleted
        case .forbidden:
            guard seesAllProjects || knownProjectID != scopeProjectID else {
                return .distrust(reason: "the server refuses a lease of this project, so the token is not of it")
            }
            return .outOfScope
        case .found(let projectID):
            guard !seesAllProjects, projectID != scopeProjectID else {
                return .distrust(reason: "the server has a lease that its list left out")
            }
            return .outOfScope
        }
    }
}

/// What the mirror knew of a scope's leases before a list was asked for, ticked off as the list arrives.
///
/// Holds a digest a lease and no text of any: some 50 bytes each, so that 100,000 leases take a few megabytes. An id is
/// kept as two independent 64-bit hashes, so that two ids of a million are taken for one about once in 10^26 lists.
package struct ListLedger: Sendable {
    /// What a slice of the list is, compared with the mirror.
    package enum Comparison: Sendable, Hashable {
        /// Byte for byte as it was when last read.
        case unchanged
        /// Known, and not byte for byte the same; or known as gone.
        case changed
        /// Not known.
        case new
        /// Listed before in the same list.
        case repeated
    }

    /// A lease of the mirror.
    package struct Entry: Sendable, Hashable {
        /// The row of the lease.
        package let key: Int64
        /// The digest of the bytes last read of it.
        package let digest: UInt64
        /// Whether it was gone.
        package let isGone: Bool
        /// Whether a deletion of ours has left for it, so that its absence is no surprise.
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
    /// The leases that the mirror holds as listed.
    package private(set) var knownCount = 0
    /// The leases in the list so far.
    package private(set) var listedCount = 0

    /// Makes an empty ledger.
    ///
    /// - Parameter capacity: how many leases to expect.
    package init(capacity: Int = 0) { entries.reserveCapacity(capacity) }

    /// Enters a lease of the mirror.
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

    /// The rows that the mirror holds as listed and the list did not have.
    package var missingKeys: [Int64] {
        entries.values.lazy.filter { !$0.isListed && !$0.entry.isGone }.map(\.entry.key).sorted()
    }

    /// How many of the missing ones we deleted ourselves, or tried to.
    package var ownDeletionCount: Int {
        entries.values.count { !$0.isListed && !$0.entry.isGone && $0.entry.isBeingDeleted }
    }

    private static func hash(_ id: String) -> IDHash {
        var id = id
        return id.withUTF8 { bytes in
            // FNV-1a, twice with different offsets: stable, and good enough for ids that nobody forges against.
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
