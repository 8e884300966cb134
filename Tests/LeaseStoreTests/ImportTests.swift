import Foundation
import GRDB
import LeaseModel
import Migrations
import MirrorFixtures
import Testing

@testable import LeaseStore

@Suite("Importing what others saw")
struct ImportTests {
    typealias Fixture = StoreFixture

    /// Imports a file with these leases, seen at the given minute.
    @discardableResult
    private func take(
        _ leases: [BlazarLease], seen minute: Int, into fixture: Fixture, scope: Scope? = nil, isTrial: Bool = false,
        now: Int = 1_000
    ) throws -> ImportReport {
        let text = "{\"leases\": [\(leases.map { JSONValue.object($0.json()).text() }.joined(separator: ","))]}"
        return try take(text, seen: minute, into: fixture, scope: scope, isTrial: isTrial, now: now)
    }

    @discardableResult
    private func take(
        _ text: String, seen minute: Int, into fixture: Fixture, scope: Scope? = nil, isTrial: Bool = false,
        now: Int = 1_000
    ) throws -> ImportReport {
        let saved = try SavedLeases(parsing: Array(text.utf8))
        let scope = try #require(try fixture.store.scopes().first { $0.id == (scope ?? fixture.scope).id })
        let source = ImportSource(
            file: "saved.json",
            content: .leases(saved, scope: scope, observedAt: Fixture.time(minute), isDatedByFile: false))
        return try #require(
            try fixture.store.importHistory([source], isTrial: isTrial, now: Fixture.time(now)) { _ in }.first)
    }

    private func states(_ id: String, _ fixture: Fixture) throws -> [String] {
        func minute(_ time: Timestamp) -> Int64 { time.seconds(since: Fixture.time(0)) / 60 }
        return try fixture.store.history(id: id, scope: fixture.scope.id).map { version in
            let state = version.removal?.reason.rawValue ?? version.lease.status.rawValue
            let until = version.observedUntil.map { "\(minute($0))" } ?? ""
            return "\(state) \(minute(version.observedAt))-\(minute(version.lastSeenAt))-\(until)"
        }
    }

    @Test("A lease that is new here and missing from later lists becomes unlisted")
    func unlisted() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a")], at: 10)
        try fixture.pull([Fixture.lease("a")], at: 20)
        let report = try take([Fixture.lease("old", status: .active)], seen: 5, into: fixture)
        #expect((report.leases, report.new, report.changed) == (1, 1, 0))
        #expect(report.observedFrom == Fixture.time(5))
        #expect(try states("old", fixture) == ["ACTIVE 5-5-10", "unlisted 10-10-"])
        #expect(try fixture.store.leases(LeaseFilter()).map(\.id) == ["a"])
        let old = try #require(try fixture.store.lease(id: "old", scope: fixture.scope.id))
        #expect(old.removal == Removal(reason: .unlisted, after: Fixture.time(5), before: Fixture.time(10)))
        #expect(try fixture.row("SELECT deleted FROM v_lease WHERE id = 'old'") == ["unlisted"])
        // Nobody was told that it is gone, so it was there all the time.
        try fixture.pull([Fixture.lease("a"), Fixture.lease("old", status: .active)], at: 30)
        #expect(try states("old", fixture) == ["ACTIVE 5-30-"])
        #expect(try fixture.store.check().isEmpty)
    }

    @Test("A state seen later than the last list is present until the next list")
    func newer() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a"), Fixture.lease("b")], at: 10)
        try take([Fixture.lease("a", status: .active), Fixture.lease("c")], seen: 20, into: fixture)
        #expect(try states("a", fixture) == ["PENDING 10-10-20", "ACTIVE 20-20-"])
        #expect(try fixture.store.lease(id: "c", scope: fixture.scope.id)?.lastSeenAt == Fixture.time(20))
        #expect(try fixture.store.lease(id: "b", scope: fixture.scope.id)?.lastSeenAt == Fixture.time(10))
        try fixture.pull([Fixture.lease("a", status: .active)], at: 30)
        #expect(try states("a", fixture) == ["PENDING 10-10-20", "ACTIVE 20-30-"])
        #expect(try states("c", fixture) == ["PENDING 20-20-30", "deleted 30-30-"])
        #expect(try states("b", fixture) == ["PENDING 10-10-30", "deleted 30-30-"])
    }

    @Test("An older state goes into the past, and overwrites nothing")
    func older() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a", status: .active)], at: 10)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 30)
        try take([Fixture.lease("a", status: .pending)], seen: 2, into: fixture)
        #expect(try states("a", fixture) == ["PENDING 2-2-10", "ACTIVE 10-30-"])
        // It contradicts the observations around it, so it holds only between the lists.
        try take([Fixture.lease("a", status: .updating)], seen: 20, into: fixture)
        #expect(
            try states("a", fixture) == ["PENDING 2-2-10", "ACTIVE 10-10-20", "UPDATING 20-20-30", "ACTIVE 30-30-"])
        let rows = try fixture.dump()
        let report = try take([Fixture.lease("a", status: .updating)], seen: 20, into: fixture)
        #expect((report.new, report.changed) == (0, 0))
        #expect(try fixture.dump() == rows)
    }

    @Test("A list that is being read during an import is read again")
    func supersedesRunningSync() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a")], at: 10)
        var run = try fixture.store.beginRun(cloud: "alpha", scope: fixture.scope.id, at: Fixture.time(15))
        try take([Fixture.lease("a", status: .active)], seen: 20, into: fixture)
        let stale = [ObservedLease(lease: Fixture.lease("a", status: .error), digest: 9)]
        #expect(try fixture.store.apply(stale, scope: fixture.scope, run: &run, at: Fixture.time(15)) == nil)
    }

    @Test("A client's list has names and dates; the rest is what was last known")
    func outline() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a", status: .active)], at: 10)
        func list(_ end: Int) -> String {
            """
            [{"id": "a", "name": "lease-a", "start_date": "\(Fixture.time(0).blazarDate)",
              "end_date": "\(Fixture.time(end).blazarDate)"},
             {"id": "b", "name": "other", "start_date": "\(Fixture.time(0).blazarDate)",
              "end_date": "\(Fixture.time(9).blazarDate)"}]
            """
        }
        try take(list(60), seen: 12, into: fixture)
        #expect(try states("a", fixture) == ["ACTIVE 10-12-"])
        try take(list(90), seen: 14, into: fixture)
        #expect(try states("a", fixture) == ["ACTIVE 10-12-14", "ACTIVE 14-14-"])
        let lease = try #require(try fixture.store.lease(id: "a", scope: fixture.scope.id)?.lease)
        #expect(lease.endsAt == Fixture.time(90))
        #expect(lease.reservations == Fixture.lease("a").reservations)
        try take(list(60), seen: 4, into: fixture)
        #expect(try states("a", fixture).first == " 4-4-10", "nothing was known of its status")
        let other = try #require(try fixture.store.lease(id: "b", scope: fixture.scope.id)?.lease)
        #expect((other.projectID, other.status.rawValue) == ("p1", ""))
    }

    @Test("A file whose date is impossible, or of another project, is refused as a whole")
    func refused() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        var known = Fixture.lease("a", status: .active)
        known.updatedAt = Fixture.time(50)
        try fixture.pull([known, Fixture.lease("b")], at: 60)
        try fixture.pull([known], at: 70)
        let rows = try fixture.dump()
        func expectRefusal(_ lease: BlazarLease, seen minute: Int, now: Int = 1_000, _ words: String) throws {
            let error = #expect(throws: StoreError.self, "\(words)") {
                try take([Fixture.lease("fine"), lease], seen: minute, into: fixture, now: now)
            }
            #expect(error?.kind == .invalid)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            #expect(try fixture.dump() == rows)
        }
        var stale = known
        stale.updatedAt = Fixture.time(40)
        stale.status = .pending
        try expectRefusal(stale, seen: 90, "it was seen as changed at 2027-01-15T08:50:00Z")
        var fresh = known
        fresh.updatedAt = Fixture.time(55)
        try expectRefusal(fresh, seen: 30, "was changed at 2027-01-15T08:55:00Z, so it cannot have been seen")
        try expectRefusal(Fixture.lease("b"), seen: 90, "it was known to be deleted")
        try expectRefusal(Fixture.lease("x", project: "p9"), seen: 65, "belongs to project p9")
        try expectRefusal(Fixture.lease("x"), seen: 90, now: 80, "in the future")
        var young = Fixture.lease("x")
        young.createdAt = Fixture.time(66)
        try expectRefusal(young, seen: 50, "was created at")
    }

    @Test("A dry run reports what would be imported, and changes nothing")
    func trial() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try fixture.pull([Fixture.lease("a")], at: 10)
        let rows = try fixture.dump()
        let report = try take(
            [Fixture.lease("a", status: .active), Fixture.lease("b")], seen: 20, into: fixture, isTrial: true)
        #expect((report.leases, report.new, report.changed) == (2, 1, 1))
        #expect(try fixture.dump() == rows)
    }

    // MARK: - Other databases

    private func merge(_ other: LeaseStore, into fixture: Fixture, scopes: Set<Int64>? = nil) throws -> [ImportReport] {
        try fixture.store.importHistory(
            [ImportSource(file: "other", content: .database(other, scopes: scopes))], isTrial: false,
            now: Fixture.time(1_000)
        ) { _ in }
    }

    @Test("Scopes match by cloud and project, and missing ones are created")
    func scopes() throws {
        let (fixture, other) = (try Fixture(), try Fixture())
        defer { fixture.remove() }
        defer { other.remove() }
        let far = try other.store.scope(for: Fixture.identity(cloud: "far", project: "p7", user: "u7"))
        try other.pull([Fixture.lease("a")], at: 5)
        try other.pull([Fixture.lease("z", project: "p7", user: "u7")], at: 6, scope: far)
        try fixture.pull([Fixture.lease("a", status: .active)], at: 20)
        let reports = try merge(other.store, into: fixture)
        #expect(reports.map(\.site) == ["alpha", "alpha"])
        #expect(reports.map(\.new) == [0, 1])
        #expect(try states("a", fixture) == ["PENDING 5-5-20", "ACTIVE 20-20-"])
        let made = try #require(try fixture.store.scopes().first { $0.projectID == "p7" })
        #expect(made.listedAt == nil, "an import is not a sync")
        let z = try #require(try fixture.store.lease(id: "z", scope: made.id))
        #expect(z.lastSeenAt == Fixture.time(6))
        #expect(z.userName == "user u7")
        #expect(try fixture.store.listings(until: Fixture.time(10))[made.id] == Fixture.time(6))
        #expect(try fixture.store.firstListings()[fixture.scope.id] == Fixture.time(5))
        // A later sync of that scope finds it.
        #expect(try fixture.store.scope(for: Fixture.identity(cloud: "far", project: "p7", user: "u7")).id == made.id)
        try fixture.pull([], at: 30, scope: made)
        #expect(try fixture.store.lease(id: "z", scope: made.id)?.removal?.after == Fixture.time(6))
    }

    @Test("Only the requested scopes are imported")
    func chosenScopes() throws {
        let (fixture, other) = (try Fixture(), try Fixture())
        defer { fixture.remove() }
        defer { other.remove() }
        let far = try other.store.scope(for: Fixture.identity(cloud: "far", project: "p7"))
        try other.pull([Fixture.lease("z", project: "p7")], at: 6, scope: far)
        try other.pull([Fixture.lease("a")], at: 6)
        #expect(try merge(other.store, into: fixture, scopes: [fixture.scope.id]).map(\.site) == ["alpha"])
        #expect(try fixture.store.scopes().count == 1)
    }

    @Test("A database is read from a copy, and left unchanged")
    func copy() throws {
        let (fixture, other) = (try Fixture(), try Fixture())
        defer { fixture.remove() }
        defer { other.remove() }
        try other.pull([Fixture.lease("a", name: "kept")], at: 5)
        let path = fixture.folder.appendingPathComponent("other.sqlite").path
        try other.store.backUp(to: path)
        let before = try Data(contentsOf: URL(filePath: path))
        let folder = fixture.folder.appendingPathComponent("copy")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let copy = try LeaseStore.openCopy(of: path, in: folder.path)
        #expect(try merge(copy, into: fixture).map(\.new) == [1])
        #expect(try fixture.store.leases(LeaseFilter()).map(\.lease.name) == ["kept"])
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    @Test("A damaged, newer or foreign database is refused with a clear message")
    func badDatabases() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        func refusal(_ name: String, _ change: (inout Data) -> Void) throws -> StoreError? {
            let other = try Fixture()
            defer { other.remove() }
            try other.pull((0..<300).map { Fixture.lease("l\($0)") }, at: 0)
            let copy = fixture.folder.appendingPathComponent("\(name).sqlite")
            try other.store.backUp(to: copy.path)
            var data = try Data(contentsOf: copy)
            change(&data)
            try data.write(to: copy)
            let folder = fixture.folder.appendingPathComponent("of-\(name)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            let error = #expect(throws: StoreError.self) { try LeaseStore.openCopy(of: copy.path, in: folder.path) }
            #expect(error?.message.contains(copy.path) == true, "\(error?.message ?? "")")
            return error
        }
        let damaged = try refusal("damaged") { data in
            for offset in stride(from: 8_192, to: data.count, by: 4_096) {
                data.replaceSubrange(offset..<offset + 200, with: Data(repeating: 0xA5, count: 200))
            }
        }
        #expect(damaged?.kind == .damaged)
        #expect(try refusal("cut") { $0.removeLast($0.count / 2) }?.kind == .damaged)
        // user_version and application_id are in the file's header.
        #expect(try refusal("newer") { $0[63] = 99 }?.kind == .newer)
        #expect(try refusal("foreign") { $0[68] = 7 }?.kind == .foreign)
    }
}
