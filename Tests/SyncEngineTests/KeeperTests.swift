import BlazarModel
import CloudFixtures
import LeaseModel
import LeaseStore
import SyncPlanner
import Testing

@testable import SyncEngine

@Suite("Leases that are kept")
struct KeeperTests {
    /// A fixture with a lease of an hour that has just begun, and is kept until ten hours after the start of the test.
    private static func with(
        until: Int64 = 36_000, _ body: (QueueFixture, KeepRule) async throws -> Void
    ) async throws {
        let fixture = try await QueueFixture()
        defer { fixture.remove() }
        let lease = try await fixture.lease()
        fixture.cloud.advance(3_600)
        await fixture.sync()
        let rule = try fixture.store.keep(
            KeepRule(
                id: 0, address: fixture.scope.queueAddress, scopeID: fixture.scope.id, site: fixture.scope.site,
                leaseID: lease.id, localID: nil, leaseName: lease.name,
                until: QueueCloud.start.adding(seconds: until).truncatedToMinute, minStepSeconds: 60,
                createdAt: fixture.cloud.now))
        try await body(fixture, rule)
    }

    private static func rule(_ fixture: QueueFixture) throws -> KeepRule {
        try #require(
            try fixture.store.keepRules(scopes: nil, endedAfter: Timestamp(secondsSince1970: 0)).last)
    }

    /// The end of the kept lease at the cloud, in seconds from the start.
    private static func end(_ fixture: QueueFixture) throws -> Int64 {
        try fixture.mirrored("there").endsAt.seconds(since: QueueCloud.start.truncatedToMinute)
    }

    @Test("The lease is extended when the window opens, again and again, and never beyond the moment")
    func windows() async throws {
        try await Self.with { fixture, _ in
            #expect(await fixture.keep().kept.map(\.rule.opensAt) == [Self.at(5_400)], "once")
            #expect(await fixture.keep().kept == [])
            #expect(try Self.end(fixture) == 7_200)
            fixture.cloud.advance(1_861)
            let report = await fixture.keep()
            #expect(report.failure == nil)
            #expect(try Self.end(fixture) == 10_800)
            #expect(report.kept.map(\.newEnd) == [Self.at(10_800), nil])
            #expect(report.kept.last?.rule.opensAt == Self.at(9_000), "the next window")
            for _ in 0..<30 {
                fixture.cloud.advance(1_200)
                await fixture.keep()
            }
            #expect(try Self.end(fixture) == 36_000)
            let rule = try Self.rule(fixture)
            #expect(rule.ending == .reached)
            #expect(rule.message == nil)
            #expect(fixture.cloud.asked.count { $0.hasPrefix("PUT") } == 8, "an hour each")
        }
    }

    private static func at(_ seconds: Int64) -> Timestamp {
        QueueCloud.start.truncatedToMinute.adding(seconds: seconds)
    }

    @Test("A kept lease that is renamed is kept under its new name")
    func renamed() async throws {
        try await Self.with { fixture, rule in
            let id = try #require(rule.leaseID)
            fixture.cloud.direct("PUT", "/v1/leases/\(id)", ["name": "renamed"])
            await fixture.sync()
            #expect(try Self.rule(fixture).leaseName == "renamed")
        }
    }

    @Test("A refusal is tried again while the lease lasts, and then told once")
    func refusals() async throws {
        try await Self.with { fixture, _ in
            fixture.cloud.advance(1_861)
            for _ in 0..<40 { fixture.cloud.fail("PUT", .refusal(400, "Not enough hosts available")) }
            var told: [KeepNews] = []
            for _ in 0..<20 {
                told += await fixture.keep().kept
                fixture.cloud.advance(120)
            }
            let puts = fixture.cloud.asked.count { $0.hasPrefix("PUT") }
            #expect(puts > 3 && puts < 20, "\(puts)")
            let rule = try Self.rule(fixture)
            #expect(rule.ending == .missed)
            #expect(rule.message?.contains("Not enough hosts") == true)
            #expect(told.count { $0.rule.ending == .missed } == 1)
            #expect(try fixture.store.queue(of: fixture.scope.queueAddress).allSatisfy(\.state.isFinal))
        }
    }

    @Test("After a week of sleep the rule says once that nobody looked")
    func sleep() async throws {
        try await Self.with { fixture, _ in
            await fixture.keep()
            fixture.cloud.advance(7 * 86_400)
            let told = await fixture.keep().kept
            #expect(told.map(\.rule.ending) == [.missed])
            #expect(told.first?.rule.opensAt == Self.at(5_400), "since when it could have been extended")
            #expect(told.first?.rule.message == nil)
            #expect(await fixture.keep().kept == [])
            #expect(fixture.cloud.asked.allSatisfy { !$0.hasPrefix("PUT") })
        }
    }

    @Test(
        "A lost answer, or a crash at any step, leads to one extension",
        arguments: ["lost answer", "kept leases", "plan", "before PUT", "list compared with the queue"])
    func lostAnswers(step: String) async throws {
        try await Self.with { fixture, _ in
            fixture.cloud.advance(1_861)
            if step == "lost answer" { fixture.cloud.fail("PUT", .lost) } else { fixture.checkpoints.crash(at: step) }
            await fixture.keep()
            for _ in 0..<4 {
                fixture.cloud.advance(61)
                await fixture.keep()
            }
            let (end, rule) = (try Self.end(fixture), try Self.rule(fixture))
            #expect(end == 10_800)
            #expect(rule.ending == nil)
            #expect(try fixture.store.queue(of: fixture.scope.queueAddress).isEmpty)
        }
    }

    @Test("Somebody else's change of the end is no conflict: the next extension begins there")
    func strangers() async throws {
        try await Self.with { fixture, rule in
            fixture.cloud.advance(1_861)
            // The extension is queued, and then somebody extends the lease on the site's page.
            fixture.cloud.fail("PUT", .unreachable)
            await fixture.keep()
            let id = try #require(rule.leaseID)
            let answer = fixture.cloud.direct("PUT", "/v1/leases/\(id)", .object(fixture.end(9_000)))
            try #require(answer.status == 200)
            for _ in 0..<8 {
                fixture.cloud.advance(300)
                await fixture.keep()
            }
            #expect(try Self.end(fixture) == 12_600)
            #expect(try fixture.store.queue(of: fixture.scope.queueAddress).isEmpty, "nothing waits for a person")
        }
    }

    @Test("Two processes queue one extension")
    func twoProcesses() async throws {
        try await Self.with { fixture, rule in
            fixture.cloud.advance(1_861)
            let now = fixture.cloud.now
            let step = try KeepPlanner(now: now).step(rule, fixture.store.situation(of: rule), mayExtend: true) {
                try fixture.verdict($0, $1, now)
            }
            #expect(step.newEnd == Self.at(10_800))
            let write = Mutation(
                id: 0, scopeID: rule.scopeID, address: rule.address, verb: .extend, localID: nil, leaseID: rule.leaseID,
                leaseName: rule.leaseName, state: .queued, body: fixture.end(10_800), token: nil, createdAt: now)
            let first = try fixture.store.take(step, of: rule, queueing: write, at: now)
            let second = try fixture.store.take(step, of: rule, queueing: write, at: now)
            #expect(first?.mutationID != nil)
            #expect(second == nil)
            #expect(try fixture.store.queue(of: fixture.scope.queueAddress).count == 1)
        }
    }

    @Test("Stopping cancels the extension that has not been sent; a second keep changes the limits of the first")
    func stop() async throws {
        try await Self.with { fixture, rule in
            fixture.cloud.advance(1_861)
            fixture.cloud.fail("PUT", .unreachable)
            await fixture.keep()
            let first = try #require(try Self.rule(fixture).mutationID)
            let again = try fixture.store.keep(rule)
            #expect(again.id == rule.id && again.mutationID == nil)
            #expect(try fixture.store.mutation(id: first)?.state == .cancelled, "the next one obeys the new limits")
            fixture.cloud.fail("PUT", .unreachable)
            await fixture.keep()
            let write = try #require(try Self.rule(fixture).mutationID)
            let stopped = try fixture.store.stopKeeping(rule.id, at: fixture.cloud.now)
            #expect(stopped?.ending == .stopped)
            #expect(try fixture.store.mutation(id: write)?.state == .cancelled)
            fixture.cloud.advance(600)
            #expect(await fixture.keep().kept == [])
            #expect(fixture.cloud.asked.count { $0.hasPrefix("PUT") } <= 2)
            #expect(try fixture.store.keep(rule).id != rule.id, "a new rule")
        }
    }
}

extension QueueFixture {
    /// What a site says that allows an extension by an hour in the last half hour of a lease.
    fileprivate var verdict: Keeper.Verdict {
        { lease, end, now in
            ExtensionCheck(
                lease: lease.lease, rules: LeaseRules(maxDurationSeconds: 3_600, extensionWindowSeconds: 1_800),
                rooms: [], held: [], now: now
            ).verdict(end)
        }
    }

    /// A sync that looks at the kept leases.
    @discardableResult
    fileprivate func keep() async -> SyncReport {
        var options = SyncOptions()
        options.readsResources = false
        options.quietPeriodSeconds = 60
        return await CloudSync(
            store: store, connection: connection, options: options, keeper: Keeper(store: store, verdict: verdict),
            random: { 1 << 63 }, checkpoint: { [checkpoints] in try checkpoints.pass($0) }, progress: { _ in }
        ).run()
    }
}
