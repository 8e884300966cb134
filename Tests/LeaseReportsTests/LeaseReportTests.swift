import LeaseModel
import LeaseReports
import Testing

@Suite("Reports on the course of leases")
struct LeaseReportTests {
    @Test("give the spread of lead times in the example, and count what is unknown")
    func leadTimes() {
        var report = SpreadReport(.leadTime, by: [], period: Facts.always)
        for created in ["2026-01-02 00:00:40", "2026-01-01 23:00", "2026-01-01 22:00", "2025-12-31 18:00"] {
            report.add(Facts.lease(from: "2026-01-02 00:00", to: "2026-01-03 00:00", created: created))
        }
        report.add(Facts.lease(from: "2026-01-02 00:00", to: "2026-01-03 00:00"))
        let row = report.rows.first
        #expect(row?.count == 4)
        #expect(row?.unknown == 1)
        #expect([row?.least, row?.median, row?.ninthDecile, row?.greatest] == [0, 3_600, 108_000, 108_000])
    }

    @Test("measure latencies of finished leases, and count those that failed or are overdue")
    func latencies() {
        func event(_ type: String, _ time: String, _ status: EventStatus, done: String?) -> LeaseEvent {
            LeaseEvent(
                id: "e", eventType: type, time: Facts.time(time), status: status, updatedAt: done.map(Facts.time))
        }
        var lease = Facts.lease(from: "2026-01-01 17:00", to: "2026-01-02 17:00", lastSeen: "2026-01-02 18:00")
        lease.events = [
            event("start_lease", "2026-01-01 17:00", .done, done: "2026-01-01 17:00:08"),
            event("end_lease", "2026-01-02 17:00", .error, done: "2026-01-02 17:00:08"),
            event("before_end_lease", "2026-01-02 16:00", .done, done: "2026-01-02 16:00:08"),
        ]
        var waiting = lease
        waiting.events = [
            event("start_lease", "2026-01-01 17:00", .undone, done: nil),
            event("end_lease", "2026-01-09 17:00", .undone, done: nil),
        ]
        var report = SpreadReport(.latency, by: [.site], period: Facts.always)
        report.add(lease)
        report.add(waiting)
        #expect(report.rows.map(\.kind) == ["end", "start"])
        #expect(report.rows.map(\.labels) == [["alpha"], ["alpha"]])
        #expect(report.rows.map(\.count) == [0, 1])
        #expect(report.rows.map(\.unknown) == [1, 1])
        #expect(report.rows.map(\.median) == [nil, 8])
    }

    /// Observed PENDING at 10 and 11 o'clock, ACTIVE at 12 and 13.
    private static func watched() -> LeaseUsage {
        var lease = Facts.lease(
            status: .active, from: "2026-01-01 11:30", to: "2026-01-02 00:00", observed: "2026-01-01 12:00",
            lastSeen: "2026-01-01 13:00")
        lease.earlierStates = [
            Facts.state(
                .pending, from: "2026-01-01 11:30", to: "2026-01-01 20:00", observed: "2026-01-01 10:00",
                lastSeen: "2026-01-01 11:00", until: "2026-01-01 12:00")
        ]
        return lease
    }

    @Test("separate the observed time in each status from the possible time")
    func states() {
        var report = StatesReport(by: [], period: Facts.always)
        report.add(Self.watched())
        #expect(report.rows.map(\.status) == ["PENDING", "ACTIVE"])
        #expect(report.rows.map(\.seconds) == [3_600, 3_600])
        #expect(report.rows.map(\.uncertainSeconds) == [3_600, 0])
        var late = StatesReport(by: [], period: Facts.period("2026-01-01 11:30", "2026-01-01 12:15"))
        late.add(Self.watched())
        #expect(late.rows.map(\.seconds) == [0, 900])
        #expect(late.rows.map(\.uncertainSeconds) == [1_800, 0])
    }

    @Test("list each change of an end")
    func extensions() {
        var report = ExtensionReport(period: Facts.always)
        report.add(Self.watched())
        let changes = report.rows
        #expect(changes.map(\.seconds) == [14_400])
        #expect(changes.map(\.after) == [Facts.time("2026-01-01 11:00")])
        #expect(changes.map(\.before) == [Facts.time("2026-01-01 12:00")])
    }

    @Test("find leases that end soon")
    func expiring() {
        let now = Facts.time("2026-01-01 13:00")
        func row(_ lease: LeaseUsage, window: Int64? = 7_200) -> ExpiringRow? {
            ExpiringRow(lease, now: now, within: 86_400, extensionWindow: window)
        }
        #expect(row(Self.watched())?.remainingSeconds == 39_600)
        #expect(row(Self.watched())?.extensionOpensAt == Facts.time("2026-01-01 22:00"))
        #expect(row(Self.watched(), window: nil)?.extensionOpensAt == nil)
        #expect(row(Facts.lease(status: .active, from: "2026-01-01", to: "2026-01-03")) == nil)
        #expect(row(Facts.lease(status: .error, from: "2026-01-01", to: "2026-01-02")) == nil)
        #expect(
            row(
                Facts.lease(
                    status: .active, from: "2026-01-01", to: "2026-01-02", gone: ("2026-01-01", "2026-01-01 12:00")))
                == nil)
    }

    @Test("find consecutive leases")
    func stacking() {
        func lease(_ id: String, _ from: Int, _ to: Int) -> LeaseUsage {
            func text(_ hours: Int) -> String {
                Facts.time("2026-01-01").adding(seconds: Int64(hours) * 3_600).iso8601
            }
            return Facts.lease(id, from: text(from), to: text(to))
        }
        func row(pause: Int64) -> StackingRow? {
            var report = StackingReport(
                by: [.project, .nodeType], period: Facts.period("2026-01-01 00:00", "2026-01-03 02:00"), pause: pause)
            for lease in [lease("c", 30, 40), lease("a", 0, 10), lease("b", 10, 20)] { report.add(lease) }
            return report.rows.first
        }
        #expect(row(pause: 0)?.labels == ["p1", "skylake"])
        #expect(row(pause: 0)?.coveredSeconds == 108_000)
        #expect(row(pause: 0)?.coverage == 0.6)
        #expect(row(pause: 0)?.longestLeases == 2)
        #expect(row(pause: 0)?.longest == Facts.period("2026-01-01 00:00", "2026-01-01 20:00"))
        #expect(row(pause: 36_000)?.longestLeases == 3)
        #expect(row(pause: 36_000)?.coveredSeconds == 108_000)
    }
}
