import LeaseModel

extension Timestamp {
    /// The value of an HTTP `Date` header: `Sun, 22 Nov 2026 16:14:56 GMT` (RFC 9110).
    package var httpDate: String {
        let parts = utc
        let days = Int((secondsSince1970 - Int64((parts.hour * 60 + parts.minute) * 60 + parts.second)) / 86_400)
        // 1 January 1970 was a Thursday.
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][((days + 4) % 7 + 7) % 7]
        let month = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ][parts.month - 1]
        let clock = blazarRecord.suffix(8)
        let day = parts.day < 10 ? "0\(parts.day)" : "\(parts.day)"
        return "\(weekday), \(day) \(month) \(blazarRecord.prefix(4)) \(clock) GMT"
    }

    /// A time in Keystone's tokens: `2026-11-22T17:14:51.000000Z`.
    var keystoneDate: String { blazarDate + "Z" }

    /// A time in Python's error texts: `datetime.datetime(2026, 11, 23, 3, 24)`.
    var pythonLiteral: String {
        let parts = utc
        let seconds = parts.second == 0 ? "" : ", \(parts.second)"
        return
            "datetime.datetime(\(parts.year), \(parts.month), \(parts.day), \(parts.hour), \(parts.minute)\(seconds))"
    }

    /// Parses a date as Python's `strptime("%Y-%m-%d %H:%M")` does: months to minutes may have one digit.
    init?(leaseDate text: String) {
        let halves = text.split(whereSeparator: \.isWhitespace)
        guard halves.count == 2, text.first?.isWhitespace == false, text.last?.isWhitespace == false else { return nil }
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false).map(Self.digits)
        let clock = halves[1].split(separator: ":", omittingEmptySubsequences: false).map(Self.digits)
        guard date.count == 3, clock.count == 2, halves[0].prefix(while: { $0 != "-" }).count == 4,
            let year = date[0], let month = date[1], let day = date[2], let hour = clock[0], let minute = clock[1],
            let moment = Timestamp(year: year, month: month, day: day, hour: hour, minute: minute)
        else { return nil }
        self = moment
    }

    private static func digits(_ text: Substring) -> Int? {
        guard (1...4).contains(text.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}
