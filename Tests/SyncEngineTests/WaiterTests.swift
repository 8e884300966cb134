import BlazarModel
import CloudFixtures
import LeaseModel
import LeaseStore
import SyncPlanner
import Synchronization
import Testing

@testable import SyncEngine

@Suite("Creations that wait for room")
struct WaiterTests {
    private static func with(
        choices: Int = 1, latest: Int64? = nil, _ body: (QueueFixture, Rooms, Mutation) async throws -> Void
    ) async throws {
        let fixture = try await QueueFixture()
        defer { fixture.remove() }
        let rooms = Rooms()
        let creation = try fixture.creation(choices: choices, latest: latest)
        #expect(creation.state == .waiting)
        try await body(fixture, rooms, creation)
    }

    /// The room that the mirror is to show for each choice, by its place.
    final class Rooms: Sendable {
        private let rooms = Mutex<[Int: WaitingTerms.Room]>([:])

        func set(_ room: WaitingTerms.Room) { set(0, room) }
        func set(_ index: Int, _ room: WaitingTerms.Room) { rooms.withLock { $0[index] = room } }

        func waiter(_ store: LeaseStore) -> Waiter {
            Waiter(store: store, readsHolders: false) { [self] _, choice, period, _ in
                let index = (choice.reservations.first?["max"]?.intValue ?? 1) - 1
                return rooms.withLock { $0[index] ?? .none }
            }
        }
    }

    private static func names(_ fixture: QueueFixture) -> [String] { fixture.cloud.leases().map(\.name) }

    @Test("It stays in the queue while there is no room, and is created once when there is")
    func goesOut() async throws {
        try await Self.with { fixture, rooms, creation async throws in
            for _ in 0..<3 {
                let report = await fixture.wait(rooms)
                #expect(report.failure == nil && report.mutations == [])
                fixture.cloud.advance(61)
            }
            #expect(try fixture.present(creation) == creation, "nothing was written")
            let start = fixture.cloud.now.adding(seconds: 7_200).truncatedToMinute
            rooms.set(.from(start))
            let report = await fixture.wait(rooms)
            #expect(report.mutations.first?.state == .queued)
            #expect(try fixture.state(creation) == .settled)
            for _ in 0..<3 { await fixture.wait(rooms) }
            #expect(fixture.cloud.count("POST") == 1)
            let lease = try fixture.mirrored("mine")
            #expect(lease.startsAt == start)
            #expect(lease.endsAt == start.adding(seconds: 3_600))
        }
    }

    @Test("A site that refuses for lack of room is asked again, more and more rarely; any other refusal is final")
    func refusals() async throws {
        try await Self.with { fixture, rooms, creation async throws in
            rooms.set(.unknown)
            for _ in 0..<30 { fixture.cloud.fail("POST", .refusal(400, "Not enough hosts available")) }
            for _ in 0..<60 {
                await fixture.wait(rooms)
                #expect(try fixture.state(creation) == .waiting)
                fixture.cloud.advance(61)
            }
            let posts = fixture.cloud.count("POST")
            #expect(posts > 5 && posts < 20, "\(posts)")
            let waiting = try fixture.present(creation)
            #expect(waiting.message?.contains("Not enough hosts") == true)
            #expect(waiting.waiting?.choices[0].refusals == posts)
            #expect(try fixture.writeQueue.retry(creation.id).waiting?.choices[0].retryAt == nil)
            fixture.cloud.forgetFaults()
            await fixture.wait(rooms)
            #expect(try fixture.state(creation) == .settled)
            #expect(fixture.cloud.leases().count == 1)
        }
        try await Self.with { fixture, rooms, creation async throws in
            rooms.set(.unknown)
            fixture.cloud.fail("POST", .refusal(403, "Lease duration of 1 day is too long"))
            await fixture.wait(rooms)
            #expect(try fixture.state(creation) == .rejected)
        }
    }

    @Test("The next choice is tried in the same sync, once the site has refused the first")
    func alternatives() async throws {
        try await Self.with(choices: 2) { fixture, rooms, creation async throws in
            rooms.set(0, .unknown)
            rooms.set(1, .unknown)
            fixture.cloud.fail("POST", .refusal(400, "Not enough hosts available"))
            await fixture.wait(rooms)
            let present = try fixture.present(creation)
            #expect(present.state == .settled)
            #expect(present.waiting?.current == 1)
            #expect(fixture.cloud.leases().count == 1)
            #expect(present.token == creation.token)
        }
    }

    @Test(
        "A lost answer, or a crash at any step, leads to one lease",
        arguments: [
            "lost answer", "cut", "waiting creations", "plan", "before POST", "queue sent",
            "list compared with the queue",
        ])
    func lostAnswers(step: String) async throws {
        try await Self.with(choices: 2) { fixture, rooms, creation async throws in
            rooms.set(0, .unknown)
            rooms.set(1, .unknown)
            switch step {
            case "lost answer": fixture.cloud.fail("POST", .lost)
            case "cut": fixture.cloud.fail("POST", .cut)
            default: fixture.checkpoints.crash(at: step)
            }
            await fixture.wait(rooms)
            for _ in 0..<6 {
                fixture.cloud.advance(61)
                await fixture.wait(rooms)
            }
            #expect(try fixture.state(creation) == .settled)
            #expect(fixture.cloud.leases().count == 1)
            #expect(try fixture.present(creation).waiting?.current == 0, "what may exist is not asked for elsewhere")
        }
    }

    @Test("After the latest start it is given up, and that is told once; after a week's sleep, too")
    func latest() async throws {
        for sleep in [7_300, 7 * 86_400] as [Int64] {
            try await Self.with(latest: 7_200) { fixture, rooms, creation async throws in
                await fixture.wait(rooms)
                fixture.cloud.advance(sleep)
                rooms.set(.unknown)
                let told = await fixture.wait(rooms).mutations
                #expect(told.map(\.state) == [.expired])
                #expect(told.first?.message?.contains("There was no room") == true)
                #expect(await fixture.wait(rooms).mutations == [])
                #expect(fixture.cloud.count("POST") == 0)
                #expect(try fixture.state(creation) == .expired)
            }
        }
    }

    @Test("After a week's sleep it still gets its room, for its whole length")
    func sleep() async throws {
        try await Self.with { fixture, rooms, creation async throws in
            fixture.cloud.fail("POST", .unreachable)
            rooms.set(.unknown)
            await fixture.wait(rooms)
            #expect(try fixture.state(creation) == .queued)
            fixture.cloud.advance(7 * 86_400)
            await fixture.wait(rooms)
            #expect(try fixture.state(creation) == .settled)
            let lease = try fixture.mirrored("mine")
            #expect(lease.endsAt.seconds(since: lease.startsAt) == 3_600)
            #expect(lease.startsAt >= fixture.cloud.now.adding(seconds: -60))
        }
    }

    @Test("Another site takes it over in one transaction, with what depends on it, and only while nothing exists")
    func otherSite() async throws {
        try await Self.with(choices: 2) { fixture, rooms, creation async throws in
            let other = try fixture.store.scope(
                for: ScopeIdentity(
                    cloud: "other", fingerprint: "f", site: "other", endpoint: "http://other", authURL: "http://k",
                    region: "R", projectID: "q", projectName: "q", userID: "u", userName: "u", seesAllProjects: false),
                at: fixture.cloud.now)
            var first = creation
            first.waiting = WaitingTerms(
                earliest: nil, aheadSeconds: nil,
                choices: [
                    try #require(creation.waiting?.choices[0]),
                    .init(
                        address: other.queueAddress, scopeID: other.id, reservations: [QueueFixture.choice(1)]),
                ])
            let widened = try #require(try fixture.store.replace(creation, by: first))
            let kept = try fixture.store.keep(
                KeepRule(
                    id: 0, address: fixture.scope.queueAddress, scopeID: fixture.scope.id, site: "lab", leaseID: nil,
                    localID: creation.localID, leaseName: "mine", until: .init(secondsSince1970: 2_000_000_000),
                    minStepSeconds: 60, createdAt: fixture.cloud.now))
            rooms.set(1, .from(fixture.cloud.now.truncatedToMinute))
            #expect(await fixture.wait(rooms).mutations == [], "the other site was never read")
            let waiter = rooms.waiter(fixture.store)
            let here = try fixture.store.waitingCreations(at: other.queueAddress)
            #expect(here.map(\.id) == [creation.id])
            let moved = try waiter.run(here, at: other.queueAddress, now: fixture.cloud.now)
            #expect(moved.map(\.address) == [other.queueAddress])
            #expect(moved.map(\.site) == ["other"])
            #expect(moved.first?.token != creation.token)
            #expect(try fixture.store.keepRules(of: other.queueAddress).map(\.id) == [kept.id])
            #expect(try fixture.store.replace(widened, by: widened) == nil, "it has changed in the meantime")
            await fixture.wait(rooms)
            #expect(fixture.cloud.count("POST") == 0, "it is no longer for this site")
            fixture.cloud.advance(700)
            rooms.set(0, .from(fixture.cloud.now.truncatedToMinute))
            await fixture.wait(rooms)
            #expect(try fixture.state(creation) == .settled, "nothing was sent there, so it may come back")
            #expect(try fixture.store.waitingCreations(at: other.queueAddress) == [])
            #expect(fixture.cloud.leases().count == 1)
        }
    }

    @Test("Cancelling, renaming and deleting a waiting creation work as for any other that was not sent")
    func decisions() async throws {
        try await Self.with { fixture, rooms, creation async throws in
            #expect(try fixture.writeQueue.cancel(creation.id).state == .cancelled)
            rooms.set(.unknown)
            await fixture.wait(rooms)
            #expect(fixture.cloud.count("POST") == 0)
        }
        try await Self.with { fixture, rooms, creation async throws in
            let edited = try fixture.writeQueue.edit(creation.id, fields: ["name": "other"], terms: .init())
            #expect(edited.state == .waiting)
            rooms.set(.unknown)
            await fixture.wait(rooms)
            #expect(fixture.cloud.leases().map(\.name) == ["other"])
        }
    }
}

extension QueueFixture {
    /// The reservation of a choice: one host, or one more for each that comes before it.
    fileprivate static func choice(_ index: Int) -> JSONObject { host.merging(["max": JSONValue(1 + index)]) }

    /// A creation of a lease of an hour that waits for room.
    fileprivate func creation(choices: Int, latest: Int64?) throws -> Mutation {
        var terms = WriteTerms(notAfter: latest.map { cloud.now.adding(seconds: $0).truncatedToMinute })
        terms.waiting = WaitingTerms(
            earliest: nil, aheadSeconds: nil,
            choices: (0..<choices).map {
                .init(address: scope.queueAddress, scopeID: scope.id, reservations: [Self.choice($0)])
            })
        var draft = draft(from: 0, to: 3_600, reservation: Self.choice(0))
        draft.start = .now
        return try create(draft, terms: terms)
    }

    /// A sync that looks for room.
    @discardableResult
    fileprivate func wait(_ rooms: WaiterTests.Rooms) async -> SyncReport {
        var options = SyncOptions()
        options.readsResources = false
        options.quietPeriodSeconds = 60
        return await CloudSync(
            store: store, connection: connection, options: options, waiter: rooms.waiter(store), random: { 1 << 63 },
            checkpoint: { [checkpoints] in try checkpoints.pass($0) }, progress: { _ in }
        ).run()
    }
}
