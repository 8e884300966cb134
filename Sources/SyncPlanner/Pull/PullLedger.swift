/// What the mirror knew of a scope's leases before a list was asked for, ticked off as the list arrives.
///
/// Holds a digest a lease and no text of any: some 50 bytes each, so that 100,000 leases take a few megabytes. An id is
/// kept as two independent 64-bit hashes, so that two ids of a million are taken for one about once in 10^26 lists.
package struct PullLedger: Sendable {
    /// What a slice of the list is, compared with the mirror.
    package enum Observation: Sendable, Hashable {
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
    package mutating func observe(id: String, digest: UInt64) -> Observation {
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
