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

    private func report(_ leases: [LeaseUsage], by dimensions: [ReportDimension] = []) throws -> ServiceUnitReport {
        var report = ServiceUnitReport(
            by: dimensions, calendar: nil, period: Facts.always, rates: [1: try RateTable(Self.lines)],
            addsTotals: true)
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

    @Test("use the node type's own rate, and 0 for what the table does not name")
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

    @Test("follow a change of the number of nodes")
    func changedNumber() throws {
        var lease = Facts.lease(from: "2026-06-30 20:00", to: "2026-07-01 04:00", [Facts.hosts(3, 3)])
        lease.earlierReservations = [
            EarlierReservations(
                reservations: [Facts.hosts(1, 1)], lastSeenAt: Facts.time("2026-06-30 22:00"),
                changedBefore: Facts.time("2026-06-30 22:00"))
        ]
        let rows = try report([lease]).rows
        // Two hours of one node and two of three at 1, then four of three at 1.5.
        #expect(rows.map(\.serviceUnits) == [26])
        #expect(rows.map(\.isEstimated) == [false])
    }

    @Test("are unknown without a rate")
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

    @Test("are unknown if only a lease's name and dates are known")
    func outlines() throws {
        let outline = Facts.lease(status: LeaseStatus(rawValue: ""), from: "2026-02-01", to: "2026-02-02", [])
        let known = Facts.lease(from: "2026-02-01", to: "2026-02-02")
        #expect(try report([known, outline]).rows.map(\.serviceUnits) == [nil])
        #expect(try report([known, outline]).total?.unratedHours == 0)
        #expect(try report([known]).rows.map(\.serviceUnits) == [24])
    }

    @Test("use the flavor's and the machine's own rate, and name those without one")
    func kinds() {
        let policy = SitePolicy(rates: [
            ServiceUnitRate(resourceType: .flavor, kind: "m1.small", serviceUnitsPerHour: 0.5),
            ServiceUnitRate(resourceType: .device, kind: nil, serviceUnitsPerHour: 1),
            ServiceUnitRate(resourceType: .device, kind: "raspberrypi4-64", serviceUnitsPerHour: 0.25),
        ])
        let lease = Facts.lease(
            from: "2026-02-01 10:00", to: "2026-02-01 12:00",
            [
                HeldReservation(resourceType: .flavor, flavorOrMachine: "m1.small", amount: 3),
                HeldReservation(resourceType: .device, flavorOrMachine: "raspberrypi4-64", minimum: 1, maximum: 1),
                HeldReservation(resourceType: .device, minimum: 2, maximum: 2),
            ])
        // 3 for the flavor, 0.5 for the machine with a rate of its own, 4 for the others.
        #expect(serviceUnits(of: [lease], policy) == [7.5])
        let other = Facts.lease(
            from: "2026-02-01 10:00", to: "2026-02-01 12:00",
            [HeldReservation(resourceType: .flavor, flavorOrMachine: "m1.large", amount: 1)])
        #expect(serviceUnits(of: [other], policy) == [nil])
    }

    private func serviceUnits(of leases: [LeaseUsage], _ policy: SitePolicy) -> [Double?] {
        var report = ServiceUnitReport(by: [], calendar: nil, period: Facts.always, rates: [1: RateTable(policy)])
        for lease in leases { report.add(lease) }
        return report.rows.map(\.serviceUnits)
    }

    @Test("use the overlapping policy line that began last, and none if none applies")
    func overlaps() {
        let may = (from: Facts.time("2026-05-01"), until: Facts.time("2026-06-01"))
        var policy = SitePolicy(rates: [
            ServiceUnitRate(kind: "gpu", serviceUnitsPerHour: 2),
            ServiceUnitRate(kind: "gpu", serviceUnitsPerHour: 4, from: Self.july),
            ServiceUnitRate(kind: "gpu", serviceUnitsPerHour: 1, from: may.from, until: may.until),
        ])
        func hour(of kind: String, from start: String, to end: String) -> Double? {
            serviceUnits(of: [Facts.lease(from: start, to: end, [Facts.hosts(type: kind)])], policy).first ?? 0
        }
        #expect(hour(of: "gpu", from: "2026-04-30 23:00", to: "2026-05-01 02:00") == 4.0)
        #expect(hour(of: "gpu", from: "2026-05-31 23:00", to: "2026-06-01 02:00") == 5.0)
        #expect(hour(of: "gpu", from: "2026-06-30 23:00", to: "2026-07-01 02:00") == 10.0)
        #expect(hour(of: "other", from: "2026-06-30 23:00", to: "2026-07-01 02:00") == nil)
        // If no rate applies to that kind, the rate for all of its type does.
        policy.rates[0] = ServiceUnitRate(kind: nil, serviceUnitsPerHour: 8, until: Self.july)
        #expect(hour(of: "gpu", from: "2026-05-31 23:00", to: "2026-06-01 02:00") == 17.0)
        #expect(hour(of: "other", from: "2026-06-30 23:00", to: "2026-07-01 02:00") == nil)
    }

    @Test("follow the policy at each time", arguments: UInt64(1)...20)
    func policies(seed: UInt64) {
        var random = SplitMix(seed: seed)
        func date() -> Timestamp? {
            random.next() % 4 == 0 ? nil : Timestamp(secondsSince1970: 1_770_000_000 + Int64(random.next() % 8) * 100)
        }
        let policy = SitePolicy(
            rates: (1...6).map { number in
                ServiceUnitRate(
                    kind: random.next() % 2 == 0 ? "gpu" : nil, serviceUnitsPerHour: Double(number), from: date(),
                    until: date())
            })
        for step in Int64(-1)..<9 {
            for kind in ["gpu", nil] {
                let moment = Timestamp(secondsSince1970: 1_770_000_000 + step * 100)
                var lease = Facts.lease(from: "2026-01-01", to: "2026-01-02", [Facts.hosts(3_600, 3_600, type: kind)])
                lease.startsAt = moment
                lease.endsAt = moment.adding(seconds: 1)
                #expect(
                    serviceUnits(of: [lease], policy) == [policy.rate(kind: kind, at: moment)?.serviceUnitsPerHour])
            }
        }
    }

    @Test("add up by bucket, or by the first label without buckets")
    func subtotals() throws {
        let leases = [
            Facts.lease(from: "2026-06-30 22:00", to: "2026-07-01 04:00"),
            Facts.lease("b", project: "p2", from: "2026-06-30 22:00", to: "2026-07-01 01:00"),
            Facts.lease("c", from: "2025-06-30 22:00", to: "2025-07-01 01:00"),
        ]
        func subtotals(by dimensions: [ReportDimension], _ bucket: Bucket?) throws -> [ServiceUnitRow] {
            var report = ServiceUnitReport(
                by: dimensions, calendar: try bucket.map { try Facts.calendar($0) }, period: Facts.always,
                rates: [1: try RateTable(Self.lines)], addsTotals: true)
            for lease in leases { report.add(lease) }
            return report.subtotals
        }
        let months = try subtotals(by: [.project], .month)
        #expect(months.map(\.bucket) == ["2025-06-01", "2025-07-01", "2026-06-01", "2026-07-01"].map(Facts.time))
        #expect(months.map(\.serviceUnits) == [nil, nil, 4, 7.5])
        let projects = try subtotals(by: [.project, .lease], nil)
        #expect(projects.map(\.labels) == [["p1"], ["p2"]])
        #expect(projects.map(\.serviceUnits) == [nil, 3.5])
        #expect(try subtotals(by: [.project], nil).isEmpty)
    }

    @Test("stay a number, however much is held")
    func hugeSums() {
        let policy = SitePolicy(rates: [ServiceUnitRate(kind: nil, serviceUnitsPerHour: 1)])
        var report = ServiceUnitReport(by: [], calendar: nil, period: Facts.always, rates: [1: RateTable(policy)])
        var lease = Facts.lease(from: "2026-01-01", to: "2026-01-02", [Facts.hosts(1_000_000, 1_000_000)])
        lease.startsAt = .distantPast
        lease.endsAt = .distantFuture
        for _ in 0..<40 { report.add(lease) }
        report.merge(report)
        #expect(report.rows.map(\.serviceUnits) == [Double(Int64.max) / 3_600])
    }
}
