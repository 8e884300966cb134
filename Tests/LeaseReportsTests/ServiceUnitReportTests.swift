import LeaseModel
import LeaseReports
import Testing

@Suite("Service units")
struct ServiceUnitReportTests {
    private static let july = Facts.time("2026-07-01")

    private static let lines = [
        ServiceUnitRate(kind: nil, serviceUnitsPerHour: 1, from: Facts.time("2026-01-01"), until: july),
        ServiceUnitRate(kind: nil, serviceUnitsPerHour: 1.5, from: july, until: nil),
        ServiceUnitRate(kind: "gpu_rtx_6000", serviceUnitsPerHour: 2, from: Facts.time("2026-01-01"), until: nil),
    ]

    private func report(_ leases: [LeaseHolding], by dimensions: [ReportDimension] = []) throws -> ServiceUnitReport {
        var report = ServiceUnitReport(
            by: dimensions, calendar: nil, period: Facts.always, rates: [1: try RateTable(Self.lines)])
        for lease in leases { report.add(lease) }
        return report
    }

    @Test("are those of the example in docs/reports.md")
    func example() throws {
        let lease = Facts.lease(from: "2026-06-30 22:00", to: "2026-07-01 04:00", [Facts.hosts(2, 2)])
        let rows = try report([lease]).rows
        #expect(rows.map(\.serviceUnits) == [16])
        #expect(rows.map(\.unratedHours) == [0])
    }

    @Test("take the node type's own rate, and nothing for what the table does not name")
    func types() throws {
        let lease = Facts.lease(
            from: "2026-06-30 22:00", to: "2026-07-01 04:00",
            [
                Facts.hosts(1, 1, type: "gpu_rtx_6000"), Facts.hosts(1, 1, type: nil),
                HeldReservation(resourceType: .floatingIP, amount: 3),
            ])
        let report = try report([lease], by: [.nodeType])
        #expect(report.rows.map(\.labels) == [["gpu_rtx_6000"], [nil]])
        #expect(report.rows.map(\.serviceUnits) == [12, 8])
        #expect(report.total?.serviceUnits == 20)
    }

    @Test("are unknown where there is no rate")
    func unrated() throws {
        let lease = Facts.lease(from: "2025-12-31 22:00", to: "2026-01-01 01:00", [Facts.hosts(2, 2)])
        #expect(try report([lease]).rows.map(\.serviceUnits) == [nil])
        #expect(try report([lease]).rows.map(\.unratedHours) == [4])
        let strange = Facts.lease(from: "2026-02-01 22:00", to: "2026-02-02 01:00", [Facts.hosts(nil, nil)])
        #expect(try report([strange]).rows.map(\.serviceUnits) == [nil])
    }

    @Test("need a table without gaps and overlaps")
    func tables() {
        var lines = Self.lines
        lines[1].from = Facts.time("2026-07-02")
        #expect(throws: RateTableError.gap(lines[0], lines[1])) { try RateTable(lines) }
        lines[1].from = Facts.time("2026-06-30")
        #expect(throws: RateTableError.overlap(lines[0], lines[1])) { try RateTable(lines) }
        lines[1].until = Facts.time("2026-06-30")
        #expect(throws: RateTableError.backwards(lines[1])) { try RateTable(lines) }
    }
}
