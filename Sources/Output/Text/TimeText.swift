package import LeaseModel

/// Writes times and durations for people.
package struct TimeText: Sendable {
    /// The reader's zone.
    package let zone: DisplayZone
    /// The current time; without it, every time has its year.
    package let now: Timestamp?

    package init(zone: DisplayZone, now: Timestamp? = nil) {
        self.zone = zone
        self.now = now
    }

    // MARK: - Times for files and pipes

    /// A time in the reader's zone, with seconds only if they are not 0: `2026-11-22 18:14`.
    ///
    /// Within three hours of a clock change the offset is added, because the clock may show the same time twice.
    package func short(_ moment: Timestamp) -> String { clockText(moment) + ambiguity(moment) }

    /// A time with its zone: `2026-11-22 18:14 +01:00`, `2026-11-22 17:14 UTC`.
    package func full(_ moment: Timestamp) -> String {
        "\(clockText(moment)) \(zone.name == "UTC" ? "UTC" : zone.offsetText(at: moment))"
    }

    private func clockText(_ moment: Timestamp) -> String {
        let clock = zone.clock(at: moment)
        return clock.plainText(seconds: clock.utc.second != 0)
    }

    private func ambiguity(_ moment: Timestamp) -> String {
        let offset = zone.offsetSeconds(moment)
        let isNearChange = [-10_800, 10_800].contains { zone.offsetSeconds(moment.adding(seconds: $0)) != offset }
        return isNearChange ? " \(zone.offsetText(at: moment))" : ""
    }

    // MARK: - Times that are typed

    /// A time as it is typed into a form, to the minute: `2026-11-22 18:14`.
    package func field(_ moment: Timestamp) -> String { zone.clock(at: moment).plainText(seconds: false) }

    /// A day as it is typed into a form: `2026-11-22`.
    package func dateField(_ moment: Timestamp) -> String { zone.clock(at: moment).dateText }

    // MARK: - Times for a terminal

    /// How precisely a time is written.
    package enum Precision: Sendable {
        case minutes
        case seconds
    }

    /// A time as people say it: `Sat 28 Nov 23:44`. The year is added if the time is half a year away or more.
    package func moment(_ moment: Timestamp, _ precision: Precision = .minutes) -> String {
        "\(day(moment)) \(clock(moment, precision))"
    }

    /// A time with the name of its zone: `Sat 28 Nov 23:44 CST`.
    package func zoned(_ moment: Timestamp, _ precision: Precision = .minutes) -> String {
        "\(day(moment)) \(plainClock(moment, precision)) \(zone.abbreviation(at: moment))"
    }

    /// A period, with its zone named once: `Fri 27 Nov 19:36 to Sun 29 Nov 20:42 CST`.
    package func period(from start: Timestamp, to end: Timestamp) -> String {
        let isOneZone = zone.offsetSeconds(start) == zone.offsetSeconds(end)
        let isOneDay = isOneZone && day(start) == day(end)
        return "\(isOneZone ? "\(day(start)) \(plainClock(start))" : zoned(start)) to "
            + (isOneDay ? "\(plainClock(end)) \(zone.abbreviation(at: end))" : zoned(end))
    }

    /// The day of a time: `Sat 28 Nov`.
    package func day(_ moment: Timestamp) -> String {
        let clock = zone.clock(at: moment)
        let parts = clock.utc
        let isNear = now.map { moment.seconds(since: $0).magnitude < 183 * 86_400 } ?? false
        let year = isNear ? "" : " \(parts.year)"
        return "\(Self.weekdayAndDay(clock)) \(Self.months[parts.month - 1])\(year)"
    }

    /// The day of the week and of the month of what clocks show: `Mon 23`, `Sun  1`.
    package static func weekdayAndDay(_ clock: Timestamp) -> String {
        let (whole, rest) = clock.secondsSince1970.quotientAndRemainder(dividingBy: 86_400)
        let days = rest < 0 ? whole - 1 : whole
        // 1 January 1970 was a Thursday.
        let weekday = weekdays[Int((days % 7 + 11) % 7)]
        let day = clock.utc.day
        return "\(weekday) \(day < 10 ? " " : "")\(day)"
    }

    /// The time of day: `23:44`. Near a clock change it has the offset.
    package func clock(_ moment: Timestamp, _ precision: Precision = .minutes) -> String {
        plainClock(moment, precision) + ambiguity(moment)
    }

    private func plainClock(_ moment: Timestamp, _ precision: Precision = .minutes) -> String {
        let parts = zone.clock(at: moment).utc
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = "\(two(parts.hour)):\(two(parts.minute))"
        return precision == .seconds ? "\(minutes):\(two(parts.second))" : minutes
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    package static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    // MARK: - Durations

    /// A duration in its two largest units: `6 d 23 h`, `5 min`, `40 s`.
    package static func duration(seconds: Int64) -> String {
        guard seconds != 0 else { return "0 s" }
        let units: [(name: String, size: UInt64)] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]
        var rest = seconds.magnitude
        var parts: [String] = []
        for (index, unit) in units.enumerated() where rest >= unit.size {
            parts.append("\(rest / unit.size) \(unit.name)")
            let next = units.indices.contains(index + 1) ? units[index + 1] : unit
            let remaining = rest % unit.size / next.size
            if remaining > 0, next.name != unit.name { parts.append("\(remaining) \(next.name)") }
            rest = 0
            break
        }
        return (seconds < 0 ? "-" : "") + parts.joined(separator: " ")
    }

    /// A duration in one unit, for a narrow column: `40s`, `35m`, `1.7h`, `23h`, `6d`. It is rounded down.
    package static func compact(seconds: Int64) -> String {
        let length = seconds.magnitude
        let text: String
        switch length {
        case ..<60: text = "\(length)s"
        case ..<3_600: text = "\(length / 60)m"
        case ..<36_000:
            let tenths = length / 360
            text = tenths % 10 == 0 ? "\(tenths / 10)h" : "\(tenths / 10).\(tenths % 10)h"
        case ..<172_800: text = "\(length / 3_600)h"
        default: text = "\(length / 86_400)d"
        }
        return (seconds < 0 ? "-" : "") + text
    }

    /// A time relative to another: `in 2 h 5 min`, `3 days ago`, `now`. From three days on, only days are shown.
    package static func relative(_ moment: Timestamp, to now: Timestamp) -> String {
        let seconds = moment.seconds(since: now)
        guard seconds.magnitude >= 1 else { return "now" }
        let days = seconds.magnitude / 86_400
        let length = days >= 3 ? "\(days) days" : duration(seconds: Int64(clamping: seconds.magnitude))
        return seconds > 0 ? "in \(length)" : "\(length) ago"
    }
}
