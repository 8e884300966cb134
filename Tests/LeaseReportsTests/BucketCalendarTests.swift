import LeaseModel
import LeaseReports
import Testing

@Suite("Days, weeks and months of a zone")
struct BucketCalendarTests {
    @Test(
        "begin by the zone's clocks",
        arguments: [
            (Bucket.day, "Berlin", "2026-03-29 12:00", "2026-03-28 23:00", "2026-03-29 22:00"),
            (.day, "Berlin", "2026-10-25 12:00", "2026-10-24 22:00", "2026-10-25 23:00"),
            (.week, "Berlin", "2026-03-29 12:00", "2026-03-22 23:00", "2026-03-29 22:00"),
            (.month, "Berlin", "2026-03-29 12:00", "2026-02-28 23:00", "2026-03-31 22:00"),
            (.week, "New_York", "2026-01-01 03:00", "2025-12-29 05:00", "2026-01-05 05:00"),
            // Midnight is skipped: the day begins at one.
            (.day, "Sao_Paulo", "2018-11-04 12:00", "2018-11-04 03:00", "2018-11-05 02:00"),
            (.day, "Cairo", "2026-04-24 12:00", "2026-04-23 22:00", "2026-04-24 21:00"),
            (.day, "Beirut", "2026-03-29 12:00", "2026-03-28 22:00", "2026-03-29 21:00"),
            // Midnight occurs twice, and the first one counts.
            (.day, "Havana", "2026-11-01 12:00", "2026-11-01 04:00", "2026-11-02 05:00"),
            // At one minute past midnight the clocks go back to the previous day, which does not begin again.
            (.day, "St_Johns", "2006-10-29 03:00", "2006-10-29 02:30", "2006-10-30 03:30"),
            // A day that no clock ever showed.
            (.day, "Apia", "2011-12-30 09:00", "2011-12-29 10:00", "2011-12-30 10:00"),
            (.day, "Apia", "2011-12-30 10:00", "2011-12-30 10:00", "2011-12-31 10:00"),
            (.day, "Lord_Howe", "2026-10-04 12:00", "2026-10-03 13:30", "2026-10-04 13:00"),
        ])
    func edges(bucket: Bucket, zone: String, moment: String, start: String, end: String) throws {
        let found = try Facts.calendar(bucket, zone).bucket(holding: Facts.time(moment))
        #expect(found == Facts.period(start, end))
    }

    @Test(
        "follow each other without a gap, and contain the given time",
        arguments: ["Berlin", "Apia", "Havana", "St_Johns", "Lord_Howe", "Casablanca", "Sao_Paulo"])
    func tiling(zone: String) throws {
        var random = SplitMix(seed: 7)
        for bucket in Bucket.allCases {
            let calendar = try Facts.calendar(bucket, zone)
            for _ in 0..<300 {
                let moment = Timestamp(secondsSince1970: Int64(random.next() % 4_500_000_000) - 500_000_000)
                let found = calendar.bucket(holding: moment)
                #expect(found.contains(moment))
                #expect(calendar.bucket(holding: found.upperBound).lowerBound == found.upperBound)
                #expect(calendar.bucket(holding: found.lowerBound) == found)
                #expect(calendar.bucket(holding: found.upperBound.adding(seconds: -1)) == found)
            }
        }
    }

    @Test("have names that people use")
    func labels() throws {
        func label(_ bucket: Bucket, _ moment: String) throws -> String {
            let calendar = try Facts.calendar(bucket, "Berlin")
            return calendar.label(ofBucketFrom: calendar.bucket(holding: Facts.time(moment)).lowerBound)
        }
        #expect(try label(.day, "2026-03-28 23:30") == "2026-03-29")
        #expect(try label(.week, "2026-03-29 12:00") == "2026-03-23 W13")
        // The first days of 2027 are in the last week of 2026.
        #expect(try label(.week, "2027-01-02 12:00") == "2026-12-28 W53")
        #expect(try label(.week, "2024-12-31 12:00") == "2024-12-30 W01")
        #expect(try label(.month, "2026-03-31 22:30") == "2026-04")
    }
}

/// Sebastiano Vigna's SplitMix64: the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
