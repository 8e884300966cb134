import CaptureFixtures
import LeaseModel
import Testing

@Suite("The calendar of resources")
struct ResourceCalendarTests {
    private static let origin = Timestamp(secondsSince1970: 1_800_000_000)
    private func at(_ minutes: Int) -> Timestamp { Self.origin.adding(seconds: Int64(minutes) * 60) }

    @Test("finds the first time at which enough hosts are free for long enough")
    func earliest() {
        var search = ResourceCalendar(["a", "b", "c"])
        search.note("a", busyFrom: at(0), to: at(60))
        search.note("b", busyFrom: at(30), to: at(90))
        // Only c is free now; a joins it at 60; b is free for a while before 30.
        let two = search.slots(count: 2, durationSeconds: 3_600, after: at(0), limit: 5)
        #expect(two.map(\.startsAt) == [at(60)])
        #expect(two.first?.endsAt == at(120))
        #expect(two.first?.latestStart == nil)
        #expect(two.first?.resources == ["a", "c"])
        let short = search.slots(count: 2, durationSeconds: 900, after: at(0), limit: 5)
        #expect(short.map(\.startsAt) == [at(0), at(60)])
        #expect(short.first?.latestStart == at(15))
        #expect(short.first?.resources == ["b", "c"])
        #expect(search.slots(count: 2, durationSeconds: 900, after: at(0), limit: 1).count == 1)
        #expect(search.slots(count: 4, durationSeconds: 60, after: at(0), limit: 1).isEmpty)
    }

    @Test("accepts any time that a database may contain")
    func extremes() {
        let (first, last) = (Timestamp(secondsSince1970: .min), Timestamp(secondsSince1970: .max))
        var search = ResourceCalendar(["a"])
        search.note("a", busyFrom: first, to: last)
        let slots = search.slots(count: 1, durationSeconds: 3_600, after: first, limit: 2)
        #expect(slots.isEmpty)
        #expect(search.slots(count: 1, durationSeconds: 3_600, after: first, before: at(0), limit: 2).isEmpty)
        #expect(search.longestSlot(count: 1, at: at(0)) == nil)
        #expect(search.freeCounts(from: at(0), to: last).map(\.free) == [0])
    }

    @Test("keeps to the given time, whole minutes and open ends")
    func bounds() {
        var search = ResourceCalendar(["a"])
        search.note("a", busyFrom: at(0), to: at(10).adding(seconds: 1))
        let slot = search.slots(count: 1, durationSeconds: 61, after: at(5).adding(seconds: 30), limit: 1).first
        #expect(slot?.startsAt == at(11))
        #expect(slot?.endsAt == at(13))
        #expect(search.slots(count: 1, durationSeconds: 120, after: at(5), before: at(13), limit: 1).count == 1)
        #expect(search.slots(count: 1, durationSeconds: 121, after: at(5), before: at(13), limit: 1).isEmpty)
        let bounded = search.slots(count: 1, durationSeconds: 60, after: at(20), before: at(30), limit: 1).first
        #expect(bounded?.latestStart == at(29))
        #expect(search.slots(count: 0, durationSeconds: 60, after: at(0), limit: 1).isEmpty)
    }

    @Test("agrees with trying every minute", arguments: 0..<200)
    func everyMinute(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let hosts = (0..<Int.random(in: 1...5, using: &random)).map { "h\($0)" }
        var search = ResourceCalendar(hosts)
        var busy: [String: Set<Int>] = [:]
        for host in hosts {
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let start = Int.random(in: -20..<100, using: &random)
                let end = start + Int.random(in: 0...25, using: &random)
                search.note(host, busyFrom: at(start), to: at(end))
                if start < end { busy[host, default: []].formUnion(start..<end) }
            }
        }
        let count = Int.random(in: 1...hosts.count, using: &random)
        let length = Int.random(in: 1...20, using: &random)
        let after = Int.random(in: 0...30, using: &random)
        let before: Int? = Bool.random(using: &random) ? Int.random(in: after...140, using: &random) : nil
        let found = search.slots(
            count: count, durationSeconds: Int64(length) * 60, after: at(after), before: before.map(at), limit: 1_000)

        // After minute 200 everything is free forever.
        func free(_ start: Int) -> [String] {
            guard start + length <= before ?? .max else { return [] }
            return hosts.filter { busy[$0, default: []].isDisjoint(with: start..<(start + length)) }
        }
        var expected: [FreeSlot] = []
        var opened: Int?
        for minute in after...300 {
            if free(minute).count >= count, opened == nil {
                opened = minute
            } else if free(minute).count < count, let start = opened {
                expected.append(
                    FreeSlot(
                        startsAt: at(start), latestStart: at(minute - 1), endsAt: at(start + length),
                        resources: free(start), units: free(start).count))
                opened = nil
            }
        }
        if let start = opened {
            expected.append(
                FreeSlot(
                    startsAt: at(start), latestStart: nil, endsAt: at(start + length), resources: free(start),
                    units: free(start).count))
        }
        #expect(found == expected)
    }

    // MARK: - Against trying every minute

    /// Random resources with random busy minutes, some of them with several units.
    private struct Sample {
        var calendar: ResourceCalendar
        let units: [String: Int]
        var busy: [String: Set<Int>] = [:]
        var random: SeededRandom

        init(seed: Int, origin: Timestamp) {
            random = SeededRandom(seed: UInt64(seed))
            let ids = (0..<Int.random(in: 1...5, using: &random)).map { "h\($0)" }
            var units: [String: Int] = [:]
            for id in ids { units[id] = Int.random(in: 0...3, using: &random) }
            calendar = ResourceCalendar(ids.map { (id: $0, units: units[$0] ?? 1) })
            self.units = units
            for id in ids {
                for _ in 0..<Int.random(in: 0...6, using: &random) {
                    let start = Int.random(in: -20..<100, using: &random)
                    let end = start + Int.random(in: 0...25, using: &random)
                    calendar.note(
                        id, busyFrom: origin.adding(seconds: Int64(start) * 60),
                        to: origin.adding(seconds: Int64(end) * 60))
                    if start < end { busy[id, default: []].formUnion(start..<end) }
                }
            }
        }

        /// The units that are free in all of some minutes.
        func free(_ minutes: Range<Int>) -> Int {
            units.reduce(0) { $0 + (busy[$1.key, default: []].isDisjoint(with: minutes) ? $1.value : 0) }
        }

        /// The first minute at which no more as many as `count` units are free that are so from `start` on; `nil` if
        /// too few are, `.max` if there is no such minute.
        func freeUntil(_ start: Int, _ count: Int) -> Int? {
            guard free(start..<(start + 1)) >= count else { return nil }
            // After minute 130 nothing is busy.
            return start < 130 ? ((start + 1)...130).first { free(start..<$0) < count }.map { $0 - 1 } ?? .max : .max
        }
    }

    @Test("counts what is free at every minute", arguments: 0..<200)
    func counts(seed: Int) {
        var sample = Sample(seed: seed, origin: Self.origin)
        let start = Int.random(in: -30...60, using: &sample.random)
        let end = start + Int.random(in: 1...90, using: &sample.random)
        let counts = sample.calendar.freeCounts(from: at(start), to: at(end))
        #expect(counts.first?.from == at(start))
        #expect(zip(counts, counts.dropFirst()).allSatisfy { $0.from < $1.from && $0.free != $1.free })
        for minute in start..<end {
            let count = counts.last { $0.from <= at(minute) }?.free
            #expect(count == sample.free(minute..<(minute + 1)), "minute \(minute)")
        }
        #expect(sample.calendar.freeCounts(from: at(end), to: at(end)).isEmpty)
        let all = sample.calendar.freeCounts(from: at(start), to: ResourceCalendar.never)
        #expect(sample.calendar.firstFreeCounts(from: at(start)) == Array(all.prefix(2)))
    }

    @Test("finds the next change of what is free, however late it comes", arguments: [0, 2, 400, 3_000_000])
    func distantChange(days: Int) {
        var calendar = ResourceCalendar(["a", "b"])
        calendar.note("a", busyFrom: at(0), to: at(days * 1_440 + 5))
        let counts = calendar.firstFreeCounts(from: at(0))
        #expect(counts == [FreeCount(from: at(0), free: 1), FreeCount(from: at(days * 1_440 + 5), free: 2)])
        #expect(calendar.firstFreeCounts(from: at(days * 1_440 + 6)).map(\.free) == [2])
    }

    @Test("finds the longest slot from a moment, and what would fit if it were shorter", arguments: 0..<60)
    func lengths(seed: Int) {
        var sample = Sample(seed: seed, origin: Self.origin)
        let count = Int.random(in: 1...4, using: &sample.random)
        let start = Int.random(in: -30...60, using: &sample.random)
        let before: Int? =
            Bool.random(using: &sample.random) ? start + Int.random(in: 1...80, using: &sample.random) : nil
        let longest = sample.calendar.longestSlot(count: count, at: at(start), before: before.map(at))
        let until = sample.freeUntil(start, count).map { min($0, before ?? .max) }
        #expect(longest?.endsAt == until.map { $0 == .max ? ResourceCalendar.never : at($0) })
        #expect(longest.map { $0.units >= count } ?? true)

        let length = Int.random(in: 2...40, using: &sample.random)
        let shorter = sample.calendar.shorterSlots(
            count: count, durationSeconds: Int64(length) * 60, after: at(start), before: before.map(at), limit: 1_000)
        // Every span in which enough are free throughout, unless a longer one contains it.
        var expected: [Range<Int>] = []
        var latest = Int.min
        for minute in start..<min(140, before ?? 140) {
            guard let end = sample.freeUntil(minute, count).map({ min($0, before ?? .max) }), end > latest else {
                continue
            }
            latest = end
            if end != .max, end - minute < length { expected.append(minute..<end) }
        }
        #expect(shorter.map { [$0.startsAt, $0.endsAt] } == expected.map { [at($0.lowerBound), at($0.upperBound)] })
    }

    @Test("finds the times at which two sites have room", arguments: 0..<200)
    func common(seed: Int) {
        var one = Sample(seed: seed, origin: Self.origin)
        let two = Sample(seed: seed + 1_000, origin: Self.origin)
        let count = Int.random(in: 1...3, using: &one.random)
        let length = Int.random(in: 1...20, using: &one.random)
        let found = ResourceCalendar.commonSlots(
            in: [one.calendar, two.calendar], count: count, durationSeconds: Int64(length) * 60, after: at(0),
            limit: 1_000)
        func fits(_ start: Int) -> Bool {
            [one, two].allSatisfy { $0.free(start..<(start + length)) >= count }
        }
        var expected: [Int] = []
        var isOpen = false
        for minute in 0..<140 {
            if fits(minute), !isOpen { expected.append(minute) }
            isOpen = fits(minute)
        }
        #expect(found.map { $0[0].startsAt } == expected.map(at))
        #expect(found.allSatisfy { $0.count == 2 && $0[0].startsAt == $0[1].startsAt && $0[0].endsAt == $0[1].endsAt })
        for slots in found {
            guard let last = slots[0].latestStart else { continue }
            let minute = Int(last.seconds(since: Self.origin) / 60)
            #expect(fits(minute) && !fits(minute + 1))
        }
    }
}
