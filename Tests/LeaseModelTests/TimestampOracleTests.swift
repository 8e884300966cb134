import CaptureFixtures
import Foundation
import LeaseModel
import Testing

/// Compares the calendar arithmetic with Foundation's.
@Suite struct TimestampOracleTests {
    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
        return calendar
    }()

    @Test func randomMomentsFallOnFoundationsDates() {
        var random = SeededRandom(seed: 20_261_122)
        // Before 1582 Foundation uses the Julian calendar; from then on the two must agree.
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

    /// Values that a damaged database may contain, including the first and last moments of the years 1 and 9999.
    private static let extremes: [Int64] =
        [0, 1, 59, 60, 86_399, 86_400, 62_135_596_800, 62_135_596_801, 253_402_300_799, 253_402_300_800]
        .flatMap { (seconds: Int64) -> [Int64] in [seconds, -seconds, .max - seconds, .min + seconds] }

    @Test func everyMomentThereIsCanBeShown() {
        for seconds in Self.extremes {
            let moment = Timestamp(secondsSince1970: seconds)
            let nearest = min(max(seconds, -62_135_596_800), 253_402_300_799)
            #expect(Timestamp(parsing: moment.iso8601)?.secondsSince1970 == nearest, "\(seconds)")
            let lengths = [moment.blazarDate, moment.blazarRecord, moment.blazarRequest].map(\.count)
            #expect(lengths == [26, 19, 16])
            let parts = moment.utc
            #expect((1...12).contains(parts.month) && (1...31).contains(parts.day) && (0...23).contains(parts.hour))
            #expect((parts.hour * 60 + parts.minute) * 60 + parts.second == Int((seconds % 86_400 + 86_400) % 86_400))
        }
        #expect(Timestamp(secondsSince1970: .min).iso8601 == "0001-01-01T00:00:00Z")
        #expect(Timestamp(secondsSince1970: .max).iso8601 == "9999-12-31T23:59:59Z")
        #expect(Timestamp(secondsSince1970: .min).utc.year < -200_000_000_000)
    }

    @Test func arithmeticStopsAtTheLastMomentThereIs() {
        for first in Self.extremes {
            let moment = Timestamp(secondsSince1970: first)
            #expect(moment.truncatedToMinute <= moment)
            for seconds in Self.extremes {
                let later = moment.adding(seconds: seconds)
                #expect(seconds < 0 ? later <= moment : later >= moment)
                let between = moment.seconds(since: Timestamp(secondsSince1970: seconds))
                #expect(between.signum() == (first < seconds ? -1 : first > seconds ? 1 : 0))
            }
        }
        #expect(Timestamp(secondsSince1970: .max).adding(seconds: 1).secondsSince1970 == .max)
        #expect(Timestamp(secondsSince1970: .max).seconds(since: Timestamp(secondsSince1970: .min)) == .max)
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
