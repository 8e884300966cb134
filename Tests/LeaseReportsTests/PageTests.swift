import LeaseModel
import LeaseReports
import Testing

@Suite("Pages and calendars")
struct PageTests {
    private let hostile = "<script>alert(1)</script>\" onload='x' & \u{1B}[31m\u{202E}"

    @Test("show a stranger's text as text")
    func escaping() {
        #expect(
            hostile.escapedForHTML
                == "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp; \\u{1B}[31m\\u{202E}")
        var timeline = TimelineChart(period: Facts.always) { $0.iso8601 }
        var lease = Facts.lease(from: "2026-01-01", to: "2026-01-02", [Facts.hosts(1, 1, type: hostile)])
        lease.name = hostile
        timeline.add(lease)
        let bars = BarChart(
            title: hostile, unit: hostile, series: [hostile, "b"], bars: [.init(label: hostile, values: [1, 2])])
        for text in [timeline.html, bars.html, ReportPage.beginning(title: hostile, remarks: [hostile])] {
            #expect(!text.contains("<script"))
            #expect(!text.contains("onload='"))
            #expect(text.contains("&lt;script&gt;"))
        }
    }

    @Test("load nothing and run nothing")
    func selfContained() {
        let page = ReportPage.beginning(title: "t", remarks: [])
        #expect(page.contains("default-src 'none'"))
        for forbidden in ["http://", "https://", "<script", "<link", "<img", "@import", "src="] {
            #expect(!page.contains(forbidden), "\(forbidden)")
        }
    }

    @Test("keep the largest series and add up the others")
    func series() {
        var chart = BarChart(
            title: "t", unit: "h", series: (0..<12).map { "s\($0)" },
            bars: [.init(label: "x", values: (0..<12).map(Double.init))])
        chart.keepLargestSeries()
        #expect(chart.series == ["s5", "s6", "s7", "s8", "s9", "s10", "s11", "5 others"])
        #expect(chart.bars[0].values == [5, 6, 7, 8, 9, 10, 11, 10])
    }

    @Test("show the last leases of a lane, and how many there are")
    func timeline() {
        var timeline = TimelineChart(period: Facts.always) { $0.iso8601 }
        for number in 0..<200 {
            var lease = Facts.lease(from: "2026-01-01", to: "2026-12-01")
            lease.startsAt = lease.startsAt.adding(seconds: Int64(number) * 60)
            lease.name = "lease \(number)."
            timeline.add(lease)
        }
        #expect(timeline.html.contains("the last \(TimelineChart.itemsPerLane) of 200 leases"))
        #expect(timeline.html.contains("lease 199."))
        #expect(!timeline.html.contains("lease 100."))
        #expect(TimelineChart(period: Facts.always) { $0.iso8601 }.html.isEmpty)
    }

    // MARK: - iCalendar

    private func event(_ lease: LeaseHolding, now: String = "2026-01-01") -> [String] {
        let calendar = LeaseCalendar(now: Facts.time(now), alarmSeconds: 3_600, extensionWindows: [1: 172_800])
        return calendar.event(lease)?.components(separatedByCRLF: ()) ?? []
    }

    @Test("fold long lines by octets, between characters, and escape what has a meaning")
    func folding() {
        var lease = Facts.lease(status: .active, from: "2026-01-01", to: "2026-01-08")
        lease.name = String(repeating: "ä€😀", count: 30) + "; a, b\\c\nd\u{7}\r\nEND:VEVENT"
        let lines = event(lease)
        #expect(lines.allSatisfy { $0.utf8.count <= 75 })
        let unfolded = lines.joined(separator: "\r\n").replacing("\r\n ", with: "")
        #expect(unfolded.contains("SUMMARY:\(String(repeating: "ä€😀", count: 30))\\; a\\, b\\\\c\\nd\\nEND:VEVENT\r\n"))
        #expect(lines.filter { $0 == "END:VEVENT" }.count == 1)
    }

    @Test("remind before the end and when the extension opens, unless it is over")
    func alarms() {
        let running = event(Facts.lease(status: .active, from: "2026-01-01", to: "2026-01-08"))
        #expect(
            running.filter { $0.hasPrefix("TRIGGER") } == [
                "TRIGGER;VALUE=DATE-TIME:20260106T000000Z", "TRIGGER;VALUE=DATE-TIME:20260107T230000Z",
            ])
        #expect(running.contains("STATUS:CONFIRMED"))
        #expect(!event(Facts.lease(from: "2025-12-01", to: "2025-12-08")).contains("BEGIN:VALARM"))
        let deleted = Facts.lease(
            status: .active, from: "2026-01-01", to: "2026-01-08", gone: ("2026-01-02 10:00", "2026-01-02 12:00"))
        let lines = event(deleted)
        #expect(lines.contains("STATUS:CANCELLED"))
        #expect(lines.contains("DTEND:20260102T120000Z"))
        #expect(!lines.contains("BEGIN:VALARM"))
    }

    @Test("number the revisions of an event so that a later export has the higher one, whatever became known meanwhile")
    func sequence() throws {
        func number(_ lease: LeaseHolding, _ now: String) throws -> Int {
            let line = try #require(event(lease, now: now).first { $0.hasPrefix("SEQUENCE:") })
            return try #require(Int(line.dropFirst(9)))
        }
        var lease = Facts.lease(
            status: .active, from: "2026-01-01", to: "2026-01-08", observed: "2026-01-02 12:00",
            lastSeen: "2026-01-02 12:00")
        lease.earlierStates = [
            Facts.state(
                from: "2026-01-01", to: "2026-01-08", observed: "2026-01-01", lastSeen: "2026-01-02 10:00",
                until: "2026-01-02 12:00")
        ]
        let first = try number(lease, "2026-01-02 12:00")
        #expect(first == 189_432_000)
        // An import has found that nothing changed on the second.
        lease.earlierStates = []
        lease.observedAt = Facts.time("2026-01-01")
        #expect(try number(lease, "2026-01-02 12:01") > first)
        // RFC 5545 gives an integer 32 bits.
        #expect(try number(lease, "2999-01-01") == 2_147_483_647)
        #expect(try number(lease, "1999-01-01") == 0)
    }

    @Test("cancel what was deleted only")
    func cancelled() {
        for (reason, status) in [
            (Departure.Reason.deleted, "CANCELLED"), (.outOfScope, "CONFIRMED"), (.unlisted, "CONFIRMED"),
        ] {
            let gone = Facts.lease(
                from: "2026-01-01", to: "2026-01-08", gone: ("2026-01-02 10:00", "2026-01-02 12:00"), reason: reason)
            #expect(event(gone).contains("STATUS:\(status)"))
        }
    }

    @Test("are no message of an organizer")
    func calendar() {
        #expect(LeaseCalendar.beginning.hasPrefix("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"))
        #expect(!LeaseCalendar.beginning.contains("METHOD"))
    }
}

extension String {
    fileprivate func components(separatedByCRLF: Void) -> [String] {
        replacing("\r\n", with: "\u{0}").split(separator: "\u{0}").map(String.init)
    }
}
