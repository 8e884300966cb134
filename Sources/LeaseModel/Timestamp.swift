/// A moment in time: whole seconds since 1970-01-01 00:00:00 UTC.
///
/// Blazar's dates are in minutes and its record-keeping times in seconds. Both are always UTC, with no mark that says
/// so.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01 00:00:00 UTC, not counting leap seconds.
    public let secondsSince1970: Int64

    /// Makes a moment from seconds since 1970-01-01 00:00:00 UTC.
    public init(secondsSince1970: Int64) { self.secondsSince1970 = secondsSince1970 }

    /// Makes a moment from a date in UTC, or `nil` if the date or time does not exist.
    ///
    /// The years are 1 to 9999, as in Python's `datetime`.
    public init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard (1...9999).contains(year), (1...12).contains(month), (0...23).contains(hour), (0...59).contains(minute),
            (0...59).contains(second), day >= 1, day <= CivilDate.days(inMonth: month, ofYear: year)
        else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        secondsSince1970 = Int64(days) * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }

    /// The moment this many seconds later. An overflow gives the first or last representable moment.
    public func adding(seconds: Int64) -> Timestamp {
        let (sum, overflows) = secondsSince1970.addingReportingOverflow(seconds)
        return Timestamp(secondsSince1970: overflows ? (seconds < 0 ? .min : .max) : sum)
    }

    /// The seconds from `earlier` to this moment; negative if `earlier` is later. An overflow gives the nearest
    /// representable number.
    public func seconds(since earlier: Timestamp) -> Int64 {
        let (difference, overflows) = secondsSince1970.subtractingReportingOverflow(earlier.secondsSince1970)
        return overflows ? (self < earlier ? .min : .max) : difference
    }

    /// How far two clocks may differ, in seconds, before one of them counts as wrong.
    package static let clockToleranceSeconds: Int64 = 300

    /// This moment with its seconds removed.
    public var truncatedToMinute: Timestamp { adding(seconds: -Self.floorModulo(secondsSince1970, 60)) }

    static func floorModulo(_ value: Int64, _ modulus: Int64) -> Int64 {
        let remainder = value % modulus
        return remainder < 0 ? remainder + modulus : remainder
    }
}

// MARK: - Formats

// The formats can write only the years 1 to 9999. They write any other moment as the nearest one they can, because a
// damaged database may hold any number and must still be shown.
extension Timestamp {
    /// The moments that the formats can write: those in the years 1 to 9999.
    static let written = -62_135_596_800...Int64(253_402_300_799)

    /// The components of the date and time in UTC. The year may be zero or negative.
    public var utc: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        let inDay = Int(Self.floorModulo(secondsSince1970, 86_400))
        // Subtracting the seconds of the day first would overflow at the first representable moment.
        let wholeDays = Int(secondsSince1970 / 86_400) - (secondsSince1970 < 0 && inDay > 0 ? 1 : 0)
        let date = CivilDate(daysSince1970: wholeDays)
        return (date.year, date.month, date.day, inDay / 3_600, inDay / 60 % 60, inDay % 60)
    }

    /// ISO 8601 in UTC: `2026-11-22T17:14:00Z`.
    public var iso8601: String { text(separator: "T", seconds: true, end: "Z") }

    /// ISO 8601 in UTC to the minute: `2026-11-22T17:14Z`.
    package var iso8601Minute: String { text(separator: "T", seconds: false, end: "Z") }

    /// The date in UTC: `2026-11-22`.
    package var dateText: String { String(iso8601.prefix(10)) }

    /// The format in which Blazar accepts dates, in minutes: `2026-11-22 17:14`.
    ///
    /// Blazar refuses a date with seconds, or in ISO 8601, with "Required format: %Y-%m-%d %H:%M".
    public var blazarRequest: String { text(separator: " ", seconds: false) }

    /// The format in which Blazar returns a lease's start and end and an event's time: `2026-11-22T17:14:00.000000`.
    public var blazarDate: String { text(separator: "T", seconds: true, end: ".000000") }

    /// The format in which Blazar returns `created_at` and `updated_at`: `2026-11-22 16:14:56`.
    public var blazarRecord: String { text(separator: " ", seconds: true) }

    /// The format for people in files and pipes: `2026-11-22 17:14`. Nothing that is sent to Blazar uses it.
    package func plainText(seconds: Bool) -> String { text(separator: " ", seconds: seconds) }

    /// Appends ``iso8601`` as UTF-8.
    package func writeISO8601(to output: inout [UInt8]) { write(to: &output, separator: "T", seconds: true, end: "Z") }

    private func text(separator: Unicode.Scalar, seconds: Bool, end: StaticString = "") -> String {
        var output: [UInt8] = []
        output.reserveCapacity(32)
        write(to: &output, separator: separator, seconds: seconds, end: end)
        return String(decoding: output, as: UTF8.self)
    }

    private func write(to output: inout [UInt8], separator: Unicode.Scalar, seconds: Bool, end: StaticString) {
        let nearest = min(max(secondsSince1970, Self.written.lowerBound), Self.written.upperBound)
        let parts = Timestamp(secondsSince1970: nearest).utc
        Self.write(parts.year / 100, to: &output)
        Self.write(parts.year % 100, to: &output)
        output.append(UInt8(ascii: "-"))
        Self.write(parts.month, to: &output)
        output.append(UInt8(ascii: "-"))
        Self.write(parts.day, to: &output)
        output.append(UInt8(ascii: separator))
        Self.write(parts.hour, to: &output)
        output.append(UInt8(ascii: ":"))
        Self.write(parts.minute, to: &output)
        if seconds {
            output.append(UInt8(ascii: ":"))
            Self.write(parts.second, to: &output)
        }
        output.append(end)
    }

    /// Appends a number of two digits.
    private static func write(_ number: Int, to output: inout [UInt8]) {
        output.append(UInt8(truncatingIfNeeded: 0x30 + number / 10))
        output.append(UInt8(truncatingIfNeeded: 0x30 + number % 10))
    }

    /// Parses a date in ISO 8601 or in any format that Blazar writes or accepts.
    ///
    /// Accepted are `2026-11-22`, `2026-11-22 17:14`, `2026-11-22 16:14:56` and `2026-11-22T17:14:00.000000`, each
    /// optionally followed by `Z` or an offset such as `+01:00`. Without an offset the time is UTC. Fractions of a
    /// second are dropped.
    ///
    /// - Returns: `nil` if the text has another form or the date does not exist.
    public init?(parsing text: String) {
        var reader = DateReader(bytes: Array(text.utf8))
        // An offset may move the moment outside of the years that can be written.
        guard let moment = reader.read(), moment.isInCalendar else { return nil }
        self = moment
    }
}

extension Timestamp: CustomStringConvertible {
    public var description: String { iso8601 }
}

/// A day of the proleptic Gregorian calendar.
struct CivilDate: Equatable {
    let year: Int
    let month: Int
    let day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    // Both directions count in eras of 400 years that begin on 1 March, so that a leap day comes last. This is the
    // well-known arithmetic of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
    init(daysSince1970: Int) {
        let shifted = daysSince1970 + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func days(inMonth month: Int, ofYear year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}

/// Parses the date formats of ``Timestamp/init(parsing:)``.
private struct DateReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func read() -> Timestamp? {
        guard let year = digits(4), take("-"), let month = digits(2), take("-"), let day = digits(2) else { return nil }
        var time = (hour: 0, minute: 0, second: 0)
        var offset = 0
        if position < bytes.count {
            guard take("T") || take(" "), let hour = digits(2), take(":"), let minute = digits(2) else { return nil }
            time = (hour, minute, 0)
            if take(":") {
                guard let second = digits(2) else { return nil }
                time.second = second
                if take(".") { guard skipDigits() else { return nil } }
            }
            guard let seconds = zoneOffset() else { return nil }
            offset = seconds
        }
        guard position == bytes.count else { return nil }
        return Timestamp(
            year: year, month: month, day: day, hour: time.hour, minute: time.minute, second: time.second
        )?.adding(seconds: Int64(-offset))
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func digits(_ count: Int) -> Int? {
        guard position + count <= bytes.count else { return nil }
        var value = 0
        for _ in 0..<count {
            guard (0x30...0x39).contains(bytes[position]) else { return nil }
            value = value * 10 + Int(bytes[position] - 0x30)
            position += 1
        }
        return value
    }

    private mutating func skipDigits() -> Bool {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position > start
    }

    /// The offset from UTC in seconds; 0 if there is none.
    private mutating func zoneOffset() -> Int? {
        if position == bytes.count || take("Z") || take("z") { return 0 }
        let sign = take("+") ? 1 : (take("-") ? -1 : 0)
        guard sign != 0, let hours = digits(2), hours < 24 else { return nil }
        _ = take(":")
        guard let minutes = position == bytes.count ? 0 : digits(2), minutes < 60 else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}

extension Timestamp {
    /// Whether it lies in the years 1 to 9999, so that what is written can be parsed again.
    package var isInCalendar: Bool { Self.written.contains(secondsSince1970) }
}

/// Parses durations as people write them: `90m`, `0.5h`, `1d12h`, `P1DT12H`, or `36:00` as batch systems do.
///
/// A day is 24 hours, as in all of Blazar's arithmetic. Months and years have no fixed length and are refused.
package enum DurationText {
    /// The duration in seconds, or `nil` if the text is not a duration or is too long to count.
    package static func seconds(in text: String) -> Int64? {
        let typed = text.lowercased().filter { $0 != " " }
        return typed.hasPrefix("p") ? iso8601Seconds(typed.dropFirst()) : clockSeconds(typed) ?? unitSeconds(typed)
    }

    /// A duration in whole units that ``seconds(in:)`` can parse: `7d`, `1d12h`, `90s`.
    package static func text(seconds: Int64) -> String {
        var rest = seconds.magnitude
        var text = ""
        for (name, size) in [("d", UInt64(86_400)), ("h", 3_600), ("m", 60), ("s", 1)] where rest >= size {
            text += "\(rest / size)\(name)"
            rest %= size
        }
        return (seconds < 0 ? "-" : "") + (text.isEmpty ? "0s" : text)
    }

    private static let units: [String: Int64] = [
        "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
        "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
        "h": 3_600, "hr": 3_600, "hrs": 3_600, "hour": 3_600, "hours": 3_600,
        "d": 86_400, "day": 86_400, "days": 86_400,
        "w": 604_800, "week": 604_800, "weeks": 604_800,
    ]

    /// `36:00` and `36:00:00`: hours, minutes and, optionally, seconds.
    private static func clockSeconds(_ text: String) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts.dropFirst().allSatisfy({ $0.utf8.count == 2 }) else { return nil }
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(part) : nil
        }
        guard numbers.count == parts.count, numbers.dropFirst().allSatisfy({ $0 < 60 }) else { return nil }
        let rest = numbers[1] * 60 + (numbers.count == 3 ? numbers[2] : 0)
        return adding(numbers[0], of: 3_600, to: rest)
    }

    private static func unitSeconds(_ text: String) -> Int64? {
        var parts = AmountReader(text: text[...])
        var total: Int64 = 0
        var smallest = Int64.max
        repeat {
            // Units must descend and occur once each, so that `1h1d` is recognized as a mistake.
            guard let (amount, name) = parts.next(allowsFraction: true), let unit = units[String(name)],
                unit < smallest,
                let whole = adding(amount.whole, of: unit, to: total),
                let sum = adding(amount.thousandths * unit / 1_000, of: 1, to: whole)
            else { return nil }
            total = sum
            smallest = unit
        } while !parts.isAtEnd
        return total
    }

    private static func iso8601Seconds(_ text: Substring) -> Int64? {
        let halves = text.split(separator: "t", maxSplits: 1, omittingEmptySubsequences: false)
        let scales: [[Substring: Int64]] = [["w": 604_800, "d": 86_400], ["h": 3_600, "m": 60, "s": 1]]
        var total: Int64 = 0
        guard !text.isEmpty, halves.count == 1 || halves.last?.isEmpty == false else { return nil }
        for (half, scale) in zip(halves, scales) {
            var parts = AmountReader(text: half)
            var smallest = Int64.max
            while !parts.isAtEnd {
                guard let (amount, name) = parts.next(), let unit = scale[name], unit < smallest,
                    let sum = adding(amount.whole, of: unit, to: total)
                else { return nil }
                total = sum
                smallest = unit
            }
        }
        return total
    }

    private static func adding(_ amount: Int64, of unit: Int64, to total: Int64) -> Int64? {
        let (product, isTooLarge) = amount.multipliedReportingOverflow(by: unit)
        let (sum, overflows) = total.addingReportingOverflow(product)
        // A thousand years exceed any lease, and leave room for every calculation with dates.
        return isTooLarge || overflows || sum > 31_556_952_000 ? nil : sum
    }

    /// Reads amounts with units, such as `12h`, one after another.
    private struct AmountReader {
        var text: Substring
        var isAtEnd: Bool { text.isEmpty }

        /// A number with up to three decimal places.
        typealias Amount = (whole: Int64, thousandths: Int64)

        mutating func next(allowsFraction: Bool = false) -> (amount: Amount, unit: Substring)? {
            let digits = text.prefix { ("0"..."9").contains($0) }
            text = text[digits.endIndex...]
            var thousandths: Int64 = 0
            if allowsFraction, text.first == "." {
                let fraction = text.dropFirst().prefix { ("0"..."9").contains($0) }
                guard (1...3).contains(fraction.count), let number = Int64(fraction) else { return nil }
                thousandths = number * [100, 10, 1][fraction.count - 1]
                text = text[fraction.endIndex...]
            }
            let unit = text.prefix { ("a"..."z").contains($0) }
            text = text[unit.endIndex...]
            guard let amount = Int64(digits), !unit.isEmpty else { return nil }
            return ((amount, thousandths), unit)
        }
    }
}
