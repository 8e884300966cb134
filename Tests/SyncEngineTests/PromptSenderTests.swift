import BlazarModel
import CloudFixtures
import LeaseModel
import LeaseStore
import MirrorFixtures
import OpenStackClient
import Testing

@testable import SyncEngine

@Suite("Sending at once for a waiting person")
struct PromptSenderTests {
    private func with(_ body: (QueueFixture) async throws -> Void) async throws {
        let fixture = try await QueueFixture()
        defer { fixture.remove() }
        try await body(fixture)
    }

    /// A lease that OpenStack's own client created from the same draft.
    private func twin(_ draft: LeaseDraft, _ fixture: QueueFixture) throws -> String {
        let answer = try fixture.cloud.direct("POST", "/v1/leases", .object(draft.body)).json()
        return try #require(answer["lease"]?["id"]?.stringValue)
    }

    @Test("If nothing was ever listed, an older lookalike is not taken for the new lease")
    func neverListed() async throws {
        for dropsEvents in [true, false] {
            try await with { fixture in
                if dropsEvents { fixture.cloud.dropEvents() }
                let other = try twin(fixture.draft(), fixture)
                let mutation = try fixture.create()
                fixture.cloud.forget()
                fixture.cloud.fail("POST /v1/leases", .cut)
                _ = try await fixture.flush(mutation)
                // A list of one lease may be a page, so it is requested twice.
                let paths = fixture.cloud.asked.map { String($0.prefix { $0 != "?" }) }
                #expect(paths == ["GET /v1/leases", "GET /v1/leases", "POST /v1/leases"])
                await fixture.settle()
                #expect(try fixture.state(mutation) == .settled)
                #expect(try fixture.present(mutation).leaseID != other)
                #expect(fixture.cloud.leases().count == 2)
            }
        }
    }

    @Test("Until a cloud is known to keep our event, a lease made since the last list is not taken for ours")
    func notKnownYet() async throws {
        try await with { fixture in
            await fixture.sync()
            let other = try twin(fixture.draft(), fixture)
            let mutation = try fixture.create()
            fixture.cloud.fail("POST /v1/leases", .cut)
            _ = try await fixture.flush(mutation)
            await fixture.settle()
            #expect(try fixture.present(mutation).leaseID != other)
            #expect(fixture.cloud.leases().count == 2)
            // It is known now, and the token is enough.
            let second = try fixture.create(fixture.draft("second"))
            fixture.cloud.forget()
            _ = try await fixture.flush(second)
            // Then the hosts' allocations are read, because the lease may have some.
            #expect(fixture.cloud.asked == ["POST /v1/leases", "GET /v1/os-hosts"])
        }
    }

    @Test("If the list cannot be read or believed, a creation that needs it is not sent")
    func unreadable() async throws {
        try await with { fixture in
            let mutation = try fixture.create()
            fixture.cloud.fail("GET /v1/leases", .page)
            guard case .paused(let report) = try await fixture.flush(mutation) else {
                Issue.record("not paused")
                return
            }
            #expect(report.failure == .badAnswer)
            #expect(try fixture.state(mutation) == .queued)
            #expect(fixture.cloud.count("POST") == 0)
        }
    }

    @Test("Two identical creations each get a lease, whichever request was lost", arguments: 0..<9)
    func twins(faults: Int) async throws {
        try await with { fixture in
            fixture.cloud.dropEvents()
            var mutations: [Mutation] = []
            let cases: [QueueCloud.Fault?] = [nil, .lost, .cut]
            for fault in [cases[faults % 3], cases[faults / 3]] {
                mutations.append(try fixture.create(fixture.draft(reservation: OwnDeletionTests.dummy)))
                if let fault { fixture.cloud.fail("POST /v1/leases", fault) }
                _ = try await fixture.push()
            }
            await fixture.settle()
            for mutation in mutations where try fixture.present(mutation).reason == "ambiguous" {
                #expect(throws: WriteQueue.Refusal.self, "one of the leases is its own") {
                    _ = try fixture.writeQueue.cancel(mutation.id)
                }
                let taken = try mutations.compactMap { try fixture.present($0).leaseID }
                let free = try #require(fixture.cloud.leases().map(\.id).first { !taken.contains($0) })
                if let owner = taken.first {
                    #expect(throws: WriteQueue.Refusal.self) {
                        _ = try fixture.writeQueue.resolve(mutation.id, .adopt(leaseID: owner))
                    }
                }
                _ = try fixture.writeQueue.resolve(mutation.id, .adopt(leaseID: free))
            }
            await fixture.settle()
            let leases = try mutations.map { try #require(try fixture.present($0).leaseID) }
            #expect(Set(leases) == Set(fixture.cloud.leases().map(\.id)))
            #expect(Set(leases).count == 2)
        }
    }

    @Test("With only one wanted, a creation that waits for room stands for it at whichever site it is")
    func onlyOneOfSeveralSites() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        let beta = try fixture.store.scope(
            for: StoreFixture.identity(cloud: "beta", endpoint: "http://beta/v3", project: "p2"))
        let queue = WriteQueue(store: fixture.store, now: { StoreFixture.time(0) })
        let draft = LeaseDraft(
            name: "mine", start: .now, endsAt: StoreFixture.time(120),
            reservations: [["resource_type": "physical:host", "min": 1, "max": 1]])
        let choices = [fixture.scope, beta].map {
            WaitingTerms.Choice(address: $0.queueAddress, scopeID: $0.id, reservations: draft.reservations)
        }
        var terms = WriteTerms()
        terms.waiting = WaitingTerms(earliest: nil, aheadSeconds: nil, choices: choices)
        guard case .creation(let gone, true)? = try queue.createOnce(draft, scope: beta, terms: terms) else {
            Issue.record("not queued")
            return
        }
        #expect(
            try queue.createOnce(draft, scope: fixture.scope, terms: terms) == .creation(gone, isNew: false))
        // Another project's queue does not matter to whoever does not name it.
        guard case .creation(_, true)? = try queue.createOnce(draft, scope: fixture.scope, terms: .init()) else {
            Issue.record("not queued")
            return
        }
    }

    @Test("With only one wanted, a queued creation or existing lease stands for it until it is gone")
    func onlyOne() async throws {
        try await with { fixture in
            let name = "mine [*?]"
            func ask(_ name: String) throws -> WriteQueue.Standing? {
                try fixture.writeQueue.createOnce(fixture.draft(name), scope: fixture.scope, terms: .init())
            }
            let refused = try fixture.writeQueue.createOnce(
                fixture.draft(name), scope: fixture.scope, terms: .init(), mayQueue: false)
            #expect(refused == nil)
            guard case .creation(let first, true) = try ask(name) else {
                Issue.record("not queued")
                return
            }
            #expect(try ask(name) == .creation(first, isNew: false))
            // Names are compared literally, not as patterns.
            guard case .creation(let other, true) = try ask("mine *") else {
                Issue.record("another name's counts")
                return
            }
            _ = try fixture.writeQueue.cancel(other.id)
            await fixture.sync()
            await fixture.sync()
            guard case .lease(let lease, of: 1) = try ask(name) else {
                Issue.record("the lease does not count")
                return
            }
            #expect(try lease.id == fixture.present(first).leaseID)
            #expect(try fixture.state(first) == .settled)
            try fixture.change(.delete, lease.lease)
            guard case .creation(_, true) = try ask(name) else {
                Issue.record("a lease with a queued deletion counts")
                return
            }
        }
    }
}
