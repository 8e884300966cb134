package import LeaseModel

/// Computes the buckets of a time zone's calendar.
package struct BucketCalendar: Sendable {
    package let bucket: Bucket
    /// How far the zone's clocks are ahead of UTC at a moment, in seconds.
    private let offsetSeconds: @Sendable (Timestamp) -> Int

    package init(_ bucket: Bucket, offsetSeconds: @escaping @Sendable (Timestamp) -> Int) {
        self.bucket = bucket
        self.offsetSeconds = offsetSeconds
    }

    /// The bucket that contains a moment.
    ///
    /// A bucket begins at the first moment at which the clocks reach midnight of its first day. If the clocks go back
    /// across midnight, that moment comes before they show the previous day again; so buckets never leave a gap.
    package func bucket(holding moment: Timestamp) -> Range<Timestamp> {
        let clock = moment.adding(seconds: Int64(offsetSeconds(moment)))
        var day = firstDay(of: clock.secondsSince1970.floorDivided(by: 86_400))
        var start = beginning(ofDay: day)
        while start > moment {
            day = firstDay(of: day - 1)
            start = beginning(ofDay: day)
        }
        while true {
            day = firstDay(ofNext: day)
            let end = beginning(ofDay: day)
            if end > moment { return start..<end }
            start = end
        }
    }

    /// The name of a bucket: `2026-03-23`, `2026-03-23 W13`, `2026-03`.
    package func label(ofBucketFrom start: Timestamp) -> String {
        let clock = start.adding(seconds: Int64(offsetSeconds(start)))
        let date = clock.dateText
        switch bucket {
        case .day: return date
        case .month: return String(date.prefix(7))
        case .week:
            // A week belongs to the year of its Thursday (ISO 8601).
            let thursday = clock.adding(seconds: 3 * 86_400)
            let newYear = Timestamp(year: thursday.utc.year, month: 1, day: 1) ?? thursday
            let week = thursday.seconds(since: newYear) / 604_800 + 1
            return "\(date) W\(week < 10 ? "0" : "")\(week)"
        }
    }

    /// The first moment at which the clocks reach midnight of a day.
    ///
    /// - Parameter day: the day, counted from 1 January 1970.
    /// - Returns: midnight. If the clocks show it twice, the first one; if they skip it, the moment of the skip.
    package func beginning(ofDay day: Int64) -> Timestamp {
        let midnight = Timestamp(secondsSince1970: day * 86_400)
        // Offsets are shorter than a day, so only those in force a day before and after can apply.
        let offsets = [-86_400, 0, 86_400].map { Int64(offsetSeconds(midnight.adding(seconds: $0))) }
        let exact = offsets.map { midnight.adding(seconds: -$0) }.filter { hasReached(midnight, at: $0, exactly: true) }
        if let first = exact.min() { return first }
        // The clocks skip midnight, so the day begins at the skip.
        guard let most = offsets.max(), let least = offsets.min() else { return midnight }
        var (low, high) = (midnight.adding(seconds: -most), midnight.adding(seconds: -least))
        while high.seconds(since: low) > 1 {
            let middle = low.adding(seconds: high.seconds(since: low) / 2)
            if hasReached(midnight, at: middle, exactly: false) { high = middle } else { low = middle }
        }
        return high
    }

    private func hasReached(_ clock: Timestamp, at moment: Timestamp, exactly: Bool) -> Bool {
        let shown = moment.adding(seconds: Int64(offsetSeconds(moment)))
        return exactly ? shown == clock : shown >= clock
    }

    /// The first day of the bucket that contains a day.
    private func firstDay(of day: Int64) -> Int64 {
        switch bucket {
        case .day: return day
        // 1 January 1970 was a Thursday.
        case .week: return (day + 3).floorDivided(by: 7) * 7 - 3
        case .month: return day + 1 - Int64(Timestamp(secondsSince1970: day * 86_400).utc.day)
        }
    }

    private func firstDay(ofNext day: Int64) -> Int64 {
        switch bucket {
        case .day: day + 1
        case .week: day + 7
        case .month: firstDay(of: day + 31)
        }
    }
}

extension Int64 {
    func floorDivided(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
}

/// The calendar units into which a report divides its period.
package enum Bucket: String, Sendable, Hashable, CaseIterable {
    case day
    /// From Monday (ISO 8601).
    case week
    case month
}

/// The buckets from the first one met to the last, numbered, so that each is calculated once.
///
/// Without a calendar there is a single bucket, number 0, that contains everything.
struct BucketEdges: Sendable {
    private let calendar: BucketCalendar?
    /// The starts of the buckets without gaps, and the end of the last one.
    private var edges: [Timestamp] = []
    /// The number of buckets before number 0.
    private var before = 0
    /// The last bucket found; the next one is often the same or close.
    private var recent = 0

    init(_ calendar: BucketCalendar?) { self.calendar = calendar }

    /// The start of a bucket; `nil` if there is only one.
    func start(of number: Int) -> Timestamp? { calendar == nil ? nil : edges[number + before] }

    /// The number of the bucket that contains a moment, and its end (`nil` if it has none).
    mutating func bucket(holding moment: Timestamp) -> (number: Int, end: Timestamp?) {
        guard let calendar else { return (0, nil) }
        extend(to: moment, calendar)
        if !(edges[recent] <= moment && moment < edges[recent + 1]) {
            var (low, high) = (0, edges.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if edges[middle + 1] <= moment { low = middle + 1 } else { high = middle }
            }
            recent = low
        }
        return (recent - before, edges[recent + 1])
    }

    private mutating func extend(to moment: Timestamp, _ calendar: BucketCalendar) {
        guard let first = edges.first, let last = edges.last else {
            let bucket = calendar.bucket(holding: moment)
            edges = [bucket.lowerBound, bucket.upperBound]
            return
        }
        if moment >= last { edges += Self.edges(from: last, holding: moment, calendar).dropFirst() }
        guard moment < first else { return }
        // Go back at least as far again as the buckets reach, so that many small steps back stay cheap.
        let distance = last.seconds(since: first)
        let goal = min(moment, first.adding(seconds: -distance))
        let earlier = Self.edges(from: goal, holding: first.adding(seconds: -1), calendar).dropLast()
        edges.insert(contentsOf: earlier, at: 0)
        before += earlier.count
        recent += earlier.count
    }

    /// The edges from the bucket that contains `moment` to the end of the one that contains `last`.
    private static func edges(
        from moment: Timestamp, holding last: Timestamp, _ calendar: BucketCalendar
    ) -> [Timestamp] {
        var bucket = calendar.bucket(holding: moment)
        var edges = [bucket.lowerBound, bucket.upperBound]
        while bucket.upperBound <= last {
            bucket = calendar.bucket(holding: bucket.upperBound)
            edges.append(bucket.upperBound)
        }
        return edges
    }
}
