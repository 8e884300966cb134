import LeaseModel

/// A zone's yearly clock changes, in the syntax of POSIX's `TZ` variable: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct YearlyRule: Sendable, Hashable {
    /// A day of the year and a second of that day, on the clock before the change.
    struct Change: Sendable, Hashable {
        enum Day: Sendable, Hashable {
            /// The n-th given weekday of a month, 5 for the last; Sunday is 0.
            case weekday(month: Int, week: Int, day: Int)
            /// The n-th day, 1 to 365, not counting 29 February.
            case withoutLeapDay(Int)
            /// The n-th day, from 0, counting 29 February.
            case withLeapDay(Int)
        }

        let day: Day
        let seconds: Int
    }

    private struct Summer: Sendable, Hashable {
        let offset: Int
        let begins: Change
        let ends: Change
    }

    private let standardOffset: Int
    private let summer: Summer?

    /// Parses a rule; `nil` if the text is not one.
    init?(parsing text: String) {
        var reader = RuleReader(text: text[...])
        guard reader.takeName(), let west = reader.takeTime() else { return nil }
        standardOffset = -west
        guard !reader.isAtEnd else {
            summer = nil
            return
        }
        guard reader.takeName() else { return nil }
        let offset = reader.next == "," ? standardOffset + 3_600 : reader.takeTime().map { -$0 }
        guard let offset, let begins = reader.takeChange(), let ends = reader.takeChange(), reader.isAtEnd else {
            return nil
        }
        summer = Summer(offset: offset, begins: begins, ends: ends)
    }

    func offsetSeconds(at moment: Int64) -> Int {
        guard let summer else { return standardOffset }
        let local = Timestamp(secondsSince1970: moment).adding(seconds: Int64(standardOffset))
        let year = min(max(local.utc.year, 1), 9_999)
        let begins = summer.begins.clock(year: year) - Int64(standardOffset)
        let ends = summer.ends.clock(year: year) - Int64(summer.offset)
        // South of the equator, summer time spans the new year.
        let isSummer = begins < ends ? (begins..<ends).contains(moment) : !(ends..<begins).contains(moment)
        return isSummer ? summer.offset : standardOffset
    }
}

extension YearlyRule.Change {
    /// The clock's time at the change, in seconds since 1970.
    func clock(year: Int) -> Int64 {
        let newYear = Self.days(year: year, month: 1)
        let date: Int64 =
            switch day {
            case .withLeapDay(let day): newYear + Int64(day)
            case .withoutLeapDay(let day):
                newYear + Int64(day - 1) + (day > 59 && Self.days(year: year, month: 3) - newYear > 59 ? 1 : 0)
            case .weekday(let month, let week, let weekday):
                Self.date(year: year, month: month, week: week, weekday: weekday)
            }
        return date * 86_400 + Int64(seconds)
    }

    private static func date(year: Int, month: Int, week: Int, weekday: Int) -> Int64 {
        let first = days(year: year, month: month)
        let next = month == 12 ? days(year: year, month: 12) + 31 : days(year: year, month: month + 1)
        // 1 January 1970 was a Thursday, day 4.
        let date = first + (Int64(weekday) - (first + 4) % 7 + 14) % 7 + Int64(week - 1) * 7
        return date < next ? date : date - 7
    }

    private static func days(year: Int, month: Int) -> Int64 {
        (Timestamp(year: year, month: month, day: 1)?.secondsSince1970 ?? 0) / 86_400
    }
}

/// Consumes the parts of a rule's text.
private struct RuleReader {
    var text: Substring
    var isAtEnd: Bool { text.isEmpty }
    var next: Character? { text.first }

    /// `CET`, or `<+0330>`.
    mutating func takeName() -> Bool {
        if next == "<" {
            guard let end = text.firstIndex(of: ">") else { return false }
            text = text[text.index(after: end)...]
            return true
        }
        let name = text.prefix { $0.isLetter }
        text = text[name.endIndex...]
        return name.count >= 3
    }

    /// `3`, `-1`, `+5:30`, `26:00:00`, in seconds.
    mutating func takeTime() -> Int? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard let hours = takeNumber(), hours <= 167 else { return nil }
        var seconds = hours * 3_600
        for unit in [60, 1] where take(":") {
            guard let part = takeNumber(), part < 60 else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }

    /// `,M3.5.0/2`, `,J60`, `,59/-1`.
    mutating func takeChange() -> YearlyRule.Change? {
        guard take(","), let day = takeDay() else { return nil }
        guard take("/") else { return YearlyRule.Change(day: day, seconds: 7_200) }
        return takeTime().map { YearlyRule.Change(day: day, seconds: $0) }
    }

    private mutating func takeDay() -> YearlyRule.Change.Day? {
        if take("M") {
            guard let month = takeNumber(), (1...12).contains(month), take("."), let week = takeNumber(),
                (1...5).contains(week), take("."), let day = takeNumber(), day <= 6
            else { return nil }
            return .weekday(month: month, week: week, day: day)
        }
        let isJulian = take("J")
        guard let day = takeNumber(), day <= 365, day >= (isJulian ? 1 : 0) else { return nil }
        return isJulian ? .withoutLeapDay(day) : .withLeapDay(day)
    }

    private mutating func take(_ character: Character) -> Bool {
        guard next == character else { return false }
        text = text.dropFirst()
        return true
    }

    private mutating func takeNumber() -> Int? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        text = text[digits.endIndex...]
        return digits.count <= 3 ? Int(digits) : nil
    }
}
