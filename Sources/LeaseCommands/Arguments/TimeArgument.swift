package import LeaseModel
import LeaseReports

/// A moment as a user types it: `2026-11-22 18:00`, `tomorrow 09:00`, `+2d`, `now`.
///
/// Reading it needs neither clock nor zone, so that a mistake is reported with the other mistakes of the command line;
/// ``moment(now:zone:)`` then says which moment is meant.
package struct TimeArgument: Sendable, Hashable {
    private enum Meaning: Sendable, Hashable {
        case now
        /// A moment with its zone given.
        case absolute(Timestamp)
        /// What the clock of the user's zone shows.
        case clock(Timestamp)
        /// The beginning of a day of the user's zone, counted from 1 January 1970.
        case date(Int64)
        /// Seconds from now.
        case relative(Int64)
        /// A day counted from today, and what the clock shows on it in seconds; `nil` for the day's beginning.
        case day(Int64, seconds: Int64?)
    }

    /// The text as typed.
    package let text: String
    private let meaning: Meaning

    /// Whether it says `now`: Blazar refuses a start in a minute that has passed, so such a draft has to say so too.
    package var isNow: Bool { meaning == .now }

    /// Reads a moment; use it as an option's `transform`. Take the option's value unconditionally, or `-3h` is taken
    /// for another option.
    package init(parsing text: String) throws(TimeArgumentError) {
        self.text = text
        guard let meaning = Self.meaning(of: text) else { throw TimeArgumentError(text: text, problem: .syntax) }
        self.meaning = meaning
    }

    /// The moment that is meant. A day without a time begins as a bucket of a report does: at midnight, or where the
    /// clocks skip that, at the skip.
    ///
    /// - Parameters:
    ///   - now: the present.
    ///   - zone: the zone of times that name none.
    /// - Returns: that moment, to the second.
    /// - Throws: ``TimeArgumentError`` if the zone's clocks skip that time, or the year is not in 1 to 9999.
    package func moment(now: Timestamp, zone: DisplayZone) throws(TimeArgumentError) -> Timestamp {
        let result: Timestamp
        switch meaning {
        case .now: result = now
        case .absolute(let moment): result = moment
        case .relative(let seconds): result = now.adding(seconds: seconds)
        case .clock(let clock): result = try moment(showing: clock, zone: zone)
        case .date(let day): result = beginning(ofDay: day, zone: zone)
        case .day(let days, let seconds):
            let day = Self.day(of: zone.clock(at: now)) + days
            if let seconds {
                result = try moment(showing: Timestamp(secondsSince1970: day * 86_400 + seconds), zone: zone)
            } else {
                result = beginning(ofDay: day, zone: zone)
            }
        }
        guard (1...9_999).contains(result.utc.year) else { throw TimeArgumentError(text: text, problem: .outOfRange) }
        return result
    }

    private func moment(showing clock: Timestamp, zone: DisplayZone) throws(TimeArgumentError) -> Timestamp {
        guard let moment = zone.moment(showing: clock) else {
            throw TimeArgumentError(text: text, problem: .skipped(zone: zone.name))
        }
        return moment
    }

    private func beginning(ofDay day: Int64, zone: DisplayZone) -> Timestamp {
        BucketCalendar(.day, offsetSeconds: zone.offsetSeconds).beginning(ofDay: day)
    }

    /// The day that a clock shows, counted from 1 January 1970.
    private static func day(of clock: Timestamp) -> Int64 {
        let (days, rest) = clock.secondsSince1970.quotientAndRemainder(dividingBy: 86_400)
        return rest < 0 ? days - 1 : days
    }

    // MARK: Reading

    private static func meaning(of text: String) -> Meaning? {
        let typed = text.split(separator: " ").joined(separator: " ").lowercased()
        if typed == "now" { return .now }
        return relative(typed) ?? day(typed) ?? date(typed)
    }

    /// `+2d`, `-3h`, `in 2h`, `2h ago`.
    private static func relative(_ text: String) -> Meaning? {
        func seconds(_ part: Substring, _ sign: Int64) -> Meaning? {
            DurationText.seconds(in: String(part)).map { .relative(sign * $0) }
        }
        if text.hasPrefix("+") { return seconds(text.dropFirst(), 1) }
        if text.hasPrefix("-") { return seconds(text.dropFirst(), -1) }
        if text.hasPrefix("in ") { return seconds(text.dropFirst(3), 1) }
        if text.hasSuffix(" ago") { return seconds(text.dropLast(4), -1) }
        return nil
    }

    /// `today`, `tomorrow 09:00`, `yesterday`.
    private static func day(_ text: String) -> Meaning? {
        let words = text.split(separator: " ")
        guard let first = words.first, words.count <= 2,
            let days: Int64 = ["yesterday": -1, "today": 0, "tomorrow": 1][first]
        else { return nil }
        guard words.count == 2 else { return .day(days, seconds: nil) }
        let parts = words[1].split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts.allSatisfy({ $0.count == 2 && $0.utf8.allSatisfy(isDigit) }) else {
            return nil
        }
        let numbers = parts.compactMap { Int64($0) }
        guard numbers[0] < 24, numbers.dropFirst().allSatisfy({ $0 < 60 }) else { return nil }
        return .day(days, seconds: numbers[0] * 3_600 + numbers[1] * 60 + (numbers.count > 2 ? numbers[2] : 0))
    }

    /// `2026-11-22`, `2026-11-22 18:00`, and ISO 8601 with or without a zone.
    private static func date(_ text: String) -> Meaning? {
        let typed = text.uppercased()
        // `2026-11-22T18:00:00+01:00` may be typed with a space before its zone.
        let compact = [(" +", "+"), (" -", "-"), (" UTC", "Z"), (" Z", "Z")].reduce(typed) {
            $0.replacing($1.0, with: $1.1)
        }
        guard let moment = Timestamp(parsing: compact) else { return nil }
        guard compact.utf8.count > "2026-11-22".utf8.count else { return .date(day(of: moment)) }
        let hasZone = compact.hasSuffix("Z") || compact.dropFirst(10).contains { $0 == "+" || $0 == "-" }
        return hasZone ? .absolute(moment) : .clock(moment)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// A text is not a moment.
package struct TimeArgumentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with it.
    package enum Problem: Sendable, Hashable {
        /// It is none of the forms accepted, or there is no such date.
        case syntax
        /// The clocks of the zone are put forward over it.
        case skipped(zone: String)
        /// Its year is not in 1 to 9999.
        case outOfRange
    }

    /// The text as typed.
    package let text: String
    package let problem: Problem

    package var description: String {
        let given = "'\(text.escapedForTerminal)'"
        switch problem {
        case .syntax:
            return "\(given) is not a time. Give for example '2026-11-22 18:00' or 2026-11-22 (local time, or UTC with "
                + "--utc), 2026-11-22T17:00Z, now, today, 'tomorrow 09:00', +2d, -3h or '2h ago'."
        case .skipped(let zone):
            return "\(given) does not exist in \(zone): the clocks go forward over it. "
                + "Give another time, or one with its offset, such as 2026-03-29T02:30+01:00."
        case .outOfRange:
            return "\(given) is not in the years 1 to 9999."
        }
    }
}
