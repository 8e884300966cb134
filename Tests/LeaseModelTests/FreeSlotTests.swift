import CaptureFixtures
import LeaseModel
import Testing

@Suite("The search for free hosts")
struct FreeSlotTests {
    private static let origin = Timestamp(secondsSince1970: 1_800_000_000)
    private func at(_ minutes: Int) -> Timestamp { Self.origin.adding(seconds: Int64(minutes) * 60) }

    @Test("finds the first time at which enough hosts are free for long enough")
    func earliest() {
        var search = FreeSlotSearch(hosts: ["a", "b", "c"])
        search.note("a", busyFrom: at(0), to: at(60))
        search.note("b", busyFrom: at(30), to: at(90))
        // Only c is free now; a joins it at 60; b is free for a while before 30.
        let two = search.slots(count: 2, durationSeconds: 3_600, after: at(0), limit: 5)
        #expect(two.map(\.startsAt) == [at(60)])
        #expect(two.first?.endsAt == at(120))
        #expect(two.first?.latestStart == nil)
        #expect(two.first?.hosts == ["a", "c"])
        let short = search.slots(count: 2, durationSeconds: 900, after: at(0), limit: 5)
        #expect(short.map(\.startsAt) == [at(0), at(60)])
        #expect(short.first?.latestStart == at(15))
        #expect(short.first?.hosts == ["b", "c"])
        #expect(search.slots(count: 2, durationSeconds: 900, after: at(0), limit: 1).count == 1)
        #expect(search.slots(count: 4, durationSeconds: 60, after: at(0), limit: 1).isEmpty)
    }

    @Test("accepts any time that a database may contain")
    func extremes() {
        let (first, last) = (Timestamp(secondsSince1970: .min), Timestamp(secondsSince1970: .max))
        var search = FreeSlotSearch(hosts: ["a"])
        search.note("a", busyFrom: first, to: last)
        let slots = search.slots(count: 1, durationSeconds: 3_600, after: first, limit: 2)
        #expect(slots.map(\.endsAt) == [last])
    }

    @Test("keeps to the given time, whole minutes and open ends")
    func bounds() {
        var search = FreeSlotSearch(hosts: ["a"])
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

    @Test("counts unnamed hosts against the free ones")
    func unnamed() {
        var search = FreeSlotSearch(hosts: ["a", "b", "c"])
        search.note("a", busyFrom: at(0), to: at(60))
        search.note(1, of: ["a", "b", "x"], busyFrom: at(0), to: at(30))
        let slots = search.slots(count: 2, durationSeconds: 600, after: at(0), limit: 1)
        #expect(slots.first?.startsAt == at(30))
        #expect(search.slots(count: 1, durationSeconds: 600, after: at(0), limit: 1).first?.hosts == ["c"])
    }

    @Test("agrees with trying every minute", arguments: 0..<200)
    func everyMinute(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let hosts = (0..<Int.random(in: 1...5, using: &random)).map { "h\($0)" }
        var search = FreeSlotSearch(hosts: hosts)
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
                        startsAt: at(start), latestStart: at(minute - 1), endsAt: at(start + length), hosts: free(start)
                    ))
                opened = nil
            }
        }
        if let start = opened {
            expected.append(
                FreeSlot(startsAt: at(start), latestStart: nil, endsAt: at(start + length), hosts: free(start)))
        }
        #expect(found == expected)
    }
}
