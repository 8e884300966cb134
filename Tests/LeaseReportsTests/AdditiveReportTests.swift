import LeaseModel
import LeaseReports
import Testing

@Suite("A report in parts")
struct AdditiveReportTests {
    /// Random leases, including details that only some reports use.
    private static func leases(seed: UInt64) -> [LeaseUsage] {
        var random = SplitMix(seed: seed)
        return (0..<80).map { number in
            var lease = LeaseUsage.random(&random)
            lease.id = "\(number)"
            lease.name = "lease \(random.next() % 9)"
            lease.createdAt =
                random.next() % 4 == 0 ? nil : lease.startsAt.adding(seconds: -Int64(random.next() % 9_000))
            lease.earlierStates = (0..<random.next() % 3).map { _ in
                ObservedState(
                    status: .pending, startsAt: lease.startsAt,
                    endsAt: lease.endsAt.adding(seconds: Int64(random.next() % 9_000)),
                    observedAt: lease.observedAt.adding(seconds: -9_000),
                    lastSeenAt: lease.observedAt.adding(seconds: -900), observedUntil: lease.observedAt)
            }
            lease.events = [
                LeaseEvent(
                    id: "e", eventType: "start_lease", time: lease.startsAt, status: .done,
                    updatedAt: lease.startsAt.adding(seconds: Int64(random.next() % 30)))
            ]
            return lease
        }
    }

    /// The report on leases, and the same report made of parts. Leases are assigned to the parts at random, in any
    /// order.
    private func filled<Report: AdditiveReport>(_ empty: Report, seed: UInt64) -> (whole: Report, merged: Report) {
        var random = SplitMix(seed: seed &+ 1_000)
        var whole = empty
        for lease in Self.leases(seed: seed) { whole.add(lease) }
        var parts = [Report](repeating: empty, count: 1 + Int(random.next() % 4))
        for lease in Self.leases(seed: seed).shuffled(using: &random) {
            parts[Int(random.next() % UInt64(parts.count))].add(lease)
        }
        return (whole, parts.shuffled(using: &random).reduce(into: empty) { $0.merge($1) })
    }

    private static let dimensions: [ReportDimension] = [.project, .nodeType, .user]

    @Test("equals the report in one piece: hours, and unused hours", arguments: UInt64(1)...10)
    func hours(seed: UInt64) throws {
        for bucket in [Bucket.day, .month, nil] {
            let hours = filled(
                HoursReport(
                    by: Self.dimensions, calendar: try bucket.map { try Facts.calendar($0, "Berlin") },
                    period: Facts.always, completeness: nil, addsTotals: true), seed: seed)
            #expect(hours.whole.rows.count > 20)
            #expect(hours.merged.rows == hours.whole.rows)
            #expect(hours.merged.subtotals == hours.whole.subtotals)
            #expect(hours.merged.total == hours.whole.total)
            let early = filled(
                EarlyReport(
                    by: [.reason, .project], calendar: try bucket.map { try Facts.calendar($0) }, period: Facts.always,
                    completeness: nil), seed: seed)
            #expect(!early.whole.hours.rows.isEmpty)
            #expect(early.merged.hours.rows == early.whole.hours.rows)
        }
    }

    @Test("equals the report in one piece to the last digit: service units", arguments: UInt64(1)...10)
    func serviceUnits(seed: UInt64) throws {
        let change = Timestamp(secondsSince1970: 1_770_000_000)
        let rates = try RateTable([
            ServiceUnitRate(resourceType: .host, kind: nil, serviceUnitsPerHour: 0.1, from: nil, until: change),
            ServiceUnitRate(resourceType: .host, kind: nil, serviceUnitsPerHour: 1.7, from: change, until: nil),
            ServiceUnitRate(resourceType: .host, kind: "gpu", serviceUnitsPerHour: 0.3, from: nil, until: nil),
        ])
        let units = filled(
            ServiceUnitReport(
                by: [.project], calendar: try Facts.calendar(.week), period: Facts.always, rates: [1: rates],
                addsTotals: true), seed: seed)
        #expect(units.whole.rows.count > 20)
        #expect(units.merged.rows == units.whole.rows)
        #expect(units.merged.subtotals == units.whole.subtotals)
        #expect(units.merged.total == units.whole.total)
    }

    @Test("equals the report in one piece: what is known of each lease", arguments: UInt64(1)...10)
    func leases(seed: UInt64) {
        let leads = filled(SpreadReport(.leadTime, by: Self.dimensions, period: Facts.always), seed: seed)
        #expect(leads.merged.rows == leads.whole.rows)
        let latencies = filled(SpreadReport(.latency, by: Self.dimensions, period: Facts.always), seed: seed)
        #expect(latencies.merged.rows == latencies.whole.rows)
        let stacks = filled(
            StackingReport(by: Self.dimensions, period: Facts.always, pause: 3_600), seed: seed)
        #expect(stacks.merged.rows == stacks.whole.rows)
        let states = filled(StatesReport(by: Self.dimensions, period: Facts.always), seed: seed)
        #expect(states.merged.rows == states.whole.rows)
        let extensions = filled(ExtensionReport(period: Facts.always), seed: seed)
        #expect(extensions.merged.rows.map(\.seconds).sorted() == extensions.whole.rows.map(\.seconds).sorted())
        for count in [
            leads.whole.rows.count, latencies.whole.rows.count, stacks.whole.rows.count, states.whole.rows.count,
            extensions.whole.rows.count,
        ] { #expect(count > 0) }
    }

    @Test("equals the report in one piece: hosts, and the chart of leases", arguments: UInt64(1)...10)
    func sites(seed: UInt64) throws {
        func host(_ id: String, _ nodeType: String?) -> HostHistory {
            HostHistory(
                id: id, site: "alpha", scopeID: 1, nodeType: nodeType, isReservable: true,
                firstSeenAt: Timestamp(secondsSince1970: 1_740_000_000), goneBefore: nil, knownUntil: read,
                usesKnownUntil: nil)
        }
        let read = Timestamp(secondsSince1970: 1_780_000_000)
        let scope = Scope(
            id: 1, siteID: 1, site: "alpha", endpoint: "", authURL: "", region: "", projectID: "p", projectName: "p",
            seesAllProjects: true, listedAt: read, clouds: ["alpha"])
        for dimension in [ReportDimension.site, .nodeType] {
            let use = filled(
                UtilizationReport(
                    hosts: [host("h", "gpu"), host("i", dimension == .site ? "arm" : "gpu")], scopes: [scope],
                    by: [dimension], calendar: try Facts.calendar(.month),
                    period: Facts.period("2025-06-01", "2027-01-01")), seed: seed)
            #expect(use.whole.rows.contains { ($0.committedSeconds ?? 0) > 0 })
            #expect(use.merged.rows == use.whole.rows)
        }
        let mixed = filled(
            UtilizationReport(
                hosts: [host("h", "gpu"), host("i", "arm")], scopes: [scope], by: [.nodeType],
                calendar: try Facts.calendar(.month), period: Facts.period("2025-06-01", "2027-01-01")), seed: seed)
        #expect(mixed.whole.rows.contains { $0.reservableSeconds != nil && $0.committedSeconds == nil })
        #expect(mixed.merged.rows == mixed.whole.rows)
        let chart = filled(TimelineChart(period: Facts.always) { $0.iso8601 }, seed: seed)
        #expect(chart.merged.html == chart.whole.html)
        #expect(chart.whole.html.contains("<svg"))
    }
}
