import CaptureFixtures
import Foundation
import LeaseModel
import Testing

/// The calendar arithmetic against Foundation's.
@Suite struct TimestampOracleTests {
    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
        return calendar
    }()

    @Test func randomMomentsFallOnFoundationsDates() {
        var random = SeededRandom(seed: 20_261_122)
        // Foundation changes to the Julian calendar before 1582; from then on the two must agree.
        let range: ClosedRange<Int64> = -12_000_000_000...253_402_300_799
        for _ in 0..<3_000 {
            let moment = Timestamp(secondsSince1970: Int64.random(in: range, using: &random))
            let parts = Self.calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second],
                from: Date(timeIntervalSince1970: TimeInterval(moment.secondsSince1970)))
            let ours = moment.utc
            #expect([parts.year, parts.month, parts.day] == [ours.year, ours.month, ours.day])
            #expect([parts.hour, parts.minute, parts.second] == [ours.hour, ours.minute, ours.second])
        }
    }

    @Test func everyFormatIsReadBack() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<3_000 {
            // Years 1 to 9999.
            let seconds = Int64.random(in: -62_135_596_800...253_402_300_799, using: &random)
            let moment = Timestamp(secondsSince1970: seconds)
            for text in [moment.iso8601, moment.blazarDate, moment.blazarRecord] {
                #expect(Timestamp(parsing: text) == moment, "\(text)")
            }
            #expect(Timestamp(parsing: moment.blazarRequest) == moment.truncatedToMinute)
        }
    }

    @Test func offsetsAreSubtracted() {
        #expect(Timestamp(parsing: "2026-11-22T17:14:00+01:30") == Timestamp(parsing: "2026-11-22 15:44"))
        #expect(Timestamp(parsing: "2026-11-22 17:14:00.999999") == Timestamp(parsing: "2026-11-22T17:14:00Z"))
    }

    @Test(arguments: [
        "", "now", "2026", "2026-13-01", "2026-02-29", "2026-11-22T", "2026-11-22 24:00", "2026-11-22 17:60",
        "2026-11-22 17:14:00.", "2026-11-22 17:14 CET", "2026-11-22 17:14+1", "0000-01-01", "26-11-22", "2026-1-1",
    ])
    func refusesWhatIsNoDate(text: String) { #expect(Timestamp(parsing: text) == nil) }
}
