import LeaseModel

/// The buckets from the first that was met to the last, numbered, so that each is calculated once.
///
/// Without a calendar there is one bucket, number 0, that holds everything.
struct BucketEdges: Sendable {
    private let calendar: BucketCalendar?
    /// Where the buckets begin, and last where the last of them ends; no gap between them.
    private var edges: [Timestamp] = []
    /// How many buckets lie before number 0.
    private var before = 0
    /// The number of the bucket found last: the next one is often the same or near.
    private var recent = 0

    init(_ calendar: BucketCalendar?) { self.calendar = calendar }

    /// Where a bucket begins; `nil` if there is one only.
    func start(of number: Int) -> Timestamp? { calendar == nil ? nil : edges[number + before] }

    /// The number of the bucket that holds a moment, and where it ends (`nil` if it does not).
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
        // As far again as what is there already, so that many small steps back do not cost much.
        let distance = last.seconds(since: first)
        let goal = min(moment, first.adding(seconds: -distance))
        let earlier = Self.edges(from: goal, holding: first.adding(seconds: -1), calendar).dropLast()
        edges.insert(contentsOf: earlier, at: 0)
        before += earlier.count
        recent += earlier.count
    }

    /// The edges from the bucket that holds one moment to the end of the one that holds another.
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
