import LeaseModel
import LeaseReports
import Testing

@Suite("Hours")
struct HoursReportTests {
    private func rows(
        _ leases: [LeaseUsage], by dimensions: [ReportDimension] = [], _ calendar: BucketCalendar? = nil,
        _ period: Range<Timestamp> = Facts.always
    ) -> [HoursRow] {
        var report = HoursReport(by: dimensions, calendar: calendar, period: period, completeness: nil)
        for lease in leases { report.add(lease) }
        return report.rows
    }

    @Test("are divided as in the example of docs/reports.md")
    func example() throws {
        let lease = Facts.lease(from: "2026-03-28 22:00", to: "2026-03-30 01:00", [Facts.hosts(1, 2)])
        let found = rows([lease], try Facts.calendar(.day, "Berlin"))
        #expect(found.map(\.bucket) == ["2026-03-27 23:00", "2026-03-28 23:00", "2026-03-29 22:00"].map(Facts.time))
        #expect(found.map(\.leaseHours) == [1, 23, 3])
        #expect(found.map(\.nodeHours) == [2, 46, 6])
        #expect(found.map(\.isEstimated) == [true, true, true])
    }

    @Test("of a deleted lease last until it was found gone, and are estimated after its last observation")
    func deleted() throws {
        let lease = Facts.lease(
            status: .active, from: "2026-03-28 22:00", to: "2026-03-30 01:00",
            gone: ("2026-03-29 10:00", "2026-03-29 12:00"), [Facts.hosts(2, 2)])
        let found = rows([lease], try Facts.calendar(.day, "Berlin"))
        #expect(found.map(\.leaseHours) == [1, 13])
        #expect(found.map(\.isEstimated) == [false, true])
    }

    /// Two hosts for ten hours, then five. The last observation with two is after nine hours.
    private static func grown() -> LeaseUsage {
        var lease = Facts.lease(from: "2026-03-01 00:00", to: "2026-03-02 00:00", [Facts.hosts(5, 5)])
        lease.earlierReservations = [
            EarlierReservations(
                reservations: [Facts.hosts(2, 2)], lastSeenAt: Facts.time("2026-03-01 09:00"),
                changedBefore: Facts.time("2026-03-01 10:00"))
        ]
        return lease
    }

    @Test("follow a change of the number of nodes, and are estimated only between its bounds")
    func changedNumber() throws {
        let whole = rows([Self.grown()])
        #expect(whole.map(\.leaseHours) == [24])
        #expect(whole.map(\.nodeHours) == [90])
        #expect(whole.map(\.leases) == [1])
        #expect(whole.map(\.isEstimated) == [true])
        func part(_ from: String, _ to: String) -> [HoursRow] { rows([Self.grown()], nil, Facts.period(from, to)) }
        #expect(part("2026-03-01 00:00", "2026-03-01 09:00").map(\.isEstimated) == [false])
        #expect(part("2026-03-01 09:00", "2026-03-01 10:00").map(\.isEstimated) == [true])
        #expect(part("2026-03-01 10:00", "2026-03-02 00:00").map(\.isEstimated) == [false])
        #expect(part("2026-03-01 10:00", "2026-03-02 00:00").map(\.nodeHours) == [70])
    }

    @Test("follow a change of the node type, and count the lease once in each group")
    func changedType() {
        var lease = Self.grown()
        lease.reservations = [Facts.hosts(5, 5, type: "gpu"), Facts.hosts(1, 1, type: "gpu")]
        let found = rows([lease], by: [.nodeType])
        #expect(found.map(\.labels) == [["gpu"], ["skylake"]])
        #expect(found.map(\.leaseHours) == [14, 10])
        #expect(found.map(\.nodeHours) == [84, 20])
        #expect(found.map(\.leases) == [1, 1])
    }

    @Test("ignore changes before the start and after the end")
    func changesOutside() {
        var lease = Self.grown()
        lease.earlierReservations[0].lastSeenAt = Facts.time("2026-02-27 00:00")
        lease.earlierReservations[0].changedBefore = Facts.time("2026-02-28 00:00")
        #expect(rows([lease]).map(\.nodeHours) == [120])
        #expect(rows([lease]).map(\.isEstimated) == [false])
        lease.earlierReservations[0].lastSeenAt = Facts.time("2026-03-03 00:00")
        lease.earlierReservations[0].changedBefore = Facts.time("2026-03-04 00:00")
        #expect(rows([lease]).map(\.nodeHours) == [48])
        #expect(rows([lease]).map(\.isEstimated) == [false])
    }

    @Test(
        "are none if nothing was held",
        arguments: [
            Facts.lease(status: .error, from: "2026-01-01 00:00", to: "2026-01-02 00:00"),
            Facts.lease(status: .pending, from: "2026-01-01 00:00", to: "2026-01-02 00:00"),
            Facts.lease(
                status: .pending, from: "2026-01-02 00:00", to: "2026-01-03 00:00",
                gone: ("2026-01-01 10:00", "2026-01-02 00:00")),
            Facts.lease(status: .terminated, from: "2026-01-02 00:00", to: "2026-01-02 00:00"),
            Facts.lease(status: .terminated, from: "2026-01-02 00:00", to: "2026-01-01 00:00"),
        ])
    func none(lease: LeaseUsage) {
        #expect(lease.held == nil)
        #expect(rows([lease]).isEmpty)
    }

    @Test("continue as planned for a lease that left the scope, and for one that ended before it was deleted")
    func removals() {
        let moved = Facts.lease(
            status: .active, from: "2026-01-01 00:00", to: "2026-01-03 00:00",
            gone: ("2026-01-02 00:00", "2026-01-02 01:00"), reason: .outOfScope)
        #expect(rows([moved]).map(\.leaseHours) == [48])
        #expect(rows([moved]).map(\.isEstimated) == [true])
        let ended = Facts.lease(
            from: "2026-01-01 00:00", to: "2026-01-03 00:00", gone: ("2026-01-04 00:00", "2026-01-05 00:00"))
        #expect(rows([ended]).map(\.leaseHours) == [48])
        #expect(rows([ended]).map(\.isEstimated) == [false])
    }

    @Test("count a lease once in each group, and its nodes by reservation")
    func groups() {
        let lease = Facts.lease(
            from: "2026-01-01 00:00", to: "2026-01-01 10:00",
            [
                Facts.hosts(2, 2), Facts.hosts(1, 1), Facts.hosts(1, 3, type: "gpu", allocated: 2),
                HeldReservation(resourceType: .floatingIP, amount: 4),
            ])
        let byType = rows([lease], by: [.nodeType])
        #expect(byType.map(\.labels) == [["gpu"], ["skylake"], [nil]])
        #expect(byType.map(\.leaseHours) == [10, 10, 10])
        #expect(byType.map(\.nodeHours) == [20, 30, 0])
        #expect(byType.map(\.isEstimated) == [false, false, false])
        #expect(rows([lease]).map(\.leaseHours) == [10])
        #expect(rows([lease]).map(\.nodeHours) == [50])
        #expect(rows([lease], by: [.resourceType]).map(\.labels) == [["physical:host"], ["virtual:floatingip"]])
        #expect(
            rows([lease], by: [.user, .project, .leaseName, .site]).map(\.labels) == [
                ["ada", "p1", "lease-a", "alpha"]
            ])
    }

    @Test("say so if the number of nodes is unknown")
    func unknown() {
        let known = Facts.lease("a", from: "2026-01-01 00:00", to: "2026-01-01 10:00")
        let lease = Facts.lease("b", from: "2026-01-01 00:00", to: "2026-01-01 10:00", [Facts.hosts(nil, nil)])
        #expect(rows([known, lease]).map(\.nodeHours) == [nil])
        #expect(rows([known, lease]).map(\.leaseHours) == [20])
        #expect(rows([known, lease], by: [.lease]).map(\.nodeHours) == [10, nil])
    }

    @Test("of a network are no node-hours, those of a device are; missing details make an estimate")
    func otherTypes() {
        var short = Facts.hosts(2, 2)
        short.isMissingResources = true
        let lease = Facts.lease(
            from: "2026-01-01 00:00", to: "2026-01-01 10:00",
            [
                HeldReservation(resourceType: .network), HeldReservation(resourceType: .device, minimum: 1, maximum: 1),
                short,
            ])
        #expect(rows([lease], by: [.resourceType]).map(\.nodeHours) == [10, 0, 20])
        #expect(rows([lease], by: [.resourceType]).map(\.isEstimated) == [false, false, true])
    }

    @Test("belong to the period from its beginning until just before its end")
    func period() throws {
        let lease = Facts.lease(from: "2026-01-01 00:00", to: "2026-01-03 00:00")
        let half = Facts.period("2026-01-01 06:30", "2026-01-02 00:00")
        #expect(rows([lease], nil, half).map(\.leaseSeconds) == [63_000])
        let days = rows([lease], try Facts.calendar(.day), half)
        #expect(days.map(\.bucket) == [Facts.time("2026-01-01 00:00")])
        #expect(days.map(\.leaseSeconds) == [63_000])
        #expect(rows([lease], nil, Facts.period("2026-01-03 00:00", "2026-01-04 00:00")).isEmpty)
    }

    @Test("are complete from the first complete list to the last")
    func completeness() throws {
        func complete(_ calendar: BucketCalendar?, _ period: Range<Timestamp>) -> [Bool?] {
            let seen = Completeness(from: Facts.time("2026-01-01 10:00"), until: Facts.time("2026-01-03 12:00"))
            var report = HoursReport(by: [], calendar: calendar, period: period, completeness: seen)
            report.add(Facts.lease(from: "2026-01-01 00:00", to: "2026-01-04 00:00"))
            return report.rows.map(\.isComplete)
        }
        #expect(complete(try Facts.calendar(.day), Facts.always) == [false, true, false])
        #expect(
            complete(try Facts.calendar(.day), Facts.period("2026-01-01 10:00", "2026-01-03 12:00")) == [
                true, true, true,
            ])
        #expect(complete(nil, Facts.period("2026-01-02", "2026-01-03")) == [true])
        #expect(complete(nil, Facts.always) == [false])
        #expect(rows([Facts.lease(from: "2026-01-01 00:00", to: "2026-01-02 00:00")]).map(\.isComplete) == [false])
    }

    @Test("after the last observation of a listed lease are estimated, unless it has ended")
    func ageOfMirror() throws {
        let seen = "2026-01-02 06:00"
        let lease = Facts.lease(status: .active, from: "2026-01-01 00:00", to: "2026-01-04 00:00", lastSeen: seen)
        #expect(rows([lease], try Facts.calendar(.day)).map(\.isEstimated) == [false, true, true])
        let ended = Facts.lease(from: "2026-01-01 00:00", to: "2026-01-04 00:00", lastSeen: seen)
        #expect(rows([ended]).map(\.isEstimated) == [false])
    }

    @Test("of a lease that failed after its start are estimated to its end")
    func failedLater() {
        var lease = Facts.lease(status: .error, from: "2026-01-01 00:00", to: "2026-01-03 00:00")
        #expect(rows([lease]).isEmpty)
        lease.hasStarted = true
        #expect(rows([lease]).map(\.leaseHours) == [48])
        #expect(rows([lease]).map(\.isEstimated) == [true])
        lease.removal = Removal(
            reason: .deleted, after: Facts.time("2026-01-01 10:00"), before: Facts.time("2026-01-02 00:00"))
        #expect(rows([lease]).map(\.leaseHours) == [24])
    }

    @Test("of nodes are unknown if only a lease's name and dates are known")
    func outline() {
        let lease = Facts.lease(status: LeaseStatus(rawValue: ""), from: "2026-01-01 00:00", to: "2026-01-02 00:00", [])
        #expect(rows([lease]).map(\.leaseHours) == [24])
        #expect(rows([lease]).map(\.nodeHours) == [nil])
        #expect(rows([lease]).map(\.isEstimated) == [true])
        let empty = Facts.lease(from: "2026-01-01 00:00", to: "2026-01-02 00:00", [])
        #expect(rows([empty]).map(\.nodeHours) == [0])
    }

    @Test("of nodes are unknown if a number is absurd or too large to count")
    func hostileCounts() {
        for count in [Int.max, Int.min, -1, 1_000_001] {
            let lease = Facts.lease(from: "0001-01-01 00:00", to: "9999-12-31 00:00", [Facts.hosts(1, count)])
            #expect(rows([lease]).map(\.nodeHours) == [nil])
        }
        let most = Facts.lease(
            from: "0001-01-01 00:00", to: "9999-12-31 00:00",
            (0..<40).map { _ in Facts.hosts(1_000_000, 1_000_000) })
        #expect(rows([most]).map(\.nodeHours) == [nil])
        #expect(rows([most], by: [.nodeType]).map(\.nodeHours) == [nil])
        #expect(rows([most]).map(\.leaseHours).allSatisfy { $0 > 87_000_000 })
    }

    @Test("have subtotals and a total in which a lease counts once")
    func totals() throws {
        let lease = Facts.lease(
            from: "2026-01-01 12:00", to: "2026-01-02 12:00", [Facts.hosts(1, 1), Facts.hosts(1, 1, type: "gpu")])
        var report = HoursReport(
            by: [.nodeType], calendar: try Facts.calendar(.day), period: Facts.always, completeness: nil,
            addsTotals: true)
        report.add(lease)
        #expect(report.rows.map(\.leaseHours) == [12, 12, 12, 12])
        #expect(report.subtotals.map(\.leaseHours) == [12, 12])
        #expect(report.subtotals.map(\.nodeHours) == [24, 24])
        #expect(report.total?.leaseHours == 24)
        #expect(report.total?.nodeHours == 48)
        #expect(report.total?.leases == 1)
    }

    @Test("have the same sum, whatever the bucket, the zone and the grouping", arguments: 1...20)
    func sum(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let leases = (0..<60).map { _ in LeaseUsage.random(&random) }
        let from = Timestamp(secondsSince1970: 1_750_000_000 + Int64(random.next() % 9_000_000))
        let period = from..<from.adding(seconds: Int64(random.next() % 30_000_000) + 1)
        for dimensions in [[], [ReportDimension.project], [.user, .site], [.lease]] {
            let whole = Self.sums(rows(leases, by: dimensions, nil, period))
            for zone in ["Berlin", "Apia", "St_Johns", "Lord_Howe", "Havana"] {
                for bucket in Bucket.allCases {
                    let parts = Self.sums(rows(leases, by: dimensions, try Facts.calendar(bucket, zone), period))
                    #expect(parts == whole, "\(dimensions) \(zone) \(bucket)")
                }
            }
        }
        // The sum of node-hours does not depend on dimensions that separate reservations, either.
        let nodes = rows(leases, by: [.nodeType, .resourceType], nil, period).reduce(0) { $0 + ($1.nodeSeconds ?? 0) }
        #expect(nodes == rows(leases, nil, period).reduce(0) { $0 + ($1.nodeSeconds ?? 0) })
    }

    private static func sums(_ rows: [HoursRow]) -> [[String?]: [Int64]] {
        rows.reduce(into: [:]) { sums, row in
            let sum = sums[row.labels] ?? [0, 0]
            sums[row.labels] = [sum[0] + row.leaseSeconds, sum[1] + (row.nodeSeconds ?? 0)]
        }
    }
}
