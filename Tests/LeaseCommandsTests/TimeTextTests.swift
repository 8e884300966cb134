import LeaseModel
import Testing

@testable import LeaseCommands
@testable import Output

@Suite("Times for people")
struct TimeTextTests {
    private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(parsing: text)) }

    @Test func zoneOfTheReader() throws {
        let text = TimeText(zone: berlin)
        #expect(try text.short(moment("2026-11-22T17:14:00Z")) == "2026-11-22 18:14")
        #expect(try text.short(moment("2026-07-01T22:30:05Z")) == "2026-07-02 00:30:05")
        #expect(try text.full(moment("2026-07-01T22:30:00Z")) == "2026-07-02 00:30 +02:00")
        #expect(try TimeText(zone: .utc).full(moment("2026-07-01T22:30:00Z")) == "2026-07-01 22:30 UTC")
    }

    @Test func timesThatTheClockShowsTwiceDiffer() throws {
        let text = TimeText(zone: berlin)
        #expect(try text.short(moment("2026-10-25T00:30:00Z")) == "2026-10-25 02:30 +02:00")
        #expect(try text.short(moment("2026-10-25T01:30:00Z")) == "2026-10-25 02:30 +01:00")
    }

    @Test func whatFillsAFormCanBeReadAgain() throws {
        let text = TimeText(zone: berlin)
        // Near a clock change, and with seconds: a form has neither the offset nor the seconds.
        #expect(try text.field(moment("2026-10-25T00:30:05Z")) == "2026-10-25 02:30")
        #expect(try text.dateField(moment("2026-10-24T22:30:00Z")) == "2026-10-25")
        #expect(try TimeText.weekdayAndDay(moment("2026-11-01T23:00:00Z")) == "Sun  1")
        #expect(try TimeText.weekdayAndDay(moment("1969-12-29T00:00:00Z")) == "Mon 29")
    }

    @Test func offsetsOfEveryKind() throws {
        let noon = try moment("2026-01-01T12:00:00Z")
        func offset(_ seconds: Int) -> String { DisplayZone(name: "x") { _ in seconds }.offsetText(at: noon) }
        #expect(offset(20_700) == "+05:45")
        #expect(offset(-12_600) == "-03:30")
        #expect(offset(0) == "+00:00")
    }

    @Test func momentsBeyondAllCalendarsAreShown() {
        for seconds in [Int64.min, .min + 1, .max - 1, .max] {
            let moment = Timestamp(secondsSince1970: seconds)
            let year = seconds < 0 ? "0001" : "9999"
            for zone in [DisplayZone.utc, berlin, .system(environment: [:])] {
                #expect(TimeText(zone: zone).full(moment).hasPrefix(year))
                #expect(TimeText(zone: zone).short(moment).hasPrefix(year))
            }
            #expect(!TimeText.relative(moment, to: Timestamp(secondsSince1970: ~seconds)).isEmpty)
            #expect(!TimeText.duration(seconds: seconds).isEmpty)
        }
    }

    private static let durationsCases: [(Int64, String)] = [
        (0, "0 s"), (40, "40 s"), (60, "1 min"), (90, "1 min 30 s"), (3_600, "1 h"), (3_661, "1 h 1 min"),
        (3_601, "1 h"), (601_200, "6 d 23 h"), (864_000, "10 d"), (-90, "-1 min 30 s"), (86_460, "1 d"),
    ]

    @Test(arguments: durationsCases)
    func durations(seconds: Int64, text: String) {
        #expect(TimeText.duration(seconds: seconds) == text)
    }

    private static let relativeCases: [(Int64, String)] = [
        (0, "now"), (7_500, "in 2 h 5 min"), (-7_500, "2 h 5 min ago"), (-3 * 86_400 - 5, "3 days ago"),
        (2 * 86_400, "in 2 d"), (100 * 86_400, "in 100 days"), (-1, "1 s ago"),
    ]

    @Test(arguments: relativeCases)
    func relative(seconds: Int64, text: String) {
        let now = Timestamp(secondsSince1970: 1_790_000_000)
        #expect(TimeText.relative(now.adding(seconds: seconds), to: now) == text)
    }

    @Test func systemZoneAnswers() throws {
        let zone = DisplayZone.system(environment: ["TZ": "Nowhere/City"])
        #expect(zone.name == "UTC")
        #expect(abs(zone.offsetSeconds(try moment("2026-01-01T00:00:00Z"))) <= 50_400)
        #expect(!DisplayZone.system(environment: [:]).name.isEmpty)
    }
}
