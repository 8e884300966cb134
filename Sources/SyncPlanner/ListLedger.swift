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
