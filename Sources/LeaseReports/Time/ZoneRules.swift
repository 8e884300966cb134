import LeaseModel

/// A time zone of the IANA database, parsed from the bytes of its file (TZif, RFC 9636).
///
/// On Linux, Foundation knows named zones only with ICU's data, which would be loaded just for reports, and
/// FoundationEssentials does not know them at all. The C library and Python's `zoneinfo` read the same files, so
/// whoever checks a report finds the same clock changes. The caller finds and reads the file; this module does no I/O.
package struct ZoneRules: Sendable, Hashable {
    /// The moments at which the offset changes, in seconds since 1970; `offsets` has the offset from each one on.
    private let transitions: [Int64]
    private let offsets: [Int]
    private let firstOffset: Int
    /// The rule after the last transition.
    private let rule: YearlyRule?

    /// Parses a zone.
    ///
    /// - Throws: ``ZoneRulesError`` if the bytes are not a TZif file, or a damaged one.
    package init(parsing bytes: [UInt8]) throws(ZoneRulesError) {
        var reader = TZifReader(bytes: bytes)
        let header = try reader.header()
        guard header.version >= 2 else { throw .unsupportedVersion }
        // The first block has 32-bit times only, for old programs.
        try reader.skip(header.blockSize(timeSize: 4))
        let wide = try reader.header()
        transitions = try reader.times(wide.timeCount)
        let indices = try reader.take(wide.timeCount)
        var types: [Int] = []
        for _ in 0..<wide.typeCount { types.append(try reader.localTimeType()) }
        try reader.skip(wide.blockSize(timeSize: 8) - wide.timeCount * 9 - wide.typeCount * 6)
        guard let first = types.first, indices.allSatisfy({ Int($0) < types.count }), isSorted(transitions) else {
            throw .damaged
        }
        firstOffset = first
        offsets = indices.map { types[Int($0)] }
        let footer = try reader.footer()
        rule = footer.isEmpty ? nil : YearlyRule(parsing: footer)
        if !footer.isEmpty, rule == nil { throw .damaged }
    }

    /// How far the zone's clocks are ahead of UTC at a moment.
    ///
    /// - Parameter moment: seconds since 1970.
    /// - Returns: the seconds; negative west of Greenwich.
    package func offsetSeconds(at moment: Int64) -> Int {
        guard let last = transitions.last, moment < last else {
            return rule?.offsetSeconds(at: moment) ?? offsets.last ?? firstOffset
        }
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : offsets[low - 1]
    }
}

/// Why bytes are not a time zone.
package enum ZoneRulesError: Error, Sendable, Hashable {
    /// Not a TZif file.
    case notTZif
    /// TZif version 1, without a rule for the future; none has been made since 2005.
    case unsupportedVersion
    /// The file is cut short, or contradicts itself.
    case damaged
}

private func isSorted(_ moments: [Int64]) -> Bool { zip(moments, moments.dropFirst()).allSatisfy(<) }

/// Reads the parts of a TZif file one after the other.
private struct TZifReader {
    struct Header {
        let version: Int
        let counts: [Int]
        var timeCount: Int { counts[3] }
        var typeCount: Int { counts[4] }

        /// The size in bytes of the block after the header (RFC 9636, section 3.2).
        func blockSize(timeSize: Int) -> Int {
            timeCount * (timeSize + 1) + typeCount * 6 + counts[5] + counts[2] * (timeSize + 4) + counts[1] + counts[0]
        }
    }

    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func take(_ count: Int) throws(ZoneRulesError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - position else { throw .damaged }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func skip(_ count: Int) throws(ZoneRulesError) { _ = try take(count) }

    mutating func header() throws(ZoneRulesError) -> Header {
        guard bytes.count - position >= 44, bytes[position..<position + 4].elementsEqual("TZif".utf8) else {
            throw position == 0 ? .notTZif : .damaged
        }
        try skip(4)
        let version = try take(16).first.map { $0 >= UInt8(ascii: "2") ? Int($0 - UInt8(ascii: "0")) : 1 } ?? 1
        var counts: [Int] = []
        for _ in 0..<6 { counts.append(Int(try number(4))) }
        return Header(version: version, counts: counts)
    }

    mutating func times(_ count: Int) throws(ZoneRulesError) -> [Int64] {
        guard count <= (bytes.count - position) / 8 else { throw .damaged }
        var times: [Int64] = []
        for _ in 0..<count { times.append(Int64(bitPattern: try number(8))) }
        return times
    }

    /// The offset of a local time type. Its name, and whether it is summer time, do not matter here.
    mutating func localTimeType() throws(ZoneRulesError) -> Int {
        let offset = Int32(truncatingIfNeeded: Int64(try number(4)))
        try skip(2)
        guard abs(Int(offset)) < 7 * 86_400 else { throw .damaged }
        return Int(offset)
    }

    mutating func footer() throws(ZoneRulesError) -> String {
        let rest = bytes[position...]
        guard rest.count >= 2, rest.first == 0x0A, rest.last == 0x0A else { throw .damaged }
        return String(decoding: rest.dropFirst().dropLast(), as: UTF8.self)
    }

    private mutating func number(_ size: Int) throws(ZoneRulesError) -> UInt64 {
        try take(size).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

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
