import LeaseModel
import LeaseReports
import Testing

@Suite("Hours reserved and not used")
struct EarlyReportTests {
    private func rows(_ lease: LeaseUsage) -> [HoursRow] {
        var report = EarlyReport(by: [.reason], calendar: nil, period: Facts.always, completeness: nil)
        report.add(lease)
        return report.hours.rows
    }

    private func expect(
        _ lease: LeaseUsage, _ reason: EarlyReport.Reason, hours: Double, estimated: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let rows = rows(lease)
        #expect(rows.map(\.labels) == [[reason.rawValue]], sourceLocation: sourceLocation)
        #expect(rows.map(\.leaseHours) == [hours], sourceLocation: sourceLocation)
        #expect(rows.map(\.isEstimated) == [estimated], sourceLocation: sourceLocation)
    }

    private func extended(_ lease: LeaseUsage) -> LeaseUsage {
        var lease = lease
        lease.earlierStates = ["2026-01-01 20:00", "2026-01-01 22:00"].map {
            Facts.state(
                from: "2026-01-01 10:00", to: $0, observed: "2026-01-01 09:00", lastSeen: "2026-01-01 09:00",
                until: "2026-01-01 09:00")
        }
        return lease
    }

    @Test("are those of the examples in docs/reports.md")
    func examples() {
        let shortened = extended(Facts.lease(from: "2026-01-01 10:00", to: "2026-01-01 16:00"))
        expect(shortened, .shortened, hours: 6)
        let deleted = extended(
            Facts.lease(
                status: .active, from: "2026-01-01 10:00", to: "2026-01-01 16:00",
                gone: ("2026-01-01 14:00", "2026-01-01 14:10")))
        expect(deleted, .deleted, hours: 7 + 50.0 / 60, estimated: true)
    }

    @Test("have the right reason")
    func reasons() {
        let (from, to) = ("2026-01-01 00:00", "2026-01-01 10:00")
        expect(Facts.lease(status: .error, from: from, to: to), .error, hours: 10)
        expect(Facts.lease(status: .pending, from: from, to: to), .neverStarted, hours: 10)
        expect(
            Facts.lease(status: .pending, from: from, to: to, gone: ("2025-12-30 00:00", "2025-12-31 00:00")),
            .cancelled, hours: 10)
        #expect(rows(Facts.lease(from: from, to: to)).isEmpty)
    }

    @Test("of a moved lease are those of the time it left")
    func moved() {
        var lease = Facts.lease(from: "2026-01-01 00:00", to: "2026-01-02 00:00")
        lease.earlierStates = [
            Facts.state(
                .pending, from: "2026-01-05 00:00", to: "2026-01-06 00:00", observed: "2025-12-01 00:00",
                lastSeen: "2025-12-01 00:00", until: "2025-12-02 00:00")
        ]
        expect(lease, .shortened, hours: 24)
    }
}
