import LeaseModel
import LeaseReports
import Testing

@Suite("The utilization of hosts")
struct UtilizationReportTests {
    /// A host that was last read on 31 January, and what holds it.
    private func host(
        _ id: String, type: String? = "skylake", scope: Int64 = 1, seen: String = "2026-01-01 08:00",
        gone: String? = nil, read: String = "2026-01-31", isTold: Bool = true, told: String? = nil,
        uses: [HostHistory.Use] = [], reservable: Bool = true
    ) -> HostHistory {
        HostHistory(
            id: id, site: scope < 10 ? "alpha" : "beta", scopeID: scope, nodeType: type, isReservable: reservable,
            firstSeenAt: Facts.time(seen), goneBefore: gone.map(Facts.time), knownUntil: Facts.time(read),
            usesKnownUntil: isTold ? Facts.time(told ?? read) : told.map(Facts.time), uses: uses)
    }

    private func use(_ from: String, _ to: String, gone: (after: String, before: String)? = nil) -> HostHistory.Use {
        HostHistory.Use(
            startsAt: Facts.time(from), endsAt: Facts.time(to), goneAfter: gone.map { Facts.time($0.after) },
            goneBefore: gone.map { Facts.time($0.before) })
    }

    /// A scope of alpha, or of beta from number 10 on.
    private func scope(_ id: Int64 = 1, all: Bool = false, listed: String? = "2026-01-31") -> Scope {
        Scope(
            id: id, siteID: id < 10 ? 1 : 2, site: id < 10 ? "alpha" : "beta", endpoint: "http://cloud",
            authURL: "http://cloud", region: id < 10 ? "A" : "B", projectID: "p\(id)", projectName: "",
            seesAllProjects: all, listedAt: listed.map(Facts.time), clouds: [])
    }

    private func rows(
        _ hosts: [HostHistory], _ period: Range<Timestamp>, _ leases: [LeaseUsage] = [], scopes: [Scope]? = nil,
        by dimensions: [ReportDimension] = [.site], nodeType: String? = nil, bucket: Bucket? = nil
    ) throws -> [UtilizationRow] {
        var report = UtilizationReport(
            hosts: hosts, scopes: scopes ?? [scope()], by: dimensions, nodeType: nodeType,
            calendar: try bucket.map { try Facts.calendar($0) }, period: period)
        for lease in leases { report.add(lease) }
        return report.rows
    }

    private func reservableHours(_ rows: [UtilizationRow]) -> [Int64?] {
        rows.map { row in row.reservableSeconds.map { $0 / 3_600 } }
    }

    private func committedHours(_ rows: [UtilizationRow]) -> [Int64?] {
        rows.map { row in row.committedSeconds.map { $0 / 3_600 } }
    }

    private let day = Facts.period("2026-01-01 08:00", "2026-01-01 16:00")
    /// Half of the day.
    private let lease = Facts.lease(from: "2026-01-01 08:00", to: "2026-01-01 12:00")

    @Test("matches the example")
    func example() throws {
        let hosts = [
            host("1", uses: [use("2026-01-01 10:00", "2026-01-01 14:00")]), host("2"), host("3", reservable: false),
        ]
        #expect(try rows(hosts, day).map(\.utilization) == [0.25])
        #expect(try rows(hosts, day).map(\.isEstimated) == [false])
    }

    @Test("counts an allocation that ended early until it was missed, and says that this is a bound")
    func givenBack() throws {
        let early = use(
            "2026-01-01 10:00", "2026-01-01 14:00", gone: (after: "2026-01-01 11:30", before: "2026-01-01 12:00"))
        let found = try rows([host("1", uses: [early]), host("2")], day)
        #expect(found.map(\.utilization) == [0.125])
        #expect(found.map(\.isEstimated) == [true])
        // Before its last observation, and after it was missed, everything is certain.
        for period in [("2026-01-01 10:00", "2026-01-01 11:30"), ("2026-01-01 12:00", "2026-01-01 16:00")] {
            let part = try rows([host("1", uses: [early])], Facts.period(period.0, period.1))
            #expect(part.map(\.isEstimated) == [false])
        }
        // If it was missed after its end, it had ended. If it was missed before its start, it never began.
        let ended = use("2026-01-01 10:00", "2026-01-01 14:00", gone: ("2026-01-01 13:00", "2026-01-01 15:00"))
        let cancelled = use("2026-01-01 14:00", "2026-01-01 16:00", gone: ("2026-01-01 11:00", "2026-01-01 12:00"))
        let whole = try rows([host("1", uses: [ended, cancelled])], day)
        #expect(whole.map(\.utilization) == [0.5])
        #expect(whole.map(\.isEstimated) == [false])
    }

    @Test("is never more than 100 %: a host counts once if two leases seem to have held it at a time")
    func overlap() throws {
        let uses = [
            use("2026-01-01 11:05", "2026-01-01 14:00"),
            use("2026-01-01 10:00", "2026-01-01 14:00", gone: ("2026-01-01 10:30", "2026-01-01 12:30")),
        ]
        let found = try rows([host("1", uses: uses)], Facts.period("2026-01-01 10:00", "2026-01-01 14:00"))
        #expect(found.map(\.utilization) == [1])
        #expect(found.map(\.isEstimated) == [true])
        let other = host("2", uses: [use("2026-01-01 10:00", "2026-01-01 14:00")])
        #expect(try rows([host("1", uses: uses), other], day).map(\.utilization) == [0.5])
        // From 11:05 on it was certainly held, whoever held it before.
        let later = try rows([host("1", uses: uses)], Facts.period("2026-01-01 11:05", "2026-01-01 14:00"))
        #expect(later.map(\.utilization) == [1])
        #expect(later.map(\.isEstimated) == [false])
    }

    @Test("is unknown if no site reports allocations, and 0 if a site reports that there were none")
    func untold() throws {
        #expect(reservableHours(try rows([host("1", isTold: false)], day)) == [8])
        #expect(try rows([host("1", isTold: false)], day).map(\.committedSeconds) == [nil])
        #expect(try rows([host("1", isTold: false)], day, [lease]).map(\.utilization) == [nil])
        #expect(try rows([host("1")], day).map(\.utilization) == [0])
        #expect(try rows([host("1")], day).map(\.isEstimated) == [false])
    }

    @Test("is known for as long as the site reported allocations, after it stopped")
    func toldOnce() throws {
        let hosts = [
            host("1", isTold: false, told: "2026-01-03 12:00", uses: [use("2026-01-02", "2026-01-08")])
        ]
        let found = try rows(hosts, Facts.period("2026-01-02", "2026-01-05"), bucket: .day)
        #expect(committedHours(found) == [24, 24, nil])
        #expect(reservableHours(found) == [24, 24, 24])
        #expect(found.map(\.isEstimated) == [false, true, false])
        // The scope with the leases of all projects is fresher.
        let lease = Facts.lease(from: "2026-01-02", to: "2026-01-05")
        let leases = try rows(hosts, Facts.period("2026-01-02", "2026-01-05"), [lease], scopes: [scope(all: true)])
        #expect(leases.map(\.utilization) == [1])
    }

    @Test("uses the leases if one scope of the site sees all of them, whichever scope observed a lease best")
    func leases() throws {
        let hosts = [host("1", isTold: false), host("2", isTold: false)]
        var own = lease
        own.scopeID = 2
        let scopes = [scope(1, all: true), scope(2)]
        #expect(try rows(hosts, day, [lease], scopes: scopes).map(\.utilization) == [0.25])
        #expect(try rows(hosts, day, [lease, own], scopes: scopes).map(\.utilization) == [0.5])
        // Another site's leases say nothing about these hosts.
        var far = lease
        far.scopeID = 10
        #expect(try rows(hosts, day, [far], scopes: scopes + [scope(10, all: true)]).map(\.utilization) == [0])
        // A scope that has never listed leases says nothing.
        let unread = [scope(1, all: true, listed: nil), scope(2)]
        #expect(try rows(hosts, day, [own], scopes: unread).map(\.utilization) == [nil])
        // Leases do not count if the site itself reports allocations.
        #expect(try rows([host("1")], day, [lease], scopes: scopes).map(\.utilization) == [0])
    }

    @Test("is estimated if the leases' numbers or ends are, and unknown if a number is")
    func estimatedLeases() throws {
        let hosts = [host("1", isTold: false), host("2", isTold: false)]
        func row(_ lease: LeaseUsage) throws -> UtilizationRow? {
            try rows(hosts, day, [lease], scopes: [scope(all: true)]).first
        }
        var some = lease
        some.reservations = [Facts.hosts(1, 2)]
        #expect(try row(some)?.utilization == 0.5)
        #expect(try row(some)?.isEstimated == true)
        some.reservations = [Facts.hosts(nil, nil)]
        #expect(try row(some)?.utilization == nil)
        let gone = Facts.lease(
            from: "2026-01-01 08:00", to: "2026-01-01 16:00",
            gone: (after: "2026-01-01 10:00", before: "2026-01-01 12:00"))
        #expect(try row(gone)?.utilization == 0.25)
        #expect(try row(gone)?.isEstimated == true)
        #expect(try row(lease)?.isEstimated == false)
    }

    @Test("is unknown for each node type while a lease holds hosts and names no type")
    func namelessReservations() throws {
        let hosts = [host("1", isTold: false), host("2", type: "gpu", isTold: false)]
        var nameless = lease
        nameless.reservations = [Facts.hosts(type: nil)]
        let period = Facts.period("2026-01-01 08:00", "2026-01-03")
        func committed(_ hosts: [HostHistory], _ by: [ReportDimension], type: String? = nil) throws -> [Int64?] {
            committedHours(
                try rows(
                    hosts, period, [nameless], scopes: [scope(all: true)], by: by, nodeType: type, bucket: .day))
        }
        #expect(try committed(hosts, [.nodeType]) == [nil, nil, 0, 0])
        #expect(try committed(hosts, [.site]) == [4, 0])
        #expect(try committed(hosts, [.site], type: "gpu") == [nil, 0])
        // If all hosts are of one type, it is clear which they are.
        #expect(try committed([hosts[0]], [.nodeType]) == [4, 0])
        #expect(try committed([host("1", type: nil, isTold: false)], [.nodeType]) == [4, 0])
    }

    @Test("of one node type is its row of the whole report")
    func nodeTypes() throws {
        let told = [
            host("1", uses: [use("2026-01-01 10:00", "2026-01-01 14:00")]), host("2", type: "gpu"),
        ]
        let untold = [host("1", isTold: false), host("2", type: "gpu", isTold: false)]
        for type in ["skylake", "gpu"] {
            for (hosts, all) in [(told, false), (untold, true)] {
                let one = try rows(hosts, day, [lease], scopes: [scope(all: all)], by: [.nodeType], nodeType: type)
                let both = try rows(hosts, day, [lease], scopes: [scope(all: all)], by: [.nodeType])
                #expect(one == both.filter { $0.labels == [type] })
                #expect(one.map(\.utilization) == [type == "gpu" ? 0 : 0.5])
            }
        }
        #expect(try rows(told, day, nodeType: "arm").isEmpty)
    }

    @Test("is unknown before the hosts were first observed, and begins there by default")
    func beginning() throws {
        #expect(try rows([host("1")], Facts.period("2026-01-01", "2026-01-02")).map(\.reservableSeconds) == [nil])
        let open = Timestamp.distantPast..<Facts.time("2026-01-01 10:00")
        #expect(reservableHours(try rows([host("1")], open)) == [2])
        // Each site begins at its own time; together they begin at the later one.
        let hosts = [host("1"), host("2", scope: 10, seen: "2026-01-01 09:00")]
        let scopes = [scope(), scope(10)]
        #expect(reservableHours(try rows(hosts, open, scopes: scopes)) == [2, 1])
        #expect(reservableHours(try rows(hosts, open, scopes: scopes, by: [])) == [2])
        let closed = Facts.period("2026-01-01 08:00", "2026-01-01 10:00")
        #expect(reservableHours(try rows(hosts, closed, scopes: scopes, by: [])) == [nil])
    }

    @Test("is a bound if a row extends beyond the last reading, and unknown if it begins after it")
    func end() throws {
        let hosts = [
            host("1", read: "2026-01-03 12:00", uses: [use("2026-01-03", "2026-01-06")]),
            host("2", read: "2026-01-03 12:00"),
        ]
        let found = try rows(hosts, Facts.period("2026-01-02", "2026-01-06"), bucket: .day)
        #expect(committedHours(found) == [0, 24, nil, nil])
        #expect(reservableHours(found) == [48, 48, nil, nil])
        #expect(found.map(\.isEstimated) == [false, true, false, false])
        let whole = try rows(hosts, Facts.period("2026-01-02", "2026-01-06"))
        #expect(whole.map(\.utilization) == [0.375])
        #expect(whole.map(\.isEstimated) == [true])
        let until = try rows(hosts, Facts.period("2026-01-02", "2026-01-03 12:00"))
        #expect(until.map(\.isEstimated) == [false])
        let after = try rows(hosts, Facts.period("2026-01-03 12:00", "2026-01-04"))
        #expect(after.map(\.reservableSeconds) == [nil])
    }

    @Test("ends with the leases that it is based on")
    func endOfLeases() throws {
        let hosts = [host("1", isTold: false), host("2", isTold: false)]
        let scopes = [scope(1), scope(2, all: true, listed: "2026-01-02")]
        let period = Facts.period("2026-01-01 08:00", "2026-01-04")
        let found = try rows(hosts, period, [lease], scopes: scopes, bucket: .day)
        #expect(committedHours(found) == [4, nil, nil])
        #expect(reservableHours(found) == [32, 48, 48])
    }

    @Test("counts a host up to its scope's last reading if later readings of the site by others lack it")
    func abandonedScope() throws {
        let hosts = [host("1"), host("2", scope: 2, read: "2026-01-03", uses: [use("2026-01-02", "2026-01-09")])]
        let period = Facts.period("2026-01-02", "2026-01-04")
        let found = try rows(hosts, period, scopes: [scope(1), scope(2)], bucket: .day)
        #expect(reservableHours(found) == [48, 24])
        #expect(committedHours(found) == [24, 0])
        #expect(found.map(\.isEstimated) == [false, false])
    }

    @Test("has one row for a site, whatever its scopes call it")
    func names() throws {
        let first = scope(1)
        let other = Scope(
            id: 2, siteID: first.siteID, site: "gamma", endpoint: first.endpoint, authURL: first.authURL,
            region: first.region, projectID: "p2", projectName: "", seesAllProjects: true, listedAt: first.listedAt,
            clouds: [])
        let hosts = [host("1", isTold: false), host("2", scope: 2, isTold: false)]
        let found = try rows(hosts, day, [lease], scopes: [other, first])
        #expect(found.map(\.labels) == [["alpha"]])
        #expect(found.map(\.utilization) == [0.25])
    }
}
