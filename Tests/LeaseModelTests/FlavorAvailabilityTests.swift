import CaptureFixtures
import LeaseModel
import Testing

@Suite("What a site counts of a flavor")
struct FlavorAvailabilityTests {
    private static let origin = Timestamp(secondsSince1970: 1_800_000_000)
    private func at(_ minutes: Int) -> Timestamp { Self.origin.adding(seconds: Int64(minutes) * 60) }

    private func availability(_ counts: [(from: Int, to: Int, free: Int)], total: Int) throws -> FlavorAvailability {
        let segments = counts.map { count -> JSONValue in
            [
                "start": .string(at(count.from).blazarRequest), "end": .string(at(count.to).blazarRequest),
                "available": JSONValue(count.free), "total": JSONValue(total),
            ]
        }
        return try #require(
            FlavorAvailability(
                CatalogResource(
                    kind: .flavorInstances, id: "f", fields: ["flavor_id": "f", "availability": .array(segments)])))
    }

    @Test("the calendar has a slot where as many are free all the time, and none beyond what is known")
    func slots() throws {
        let counts = try availability([(0, 60, 3), (60, 120, 1), (120, 600, 5)], total: 8)
        let calendar = counts.calendar()
        #expect(calendar.units == 8)
        #expect(counts.knownUntil == at(600))
        func starts(_ count: Int, _ minutes: Int) -> [Timestamp] {
            calendar.slots(count: count, durationSeconds: Int64(minutes) * 60, after: at(0), limit: 9).map(\.startsAt)
        }
        #expect(starts(1, 600) == [at(0)])
        // A lease may not end when the next one starts.
        #expect(starts(2, 59) == [at(0), at(121)])
        #expect(starts(2, 60) == [at(121)])
        #expect(starts(5, 479) == [at(121)])
        #expect(starts(5, 480).isEmpty)
        #expect(starts(6, 1).isEmpty)
        #expect(calendar.slots(count: 2, durationSeconds: 60, after: at(0), limit: 1).first?.units == 3)
        #expect(calendar.longestSlot(count: 3, at: at(130))?.endsAt == at(600))
        #expect(calendar.slots(count: 1, durationSeconds: 60, after: at(-30), limit: 1).first?.startsAt == at(0))
        #expect(calendar.slots(count: 1, durationSeconds: 60, after: at(601), limit: 1).isEmpty)
    }

    @Test("what is queued is taken from the counts, and what is given up returns")
    func queued() throws {
        var counts = try availability([(0, 60, 3), (60, 120, 1)], total: 4)
        counts.take(2, in: at(30)..<at(90))
        counts.take(-9, in: at(100)..<at(110))
        let frees = counts.calendar().freeCounts(from: at(0), to: at(120))
        #expect(frees.map(\.free) == [3, 1, 0, 1, 4, 1])
        #expect(frees.map(\.from) == [0, 29, 59, 91, 101, 109].map(at))
    }

    @Test("a minute has room for as many as the site counts in it and in the minutes beside it", arguments: 0..<50)
    func everyMinute(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var counts: [(from: Int, to: Int, free: Int)] = []
        var frees: [Int] = []
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let (length, free) = (Int.random(in: 1...9, using: &random), Int.random(in: 0...6, using: &random))
            counts.append((frees.count, frees.count + length, free))
            frees += Array(repeating: free, count: length)
        }
        let calendar = try availability(counts, total: 6).calendar()
        for minute in frees.indices {
            let least = frees[max(0, minute - 1)...min(frees.count - 1, minute + 1)].min() ?? 0
            let slot = calendar.longestSlot(count: 1, at: at(minute))
            #expect((slot == nil) == (least == 0))
            for count in 1...7 {
                let slots = calendar.slots(
                    count: count, durationSeconds: 60, after: at(minute), before: at(minute + 1), limit: 1)
                #expect(slots.isEmpty == (least < count), "\(count) at \(minute) of \(frees)")
            }
        }
    }

    @Test(
        "what cannot be read is not used",
        arguments: [
            #"{"availability": []}"#, "{}", #"{"availability": [{"start": "x"}]}"#,
            #"{"availability": [{"start": "2027-01-15 08:00", "end": "2027-01-15 09:00", "available": -1, "total": 1}]}"#,
            """
            {"availability": [
                {"start": "2027-01-15 08:00", "end": "2027-01-15 09:00", "available": 1, "total": 1},
                {"start": "2027-01-15 08:30", "end": "2027-01-15 09:30", "available": 1, "total": 1}]}
            """,
        ])
    func unreadable(text: String) throws {
        let fields = try #require(try JSONValue(parsing: text).objectValue)
        #expect(FlavorAvailability(CatalogResource(kind: .flavorInstances, id: "f", fields: fields)) == nil)
    }
}
