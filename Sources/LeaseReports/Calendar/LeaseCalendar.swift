package import LeaseModel

/// Leases as an iCalendar object (RFC 5545), written event by event.
package struct LeaseCalendar: Sendable {
    private let now: Timestamp
    private let alarmSeconds: Int64
    private let extensionWindows: [Int64: Int64]

    /// Starts a calendar.
    ///
    /// - Parameters:
    ///   - now: when the calendar is made.
    ///   - alarmSeconds: how long before the end of a lease to remind.
    ///   - extensionWindows: for each scope where it is known, how many seconds before its end a lease may be extended.
    package init(now: Timestamp, alarmSeconds: Int64, extensionWindows: [Int64: Int64]) {
        self.now = now
        self.alarmSeconds = alarmSeconds
        self.extensionWindows = extensionWindows
    }

    /// The text before the events. RFC 5545 has no empty calendars (section 3.6), so at least one event must follow.
    /// There is no METHOD: it would make the calendar a message that needs an ORGANIZER (RFC 5546, section 3.2.1).
    package static let beginning = lines([
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Leasehold//leasehold//EN", "CALSCALE:GREGORIAN",
        "X-WR-CALNAME:Leases",
    ])

    /// The text after the events.
    package static let end = lines(["END:VCALENDAR"])

    /// The event of a lease, as all scopes of its site saw it. `nil` if the lease ends before it begins, which
    /// calendars reject.
    package func event(_ lease: LeaseUsage) -> String? {
        guard lease.startsAt < lease.endsAt else { return nil }
        let isCancelled = lease.removal?.reason == .deleted
        // A deleted lease ends when it was found gone, if not earlier; one that never started keeps its dates.
        let span = lease.held?.span ?? lease.startsAt..<lease.endsAt
        let changedAt = lease.removal?.before ?? lease.observedAt
        var lines = [
            "BEGIN:VEVENT", "UID:\(Self.escaped(lease.id))", "DTSTAMP:\(Self.time(now))",
            "DTSTART:\(Self.time(span.lowerBound))", "DTEND:\(Self.time(span.upperBound))",
            "SUMMARY:\(Self.escaped(lease.name.isEmpty ? lease.id : lease.name))",
            "DESCRIPTION:\(Self.escaped(description(lease)))",
            "SEQUENCE:\(Self.revision(since: changedAt))",
            "STATUS:\(isCancelled ? "CANCELLED" : "CONFIRMED")", "TRANSP:TRANSPARENT",
            "LAST-MODIFIED:\(Self.time(changedAt))",
        ]
        if let created = lease.createdAt { lines.append("CREATED:\(Self.time(created))") }
        lines.append("CATEGORIES:\(Self.escaped(lease.site))")
        if lease.mayGoOn, lease.endsAt > now {
            if let extensionWindow = extensionWindows[lease.scopeID] {
                lines += Self.alarm(
                    lease.endsAt.adding(seconds: -extensionWindow), "\(lease.name) can be extended now")
            }
            lines += Self.alarm(lease.endsAt.adding(seconds: -alarmSeconds), "\(lease.name) ends soon")
        }
        return Self.lines(lines + ["END:VEVENT"])
    }

    /// The revision that began at a moment, in seconds since the beginning of 2020, because RFC 5545 allows 32 bits.
    ///
    /// Changes are seen in ascending order, so the number grows. Only an import that shows a change to be older lowers
    /// it, and then the calendar already has that event.
    private static func revision(since moment: Timestamp) -> Int64 {
        min(max(moment.seconds(since: Timestamp(secondsSince1970: 1_577_836_800)), 0), Int64(Int32.max))
    }

    private func description(_ lease: LeaseUsage) -> String {
        var parts = ["\(lease.status) at \(lease.site), project \(lease.projectName ?? lease.projectID)"]
        for reservation in lease.reservations {
            let count = reservation.units.map { "\($0.count) × " } ?? ""
            parts.append("\(count)\(reservation.nodeType ?? reservation.resourceType.rawValue)")
        }
        if let removal = lease.removal {
            parts.append("no longer listed: removed between \(removal.after) and \(removal.before)")
        }
        return parts.joined(separator: "\n")
    }

    private static func alarm(_ moment: Timestamp, _ text: String) -> [String] {
        [
            "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:\(escaped(text))",
            "TRIGGER;VALUE=DATE-TIME:\(time(moment))", "END:VALARM",
        ]
    }

    /// `20261122T171400Z`
    private static func time(_ moment: Timestamp) -> String {
        moment.iso8601.filter { $0 != "-" && $0 != ":" }
    }

    /// Escapes text by section 3.3.11, and drops control characters, which are not allowed.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", ";", ",": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": continue
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func lines(_ lines: [String]) -> String { lines.map(folded).joined() }

    /// Folds a line after at most 75 octets with a line break and a space, never inside a character.
    private static func folded(_ line: String) -> String {
        var result = ""
        var length = 0
        for scalar in line.unicodeScalars {
            let size = UTF8.width(scalar)
            if length + size > 75 {
                result += "\r\n "
                length = 1
            }
            result.unicodeScalars.append(scalar)
            length += size
        }
        return result + "\r\n"
    }
}
