/// A period in which enough hosts are free.
public struct FreeSlot: Sendable, Hashable {
    /// The earliest start.
    public let startsAt: Timestamp
    /// The latest possible start: from the earliest start until this one, enough hosts are free throughout. `nil` if
    /// there is no known limit.
    public let latestStart: Timestamp?
    /// The end, if it starts as early as possible.
    public let endsAt: Timestamp
    /// The ids of all hosts that are free from the earliest start to that end.
    public let hosts: [String]

    /// Makes a slot.
    public init(startsAt: Timestamp, latestStart: Timestamp?, endsAt: Timestamp, hosts: [String]) {
        self.startsAt = startsAt
        self.latestStart = latestStart
        self.endsAt = endsAt
        self.hosts = hosts
    }
}

/// Finds periods in which a number of hosts are free at the same time, for a given duration.
///
/// The search works in minutes, like Blazar's dates: a host that is busy for part of a minute is busy for all of it.
/// Blazar also keeps `cleaning_time` free between two leases on a host if an operator has set it, but does not report
/// it.
public struct FreeSlotSearch: Sendable {
    /// When each host is busy, by host id. Periods may overlap.
    private var busy: [String: [Range<Int64>]]

    /// Makes a search among hosts, all of which are free at first.
    public init(hosts: some Sequence<String>) {
        busy = Dictionary(hosts.map { ($0, []) }) { first, _ in first }
    }

    /// Records that a host is busy from one moment until just before another.
    public mutating func note(_ host: String, busyFrom start: Timestamp, to end: Timestamp) {
        let range = (Self.minute(start), Self.minute(end.adding(seconds: 59)))
        guard range.0 < range.1 else { return }
        busy[host]?.append(range.0..<range.1)
    }

    /// Records that a number of these hosts are busy, without knowing which. Hosts that are free at that time are
    /// chosen, so that the hosts that remain free are a safe estimate.
    public mutating func note(_ count: Int, of hosts: [String], busyFrom start: Timestamp, to end: Timestamp) {
        let wanted = Self.minute(start)..<max(Self.minute(start), Self.minute(end.adding(seconds: 59)))
        let free = hosts.filter { host in busy[host].map { !$0.contains { $0.overlaps(wanted) } } ?? false }
        for host in free.sorted().prefix(max(0, count)) { note(host, busyFrom: start, to: end) }
    }

    /// The periods in which enough hosts are free, earliest first.
    ///
    /// - Parameters:
    ///   - count: how many hosts are needed, 1 or more.
    ///   - durationSeconds: how long they are needed, in seconds; rounded up to a minute.
    ///   - after: the earliest start.
    ///   - before: the latest end; `nil` for no limit.
    ///   - limit: the largest number of periods to find.
    /// - Returns: the periods, each beginning when enough hosts become free.
    public func slots(
        count: Int, durationSeconds: Int64, after: Timestamp, before: Timestamp? = nil, limit: Int
    ) -> [FreeSlot] {
        let first = Self.minute(after.adding(seconds: 59))
        let last = before.map(Self.minute) ?? Int64.max
        let length = max(1, Self.minute(Timestamp(secondsSince1970: durationSeconds).adding(seconds: 59)))
        guard count > 0, busy.count >= count, limit > 0 else { return [] }
        // A host is added at the first minute at which it may start, and removed at the first minute at which it may
        // not.
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

    /// The minutes at which a host with these busy periods may start to be used for this long.
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

    /// The minute that contains a moment, counted from 1970.
    private static func minute(_ moment: Timestamp) -> Int64 { moment.truncatedToMinute.secondsSince1970 / 60 }

    /// The beginning of a minute, or the last representable moment if the minute is beyond it.
    private static func moment(_ minute: Int64) -> Timestamp {
        let (seconds, overflows) = minute.multipliedReportingOverflow(by: 60)
        return Timestamp(secondsSince1970: overflows ? .max : seconds)
    }
}
