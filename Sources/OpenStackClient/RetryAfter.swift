package import LeaseModel

/// HTTP's `Retry-After` (RFC 9110, section 10.2.3).
package enum RetryAfter {
    /// The time to wait, as seconds or as a date; `nil` if there is none or it cannot be parsed.
    package static func delay(_ value: String?, now: Timestamp) -> ServerDelay? {
        guard let value else { return nil }
        if let delay = ServerDelay(digits: value) { return delay }
        guard let date = HTTPDate.parse(value) else { return nil }
        return ServerDelay(seconds: Int(clamping: date.seconds(since: now)))
    }
}

/// The date format of HTTP's header fields: `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The time, or `nil` if the text is not such a date.
    package static func parse(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let time = parts[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3 else { return nil }
        return Timestamp(year: year, month: month + 1, day: day, hour: time[0], minute: time[1], second: time[2])
    }
}
