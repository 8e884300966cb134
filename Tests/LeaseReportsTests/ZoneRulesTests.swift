import LeaseModel
import LeaseReports
import Testing

@Suite("Time zones read from their files")
struct ZoneRulesTests {
    @Test(
        "have the offsets of history and law",
        arguments: [
            ("Berlin", "2026-03-29 00:59:59", 3_600), ("Berlin", "2026-03-29 01:00", 7_200),
            ("Berlin", "2026-10-25 00:59:59", 7_200), ("Berlin", "2026-10-25 01:00", 3_600),
            // After the last listed change: by the rule at the end of the file.
            ("Berlin", "2060-01-15 12:00", 3_600), ("Berlin", "2060-07-15 12:00", 7_200),
            ("New_York", "2061-03-13 06:59:59", -18_000), ("New_York", "2061-03-13 07:00", -14_400),
            ("Sydney", "2061-01-10 00:00", 39_600), ("Sydney", "2061-07-10 00:00", 36_000),
            ("Dublin", "2061-07-10 00:00", 3_600), ("Dublin", "2061-01-10 00:00", 0),
            ("Lord_Howe", "2061-01-10 00:00", 39_600), ("Lord_Howe", "2061-07-10 00:00", 37_800),
            ("Kolkata", "2061-07-10 00:00", 19_800), ("Kolkata", "1800-01-01 00:00", 21_208),
            ("Apia", "2011-12-30 09:59:59", -36_000), ("Apia", "2011-12-30 10:00", 50_400),
            ("St_Johns", "2006-10-29 02:30:59", -9_000), ("St_Johns", "2006-10-29 02:31", -12_600),
        ])
    func offsets(zone: String, moment: String, offset: Int) throws {
        #expect(try Facts.zone(zone).offsetSeconds(at: Facts.time(moment).secondsSince1970) == offset)
    }

    @Test("are refused if their file is truncated or is something else")
    func damaged() throws {
        let whole = Array(try Facts.zoneFile("Berlin"))
        for length in 0..<whole.count {
            #expect(throws: ZoneRulesError.self, "\(length)") { try ZoneRules(parsing: Array(whole[..<length])) }
        }
        #expect(throws: ZoneRulesError.notTZif) {
            try ZoneRules(parsing: Array("root:x:0:0:root:/root:/bin/bash\n".utf8))
        }
    }

    @Test("never crash, whatever byte is wrong")
    func corrupted() throws {
        let whole = Array(try Facts.zoneFile("Lord_Howe"))
        for position in whole.indices {
            for byte: UInt8 in [0x00, 0x7F, 0xFF] {
                var bytes = whole
                bytes[position] = byte
                _ = try? ZoneRules(parsing: bytes).offsetSeconds(at: 4_000_000_000)
            }
        }
    }
}
