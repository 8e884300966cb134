/// A stretch of time in which enough hosts are free.
public struct FreeSlot: Sendable, Hashable {
    /// The earliest start.
    public let startsAt: Timestamp
    /// The latest start before which, from the earliest on, enough are free throughout; `nil` if none is known to be the
    /// last.
    public let latestStart: Timestamp?
    /// The end, if it starts at the earliest.
    public let endsAt: Timestamp
    /// The ids of all hosts that are free from that start to that end.
    public let hosts: [String]

    /// Makes a slot.
    public init(startsAt: Timestamp, latestStart: Timestamp?, endsAt: Timestamp, hosts: [String]) {
        self.startsAt = startsAt
        self.latestStart = latestStart
        self.endsAt = endsAt
        self.hosts = hosts
    }
}

/// Finds when so many of some hosts are free at once, for so long.
///
/// To the minute, as Blazar keeps its dates: whatever is busy for a part of a minute is busy for all of it. Blazar also
/// keeps `cleaning_time` free between two leases on a host, where an operator set one; it tells nobody.
public struct FreeSlotSearch: Sendable {
    /// When each host is busy, by its id. Stretches may overlap.
    private var busy: [String: [Range<Int64>]]

    /// Makes a search among hosts that are free.
    public init(hosts: some Sequence<String>) {
        busy = Dictionary(hosts.map { ($0, []) }) { first, _ in first }
    }

    /// Notes that a host is busy from one moment to just before another.
    public mutating func note(_ host: String, busyFrom start: Timestamp, to end: Timestamp) {
        let range = (Self.minute(start), Self.minute(end.adding(seconds: 59)))
        guard range.0 < range.1 else { return }
        busy[host]?.append(range.0..<range.1)
    }

    /// Notes that so many of these hosts are busy, though not which: those are taken that are free then, so that what is
    /// left is what is left for sure.
    public mutating func note(_ count: Int, of hosts: [String], busyFrom start: Timestamp, to end: Timestamp) {
        let wanted = Self.minute(start)..<max(Self.minute(start), Self.minute(end.adding(seconds: 59)))
        let free = hosts.filter { host in busy[host].map { !$0.contains { $0.overlaps(wanted) } } ?? false }
        for host in free.sorted().prefix(max(0, count)) { note(host, busyFrom: start, to: end) }
    }

    /// The stretches in which enough hosts are free, the earliest first.
    ///
    /// - Parameters:
    ///   - count: how many hosts are wanted, 1 or more.
    ///   - durationSeconds: for how long, rounded up to a minute.
    ///   - after: not to start before this moment.
    ///   - before: to have ended by this moment; `nil` for any time.
    ///   - limit: how many stretches to find at most.
    /// - Returns: the slots, each of which begins where enough hosts become free.
    public func slots(
        count: Int, durationSeconds: Int64, after: Timestamp, before: Timestamp? = nil, limit: Int
    ) -> [FreeSlot] {
        let first = Self.minute(after.adding(seconds: 59))
        let last = before.map(Self.minute) ?? Int64.max
        let length = max(1, Self.minute(Timestamp(secondsSince1970: durationSeconds).adding(seconds: 59)))
        guard count > 0, busy.count >= count, limit > 0 else { return [] }
        // A host is counted in at the first minute at which it may start, and out at the first at which it may not.
        var changes: [Int64: Int] = [:]
        for ranges in busy.values {
            for starts in Self.starts(between: ranges, first: first, last: last, length: length) {
                changes[starts.lowerBound, default: 0] += 1
                if starts.upperBound < Int64.max { changes[starts.upperBound, default: 0] -= 1 }
            }
        }
        var slots: [FreeSlot] = []
        var free = 0
        var opened: Int64?
        for minute in changes.keys.sorted() {
            free += changes[minute] ?? 0
            if free >= count, opened == nil {
                opened = minute
            } else if free < count, let start = opened {
                slots.append(slot(start, until: minute, length))
                opened = nil
                if slots.count == limit { return slots }
            }
        }
        if let start = opened { slots.append(slot(start, until: nil, length)) }
        return slots
    }

    private func slot(_ start: Int64, until end: Int64?, _ length: Int64) -> FreeSlot {
        let wanted = start..<(start + length)
        let hosts = busy.filter { _, ranges in !ranges.contains { $0.overlaps(wanted) } }.keys.sorted()
        return FreeSlot(
            startsAt: Self.moment(start), latestStart: end.map { Self.moment($0 - 1) },
            endsAt: Self.moment(start + length), hosts: hosts)
    }

    /// The minutes at which a host that is busy at those times may start to be used for so long.
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

    /// The minute that a moment lies in, counted from 1970.
    private static func minute(_ moment: Timestamp) -> Int64 { moment.truncatedToMinute.secondsSince1970 / 60 }

    /// The beginning of a minute; the last moment there is if it lies behind that.
    private static func moment(_ minute: Int64) -> Timestamp {
        let (seconds, overflows) = minute.multipliedReportingOverflow(by: 60)
        return Timestamp(secondsSince1970: overflows ? .max : seconds)
    }
}
