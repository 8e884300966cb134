import Foundation
package import LeaseModel
import LeaseReports
package import Output

/// A time as a user types it: `2026-11-22 18:00`, `tomorrow 9am`, `monday 9:00`, `+2d`, `@1795370000`, `now`.
///
/// Parsing needs neither the current time nor a zone, so a mistake is reported together with other mistakes on the
/// command line. ``moment(now:zone:)`` then computes the time.
package struct TimeArgument: Sendable, Hashable {
    private enum Meaning: Sendable, Hashable {
        case now
        /// A time with a zone.
        case absolute(Timestamp)
        /// A time on the clocks of the user's zone.
        case clock(Timestamp)
        /// The beginning of a day in the user's zone, in days since 1 January 1970.
        case date(Int64)
        /// Seconds from now.
        case relative(Int64)
        /// A day relative to today, and the time of day in seconds; `nil` for the beginning of the day.
        case day(Int64, seconds: Int64?)
        /// The next such weekday, Monday being 0, or the last one, and the time of day in seconds.
        case weekday(Int64, isLast: Bool, seconds: Int64?)
    }

    /// The text as typed.
    package let text: String
    private let meaning: Meaning
    /// The zone named at the end of the text.
    private let zoneName: String?

    /// Whether the text says `now`. Blazar refuses a start in a past minute, so such a draft must say `now` too.
    package var isNow: Bool { meaning == .now }

    /// Parses a time. Use this as an option's `transform`. The option must take its value unconditionally; otherwise
    /// `-3h` is taken for another option.
    package init(parsing text: String) throws(TimeArgumentError) {
        self.text = text
        if let meaning = Self.meaning(of: text) {
            self.meaning = meaning
            zoneName = nil
        } else if let (rest, zone) = Self.splittingZone(text), let meaning = Self.meaning(of: rest),
            Self.needsZone(meaning)
        {
            self.meaning = meaning
            zoneName = zone
        } else {
            throw TimeArgumentError(text: text, problem: .syntax)
        }
    }

    /// The time that is meant. A day without a time begins as a report's bucket does: at midnight, or, if the clocks
    /// skip midnight, at the end of the gap.
    ///
    /// - Parameters:
    ///   - now: the current time.
    ///   - zone: the zone of times that name none.
    /// - Returns: the time, to the second.
    /// - Throws: ``TimeArgumentError`` if the zone's clocks skip the time or show it twice, the named zone does not
    ///   exist, or the year is not in 1 to 9999.
    package func moment(now: Timestamp, zone: DisplayZone) throws(TimeArgumentError) -> Timestamp {
        let zone = try namedZone() ?? zone
        let result: Timestamp
        switch meaning {
        case .now: result = now
        case .absolute(let moment): result = moment
        case .relative(let seconds): result = now.adding(seconds: seconds)
        case .clock(let clock): result = try moment(showing: clock, zone: zone)
        case .date(let day): result = beginning(ofDay: day, zone: zone)
        case .day(let days, let seconds):
            result = try moment(ofDay: Self.day(of: zone.clock(at: now)) + days, seconds: seconds, zone: zone)
        case .weekday(let weekday, let isLast, let seconds):
            let today = Self.day(of: zone.clock(at: now))
            // 1 January 1970 was a Thursday: 3, if Monday is 0.
            let ahead = ((weekday - (today + 3)) % 7 + 7) % 7
            guard !isLast else {
                result = try moment(ofDay: today + ahead - 7, seconds: seconds, zone: zone)
                break
            }
            let coming = try moment(ofDay: today + ahead, seconds: seconds, zone: zone)
            result = coming > now ? coming : try moment(ofDay: today + ahead + 7, seconds: seconds, zone: zone)
        }
        guard (1...9_999).contains(result.utc.year) else { throw TimeArgumentError(text: text, problem: .outOfRange) }
        return result
    }

    private func namedZone() throws(TimeArgumentError) -> DisplayZone? {
        guard let zoneName else { return nil }
        do {
            return try DisplayZone.named(zoneName, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw TimeArgumentError(text: text, problem: .zone(error.message))
        }
    }

    private func moment(ofDay day: Int64, seconds: Int64?, zone: DisplayZone) throws(TimeArgumentError) -> Timestamp {
        guard let seconds else { return beginning(ofDay: day, zone: zone) }
        return try moment(showing: Timestamp(secondsSince1970: day * 86_400 + seconds), zone: zone)
    }

    private func moment(showing clock: Timestamp, zone: DisplayZone) throws(TimeArgumentError) -> Timestamp {
        let moments = zone.moments(showing: clock)
        guard let first = moments.first else {
            throw TimeArgumentError(text: text, problem: .skipped(zone: zone.name))
        }
        guard moments.count == 1 else {
            let choices = moments.map { clock.iso8601.dropLast(4) + zone.offsetText(at: $0) }
            throw TimeArgumentError(text: text, problem: .twice(zone: zone.name, choices: choices.map(String.init)))
        }
        return first
    }

    private func beginning(ofDay day: Int64, zone: DisplayZone) -> Timestamp {
        BucketCalendar(.day, offsetSeconds: zone.offsetSeconds).beginning(ofDay: day)
    }

    /// The day that a clock shows, in days since 1 January 1970.
    private static func day(of clock: Timestamp) -> Int64 {
        let (days, rest) = clock.secondsSince1970.quotientAndRemainder(dividingBy: 86_400)
        return rest < 0 ? days - 1 : days
    }

    // MARK: Reading

    private static func meaning(of text: String) -> Meaning? {
        let typed = text.split(separator: " ").joined(separator: " ").lowercased()
        if typed == "now" { return .now }
        return relative(typed) ?? epoch(typed) ?? date(typed) ?? day(typed)
    }

    private static func needsZone(_ meaning: Meaning) -> Bool {
        switch meaning {
        case .now, .absolute, .relative: false
        case .clock, .date, .day, .weekday: true
        }
    }

    /// The text before the zone's name at the end, and that name.
    private static func splittingZone(_ text: String) -> (rest: String, zone: String)? {
        let words = text.split(separator: " ")
        guard words.count > 1, let zone = words.last, zone.first?.isLetter == true else { return nil }
        let isUTC = ["UTC", "GMT", "Z"].contains(zone.uppercased())
        guard isUTC || zone.count >= 3 else { return nil }
        return (words.dropLast().joined(separator: " "), isUTC ? "UTC" : String(zone))
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

    /// `@1795370000`, seconds since 1970, as in `date`.
    private static func epoch(_ text: String) -> Meaning? {
        guard text.hasPrefix("@"), let seconds = Int64(text.dropFirst()) else { return nil }
        let moment = Timestamp(secondsSince1970: seconds)
        return moment.isInCalendar ? .absolute(moment) : nil
    }

    /// `today`, `tomorrow 9am`, `monday 9:00`, `last monday`, `18:00`.
    private static func day(_ text: String) -> Meaning? {
        var words = text.split(separator: " ")
        guard let first = words.first else { return nil }
        if let days: Int64 = ["yesterday": -1, "today": 0, "tomorrow": 1][first] {
            words.removeFirst()
            guard !words.isEmpty else { return .day(days, seconds: nil) }
            return timeOfDay(words).map { .day(days, seconds: $0) }
        }
        let isLast = first == "last"
        if isLast || first == "next" { words.removeFirst() }
        if let name = words.first, let weekday = weekday(name) {
            words.removeFirst()
            guard !words.isEmpty else { return .weekday(weekday, isLast: isLast, seconds: nil) }
            return timeOfDay(words).map { .weekday(weekday, isLast: isLast, seconds: $0) }
        }
        guard words.first == first else { return nil }
        return timeOfDay(words).map { .day(0, seconds: $0) }
    }

    private static func weekday(_ word: Substring) -> Int64? {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        return days.firstIndex { $0 == word || (word.count == 3 && $0.hasPrefix(word)) }.map(Int64.init)
    }

    /// A time of day, in seconds from midnight: `18:00`, `9:30`, `9am`, `9:30 pm`, `noon`.
    private static func timeOfDay(_ words: [Substring]) -> Int64? {
        var text = words.joined()
        guard words.count <= 2 else { return nil }
        if words.count == 2, !["am", "pm"].contains(words[1]) { return nil }
        if text == "noon" { return 43_200 }
        if text == "midnight" { return 0 }
        var half: Int64?
        if text.hasSuffix("am") || text.hasSuffix("pm") {
            half = text.hasSuffix("pm") ? 12 : 0
            text.removeLast(2)
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (half == nil ? 2...3 : 1...3).contains(parts.count), parts[0].count <= 2,
            parts.dropFirst().allSatisfy({ $0.count == 2 }),
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) })
        else { return nil }
        var numbers = parts.compactMap { Int64($0) }
        if let half {
            guard (1...12).contains(numbers[0]) else { return nil }
            numbers[0] = numbers[0] % 12 + half
        }
        guard numbers[0] < 24, numbers.dropFirst().allSatisfy({ $0 < 60 }) else { return nil }
        let rest = numbers.count > 2 ? numbers[2] : 0
        return numbers[0] * 3_600 + (numbers.count > 1 ? numbers[1] * 60 : 0) + rest
    }

    /// `2026-11-22`, `2026-11-22 18:00`, `2026-11-22 9am`, and ISO 8601 with or without a zone.
    private static func date(_ text: String) -> Meaning? {
        let typed = text.uppercased()
        // `2026-11-22T18:00:00+01:00` may be typed with a space before its zone.
        let compact = [(" +", "+"), (" -", "-"), (" UTC", "Z"), (" Z", "Z")].reduce(typed) {
            $0.replacing($1.0, with: $1.1)
        }
        guard let moment = Timestamp(parsing: compact) else {
            let words = text.split(separator: " ")
            guard let first = words.first, first.count == 10, let start = Timestamp(parsing: String(first)),
                let seconds = timeOfDay(Array(words.dropFirst()))
            else { return nil }
            return .clock(start.adding(seconds: seconds))
        }
        guard compact.utf8.count > "2026-11-22".utf8.count else { return .date(day(of: moment)) }
        let hasZone = compact.hasSuffix("Z") || compact.dropFirst(10).contains { $0 == "+" || $0 == "-" }
        return hasZone ? .absolute(moment) : .clock(moment)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// The text is not a time.
package struct TimeArgumentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong with the text.
    package enum Problem: Sendable, Hashable {
        /// It has none of the accepted forms, or there is no such date.
        case syntax
        /// The clocks of the zone are moved forward and skip it.
        case skipped(zone: String)
        /// The clocks of the zone are moved back and show it twice.
        case twice(zone: String, choices: [String])
        /// The zone named at the end does not exist.
        case zone(String)
        /// Its year is not in 1 to 9999.
        case outOfRange
    }

    /// The text as typed.
    package let text: String
    package let problem: Problem

    package init(text: String, problem: Problem) {
        self.text = text
        self.problem = problem
    }

    package var description: String {
        let given = "'\(text.escapedForTerminal)'"
        switch problem {
        case .syntax:
            return "\(given) is not a time. Give for example '2026-11-22 18:00' or 2026-11-22 (local time, or UTC with "
                + "--utc), 2026-11-22T17:00Z, now, 18:00, 'tomorrow 9am', 'monday 9:00', +2d, -3h or '2h ago'."
        case .skipped(let zone):
            return "\(given) does not exist in \(zone): the clocks skip it. "
                + "Give another time, or one with its offset, such as 2026-03-29T02:30+01:00."
        case .twice(let zone, let choices):
            return "\(given) occurs twice in \(zone): the clocks go back. "
                + "Give one of them: \(choices.joined(separator: " or "))."
        case .zone(let problem):
            return "\(given): \(problem)"
        case .outOfRange:
            return "\(given) is not in the years 1 to 9999."
        }
    }
}

/// A duration as a user types it: `90m`, `1d12h`, `P1DT12H`.
///
/// A day is 24 hours, as in all of Blazar's arithmetic. Months and years have no fixed length and are refused.
package struct DurationArgument: Sendable, Hashable {
    /// The length in seconds, never negative.
    package let seconds: Int64

    package init(seconds: Int64) { self.seconds = seconds }

    /// Parses a duration. Use this as an option's `transform`.
    package init(parsing text: String) throws(DurationSyntaxError) {
        guard let seconds = DurationText.seconds(in: text) else { throw DurationSyntaxError(text: text) }
        self.seconds = seconds
    }
}

/// The text is not a duration.
package struct DurationSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text as typed.
    package let text: String

    package init(text: String) { self.text = text }

    package var description: String {
        let hint = Int64(text) == nil ? "" : " It has no unit."
        return "'\(text.escapedForTerminal)' is not a duration.\(hint) "
            + "Give for example 60s, 90m, 2h, 1d12h, 2w, or ISO 8601 such as P1DT12H."
    }
}
