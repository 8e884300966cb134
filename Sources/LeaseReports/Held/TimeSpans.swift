import LeaseModel

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
