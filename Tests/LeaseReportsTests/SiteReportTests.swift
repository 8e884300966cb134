import LeaseModel
import LeaseReports
import Testing

@Suite("Reports on sites")
struct SiteReportTests {
    @Test("say since when a scope was watched, and how closely")
    func coverage() {
        func run(_ id: Int64, _ time: String, _ outcome: SyncRun.Outcome, scope: Int64? = 1) -> SyncRun {
            SyncRun(
                id: id, cloud: "alpha", scopeID: scope, startedAt: Facts.time(time), finishedAt: nil, outcome: outcome,
                message: nil, serverDate: nil, counts: SyncCounts())
        }
        let scope = Scope(
            id: 1, siteID: 1, site: "alpha", endpoint: "", authURL: "", region: "", projectID: "p", projectName: "p",
            seesAllProjects: false, listedAt: nil, clouds: ["alpha"])
        let runs = [
            run(1, "2026-01-01 00:00", .failed, scope: nil), run(2, "2026-01-01 01:00", .complete),
            run(4, "2026-01-01 08:00", .suspect), run(6, "2025-01-01 00:00", .failed, scope: 2),
        ]
        let lists = ["2026-01-01 01:00", "2026-01-01 02:00", "2026-01-02 01:30"].map(Facts.time)
        func row(_ lists: [Timestamp], pause: Int64 = 7_200, now: String) -> CoverageRow {
            CoverageRow(scope, lists: lists, runs: runs, pause: pause, now: Facts.time(now))
        }
        let watched = row(lists, now: "2026-01-02 02:00")
        #expect(watched.completeFrom == Facts.time("2026-01-01 01:00"))
        #expect(watched.lastSync == Facts.time("2026-01-02 01:30"))
        #expect([watched.syncs, watched.failed, watched.gaps] == [3, 2, 1])
        #expect(watched.longestGap == Facts.period("2026-01-01 02:00", "2026-01-02 01:30"))
        // A mirror that stopped has a gap up to now.
        let stopped = row(lists, now: "2026-03-03")
        #expect(stopped.gaps == 2)
        #expect(stopped.longestGap == Facts.period("2026-01-02 01:30", "2026-03-03"))
        #expect(row(Array(lists.prefix(1)), now: "2026-01-01 02:00").longestGap?.lowerBound == lists[0])
        // The clock was set back.
        #expect(row(lists, now: "2026-01-01 12:00").gaps == 1)
        let never = row([], pause: 0, now: "2026-03-03")
        #expect(never.completeFrom == nil)
        #expect(never.longestGap == nil)
        #expect(never.gaps == 0)
    }

    @Test("order failures that differ only in their reason")
    func ties() {
        let queue = (0..<12).map { number in
            var mutation = Mutation(
                id: Int64(number), scopeID: 1, address: QueueAddress(siteID: 1, projectID: "p"), site: "alpha",
                verb: Mutation.Verb.allCases[number % 4], localID: "l", leaseID: nil, leaseName: "n",
                state: [.rejected, .blocked, .parked][number % 3], body: [:], token: "t",
                createdAt: Facts.time("2026-01-01"))
            mutation.reason = ["policy", nil, "capacity"][number / 4]
            return mutation
        }
        let rows = FailureRow.rows(of: queue, period: Facts.always)
        let keys = rows.map { "\($0.verb.rawValue) \($0.state.rawValue) \($0.reason ?? "")" }
        #expect(keys.count == 12)
        #expect(keys == keys.sorted())
    }

    @Test("count failed writes by reason")
    func failures() {
        func mutation(_ id: Int64, _ state: MutationState, _ reason: String?, at time: String) -> Mutation {
            var mutation = Mutation(
                id: id, scopeID: 1, address: QueueAddress(siteID: 1, projectID: "p"), site: "alpha", verb: .create,
                localID: "l", leaseID: nil, leaseName: "n", state: state, body: [:], token: "t",
                createdAt: Facts.time(time))
            mutation.reason = reason
            mutation.message = "number \(id)"
            return mutation
        }
        let rows = FailureRow.rows(
            of: [
                mutation(1, .rejected, "capacity", at: "2026-01-01"),
                mutation(2, .rejected, "capacity", at: "2026-01-03"),
                mutation(3, .blocked, "conflict", at: "2026-01-02"), mutation(4, .settled, nil, at: "2026-01-02"),
                mutation(5, .rejected, "capacity", at: "2025-01-02"),
            ], period: Facts.period("2026-01-01", "2026-02-01"))
        #expect(rows.map(\.count) == [2, 1])
        #expect(rows.map(\.reason) == ["capacity", "conflict"])
        #expect(rows.map(\.message) == ["number 2", "number 3"])
    }
}
