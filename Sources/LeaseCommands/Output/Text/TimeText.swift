package import LeaseModel

/// Writes moments and lengths of time for people.
package struct TimeText: Sendable {
    /// The reader's zone.
    package let zone: DisplayZone

    package init(zone: DisplayZone) { self.zone = zone }

    /// A moment in the reader's zone, seconds only if there are any: `2026-11-22 18:14`.
    ///
    /// Within three hours of a change of the clocks the offset is added, as one time on the clock is then two moments.
    package func short(_ moment: Timestamp) -> String {
        let offset = zone.offsetSeconds(moment)
        let isNearChange = [-10_800, 10_800].contains { zone.offsetSeconds(moment.adding(seconds: $0)) != offset }
        return clockText(moment) + (isNearChange ? " \(zone.offsetText(at: moment))" : "")
    }

    /// A moment with its zone: `2026-11-22 18:14 +01:00`, `2026-11-22 17:14 UTC`.
    package func full(_ moment: Timestamp) -> String {
        "\(clockText(moment)) \(zone.name == "UTC" ? "UTC" : zone.offsetText(at: moment))"
    }

    private func clockText(_ moment: Timestamp) -> String {
        let clock = zone.clock(at: moment)
        return clock.utc.second == 0 ? clock.blazarRequest : clock.blazarRecord
    }

    /// A length of time in its two largest units: `6 d 23 h`, `5 min`, `40 s`.
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

    /// A moment as seen from another: `in 2 h 5 min`, `3 days ago`, `now`. From three days on only days are told.
    package static func relative(_ moment: Timestamp, to now: Timestamp) -> String {
        let seconds = moment.seconds(since: now)
        guard seconds.magnitude >= 1 else { return "now" }
        let days = seconds.magnitude / 86_400
        let length = days >= 3 ? "\(days) days" : duration(seconds: Int64(clamping: seconds.magnitude))
        return seconds > 0 ? "in \(length)" : "\(length) ago"
    }
}
