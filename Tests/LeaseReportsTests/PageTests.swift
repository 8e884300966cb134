import LeaseModel
import LeaseReports
import Testing

@Suite("Pages and calendars")
struct PageTests {
    private let hostile = "<script>alert(1)</script>\" onload='x' & \u{1B}[31m\u{202E}"

    @Test("show strangers' text as text")
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

    @Test("keep the largest series and sum up the others")
    func series() throws {
        let rows = (0..<12).map { Amount("2026-01-01", "s\($0)", Double($0)) }
        let chart = BarChart(title: "t", unit: "h", rows: rows, calendar: try Facts.calendar(.day), value: \.amount)
        #expect(chart.series == ["s5", "s6", "s7", "s8", "s9", "s10", "s11", "5 others"])
        #expect(chart.bars.map(\.values) == [[5, 6, 7, 8, 9, 10, 11, 10]])
    }

    private struct Amount: GroupedRow {
        let bucket: Timestamp?
        let labels: [String?]
        var amount: Double?

        init(_ bucket: String?, _ label: String?, _ amount: Double?) {
            self.bucket = bucket.map(Facts.time)
            labels = [label]
            self.amount = amount
        }
    }

    @Test("have a bar for every bucket from the first to the last")
    func emptyBuckets() throws {
        let rows = [
            Amount("2025-11-01", "a", 1), Amount("2025-11-01", nil, 2), Amount("2026-02-01", "a", nil),
            Amount("2026-03-01", "b", 4),
        ]
        let chart = BarChart(
            title: "t", unit: "h", rows: rows, calendar: try Facts.calendar(.month), value: \.amount)
        #expect(chart.series == ["a", "none", "b"])
        #expect(chart.bars.map(\.label) == ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03"])
        #expect(chart.bars.map(\.values) == [[1, 2, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 4]])
        #expect(chart.bars.map(\.isIncomplete) == [false, false, false, true, false])
        #expect(chart.caption == nil)
        #expect(!chart.html.contains("figcaption"))
    }

    @Test("leave out all empty buckets if there are too many, and say so")
    func tooManyBuckets() throws {
        func chart(_ last: String) throws -> BarChart {
            BarChart(
                title: "t", unit: "h", rows: [Amount("2025-01-01", "a", 1), Amount(last, "a", 1)],
                calendar: try Facts.calendar(.day), value: \.amount)
        }
        #expect(try chart("2026-01-03").bars.count == 368)
        #expect(try chart("2026-01-04").bars.map(\.label) == ["2025-01-01", "2026-01-04"])
        #expect(
            try chart("2026-01-04").html.contains("<figcaption>Empty days are left out.</figcaption>"))
        #expect(try chart("9999-01-01").bars.count == 2)
    }

    @Test("have a bar for every group if there are no buckets")
    func groups() {
        let chart = BarChart(
            title: "t", unit: "h", rows: [Amount(nil, "a", 1), Amount(nil, nil, nil)], calendar: nil, value: \.amount)
        #expect(chart.bars.map(\.label) == ["a", "none"])
        #expect(chart.bars.map(\.values) == [[1], [0]])
        #expect(chart.bars.map(\.isIncomplete) == [false, true])
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

    private func event(_ lease: LeaseUsage, now: String = "2026-01-01") -> [String] {
        let calendar = LeaseCalendar(now: Facts.time(now), alarmSeconds: 3_600, extensionWindow: { _ in 172_800 })
        return calendar.event(lease)?.components(separatedByCRLF: ()) ?? []
    }

    @Test("fold long lines by octets, between characters, and escape special characters")
    func folding() {
        var lease = Facts.lease(status: .active, from: "2026-01-01", to: "2026-01-08")
        lease.name = String(repeating: "ä€😀", count: 30) + "; a, b\\c\nd\u{7}\r\nEND:VEVENT"
        let lines = event(lease)
        #expect(lines.allSatisfy { $0.utf8.count <= 75 })
        let unfolded = lines.joined(separator: "\r\n").replacing("\r\n ", with: "")
        #expect(unfolded.contains("SUMMARY:\(String(repeating: "ä€😀", count: 30))\\; a\\, b\\\\c\\nd\\nEND:VEVENT\r\n"))
        #expect(lines.filter { $0 == "END:VEVENT" }.count == 1)
    }

    @Test("remind before the end and when the extension opens, unless that is over")
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

    @Test("number the revisions of an event by their first observation")
    func sequence() throws {
        func number(_ lease: LeaseUsage) throws -> Int {
            let line = try #require(event(lease, now: "2026-01-09").first { $0.hasPrefix("SEQUENCE:") })
            return try #require(Int(line.dropFirst(9)))
        }
        var lease = Facts.lease(
            status: .active, from: "2026-01-01", to: "2026-01-08", observed: "2026-01-02 12:00",
            lastSeen: "2026-01-02 12:00")
        #expect(try number(lease) == 189_518_400)
        lease.lastSeenAt = Facts.time("2026-01-03")
        #expect(try number(lease) == 189_518_400)
        lease.observedAt = Facts.time("2026-01-02 13:00")
        #expect(try number(lease) == 189_522_000)
        lease.removal = Removal(
            reason: .deleted, after: Facts.time("2026-01-03"), before: Facts.time("2026-01-03 00:00:01"))
        #expect(try number(lease) == 189_561_601)
        // In RFC 5545 an integer has 32 bits.
        lease.removal = nil
        lease.observedAt = Facts.time("2999-01-01")
        #expect(try number(lease) == 2_147_483_647)
        lease.observedAt = Facts.time("1999-01-01")
        #expect(try number(lease) == 0)
    }

    @Test("cancel only deleted leases")
    func cancelled() {
        for (reason, status) in [
            (Removal.Reason.deleted, "CANCELLED"), (.outOfScope, "CONFIRMED"), (.unlisted, "CONFIRMED"),
        ] {
            let gone = Facts.lease(
                from: "2026-01-01", to: "2026-01-08", gone: ("2026-01-02 10:00", "2026-01-02 12:00"), reason: reason)
            #expect(event(gone).contains("STATUS:\(status)"))
        }
    }

    @Test("are not messages of an organizer")
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
