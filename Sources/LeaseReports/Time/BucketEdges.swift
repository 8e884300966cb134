import LeaseModel

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
