/// A period in which enough resources are free.
public struct FreeSlot: Sendable, Hashable {
    /// The earliest start.
    public let startsAt: Timestamp
    /// The latest possible start: from the earliest start until this one, enough resources are free throughout. `nil`
    /// if there is no known limit.
    public let latestStart: Timestamp?
    /// The end, if it starts as early as possible; the last representable moment if there is no known limit.
    public let endsAt: Timestamp
    /// The ids of all resources that are free from the earliest start to that end.
    public let resources: [String]
    /// How many units they have together: for flavors, how many instances fit.
    public let units: Int

    /// Makes a slot.
    public init(startsAt: Timestamp, latestStart: Timestamp?, endsAt: Timestamp, resources: [String], units: Int) {
        self.startsAt = startsAt
        self.latestStart = latestStart
        self.endsAt = endsAt
        self.resources = resources
        self.units = units
    }

    /// Whether nothing is known that ends it.
    public var isOpenEnded: Bool { endsAt == ResourceCalendar.never }
}

/// How many units are free from a moment on, until the next one.
public struct FreeCount: Sendable, Hashable {
    /// From when.
    public let from: Timestamp
    /// How many are free then.
    public let free: Int

    /// Makes a count.
    public init(from: Timestamp, free: Int) {
        self.from = from
        self.free = free
    }
}

/// When each of some resources is busy, and the answers that follow from that: how many are free, when enough are free
/// for long enough, and how long something that is free stays so.
///
/// It works in minutes, like Blazar's dates: a resource that is busy for part of a minute is busy for all of it. Blazar
/// also keeps `cleaning_time` free between two leases on a host if an operator has set it, but does not report it.
public struct ResourceCalendar: Sendable {
    private struct Entry: Sendable {
        let id: String
        let units: Int
        /// Periods may overlap, in any order.
        var busy: [Range<Int64>] = []
    }

    private var entries: [Entry]
    private var numbers: [String: Int]

    /// The end of what has no end.
    public static let never = Timestamp(secondsSince1970: .max)

    /// Makes a calendar of resources, all of which are free at first. Each counts as one unit.
    public init(_ resources: some Sequence<String>) { self.init(resources.map { (id: $0, units: 1) }) }

    /// Makes a calendar of resources, each with its number of units: a host may have room for several instances.
    public init(_ resources: some Sequence<(id: String, units: Int)>) {
        entries = []
        numbers = [:]
        for (id, units) in resources where numbers[id] == nil {
            numbers[id] = entries.count
            entries.append(Entry(id: id, units: max(0, units)))
        }
    }

    /// The number of all units, free or not.
    public var units: Int { entries.reduce(0) { $0 + $1.units } }

    // MARK: - What is busy

    /// Records that a resource is busy from one moment until just before another. Others than the calendar's are
    /// ignored.
    public mutating func note(_ id: String, busyFrom start: Timestamp, to end: Timestamp) {
        guard let number = numbers[id] else { return }
        note(number: number, busyFrom: start, to: end)
    }

    /// The same for the resource that was given in that place.
    package mutating func note(number: Int, busyFrom start: Timestamp, to end: Timestamp) {
        let range = (Self.minute(start), end == Self.never ? .max : Self.nextMinute(end))
        guard range.0 < range.1 else { return }
        entries[number].busy.append(range.0..<range.1)
    }

    private func isFree(_ number: Int, in wanted: Range<Int64>) -> Bool {
        !entries[number].busy.contains { $0.overlaps(wanted) }
    }

    // MARK: - How many are free

    /// How many units are free at each moment of a period: the first count holds from its start, and each other one
    /// from where the number changes.
    public func freeCounts(from start: Timestamp, to end: Timestamp) -> [FreeCount] {
        let period = Self.minute(start)..<max(Self.minute(start), Self.nextMinute(end))
        guard !period.isEmpty else { return [] }
        var changes: [Change] = []
        var free = 0
        for entry in entries where entry.units > 0 {
            let taken = Self.union(entry.busy, in: period)
            if taken.first?.lowerBound != period.lowerBound { free += entry.units }
            for range in taken {
                if range.lowerBound > period.lowerBound { changes.append(Change(range.lowerBound, -entry.units)) }
                if range.upperBound < period.upperBound { changes.append(Change(range.upperBound, entry.units)) }
            }
        }
        var counts = [FreeCount(from: Self.moment(period.lowerBound), free: free)]
        Self.forEachMinute(of: &changes) { minute, difference in
            guard difference != 0 else { return }
            free += difference
            counts.append(FreeCount(from: Self.moment(minute), free: free))
        }
        return counts
    }

    /// The first two counts of what is free from a moment on: one if the number never changes.
    ///
    /// The next change is usually near: a day is looked at first, and more of the time only as long as nothing changes.
    public func firstFreeCounts(from start: Timestamp) -> [FreeCount] {
        var days: Int64 = 1
        while days < 100_000 {
            let counts = freeCounts(from: start, to: start.adding(seconds: days * 86_400))
            if counts.count > 1 { return Array(counts.prefix(2)) }
            days *= 16
        }
        return Array(freeCounts(from: start, to: Self.never).prefix(2))
    }

    // MARK: - When enough are free

    /// The periods in which enough units are free, earliest first.
    ///
    /// - Parameters:
    ///   - count: how many units are needed, 1 or more.
    ///   - durationSeconds: how long they are needed, in seconds; rounded up to a minute.
    ///   - after: the earliest start.
    ///   - before: the latest end; `nil` for no limit.
    ///   - limit: the largest number of periods to find.
    /// - Returns: the periods, each beginning when enough resources become free.
    public func slots(
        count: Int, durationSeconds: Int64, after: Timestamp, before: Timestamp? = nil, limit: Int
    ) -> [FreeSlot] {
        let length = Self.length(durationSeconds)
        return openings(count, length, after, before, limit: limit).map { slot($0, length) }
    }

    /// The periods in which enough units are free in each of several calendars at the same time.
    ///
    /// - Parameters:
    ///   - calendars: the calendars, such as those of two sites.
    ///   - count: how many units are needed in each.
    ///   - durationSeconds: how long they are needed.
    ///   - after: the earliest start.
    ///   - before: the latest end; `nil` for no limit.
    ///   - limit: the largest number of periods to find.
    /// - Returns: for each period, a slot in each calendar, in their order.
    public static func commonSlots(
        in calendars: [ResourceCalendar], count: Int, durationSeconds: Int64, after: Timestamp,
        before: Timestamp? = nil, limit: Int
    ) -> [[FreeSlot]] {
        let length = length(durationSeconds)
        let wanted = calendars.map { (calendar: $0, count: count) }
        return commonOpenings(wanted, length, after, before).prefix(max(0, limit)).map { opening in
            calendars.map { $0.slot(opening, length) }
        }
    }

    /// The earliest start from which several calendars have enough free units at the same time; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - wanted: the calendars, and how many units are needed in each.
    ///   - durationSeconds: how long they are needed.
    ///   - after: the earliest start.
    ///   - before: the latest end; `nil` for no limit.
    /// - Returns: the start.
    package static func earliestStart(
        _ wanted: [(calendar: ResourceCalendar, count: Int)], durationSeconds: Int64, after: Timestamp,
        before: Timestamp? = nil
    ) -> Timestamp? {
        commonOpenings(wanted, length(durationSeconds), after, before).first.map { moment($0.lowerBound) }
    }

    private static func commonOpenings(
        _ wanted: [(calendar: ResourceCalendar, count: Int)], _ length: Int64, _ after: Timestamp, _ before: Timestamp?
    ) -> [Range<Int64>] {
        var common: [Range<Int64>]?
        for (calendar, count) in wanted {
            let openings = calendar.openings(count, length, after, before, limit: .max)
            common = common.map { intersection($0, openings) } ?? openings
        }
        return common ?? []
    }

    /// The longest slot that starts at a moment.
    ///
    /// - Parameters:
    ///   - count: how many units are needed, 1 or more.
    ///   - start: the start.
    ///   - before: the latest end; `nil` for no limit.
    /// - Returns: the slot; `nil` if too few units are free then.
    public func longestSlot(count: Int, at start: Timestamp, before: Timestamp? = nil) -> FreeSlot? {
        let first = Self.nextMinute(start)
        let last = before.map(Self.minute) ?? .max
        guard count > 0, let end = freeUntil(first, count).map({ min($0, last) }), end > first else { return nil }
        return slot(first..<(first + 1), end == .max ? .max : end - first)
    }

    /// The periods in which enough units are free, but not long enough: what would fit if it were shorter. None of them
    /// is part of another one.
    ///
    /// - Parameters: as for ``slots(count:durationSeconds:after:before:limit:)``.
    /// - Returns: the periods, earliest first.
    public func shorterSlots(
        count: Int, durationSeconds: Int64, after: Timestamp, before: Timestamp? = nil, limit: Int
    ) -> [FreeSlot] {
        let length = Self.length(durationSeconds)
        let first = Self.nextMinute(after)
        let last = before.map(Self.minute) ?? .max
        guard count > 0, limit > 0 else { return [] }
        let starts = Set(entries.flatMap { $0.busy.map(\.upperBound).filter { $0 > first && $0 < last } } + [first])
        var slots: [FreeSlot] = []
        var latest = Int64.min
        for start in starts.sorted() {
            guard let end = freeUntil(start, count).map({ min($0, last) }), end > start, end > latest else { continue }
            latest = end
            guard end != .max, end - start < length else { continue }
            slots.append(slot(start..<(start + 1), end - start))
            if slots.count == limit { break }
        }
        return slots
    }

    /// Until when at least that many units stay free that are free at a minute; `nil` if too few are.
    private func freeUntil(_ start: Int64, _ count: Int) -> Int64? {
        var ends: [(end: Int64, units: Int)] = []
        for entry in entries where entry.units > 0 {
            var end = Int64.max
            for range in entry.busy where range.upperBound > start { end = min(end, range.lowerBound) }
            if end > start { ends.append((end, entry.units)) }
        }
        var units = 0
        for (end, more) in ends.sorted(by: { $0.end > $1.end }) {
            units += more
            if units >= count { return end }
        }
        return nil
    }

    /// The minutes at which enough units may start to be used for this long.
    private func openings(
        _ count: Int, _ length: Int64, _ after: Timestamp, _ before: Timestamp?, limit: Int
    ) -> [Range<Int64>] {
        let first = Self.nextMinute(after)
        let last = before.map(Self.minute) ?? Int64.max
        guard count > 0, units >= count, limit > 0 else { return [] }
        // A resource is added at the first minute at which it may start, and removed at the first minute at which it
        // may not.
        var changes: [Change] = []
        for entry in entries where entry.units > 0 {
            for starts in Self.starts(between: entry.busy, first: first, last: last, length: length) {
                changes.append(Change(starts.lowerBound, entry.units))
                if starts.upperBound < Int64.max { changes.append(Change(starts.upperBound, -entry.units)) }
            }
        }
        var found: [Range<Int64>] = []
        var free = 0
        var opened: Int64?
        Self.forEachMinute(of: &changes) { minute, difference in
            free += difference
            if free >= count, opened == nil {
                opened = minute
            } else if free < count, let start = opened {
                if found.count < limit { found.append(start..<minute) }
                opened = nil
            }
        }
        if let start = opened, found.count < limit { found.append(start..<Int64.max) }
        return found
    }

    private func slot(_ starts: Range<Int64>, _ length: Int64) -> FreeSlot {
        let (end, overflows) = starts.lowerBound.addingReportingOverflow(length)
        let wanted = starts.lowerBound..<(overflows ? .max : end)
        let free = entries.indices.filter { entries[$0].units > 0 && isFree($0, in: wanted) }
        return FreeSlot(
            startsAt: Self.moment(wanted.lowerBound),
            latestStart: starts.upperBound == .max ? nil : Self.moment(starts.upperBound - 1),
            endsAt: Self.moment(wanted.upperBound), resources: free.map { entries[$0].id }.sorted(),
            units: free.reduce(0) { $0 + entries[$1].units })
    }
}

// MARK: - Minutes

extension ResourceCalendar {
    /// A change of a number at a minute.
    private struct Change {
        let minute: Int64
        let difference: Int

        init(_ minute: Int64, _ difference: Int) {
            self.minute = minute
            self.difference = difference
        }
    }

    /// Passes on the sum of the changes of each minute, in order.
    private static func forEachMinute(of changes: inout [Change], _ body: (Int64, Int) -> Void) {
        changes.sort { $0.minute < $1.minute }
        var position = 0
        while position < changes.count {
            let minute = changes[position].minute
            var difference = 0
            while position < changes.count, changes[position].minute == minute {
                difference += changes[position].difference
                position += 1
            }
            body(minute, difference)
        }
    }

    /// The parts of a period that some ranges cover, without overlaps, in order.
    private static func union(_ ranges: [Range<Int64>], in period: Range<Int64>) -> [Range<Int64>] {
        var parts: [Range<Int64>] = []
        let within = ranges.lazy.map { $0.clamped(to: period) }.filter { !$0.isEmpty }
        for part in within.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = parts.last, part.lowerBound <= last.upperBound {
                parts[parts.count - 1] = last.lowerBound..<max(last.upperBound, part.upperBound)
            } else {
                parts.append(part)
            }
        }
        return parts
    }

    /// What two lists of ranges have in common; each is in order and without overlaps.
    private static func intersection(_ left: [Range<Int64>], _ right: [Range<Int64>]) -> [Range<Int64>] {
        var common: [Range<Int64>] = []
        var (first, second) = (0, 0)
        while first < left.count, second < right.count {
            let part = left[first].clamped(to: right[second])
            if !part.isEmpty { common.append(part) }
            if left[first].upperBound < right[second].upperBound { first += 1 } else { second += 1 }
        }
        return common
    }

    /// The minutes at which a resource with these busy periods may start to be used for this long.
    private static func starts(
        between busy: [Range<Int64>], first: Int64, last: Int64, length: Int64
    ) -> [Range<Int64>] {
        var starts: [Range<Int64>] = []
        var free = first
        for range in busy.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            let end = min(range.lowerBound, last) - length + 1
            if free < end { starts.append(free..<end) }
            free = max(free, range.upperBound)
        }
        let end = last == Int64.max ? Int64.max : last - length + 1
        if free < end { starts.append(free..<end) }
        return starts
    }

    private static func length(_ seconds: Int64) -> Int64 {
        max(1, nextMinute(Timestamp(secondsSince1970: seconds)))
    }

    /// The minute that contains a moment, counted from 1970.
    private static func minute(_ moment: Timestamp) -> Int64 { moment.truncatedToMinute.secondsSince1970 / 60 }

    /// The first minute that begins at or after a moment.
    private static func nextMinute(_ moment: Timestamp) -> Int64 { minute(moment.adding(seconds: 59)) }

    /// The beginning of a minute, or the last representable moment if the minute is beyond it.
    private static func moment(_ minute: Int64) -> Timestamp {
        let (seconds, overflows) = minute.multipliedReportingOverflow(by: 60)
        return Timestamp(secondsSince1970: overflows ? .max : seconds)
    }
}
