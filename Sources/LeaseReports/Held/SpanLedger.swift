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

/// Arithmetic on spans of time.
enum TimeSpans {
    /// Merges spans that overlap or touch, or lie at most `pause` seconds apart; earliest first.
    static func union(_ spans: [Range<Timestamp>], pause: Int64 = 0) -> [Range<Timestamp>] {
        var result: [Range<Timestamp>] = []
        for span in spans.sorted(by: { $0.lowerBound < $1.lowerBound }) where !span.isEmpty {
            if let last = result.last, span.lowerBound.seconds(since: last.upperBound) <= pause {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, span.upperBound)
            } else {
                result.append(span)
            }
        }
        return result
    }

    /// What remains of some spans without others. Both lists must be in order, and no two spans of a list may touch.
    static func subtracting(_ taken: [Range<Timestamp>], from spans: [Range<Timestamp>]) -> [Range<Timestamp>] {
        var left: [Range<Timestamp>] = []
        var rest = taken[...]
        for span in spans {
            var start = span.lowerBound
            while let next = rest.first, next.lowerBound < span.upperBound {
                if start < next.lowerBound { left.append(start..<next.lowerBound) }
                start = max(start, next.upperBound)
                // It may reach into the next span as well.
                if next.upperBound > span.upperBound { break }
                rest.removeFirst()
            }
            if start < span.upperBound { left.append(start..<span.upperBound) }
        }
        return left
    }
}

/// Numbers by 64-bit keys, for lookups that happen for each of a million leases.
///
/// A `Dictionary` is hardened against keys chosen to collide, which costs most of its time. These keys are made of
/// small numbers that this module assigned itself.
struct NumberTable: Sendable {
    private var keys = [UInt64](repeating: 0, count: 64)
    /// A number plus 1, or 0 if the place is free. At most half of the places are used.
    private var values = [Int32](repeating: 0, count: 64)
    private(set) var count = 0

    /// The number of a key; a new key gets the next number.
    mutating func number(of key: UInt64) -> (number: Int, isNew: Bool) {
        let place = place(of: key)
        if values[place] != 0 { return (Int(values[place]) - 1, false) }
        keys[place] = key
        count += 1
        values[place] = Int32(count)
        if count * 2 > keys.count { grow() }
        return (count - 1, true)
    }

    private func place(of key: UInt64) -> Int {
        // Fibonacci hashing: the high bits of the product depend on the whole key.
        var place = Int((key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - keys.count.trailingZeroBitCount))
        while values[place] != 0, keys[place] != key { place = (place + 1) & (keys.count - 1) }
        return place
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = [UInt64](repeating: 0, count: oldKeys.count * 2)
        values = [Int32](repeating: 0, count: oldKeys.count * 2)
        for (key, value) in zip(oldKeys, oldValues) where value != 0 {
            let place = place(of: key)
            keys[place] = key
            values[place] = value
        }
    }
}

extension Int64 {
    /// Adds seconds, and stops at the greatest number. As long as no part is negative, the result does not depend on
    /// the order of the parts.
    mutating func add(_ seconds: Int64) {
        let (sum, overflows) = addingReportingOverflow(seconds)
        self = overflows ? .max : sum
    }
}
