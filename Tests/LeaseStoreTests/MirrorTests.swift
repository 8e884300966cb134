import Foundation
import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@Suite("The mirror")
struct MirrorTests {
    typealias Fixture = StoreFixture

    @Test("A lease is read back as it was written, including unknown fields")
    func roundTrip() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let lease = Fixture.lease("a", extra: ["site:colour": ["red", 1, ["deep": 15]], "n": 12_345_678])
        try fixture.pull([lease], at: 0)
        let found = try #require(try fixture.store.lease(id: "a", scope: fixture.scope.id))
        #expect(found.lease == lease)
        #expect(found.isMine)
        #expect(found.userName == "user u1")
        #expect(found.projectName == "project p1")
        #expect(found.removal == nil)
    }

    @Test("A second pull of the same leases writes only its own run")
    func quiet() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let leases = (0..<20).map { Fixture.lease("l\($0)") }
        #expect(try fixture.pull(leases, at: 0).map(\.kind) == Array(repeating: .new, count: 20))
        let before = try fixture.dump()
        #expect(try fixture.pull(leases.reversed(), at: 5).isEmpty)
        #expect(try fixture.dump() == before)
    }

    @Test("A change keeps the previous state, with the bounds of when it happened")
    func history() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a")], at: 0)
        try fixture.pull([Fixture.lease("a")], at: 10)
        let changes = try fixture.pull([Fixture.lease("a", status: .active, to: 120)], at: 20)
        let change = try #require(changes.first)
        #expect(change.kind == .changed)
        #expect(change.fields.map(\.name) == ["end_date", "status"])
        #expect(change.fields.first?.old == .string(Fixture.time(60).iso8601))
        #expect(change.after == Fixture.time(10))
        #expect(change.observedAt == Fixture.time(20))
        try fixture.pull([Fixture.lease("a", status: .terminated, to: 120)], at: 30)
        let versions = try fixture.store.history(id: "a", scope: fixture.scope.id)
        #expect(versions.map(\.lease.status) == [.pending, .active, .terminated])
        #expect(versions.map(\.observedAt) == [0, 20, 30].map(Fixture.time))
        #expect(versions.map(\.observedUntil) == [Fixture.time(20), Fixture.time(30), nil])
        #expect(versions.first?.lastSeenAt == Fixture.time(10))
        #expect(versions.first?.lease == Fixture.lease("a"))
    }

    @Test("A missing lease keeps its row with the bounds of its removal, and returns if listed again")
    func removal() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a"), Fixture.lease("b")], at: 0)
        try fixture.pull([Fixture.lease("a"), Fixture.lease("b")], at: 10)
        let gone = try fixture.pull([Fixture.lease("a")], at: 20)
        #expect(gone.map(\.kind) == [.vanished])
        let found = try #require(try fixture.store.lease(id: "b", scope: fixture.scope.id))
        #expect(found.removal == Removal(reason: .deleted, after: Fixture.time(10), before: Fixture.time(20)))
        #expect(try fixture.store.leases(LeaseFilter()).map(\.id) == ["a"])
        var all = LeaseFilter()
        all.includesRemoved = true
        #expect(Set(try fixture.store.leases(all).map(\.id)) == ["a", "b"])
        #expect(try fixture.pull([Fixture.lease("a"), Fixture.lease("b")], at: 30).map(\.kind) == [.new])
        let versions = try fixture.store.history(id: "b", scope: fixture.scope.id)
        #expect(versions.map { $0.removal == nil } == [true, false, true])
    }

    @Test("The answer to an earlier request never overwrites a later one")
    func staleAnswer() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a"), Fixture.lease("b")], at: 0)
        var slow = try fixture.store.beginRun(cloud: "alpha", scope: fixture.scope.id, at: Fixture.time(5))
        try fixture.pull([Fixture.lease("a", status: .active), Fixture.lease("b")], at: 6)
        let stale = [ObservedLease(lease: Fixture.lease("a", status: .error), digest: 9)]
        #expect(try fixture.store.apply(stale, scope: fixture.scope, run: &slow, at: Fixture.time(5)) == nil)
        let result = try fixture.store.completeRun(
            slow, scope: fixture.scope, gone: [(1, .deleted), (2, .deleted)], counts: SyncCounts(), serverDate: nil,
            requestID: nil, startedAt: Fixture.time(5), at: Fixture.time(7))
        #expect(result == nil)
        #expect(try fixture.store.leases(LeaseFilter()).map(\.lease.status) == [.active, .pending])
    }

    @Test("Of two overlapping runs, the one that writes second is out of date")
    func overlap() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let (store, scope) = (fixture.store, fixture.scope)
        func observed(_ status: LeaseStatus, _ ids: String...) -> [ObservedLease] {
            ids.map { ObservedLease(lease: Fixture.lease($0, status: status), digest: 9) }
        }
        func complete(_ run: RunTicket) throws -> Bool {
            try store.completeRun(
                run, scope: scope, gone: [], counts: SyncCounts(), serverDate: nil, requestID: nil,
                startedAt: Fixture.time(6), at: Fixture.time(7)) != nil
        }
        try fixture.pull([Fixture.lease("a"), Fixture.lease("b")], at: 0)
        var early = try store.beginRun(cloud: "alpha", scope: scope.id, at: Fixture.time(5))
        var late = try store.beginRun(cloud: "alpha", scope: scope.id, at: Fixture.time(6))
        // The earlier run may have been answered last, so its news may be newer than the later run's.
        #expect(try store.apply(observed(.active, "a"), scope: scope, run: &early, at: Fixture.time(5))?.count == 1)
        #expect(try store.apply(observed(.error, "a", "b"), scope: scope, run: &late, at: Fixture.time(6)) == nil)
        #expect(try !complete(late))
        #expect(try store.apply(observed(.active, "b"), scope: scope, run: &early, at: Fixture.time(5))?.count == 1)
        #expect(try complete(early))
        #expect(try !store.hasCompletedRun(after: early, scope: scope.id))
        #expect(try store.leases(LeaseFilter()).map(\.lease.status) == [.active, .active])
        try fixture.pull([Fixture.lease("a"), Fixture.lease("b")], at: 8)
        #expect(try store.hasCompletedRun(after: early, scope: scope.id))
    }

    @Test("Another program's database is left untouched")
    func foreignDatabase() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let file = fixture.folder.appendingPathComponent("other.sqlite")
        try fixture.store.close()
        let source = try LeaseStore(path: file.path, access: .writing)
        try source.close()
        // With another application id, and not in WAL mode, like most programs' databases.
        var content = try Data(contentsOf: file)
        content[18] = 1
        content[19] = 1
        content[68] = 7
        try content.write(to: file)
        for access in [DatabaseAccess.reading, .writing] {
            let error = #expect(throws: StoreError.self) { try LeaseStore(path: file.path, access: access) }
            #expect(error?.kind == .foreign)
            #expect(error?.message.contains(file.path) == true)
        }
        #expect(try Data(contentsOf: file) == content)
    }

    @Test("Setting the clock back makes no interval that ends before it begins")
    func clockSetBack() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a")], at: 100)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 50)
        try fixture.pull([], at: 20)
        let versions = try fixture.store.history(id: "a", scope: fixture.scope.id)
        #expect(versions.count == 3)
        for version in versions {
            #expect(version.observedAt <= version.lastSeenAt)
            if let until = version.observedUntil { #expect(version.lastSeenAt <= until) }
        }
        #expect(try fixture.store.check().isEmpty)
    }

    @Test("Two scopes of one site share a lease in its last observed state; two sites do not")
    func twoScopes() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try fixture.store.scope(for: Fixture.identity(cloud: "root", project: "adm", user: "u9", all: true))
        try fixture.pull([Fixture.lease("a")], at: 0)
        try fixture.pull([Fixture.lease("a", status: .active), Fixture.lease("z", project: "p7")], at: 1, scope: admin)
        #expect(try fixture.store.leases(LeaseFilter()).map(\.lease.status) == [.active, .pending])
        var mine = LeaseFilter()
        mine.scopes = [fixture.scope.id]
        #expect(try fixture.store.leases(mine).map(\.lease.status) == [.active])
        try fixture.pull([Fixture.lease("a", status: .terminated)], at: 2)
        #expect(Set(try fixture.store.leases(LeaseFilter()).map(\.lease.status)) == [.terminated, .pending])
        #expect(try fixture.count("v_lease") == 2)
    }

    @Test("The views have the documented columns")
    func views() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a")], at: 0)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 10)
        #expect(
            try fixture.row("SELECT name, status, project_name, user_name, end_date FROM v_lease") == [
                "lease-a", "ACTIVE", "project p1", "user u1", .string(Fixture.time(60).iso8601),
            ])
        #expect(
            try fixture.row("SELECT lease_name, resource_type, node_type, min, max FROM v_reservation") == [
                "lease-a", "physical:host", "compute_skylake", 1, 2,
            ])
        #expect(
            try fixture.row("SELECT event_type, status, time FROM v_event") == [
                "start_lease", "UNDONE", .string(Fixture.time(0).iso8601),
            ])
        #expect(try fixture.count("v_history") == 2)
    }
}
