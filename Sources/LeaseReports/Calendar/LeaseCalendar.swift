package import LeaseModel

/// Leases as an iCalendar object (RFC 5545), written event by event.
package struct LeaseCalendar: Sendable {
    private let now: Timestamp
    private let alarmSeconds: Int64
    private let extensionWindow: @Sendable (LeaseUsage) -> Int64?

    /// Starts a calendar.
    ///
    /// - Parameters:
    ///   - now: when the calendar is made.
    ///   - alarmSeconds: how long before the end of a lease to remind.
    ///   - extensionWindow: how many seconds before its end a lease may be extended; `nil` if not known.
    package init(
        now: Timestamp, alarmSeconds: Int64, extensionWindow: @escaping @Sendable (LeaseUsage) -> Int64?
    ) {
        self.now = now
        self.alarmSeconds = alarmSeconds
        self.extensionWindow = extensionWindow
    }

    /// The text before the events. RFC 5545 has no empty calendars (section 3.6), so at least one event must follow.
    /// There is no METHOD: it would make the calendar a message that needs an ORGANIZER (RFC 5546, section 3.2.1).
    package static let beginning = text {
        for line: StaticString in [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Leasehold//leasehold//EN", "CALSCALE:GREGORIAN",
            "X-WR-CALNAME:Leases",
        ] { $0.add(line) }
    }

    /// The text after the events.
    package static let end = text { $0.add("END:VCALENDAR") }

    private static func text(_ body: (inout CalendarLines) -> Void) -> String {
        var lines = CalendarLines()
        body(&lines)
        return lines.text
    }

    /// The event of a lease, as all scopes of its site saw it. `nil` if the lease ends before it begins, which
    /// calendars reject.
    package func event(_ lease: LeaseUsage) -> String? {
        guard lease.startsAt < lease.endsAt else { return nil }
        let isCancelled = lease.removal?.reason == .deleted
        // A deleted lease ends when it was found gone, if not earlier; one that never started keeps its dates.
        let span = lease.held?.span ?? lease.startsAt..<lease.endsAt
        let changedAt = lease.removal?.before ?? lease.observedAt
        return Self.text { lines in
            lines.add("BEGIN:VEVENT")
            lines.add("UID:", text: lease.id)
            lines.add("DTSTAMP:", now)
            lines.add("DTSTART:", span.lowerBound)
            lines.add("DTEND:", span.upperBound)
            lines.add("SUMMARY:", text: lease.name.isEmpty ? lease.id : lease.name)
            lines.add("DESCRIPTION:", text: description(lease))
            lines.add("SEQUENCE:", text: String(Self.revision(since: changedAt)))
            lines.add(isCancelled ? "STATUS:CANCELLED" : "STATUS:CONFIRMED")
            lines.add("TRANSP:TRANSPARENT")
            lines.add("LAST-MODIFIED:", changedAt)
            if let created = lease.createdAt { lines.add("CREATED:", created) }
            lines.add("CATEGORIES:", text: lease.site)
            if lease.mayGoOn, lease.endsAt > now {
                if let extensionWindow = extensionWindow(lease) {
                    Self.alarm(
                        lease.endsAt.adding(seconds: -extensionWindow), "\(lease.name) can be extended now", &lines)
                }
                Self.alarm(lease.endsAt.adding(seconds: -alarmSeconds), "\(lease.name) ends soon", &lines)
            }
            lines.add("END:VEVENT")
        }
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

    private static func alarm(_ moment: Timestamp, _ text: String, _ lines: inout CalendarLines) {
        lines.add("BEGIN:VALARM")
        lines.add("ACTION:DISPLAY")
        lines.add("DESCRIPTION:", text: text)
        lines.add("TRIGGER;VALUE=DATE-TIME:", moment)
        lines.add("END:VALARM")
    }
}

/// The lines of an iCalendar object, as UTF-8.
private struct CalendarLines {
    private var bytes: [UInt8] = []
    private var line: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func add(_ line: StaticString) {
        self.line.append(line)
        end()
    }

    /// Adds a line with a time: `20261122T171400Z`.
    mutating func add(_ name: StaticString, _ moment: Timestamp) {
        moment.writeISO8601(to: &line)
        line.removeAll { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":") }
        bytes.append(name)
        end()
    }

    /// Adds a line with a text, escaped by section 3.3.11. Control characters and Unicode's own line breaks, which are
    /// not allowed, are dropped.
    mutating func add(_ name: StaticString, text: String) {
        line.append(name)
        var text = text
        text.withUTF8 { text in
            var position = 0
            while position < text.count {
                let (byte, next) = (text[position], position + 1 < text.count ? text[position + 1] : 0)
                switch byte {
                case UInt8(ascii: "\\"), UInt8(ascii: ";"), UInt8(ascii: ","):
                    line.append(UInt8(ascii: "\\"))
                    line.append(byte)
                case UInt8(ascii: "\n"): line.append("\\n")
                case 0..<0x20, 0x7F: break
                // U+0080 to U+009F
                case 0xC2 where next < 0xA0: position += 1
                // U+2028 and U+2029
                case 0xE2 where next == 0x80 && (text[position + 2] == 0xA8 || text[position + 2] == 0xA9):
                    position += 2
                default: line.append(byte)
                }
                position += 1
            }
        }
        end()
    }

    /// Ends the line, folded after at most 75 octets with a line break and a space, never inside a character.
    private mutating func end() {
        var room = 75
        var start = 0
        while line.count - start > room {
            var stop = start + room
            while line[stop] & 0xC0 == 0x80 { stop -= 1 }
            bytes.append(contentsOf: line[start..<stop])
            bytes.append("\r\n ")
            start = stop
            room = 74
        }
        bytes.append(contentsOf: line[start...])
        bytes.append("\r\n")
        line.removeAll(keepingCapacity: true)
    }
}
