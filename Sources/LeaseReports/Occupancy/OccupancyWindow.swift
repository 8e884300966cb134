package import LeaseModel

/// The period that a calendar shows: a day, a week or a month of a time zone, or any other.
package struct OccupancyWindow: Sendable, Hashable {
    /// `nil` for a period of any other length.
    package let unit: Bucket?
    package let span: Range<Timestamp>

    /// The longest period: ten years, in seconds.
    package static let longest: Int64 = 3_660 * 86_400

    /// The day, week or month that contains a moment.
    ///
    /// - Parameters:
    ///   - unit: how long the period is.
    ///   - moment: the moment.
    ///   - offsetSeconds: how far the zone's clocks are ahead of UTC at a moment, in seconds.
    package init(_ unit: Bucket, holding moment: Timestamp, offsetSeconds: @escaping @Sendable (Timestamp) -> Int) {
        self.unit = unit
        span = BucketCalendar(unit, offsetSeconds: offsetSeconds).bucket(holding: moment)
    }

    /// A period between two moments; `nil` if it is empty, longer than ``longest``, or not in the years 1 to 9999.
    package init?(from start: Timestamp, to end: Timestamp) {
        guard start < end, start.isInCalendar, end.isInCalendar, end.seconds(since: start) <= Self.longest else {
            return nil
        }
        unit = nil
        span = start..<end
    }

    private init(unit: Bucket?, span: Range<Timestamp>) {
        self.unit = unit
        self.span = span
    }

    /// The one before it. A day, week or month is followed by the next one, whatever its length.
    package func previous(offsetSeconds: @escaping @Sendable (Timestamp) -> Int) -> OccupancyWindow {
        moved(unit == nil ? shifted(-1) : nil, holding: span.lowerBound.adding(seconds: -1), offsetSeconds)
    }

    /// The one after it.
    package func next(offsetSeconds: @escaping @Sendable (Timestamp) -> Int) -> OccupancyWindow {
        moved(unit == nil ? shifted(1) : nil, holding: span.upperBound, offsetSeconds)
    }

    private func moved(
        _ shifted: Range<Timestamp>?, holding moment: Timestamp, _ offsetSeconds: @escaping @Sendable (Timestamp) -> Int
    ) -> OccupancyWindow {
        if let unit { return OccupancyWindow(unit, holding: moment, offsetSeconds: offsetSeconds) }
        return OccupancyWindow(unit: nil, span: shifted ?? span)
    }

    private func shifted(_ direction: Int64) -> Range<Timestamp> {
        let length = span.upperBound.seconds(since: span.lowerBound) * direction
        return span.lowerBound.adding(seconds: length)..<span.upperBound.adding(seconds: length)
    }

    /// Where a moment lies in it, from 0 at its start to 1 at its end; outside of it, the nearer of the two.
    package func position(of moment: Timestamp) -> Double {
        let part = Double(moment.seconds(since: span.lowerBound))
        return min(1, max(0, part / Double(max(1, span.upperBound.seconds(since: span.lowerBound)))))
    }
}

/// The marks on a calendar's time axis.
package struct OccupancyAxis: Sendable, Hashable {
    /// A mark.
    package struct Mark: Sendable, Hashable {
        /// Where it is.
        package let moment: Timestamp
        /// What the clocks show there, as if it were UTC.
        package let clock: Timestamp
        /// Whether it stands out.
        package let isMajor: Bool
    }

    /// The distance between marks.
    package enum Step: Sendable, Hashable {
        case hour
        case quarterDay
        case day
        case week
        case month
    }

    package let step: Step
    /// In order. If the clocks go back, a mark's clock may repeat; if they go forward, it may skip.
    package let marks: [Mark]

    private static let day: Int64 = 86_400

    /// Computes the marks of a window.
    ///
    /// - Parameters:
    ///   - window: the window.
    ///   - offsetSeconds: how far the zone's clocks are ahead of UTC at a moment, in seconds.
    package init(_ window: Range<Timestamp>, offsetSeconds: @escaping @Sendable (Timestamp) -> Int) {
        func clock(_ moment: Timestamp) -> Timestamp { moment.adding(seconds: Int64(offsetSeconds(moment))) }
        func buckets(_ bucket: Bucket, isMajor: (Timestamp) -> Bool) -> [Mark] {
            let calendar = BucketCalendar(bucket, offsetSeconds: offsetSeconds)
            var marks: [Mark] = []
            var part = calendar.bucket(holding: window.lowerBound)
            while part.lowerBound < window.upperBound {
                if part.lowerBound >= window.lowerBound {
                    let shown = clock(part.lowerBound)
                    marks.append(Mark(moment: part.lowerBound, clock: shown, isMajor: isMajor(shown)))
                }
                part = calendar.bucket(holding: part.upperBound)
            }
            return marks
        }
        switch window.upperBound.seconds(since: window.lowerBound) {
        case ...(2 * Self.day):
            step = .hour
            marks = Self.hours(window, every: 1, majorEvery: 6, clock)
        case ...(4 * Self.day):
            step = .quarterDay
            marks = Self.hours(window, every: 6, majorEvery: 24, clock)
        case ...(62 * Self.day):
            step = .day
            let isShort = window.upperBound.seconds(since: window.lowerBound) <= 10 * Self.day
            // 1 January 1970 was a Thursday, so Monday is the day 4 after it.
            marks = buckets(.day) { isShort || ($0.secondsSince1970.floorDivided(by: Self.day) - 4) % 7 == 0 }
        case ...(200 * Self.day):
            step = .week
            marks = buckets(.week) { $0.utc.day <= 7 }
        default:
            step = .month
            let isShort = window.upperBound.seconds(since: window.lowerBound) <= 800 * Self.day
            marks = buckets(.month) { isShort ? ($0.utc.month - 1) % 3 == 0 : $0.utc.month == 1 }
        }
    }

    /// The moments at which the clocks show a full hour, every so many hours of the day.
    private static func hours(
        _ window: Range<Timestamp>, every step: Int64, majorEvery major: Int64, _ clock: (Timestamp) -> Timestamp
    ) -> [Mark] {
        var marks: [Mark] = []
        var moment = window.lowerBound
        while moment < window.upperBound {
            let shown = clock(moment)
            let rest = shown.secondsSince1970 - shown.secondsSince1970.floorDivided(by: 3_600) * 3_600
            let hour = shown.secondsSince1970.floorDivided(by: 3_600) % 24
            if rest == 0, hour % step == 0 {
                marks.append(Mark(moment: moment, clock: shown, isMajor: hour % major == 0))
            }
            moment = moment.adding(seconds: 3_600 - rest)
        }
        return marks
    }
}
