import Foundation
import LeaseModel
import LeaseStore
import LocalFiles
import MirrorFixtures
import OpenStackClient
import Synchronization
import Testing

@testable import SyncEngine

@Suite("Reading a cloud into the mirror")
struct LeaseListSyncTests {
    @Test("The first reading stores every lease as the server returned it, and reports it")
    func first() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let leases = [StoreFixture.lease("a", extra: ["colour": "red"]), StoreFixture.lease("b", status: .terminated)]
        fixture.cloud.list(leases)
        let report = await fixture.pull()
        #expect(report.failure == nil)
        #expect(report.isFirst)
        #expect(report.site == "alpha")
        #expect((report.counts.listed, report.counts.new) == (2, 2))
        #expect(report.counts.bytes == fixture.listBytes(leases))
        #expect(try fixture.mirror.store.lease(id: "a", scope: fixture.mirror.scope.id)?.lease == leases[0])
        let run = try #require(try fixture.lastRun())
        #expect(run.outcome == .complete)
        #expect(run.counts == report.counts)
        #expect(try fixture.mirror.store.scopes().map(\.listedAt) == [StoreFixture.time(0)])
    }

    @Test("A list that cannot be kept while it is read says why")
    func noSpace() throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let sync = LeaseListSync(
            store: fixture.mirror.store, connection: fixture.connection(), options: SyncOptions(), progress: { _ in })
        #expect(sync.spoolError(FileProblem.system(ENOSPC)).message.contains("(No space left on device). Nothing"))
        #expect(sync.spoolError(CocoaError(.fileReadCorruptFile)).message.contains("). Nothing was changed"))
    }

    @Test("Reading the same list again writes no row, whatever the order of its leases")
    func unchanged() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let leases = (0..<30).map { StoreFixture.lease("l\($0)") }
        fixture.cloud.list(leases)
        await fixture.pull()
        let before = try fixture.mirror.dump()
        fixture.cloud.list(leases.reversed())
        let report = await fixture.pull()
        #expect(report.failure == nil)
        #expect(!report.isFirst)
        #expect((report.counts.listed, report.counts.new, report.counts.changed) == (30, 0, 0))
        #expect(try fixture.mirror.dump() == before)
        #expect(try fixture.mirror.store.scopes().map(\.listedAt) == [StoreFixture.time(10)])
    }

    @Test("New, changed and ended leases are reported and counted")
    func changes() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        fixture.cloud.list([StoreFixture.lease("a"), StoreFixture.lease("b", status: .active)])
        await fixture.pull()
        let told = fixture.log.all.count
        fixture.cloud.list([
            StoreFixture.lease("a", status: .active), StoreFixture.lease("b", status: .terminated),
            StoreFixture.lease("c"),
        ])
        let report = await fixture.pull()
        #expect((report.counts.new, report.counts.changed, report.counts.ended) == (1, 2, 1))
        let steps = Array(fixture.log.all.dropFirst(told))
        let changes = steps.flatMap(\.changes)
        #expect(Set(changes.map { "\($0.kind) \($0.lease.id)" }) == ["changed a", "ended b", "new c"])
        #expect(steps.first { if case .reading("alpha", _, _, 3) = $0 { true } else { false } } != nil)
        #expect(steps.contains(.writing(cloud: "alpha", done: 3, of: 3)))
    }

    @Test("A list larger than a batch arrives completely, and a lease listed twice counts once")
    func batches() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let leases = (0..<105).map { StoreFixture.lease("lease-\($0)") }
        fixture.cloud.list(leases + [leases[3]])
        let report = await fixture.pull(leasesPerBatch: 50)
        #expect((report.counts.listed, report.counts.new) == (105, 105))
        let written = fixture.log.all.compactMap { if case .writing(_, let done, 105) = $0 { done } else { nil } }
        #expect(written == [50, 100, 105])
        #expect(try fixture.listed().count == 105)
    }

    @Test("The answer to an earlier request never overwrites a later one")
    func superseded() async throws {
        let later = Mutex<(@Sendable () async -> Void)?>(nil)
        let cloud = ScriptedCloud { line in
            guard line == "GET /leases", let run = later.withLock({ $0.take() }) else { return }
            await run()
        }
        let fixture = try PullFixture(cloud)
        defer { fixture.remove() }
        cloud.list([StoreFixture.lease("a"), StoreFixture.lease("b")])
        await fixture.pull()
        // While the second reading waits for its answer, a third one sends its request, is answered and completes.
        let other = ScriptedCloud()
        other.list([StoreFixture.lease("a", status: .active), StoreFixture.lease("b"), StoreFixture.lease("c")])
        later.withLock { $0 = { await fixture.pull(fixture.connection("alpha", other)) } }
        cloud.list([StoreFixture.lease("a", status: .error), StoreFixture.lease("c", status: .error)])
        let report = await fixture.pull()
        #expect(report.failure == nil)
        #expect(report.counts.vanished == 0)
        let found = try fixture.mirror.store.leases(LeaseFilter(), order: .start)
        #expect(
            Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0.lease.status) }) == [
                "a": .active, "b": .pending, "c": .pending,
            ])
        #expect(
            try fixture.mirror.store.scopes().first?.listedAt == StoreFixture.time(10),
            "the clock moved on only when the later reading had ended")
        let outcomes = try fixture.mirror.column("SELECT outcome FROM sync_run ORDER BY run_id")
        #expect(outcomes == ["complete", "superseded", "complete"])
    }

    @Test("A reading that an older one overtakes reads again, and its second result holds")
    func overtaken() async throws {
        let older = Mutex<(@Sendable () throws -> Void)?>(nil)
        let cloud = ScriptedCloud { line in
            guard line == "GET /leases", let write = older.withLock({ $0.take() }) else { return }
            #expect(throws: Never.self) { try write() }
        }
        let fixture = try PullFixture(cloud)
        defer { fixture.remove() }
        let (store, scope) = (fixture.mirror.store, fixture.mirror.scope)
        cloud.list([StoreFixture.lease("a")])
        await fixture.pull()
        let slow = try store.beginRun(cloud: "alpha", scope: scope.id, at: fixture.clock.now)
        older.withLock {
            $0 = {
                var slow = slow
                let late = [ObservedLease(lease: StoreFixture.lease("a", status: .error), digest: 9)]
                _ = try store.apply(late, scope: scope, run: &slow, at: StoreFixture.time(10))
            }
        }
        cloud.list([StoreFixture.lease("a", status: .active)])
        let report = await fixture.pull()
        #expect(report.failure == nil)
        #expect(report.counts.changed == 1)
        #expect(cloud.asked.count == 6)
        #expect(try store.lease(id: "a", scope: scope.id)?.lease.status == .active)
    }

    @Test("A list with another project's lease is not believed")
    func foreign() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        fixture.cloud.list([StoreFixture.lease("a")])
        await fixture.pull()
        fixture.cloud.list([StoreFixture.lease("x", project: "p2")])
        let before = try fixture.mirror.dump()
        let report = await fixture.pull(confirmsDeletes: true)
        #expect(report.failure == .suspect)
        #expect(report.message?.contains("lease x of project p2") == true)
        #expect(try fixture.mirror.dump() == before)
        #expect(fixture.cloud.asked.last == "GET /leases")
        // An administrator sees every project, and so does a cloud with all-projects in clouds.yaml.
        #expect(await fixture.pull(fixture.connection("every", wantsAllProjects: true)).failure == nil)
        #expect(try fixture.mirror.store.scopes().map(\.seesAllProjects) == [false, true])
    }

    @Test("Credentials for another project than before need a person's confirmation or the configuration's")
    func projectChange() async throws {
        let fixture = try PullFixture(ScriptedCloud(identity: ScriptedCloud.identity(isConfigured: false)))
        defer { fixture.remove() }
        fixture.cloud.list([StoreFixture.lease("a")])
        await fixture.pull()
        let before = try fixture.mirror.dump()
        fixture.cloud.list([StoreFixture.lease("b", project: "p2")])
        fixture.cloud.become(.success(ScriptedCloud.identity(project: "p2", isConfigured: false)))
        let report = await fixture.pull()
        #expect(report.failure == .suspect)
        #expect(report.message?.contains("project p2") == true)
        #expect(report.message?.contains("--confirm-project") == true)
        #expect(try fixture.mirror.dump() == before)
        #expect(fixture.cloud.asked.count == 2)
        #expect(try fixture.lastRun()?.outcome == .suspect)

        #expect(await fixture.pull(confirmsProject: true).failure == nil)
        #expect(try fixture.listed() == ["a", "b"])
        #expect(await fixture.pull().failure == nil)
        // A project that the configuration names is intended.
        fixture.cloud.become(.success(ScriptedCloud.identity(project: "p1", isConfigured: true)))
        fixture.cloud.list([StoreFixture.lease("a")])
        #expect(await fixture.pull().failure == nil)
    }

    @Test("An unreadable lease is reported and left as it was; the others are read")
    func undecodable() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        fixture.cloud.list([StoreFixture.lease("a"), StoreFixture.lease("b")])
        await fixture.pull()
        let sound = ScriptedCloud.text(StoreFixture.lease("b", status: .active))
        let broken = #"{"id": "a", "start_date": "soon", "end_date": "2027-01-15T09:00:00.000000"}"#
        fixture.cloud.answer("GET /leases", .json("{\"leases\": [\(broken), \(sound)]}"))
        let report = await fixture.pull()
        #expect(report.failure == nil)
        #expect(report.warnings.count == 1)
        #expect(report.warnings.first?.contains("start_date") == true)
        #expect(report.counts.changed == 1)
        let left = try #require(try fixture.mirror.store.lease(id: "a", scope: fixture.mirror.scope.id))
        #expect(left.lease == StoreFixture.lease("a"))
        #expect(left.removal == nil)
        #expect(try fixture.mirror.store.lease(id: "b", scope: fixture.mirror.scope.id)?.lease.status == .active)
    }

    @Test("A database that cannot be written is reported as such")
    func readOnlyDatabase() async throws {
        let fixture = try PullFixture()
        defer { fixture.remove() }
        let reading = try LeaseStore(path: fixture.mirror.path, access: .reading)
        let pull = LeaseListSync(
            store: reading, connection: fixture.connection(), options: SyncOptions(), progress: { _ in })
        let report = await pull.run()
        #expect(report.failure == .database)
        #expect(report.message?.contains("cannot be written") == true)
    }
}

extension PullFixture {
    /// The size of a list of some leases in bytes.
    func listBytes(_ leases: [BlazarLease]) -> Int {
        "{\"leases\": [\(leases.map(ScriptedCloud.text).joined(separator: ", "))]}".utf8.count
    }
}

extension StoreFixture {
    /// The first column of a statement's rows.
    func column(_ sql: String) throws -> [JSONValue] {
        var found: [JSONValue] = []
        try store.query(sql, columns: { _ in }) { found += $0.prefix(1) }
        return found
    }
}
