import LeaseModel

/// Adds up spans of time by group and bucket, to the second.
struct SpanLedger: Sendable {
    /// The sums of one group in one bucket.
    struct Entry: Sendable {
        /// Seconds for which leases were held, each lease once.
        var leaseSeconds: Int64 = 0
        /// Seconds times units.
        var unitSeconds: Int64 = 0
        /// Seconds of reservations whose number of units is not known.
        var unknownSeconds: Int64 = 0
        /// Seconds times units, by hourly rate. They are multiplied by their rates only at the end, so that rounding
        /// does not depend on their order.
        var ratedSeconds: [Double: Int64] = [:]
        /// Seconds times units without a rate, though they should have one.
        var unratedSeconds: Int64 = 0
        /// The number of leases, each counted once.
        var leases = 0
        /// The number of the lease that was counted last.
        var lastLease = 0
        var isEstimated = false

        /// Adds units held for some seconds. A product too large to represent counts as unknown.
        mutating func add(seconds: Int64, units: Int) {
            let (product, isTooMuch) = seconds.multipliedReportingOverflow(by: Int64(units))
            add(product, orUnknown: seconds, isTooMuch)
        }

        private mutating func add(_ more: Int64, orUnknown seconds: Int64, _ isTooMuch: Bool = false) {
            let (sum, overflows) = unitSeconds.addingReportingOverflow(more)
            if isTooMuch || overflows { unknownSeconds += seconds } else { unitSeconds = sum }
        }

        /// Adds the sums of other leases.
        mutating func merge(_ other: Entry) {
            leaseSeconds += other.leaseSeconds
            add(other.unitSeconds, orUnknown: other.leaseSeconds)
            unknownSeconds.add(other.unknownSeconds)
            for (rate, seconds) in other.ratedSeconds { ratedSeconds[rate, default: 0].add(seconds) }
            unratedSeconds.add(other.unratedSeconds)
            leases += other.leases
            isEstimated = isEstimated || other.isEstimated
        }
    }

    private var edges: BucketEdges
    private let period: Range<Timestamp>
    private var slots = NumberTable()
    private var keys: [(group: Int32, bucket: Int32)] = []
    private var entries: [Entry] = []

    init(_ calendar: BucketCalendar?, period: Range<Timestamp>) {
        edges = BucketEdges(calendar)
        self.period = period
    }

    /// The part of a span within the period; `nil` if there is none.
    func clipped(_ span: Range<Timestamp>) -> Range<Timestamp>? {
        let part = span.clamped(to: period)
        return part.isEmpty ? nil : part
    }

    /// The rest of a span that is being divided.
    struct Pieces {
        fileprivate var rest: Range<Timestamp>
        fileprivate let certainUntil: Timestamp
    }

    /// The part of a span within one bucket.
    struct Piece {
        let bucket: Int
        let seconds: Int64
        let isCertain: Bool
    }

    /// Starts to divide a span among the buckets; only the part within the period counts.
    func pieces(of held: HeldTime) -> Pieces {
        let start = held.span.lowerBound
        return Pieces(rest: clipped(held.span) ?? start..<start, certainUntil: held.certainUntil)
    }

    /// The next part of a span.
    mutating func next(_ pieces: inout Pieces) -> Piece? {
        let from = pieces.rest.lowerBound
        guard from < pieces.rest.upperBound else { return nil }
        let (bucket, bucketEnd) = edges.bucket(holding: from)
        let to = min(bucketEnd ?? pieces.rest.upperBound, pieces.rest.upperBound)
        pieces.rest = to..<pieces.rest.upperBound
        return Piece(bucket: bucket, seconds: to.seconds(since: from), isCertain: to <= pieces.certainUntil)
    }

    /// Updates the entry of a group in a bucket.
    mutating func update(_ group: Int32, _ bucket: Int, _ change: (inout Entry) -> Void) {
        change(&entries[slot(group, bucket)])
    }

    /// Merges another ledger with the same buckets.
    ///
    /// - Parameters:
    ///   - other: the ledger.
    ///   - group: maps a group of that ledger to one of this ledger.
    mutating func merge(_ other: SpanLedger, group: (Int32) -> Int32) {
        // Buckets are numbered from the first one met, which may differ between the ledgers.
        for (theirGroup, start, entry) in other.all {
            update(group(theirGroup), start.map { edges.bucket(holding: $0).number } ?? 0) { $0.merge(entry) }
        }
    }

    private mutating func slot(_ group: Int32, _ bucket: Int) -> Int {
        let bucket = Int32(truncatingIfNeeded: bucket)
        let key = UInt64(UInt32(bitPattern: group)) << 32 | UInt64(UInt32(bitPattern: bucket))
        let (slot, isNew) = slots.number(of: key)
        if isNew {
            keys.append((group, bucket))
            entries.append(Entry())
        }
        return slot
    }

    /// Every entry, with the start of its bucket.
    var all: [(group: Int32, start: Timestamp?, entry: Entry)] {
        zip(keys, entries).map { key, entry in (key.group, edges.start(of: Int(key.bucket)), entry) }
    }
}
