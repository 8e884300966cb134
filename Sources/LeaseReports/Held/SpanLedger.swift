import LeaseModel

/// Adds up stretches of time by group and bucket, to the second.
struct SpanLedger: Sendable {
    /// What has come together for one group in one bucket.
    struct Entry: Sendable {
        /// Seconds for which leases held something, each lease once.
        var leaseSeconds: Int64 = 0
        /// Seconds times units.
        var unitSeconds: Int64 = 0
        /// Seconds of reservations of which nobody knows how many units they hold.
        var unknownSeconds: Int64 = 0
        /// Seconds times units times the rate of an hour, of what has a rate.
        var charge = 0.0
        /// Seconds times units of what should have a rate and has none.
        var unratedSeconds: Int64 = 0
        /// How many leases, each once.
        var leases = 0
        /// The number of the lease that was counted last.
        var lastLease = 0
        var isEstimated = false
    }

    private var edges: BucketEdges
    private let period: Range<Timestamp>
    private var slots: [UInt64: Int] = [:]
    private var entries: [Entry] = []

    init(_ calendar: BucketCalendar?, period: Range<Timestamp>) {
        edges = BucketEdges(calendar)
        self.period = period
    }

    /// The part of a stretch that belongs to the period; `nil` if none does.
    func clipped(_ span: Range<Timestamp>) -> Range<Timestamp>? {
        let part = span.clamped(to: period)
        return part.isEmpty ? nil : part
    }

    /// What is left to divide of a stretch.
    struct Pieces {
        fileprivate var rest: Range<Timestamp>
        fileprivate let certainUntil: Timestamp
    }

    /// A part of a stretch that lies in one bucket.
    struct Piece {
        let bucket: Int
        let seconds: Int64
        let isCertain: Bool
    }

    /// Begins to divide a stretch among the buckets; only what belongs to the period counts.
    func pieces(of held: HeldTime) -> Pieces {
        let start = held.span.lowerBound
        return Pieces(rest: clipped(held.span) ?? start..<start, certainUntil: held.certainUntil)
    }

    /// The next part of a stretch.
    mutating func next(_ pieces: inout Pieces) -> Piece? {
        let from = pieces.rest.lowerBound
        guard from < pieces.rest.upperBound else { return nil }
        let (bucket, bucketEnd) = edges.bucket(holding: from)
        let to = min(bucketEnd ?? pieces.rest.upperBound, pieces.rest.upperBound)
        pieces.rest = to..<pieces.rest.upperBound
        return Piece(bucket: bucket, seconds: to.seconds(since: from), isCertain: to <= pieces.certainUntil)
    }

    /// Adds to the entry of a group in a bucket.
    mutating func update(_ group: Int32, _ bucket: Int, _ change: (inout Entry) -> Void) {
        change(&entries[slot(group, bucket)])
    }

    private mutating func slot(_ group: Int32, _ bucket: Int) -> Int {
        let key = UInt64(UInt32(bitPattern: group)) << 32 | UInt64(UInt32(bitPattern: Int32(truncatingIfNeeded: bucket)))
        if let known = slots[key] { return known }
        slots[key] = entries.count
        entries.append(Entry())
        return entries.count - 1
    }

    /// Every entry, with the beginning of its bucket.
    var all: [(group: Int32, start: Timestamp?, entry: Entry)] {
        slots.map { key, slot in
            let bucket = Int(Int32(bitPattern: UInt32(truncatingIfNeeded: key)))
            return (Int32(bitPattern: UInt32(key >> 32)), edges.start(of: bucket), entries[slot])
        }
    }
}
