/// How many instances of a flavor are free, and when, as the site counts them for each moment.
///
/// An instance stays on its host, so fewer may fit for a whole lease than the smallest count in its period.
package struct FlavorAvailability: Sendable, Hashable {
    /// A count, and the period in which it holds.
    private struct Segment: Sendable, Hashable {
        var period: Range<Timestamp>
        var free: Int
    }

    /// The counts, in order and without overlaps. Nothing is known of the time between them.
    private var segments: [Segment] = []
    /// How many instances there would be if nobody used anything.
    package private(set) var total = 0

    /// Reads what the site said of a flavor; `nil` if it cannot be read.
    package init?(_ resource: CatalogResource) {
        guard let listed = resource.fields["availability"]?.arrayValue, !listed.isEmpty else { return nil }
        for value in listed {
            guard let start = value["start"]?.stringValue.flatMap(Timestamp.init(parsing:)),
                let end = value["end"]?.stringValue.flatMap(Timestamp.init(parsing:)),
                let free = value["available"]?.intValue, let total = value["total"]?.intValue,
                Reservation.plausibleCounts.contains(free), Reservation.plausibleCounts.contains(total)
            else { return nil }
            // Dates are sent to the minute, so a change within a minute leaves an empty period.
            guard start < end else { continue }
            segments.append(Segment(period: start..<end, free: free))
            self.total = max(self.total, total, free)
        }
        segments.sort { $0.period.lowerBound < $1.period.lowerBound }
        guard zip(segments, segments.dropFirst()).allSatisfy({ !$0.period.overlaps($1.period) }) else { return nil }
    }

    /// Until when the counts are known; `nil` if there are none.
    package var knownUntil: Timestamp? { segments.last?.period.upperBound }

    /// Counts instances as taken in a period, or as given back if the number is negative.
    package mutating func take(_ count: Int, in period: Range<Timestamp>) {
        segments = segments.flatMap { segment -> [Segment] in
            let common = segment.period.clamped(to: period)
            guard !common.isEmpty else { return [segment] }
            let parts = [
                Segment(period: segment.period.lowerBound..<common.lowerBound, free: segment.free),
                Segment(period: common, free: min(total, max(0, segment.free - count))),
                Segment(period: common.upperBound..<segment.period.upperBound, free: segment.free),
            ]
            return parts.filter { !$0.period.isEmpty }
        }
    }

    /// A calendar in which as many units are free at each moment as instances were counted, except in the minute beside
    /// a moment with fewer, and none at a moment of which nothing is known.
    package func calendar() -> ResourceCalendar {
        // One entry for each distinct count: its units are those that are free only if so many are.
        let levels = Set(segments.map(\.free) + [total]).filter { $0 > 0 }.sorted()
        let units = zip(levels, [0] + levels).map { $0 - $1 }
        var calendar = ResourceCalendar(zip(levels, units).map { (id: "\($0)", units: $1) })
        let ends = [Timestamp(secondsSince1970: 0), segments.first?.period.lowerBound, knownUntil]
        for (number, level) in levels.enumerated() {
            var freeUntil = Timestamp(secondsSince1970: 0)
            func note(until end: Timestamp) {
                guard freeUntil < end else { return }
                calendar.note(
                    number: number,
                    busyFrom: ends.contains(freeUntil) ? freeUntil : freeUntil.adding(seconds: -Self.gap),
                    to: end == ResourceCalendar.never || ends.contains(end) ? end : end.adding(seconds: Self.gap))
            }
            for segment in segments where segment.free >= level {
                note(until: segment.period.lowerBound)
                freeUntil = segment.period.upperBound
            }
            note(until: ResourceCalendar.never)
        }
        return calendar
    }

    /// Blazar places no instance on a host beside one whose lease ends when its own starts, or starts when it ends: it
    /// takes such leases for overlapping. In seconds.
    package static let gap: Int64 = 60
}
