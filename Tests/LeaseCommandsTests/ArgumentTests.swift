import Foundation
import LeaseText
import Testing

@testable import LeaseCommands
@testable import LeaseModel
@testable import Output

@Suite("Times and durations as typed")
struct ArgumentTests {
    /// In Berlin, 23:30 on a Sunday.
    private let now = Timestamp(parsing: "2026-11-22T22:30:10Z")

    private func read(_ text: String, zone: DisplayZone = berlin) throws -> String {
        try TimeArgument(parsing: text).moment(now: #require(now), zone: zone).iso8601
    }

    private static let momentsCases: [(String, String)] = [
        ("now", "2026-11-22T22:30:10Z"), ("NOW", "2026-11-22T22:30:10Z"),
        ("2026-11-25 18:00", "2026-11-25T17:00:00Z"), ("2026-07-01 18:00", "2026-07-01T16:00:00Z"),
        ("2026-11-25  18:00:30", "2026-11-25T17:00:30Z"), ("2026-11-25", "2026-11-24T23:00:00Z"),
        ("2026-11-25T18:00Z", "2026-11-25T18:00:00Z"), ("2026-11-25t18:00:00z", "2026-11-25T18:00:00Z"),
        ("2026-11-25T18:00:00.000000+02:00", "2026-11-25T16:00:00Z"),
        ("2026-11-25 18:00 -0500", "2026-11-25T23:00:00Z"),
        ("2026-11-25 18:00 +02:00", "2026-11-25T16:00:00Z"), ("2026-11-25 18:00 UTC", "2026-11-25T18:00:00Z"),
        ("today", "2026-11-21T23:00:00Z"), ("tomorrow", "2026-11-22T23:00:00Z"),
        ("yesterday", "2026-11-20T23:00:00Z"), ("Tomorrow 09:15", "2026-11-23T08:15:00Z"),
        ("+2d", "2026-11-24T22:30:10Z"), ("-3h", "2026-11-22T19:30:10Z"), ("2h ago", "2026-11-22T20:30:10Z"),
        ("tomorrow 9am", "2026-11-23T08:00:00Z"), ("9am", "2026-11-22T08:00:00Z"), ("18:00", "2026-11-22T17:00:00Z"),
        ("9:30 pm", "2026-11-22T20:30:00Z"), ("12am", "2026-11-21T23:00:00Z"), ("noon", "2026-11-22T11:00:00Z"),
        // 22 November 2026 is a Sunday, and it is past 23:30.
        ("monday 9:00", "2026-11-23T08:00:00Z"), ("sunday 9:00", "2026-11-29T08:00:00Z"),
        ("sunday 23:45", "2026-11-22T22:45:00Z"), ("last monday", "2026-11-15T23:00:00Z"),
        ("next fri", "2026-11-26T23:00:00Z"), ("2026-12-01 9:00", "2026-12-01T08:00:00Z"),
        ("2026-12-01 9am", "2026-12-01T08:00:00Z"), ("@1795370000", "2026-11-22T17:53:20Z"),
        ("2026-12-01 9:00 UTC", "2026-12-01T09:00:00Z"), ("tomorrow 9am utc", "2026-11-23T09:00:00Z"),
        ("in 1 day 12 hours", "2026-11-24T10:30:10Z"), ("+P1DT12H", "2026-11-24T10:30:10Z"),
    ]

    @Test(arguments: momentsCases)
    func moments(text: String, expected: String) throws {
        #expect(try read(text) == expected)
    }

    @Test func zoneDecides() throws {
        #expect(try read("2026-11-25 18:00", zone: .utc) == "2026-11-25T18:00:00Z")
        #expect(try read("today", zone: .utc) == "2026-11-22T00:00:00Z")
        #expect(try read("tomorrow", zone: .utc) == "2026-11-23T00:00:00Z")
    }

    @Test func clocksThatChange() throws {
        let twice = #expect(throws: TimeArgumentError.self) { try read("2026-10-25 02:30") }
        #expect(twice?.description.contains("2026-10-25T02:30+02:00 or 2026-10-25T02:30+01:00") == true)
        #expect(try read("2026-10-25 02:30 +02:00") == "2026-10-25T00:30:00Z")
        #expect(try read("2026-10-25 02:30+01:00") == "2026-10-25T01:30:00Z")
        let skipped = #expect(throws: TimeArgumentError.self) { try read("2026-03-29 02:30") }
        #expect(skipped?.problem == .skipped(zone: "Europe/Berlin"))
        #expect(try read("2026-03-29 03:00") == "2026-03-29T01:00:00Z")
        #expect(try read("2026-03-29 01:59") == "2026-03-29T00:59:00Z")
    }

    /// Clocks that are moved forward at midnight, and the time when they are.
    private static let skippedMidnights = [
        ("Cairo", "2026-04-24", "2026-04-23T22:00:00Z"), ("Beirut", "2026-03-29", "2026-03-28T22:00:00Z"),
        ("Havana", "2026-03-08", "2026-03-08T05:00:00Z"), ("Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        // A day that no clock ever showed, and one that begins twice.
        ("Apia", "2011-12-30", "2011-12-30T10:00:00Z"), ("Havana", "2026-11-01", "2026-11-01T04:00:00Z"),
    ]

    @Test(arguments: skippedMidnights)
    func daysBeginWhereTheClocksReachThem(zone: String, date: String, moment: String) throws {
        let zone = try fixtureZone(zone)
        #expect(try read(date, zone: zone) == moment)
        guard zone.name != "Apia" else { return }
        let evening = try TimeArgument(parsing: "\(date) 23:59").moment(now: #require(now), zone: zone)
        #expect(try TimeArgument(parsing: "today").moment(now: evening, zone: zone).iso8601 == moment)
    }

    @Test func aTimeThatIsSkippedIsStillRefused() throws {
        let cairo = try fixtureZone("Cairo")
        #expect(throws: TimeArgumentError.self) { try read("2026-04-24 00:00", zone: cairo) }
        #expect(throws: TimeArgumentError.self) { try read("2026-04-24 00:30", zone: cairo) }
        #expect(try read("2026-04-24 01:00", zone: cairo) == "2026-04-23T22:00:00Z")
        #expect(try read("1969-12-31", zone: cairo) == "1969-12-30T22:00:00Z")
    }

    private func fixtureZone(_ name: String) throws -> DisplayZone {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try DisplayZone.named(name, environment: ["TZDIR": tests.appending(path: "Fixtures/zones").path])
    }

    private static let notMomentsCases: [String] = [
        "", " ", "soon", "2026-13-01", "2026-02-29", "26-11-22", "2026-11-22 25:00", "+2", "-3", "tomorrow 9",
        "today 24:00",
        "today -1:00", "2d", "ago", "+", "2026-11-22T18:00+99:00", "now now", "tomorrow 09:15 x",
    ]

    @Test(arguments: notMomentsCases)
    func notMoments(text: String) {
        let error = #expect(throws: TimeArgumentError.self) { try TimeArgument(parsing: text) }
        #expect(error?.problem == .syntax)
        #expect(error?.description.contains("tomorrow 9am") == true)
    }

    @Test func outOfRangeIsSaid() {
        let error = #expect(throws: TimeArgumentError.self) { try read("0001-01-01 00:00") }
        #expect(error?.problem == .outOfRange)
    }

    @Test func nowIsKnownAsSuch() throws {
        #expect(try TimeArgument(parsing: "now").isNow)
        #expect(try !TimeArgument(parsing: "+0s").isNow)
    }

    private static let lengthsCases: [(String, Int64)] = [
        ("60s", 60), ("90m", 5_400), ("2h", 7_200), ("1d12h", 129_600), ("2w", 1_209_600), ("1d 12h", 129_600),
        ("P1DT12H", 129_600), ("PT90M", 5_400), ("p2w", 1_209_600), ("2 hours", 7_200), ("1h30min", 5_400),
        ("0s", 0),
    ]

    @Test(arguments: lengthsCases)
    func lengths(text: String, seconds: Int64) throws {
        #expect(try DurationArgument(parsing: text).seconds == seconds)
    }

    private static let notLengthsCases: [String] = [
        "", "60", "h", "1x", "1h1d", "1h1h", "-2h", "1.h", "P", "PT", "P1H", "PT1D", "P1M", "1d12",
        "99999999999999999999s",
        "9223372036854775807w", "１h", "\u{1B}[2J",
    ]

    @Test(arguments: notLengthsCases)
    func notLengths(text: String) {
        let error = #expect(throws: DurationSyntaxError.self) { try DurationArgument(parsing: text) }
        #expect(error?.description.contains("1d12h") == true)
        #expect(error?.description.contains("\u{1B}") == false)
    }

    @Test func missingUnitIsNamed() {
        #expect(DurationSyntaxError(text: "60").description.contains("no unit"))
        #expect(!DurationSyntaxError(text: "6x").description.contains("no unit"))
    }
}
