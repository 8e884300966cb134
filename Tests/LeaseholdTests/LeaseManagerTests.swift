import Foundation
import LeaseModel
import LeaseStore
import Leasehold
import MirrorFixtures
import Testing

@Suite("The library on a filled database")
struct LeaseManagerTests {
    /// A manager on a database with two sites: alpha was read at minutes 0 and 10, beta at minute 5.
    private func withManager(_ body: (LeaseManager, StoreFixture) throws -> Void) throws {
        let fixture = try StoreFixture.filled()
        defer { fixture.remove() }
        let configuration = LeaseManager.Configuration(
            databasePath: fixture.path, environment: [:], currentDirectory: fixture.folder.path,
            homeDirectory: fixture.folder.path, now: { StoreFixture.time(12) })
        try body(LeaseManager(configuration, access: .reading), fixture)
    }

    // MARK: - Filters

    struct Filter: Sendable, CustomTestStringConvertible {
        let name: String
        let found: [String]
        let set: @Sendable (inout LeaseFilter) -> Void
        var testDescription: String { name }

        init(_ name: String, _ found: [String], _ set: @escaping @Sendable (inout LeaseFilter) -> Void) {
            self.name = name
            self.found = found
            self.set = set
        }
    }

    static let filterCases: [Filter] = [
        Filter("none", ["a", "b", "c", "d", "z"]) { _ in },
        Filter("a status", ["b"]) { $0.statuses = [.active] },
        Filter("two statuses", ["b", "c"]) { $0.statuses = [.active, .terminated] },
        Filter("a project by id", ["z"]) { $0.project = "p2" },
        Filter("a project by the scope's name", ["z"]) { $0.project = "project p2" },
        Filter("a project by the catalog's name", ["a", "b", "c", "d"]) { $0.project = "project p1" },
        Filter("a user by id", ["d"]) { $0.user = "u9" },
        Filter("a user by the name in the token", ["a", "b", "c", "z"]) { $0.user = "user u1" },
        Filter("a user by the catalog's name", ["d"]) { $0.user = "ada" },
        Filter("a pattern for the name", ["a", "b"]) { $0.nameGlob = "night*" },
        Filter("a pattern with a class", ["b"]) { $0.nameGlob = "night-[2-9]" },
        Filter("a pattern with another case", []) { $0.nameGlob = "NIGHT*" },
        Filter("a type", ["c"]) { $0.resourceTypes = [.floatingIP] },
        Filter("two types", ["a", "b", "c", "d", "z"]) { $0.resourceTypes = [.floatingIP, .host] },
        Filter("a node type", ["d"]) { $0.nodeType = "gpu" },
        Filter("a resource by id", ["b"]) { $0.resource = "7" },
        Filter("a resource by name", ["b"]) { $0.resource = "node-7" },
        Filter("a moment", ["a", "d", "z"]) { $0.activeAt = StoreFixture.time(30) },
        Filter("the moment of the start", ["a", "b", "d", "z"]) { $0.activeAt = StoreFixture.time(0) },
        Filter("the moment of the end", ["c"]) { $0.activeAt = StoreFixture.time(60) },
        Filter("an end after", ["c"]) { $0.from = StoreFixture.time(60) },
        Filter("a start before", ["a", "b", "d", "z"]) { $0.to = StoreFixture.time(60) },
        Filter("a period", ["a", "d", "z"]) {
            $0.from = StoreFixture.time(20)
            $0.to = StoreFixture.time(60)
        },
        Filter("mine", ["a", "b", "c", "z"]) { $0.isMine = true },
        Filter("those that are gone too", ["a", "b", "c", "d", "e", "z"]) { $0.includesRemoved = true },
        Filter("a scope", ["z"]) { $0.scopes = [2] },
        Filter("no scope at all", []) { $0.scopes = [] },
        Filter("everything together", ["b"]) {
            $0.statuses = [.active]
            $0.project = "p1"
            $0.user = "u1"
            $0.nameGlob = "night*"
            $0.resourceTypes = [.host]
            $0.nodeType = "compute_skylake"
            $0.resource = "7"
            $0.activeAt = StoreFixture.time(1)
            $0.from = StoreFixture.time(0)
            $0.to = StoreFixture.time(5)
            $0.isMine = true
            $0.includesRemoved = true
            $0.scopes = [1, 2]
        },
        Filter("text that is meant to break out", []) { $0.project = "x' OR '1'='1" },
    ]

    @Test("Every filter finds its leases, and the count agrees", arguments: filterCases)
    func filters(_ given: Filter) throws {
        try withManager { manager, _ throws in
            var filter = LeaseFilter()
            given.set(&filter)
            #expect(try manager.leases(filter).map(\.id).sorted() == given.found)
            #expect(try manager.count(filter) == given.found.count)
            var streamed: [String] = []
            try manager.forEachLease(filter) { streamed.append($0.id) }
            #expect(streamed.sorted() == given.found)
        }
    }

    @Test("Leases are ordered with own ones first and by their end, or all by their start")
    func order() throws {
        try withManager { manager, _ throws in
            #expect(try manager.leases().map(\.id) == ["b", "a", "z", "c", "d"])
            #expect(try manager.leases(order: .start).map(\.id).last == "c")
        }
    }

    @Test("An error thrown by the caller while leases stream is passed on unchanged")
    func throwing() throws {
        struct Enough: Error, Equatable {}
        try withManager { manager, _ throws in
            #expect(throws: Enough()) { try manager.forEachLease { _ in throw Enough() } }
            #expect(throws: Enough()) { try manager.query("SELECT 1", columns: { _ in }) { _ in throw Enough() } }
            #expect(throws: Enough()) { try manager.query("SELECT 1", columns: { _ in throw Enough() }) { _ in } }
        }
    }

    // MARK: - References

    @Test("A reference is an id, a name or an id prefix; listed leases come before removed ones")
    func references() throws {
        try withManager { manager, fixture throws in
            #expect(try manager.candidate("a").id == "a")
            #expect(try manager.candidate("night-1").id == "a")
            #expect(try manager.lease("gone").removal != nil)
            try fixture.pull(
                [
                    StoreFixture.lease("5d68f3de-1", name: "twin"), StoreFixture.lease("5d68aaaa-2", name: "twin"),
                    StoreFixture.lease("night-1", name: "named like another's id"),
                ], at: 20)
            #expect(try manager.candidate("5d68f").id == "5d68f3de-1")
            #expect(try manager.candidate("night-1").id == "night-1")
            for reference in ["twin", "5d68"] {
                let error = #expect(throws: LeaseholdError.self) { try manager.candidate(reference) }
                #expect(error?.code == .ambiguous)
                #expect(error?.candidates.map(\.id).sorted() == ["5d68aaaa-2", "5d68f3de-1"])
            }
            for reference in ["5d6", "", "nothing", "%", "5d68*"] {
                let error = #expect(throws: LeaseholdError.self, "\(reference)") { try manager.candidate(reference) }
                #expect(error?.code == .notFound)
                #expect(error?.message.contains("'\(reference)'") == true)
            }
            let elsewhere = #expect(throws: LeaseholdError.self) { try manager.candidate("a", scopes: [2]) }
            #expect(elsewhere?.code == .notFound)
        }
    }

    // MARK: - History

    @Test("A lease's history has every state, and its lifeline every change, removals and returns included")
    func history() throws {
        try withManager { manager, _ throws in
            let changed = try manager.candidate("night-2")
            #expect(try manager.history(changed).map(\.lease.status) == [.pending, .active])
            let lifeline = try manager.lifeline(changed)
            #expect(lifeline.map(\.kind) == [.new, .changed])
            #expect(lifeline.last?.fields.map(\.name) == ["status"])
            #expect(lifeline.last?.after == StoreFixture.time(0))
            #expect(lifeline.last?.observedAt == StoreFixture.time(10))
            #expect(try manager.lifeline(manager.candidate("gone")).map(\.kind) == [.new, .vanished])
        }
    }

    @Test("Changes since a moment are in order, and leases of the first list are not news")
    func changes() throws {
        try withManager { manager, fixture throws in
            #expect(
                try manager.changes(since: StoreFixture.time(0)).map { "\($0.kind) \($0.lease.id)" }
                    == ["changed b", "vanished e"])
            #expect(try manager.changes(since: StoreFixture.time(11)).isEmpty)
            try fixture.pull([StoreFixture.lease("new"), StoreFixture.lease("e", name: "gone")], at: 20)
            let later = try manager.changes(since: StoreFixture.time(20))
            #expect(Set(later.map { "\($0.kind) \($0.lease.id)" }).isSuperset(of: ["new new", "new e", "vanished a"]))
            #expect(try manager.changes(since: StoreFixture.time(20), scopes: [2]).isEmpty)
        }
    }

    // MARK: - Sites

    @Test("Clouds are found by entry and by the site's name; an unknown one is not found")
    func scopes() throws {
        try withManager { manager, fixture throws in
            let renamed = StoreFixture.identity(cloud: "alias")
            _ = try fixture.store.scope(for: renamed)
            #expect(try manager.scopeIDs(ofClouds: []) == nil)
            #expect(try manager.scopeIDs(ofClouds: ["beta", "all"]) == nil)
            #expect(try manager.scopeIDs(ofClouds: ["beta"]) == [2])
            #expect(try manager.scopeIDs(ofClouds: ["alias"]) == [1])
            #expect(try manager.scopeIDs(ofClouds: ["alpha", "beta"]) == [1, 2])
            let error = #expect(throws: LeaseholdError.self) { try manager.scopeIDs(ofClouds: ["alpha", "gamma"]) }
            #expect(error?.code == .notFound)
            #expect(error?.message == "The cloud 'gamma' has not been synced. Synced so far: alias, alpha, beta.")
        }
    }

    @Test("The next lease to end is one that runs or will run")
    func nextToEnd() throws {
        try withManager { manager, _ throws in
            #expect(try manager.nextToEnd(scope: 1, after: StoreFixture.time(0))?.id == "b")
            #expect(try manager.nextToEnd(scope: 1, after: StoreFixture.time(15))?.id == "a")
            #expect(try manager.nextToEnd(scope: 1, after: StoreFixture.time(60)) == nil)
        }
    }

    @Test("Runs and resources include the site's answer")
    func runsAndResources() throws {
        try withManager { manager, fixture throws in
            #expect(try manager.lastRuns().map(\.cloud) == ["alpha", "beta"])
            #expect(try manager.lastRuns().map(\.outcome) == [.complete, .complete])
            let hosts = try manager.resources(.host)
            #expect(hosts.map(\.resource.name) == ["node-7"])
            #expect(hosts.first?.allocations.map(\.leaseID) == ["b"])
            #expect(try manager.resources(.host, scopes: [2]).isEmpty)
            #expect(
                try manager.resourceListings(scopes: [1]).contains { $0.kind == .device && $0.outcome == .forbidden })
            // Two scopes of one site list it once.
            let admin = try fixture.store.scope(for: StoreFixture.identity(cloud: "root", project: "adm", all: true))
            try fixture.store.apply(
                [ObservedResources(kind: .host, outcome: .listed, resources: hosts.map(\.resource))], scope: admin.id,
                at: StoreFixture.time(11))
            #expect(try manager.resources(.host).count == 1)
        }
    }

    // MARK: - The database

    @Test("Errors of the database have the database's code")
    func databaseErrors() throws {
        try withManager { manager, fixture throws in
            #expect(try manager.checkDatabase().isEmpty)
            #expect(manager.databaseSizeInBytes > 10_000)
            let copy = fixture.folder.path + "/copy.sqlite"
            try manager.backUpDatabase(to: copy)
            let errors = [
                #expect(throws: LeaseholdError.self) { try manager.backUpDatabase(to: copy) },
                #expect(throws: LeaseholdError.self) {
                    try manager.query("DELETE FROM lease", columns: { _ in }) { _ in }
                },
                #expect(throws: LeaseholdError.self) {
                    var configuration = manager.configuration
                    configuration.databasePath = fixture.folder.path + "/none.sqlite"
                    _ = try LeaseManager(configuration, access: .reading)
                },
            ]
            #expect(errors.map { $0?.code } == [.database, .invalid, .database])
            #expect(errors.allSatisfy { $0?.candidates.isEmpty == true && $0?.message.hasSuffix(".") == true })
        }
    }

    // MARK: - The configuration

    @Test("An unreadable configuration is reported as such, and a faulty entry hides no other")
    func configuration() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let configuration = LeaseManager.Configuration(
            databasePath: folder.path + "/db.sqlite", environment: [:], currentDirectory: folder.path,
            homeDirectory: folder.path, now: { StoreFixture.time(0) })
        let file = folder.appendingPathComponent("clouds.yaml")
        try Data("clouds:\n  good:\n    auth: {auth_url: 'http://127.0.0.1:1/v3'}\n  - bad\n".utf8).write(to: file)
        let manager = try LeaseManager(configuration)
        let error = await #expect(throws: LeaseholdError.self) { try await manager.sync() }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("clouds.yaml") == true)
        #expect(throws: LeaseholdError.self) { try LeaseManager.configuredClouds(configuration) }
        #expect(await LeaseManager.diagnose(.all, configuration).map(\.verdict) == [.bad])

        try Data("clouds:\n  one:\n    auth: {}\n  two:\n    auth: {}\n".utf8).write(to: file)
        #expect(try LeaseManager.configuredClouds(configuration).sorted() == ["one", "two"])
        let reports = try await manager.sync(clouds: .all)
        #expect(reports.map(\.cloud).sorted() == ["one", "two"])
        #expect(reports.map(\.failure) == [.configuration, .configuration])
    }
}
