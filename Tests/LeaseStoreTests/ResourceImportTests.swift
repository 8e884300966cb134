import Foundation
import GRDB
import LeaseModel
import Migrations
import MirrorFixtures
import Testing

@testable import LeaseStore

@Suite("Importing what others saw of hosts and allocations")
struct ResourceImportTests {
    typealias Fixture = StoreFixture

    private func host(_ id: String, _ type: String = "gpu") -> CatalogResource {
        CatalogResource(
            kind: .host, id: id, name: "node-\(id)", fields: ["id": .string(id), "node_type": .string(type)])
    }

    private func allocation(_ host: String, _ reservation: String, lease: String = "a") -> Allocation {
        Allocation(
            resourceKind: .host, resourceID: host, reservationID: reservation, leaseID: lease,
            startsAt: Fixture.time(0), endsAt: Fixture.time(60))
    }

    private func read(
        _ hosts: [CatalogResource], held: [Allocation]? = nil, at minute: Int, into fixture: Fixture,
        scope: Scope? = nil
    ) throws {
        try fixture.store.apply(
            [ObservedResources(kind: .host, outcome: .listed, resources: hosts, allocations: held)],
            scope: (scope ?? fixture.scope).id, at: Fixture.time(minute))
    }

    private func take(_ other: LeaseStore, into fixture: Fixture) throws {
        _ = try fixture.store.importHistory(
            [ImportSource(file: "other", content: .database(other, scopes: nil))], isTrial: false,
            now: Fixture.time(1_000)
        ) { _ in }
    }

    private func hosts(_ fixture: Fixture) throws -> [String] {
        try fixture.store.resources(.host, scopes: nil).map(\.resource.id)
    }

    /// How many resources the reservation of lease `a` has, in `show` and in reports.
    private func held(_ fixture: Fixture) throws -> [Int?] {
        var counted: [Int?] = []
        try fixture.store.usage(LeaseFilter(), detail: .names) { lease in
            if lease.id == "a" { counted += lease.reservations.map(\.allocated) }
        }
        return try fixture.store.leases(LeaseFilter()).filter { $0.id == "a" }.map { $0.heldCounts["r-a"] } + counted
    }

    @Test("An imported database brings the number of hosts of a reservation")
    func counts() throws {
        let (fixture, other) = (try Fixture(), try Fixture())
        defer { fixture.remove() }
        defer { other.remove() }
        try fixture.pull([Fixture.lease("a")], at: 10)
        #expect(try held(fixture) == [nil, nil])
        try read([host("1"), host("2")], held: [allocation("1", "r-a"), allocation("2", "r-a")], at: 5, into: other)
        try take(other.store, into: fixture)
        #expect(try held(fixture) == [2, 2])
        #expect(try hosts(fixture) == ["1", "2"])
        #expect(try fixture.store.resources(.host, scopes: nil).map(\.syncedAt) == [Fixture.time(5), Fixture.time(5)])
        #expect(try fixture.store.resourceListings(scopes: nil).isEmpty, "this database has no answers of its own")
        #expect(try fixture.store.allocationListing(.host, scope: fixture.scope.id) == nil)
    }

    @Test("The scope with the latest allocations counts, not all scopes together")
    func latestScope() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        let admin = try fixture.store.scope(for: Fixture.identity(cloud: "root", project: "adm", all: true))
        try fixture.pull([Fixture.lease("a")], at: 1)
        try read(
            [host("1"), host("2")], held: [allocation("1", "r-a"), allocation("2", "r-a")], at: 5, into: fixture,
            scope: admin)
        try read(
            [host("1"), host("3")], held: [allocation("1", "r-a"), allocation("3", "r-a")], at: 10, into: fixture)
        #expect(try held(fixture) == [2, 2], "host 2 is not held, and not listed")
        #expect(try hosts(fixture) == ["1", "3"])
        // Its own latest list counts.
        try read([host("1"), host("3")], held: [allocation("3", "r-a")], at: 15, into: fixture)
        #expect(try held(fixture) == [1, 1])
        // A scope that may list hosts but not allocations decides about the hosts, the other about the allocations.
        try read([host("3", "cpu")], at: 20, into: fixture, scope: admin)
        let found = try fixture.store.resources(.host, scopes: nil)
        #expect(found.map(\.resource.fields["node_type"]) == ["cpu"])
        #expect(found.map(\.allocations.count) == [1])
        #expect(found.map(\.syncedAt) == [Fixture.time(20)])
        let bare = try fixture.store.resources(.host, scopes: nil, readsAllocations: false)
        #expect(bare.map(\.resource) == found.map(\.resource))
        #expect(bare.map(\.allocations.count) == [0])
    }

    @Test("If this database's list is the latest, an import changes nothing that is listed")
    func ownIsLatest() throws {
        let (fixture, other) = (try Fixture(), try Fixture())
        defer { fixture.remove() }
        defer { other.remove() }
        try read([host("1", "old"), host("2")], held: [allocation("1", "r-a")], at: 5, into: other)
        try read([host("1", "new"), host("3")], held: [allocation("3", "r-a")], at: 10, into: fixture)
        let listed = try fixture.store.resources(.host, scopes: nil)
        try take(other.store, into: fixture)
        #expect(try fixture.store.resources(.host, scopes: nil) == listed)
        #expect(
            try fixture.rows("SELECT resource_id, last_seen_at, gone_before FROM v_allocation ORDER BY 1") == [
                #"["1","2027-01-15T08:05:00Z","2027-01-15T08:10:00Z"]"#, #"["3","2027-01-15T08:10:00Z",null]"#,
            ])
        // A later list of theirs is the latest, until this database's next one.
        try read([host("1", "newer")], held: [], at: 15, into: other)
        try take(other.store, into: fixture)
        #expect(try hosts(fixture) == ["1"])
        #expect(try fixture.row("SELECT gone_before FROM v_resource WHERE id = '3'") == ["2027-01-15T08:15:00Z"])
        try read([host("3")], held: [], at: 20, into: fixture)
        #expect(try hosts(fixture) == ["3"])
        #expect(
            try fixture.row("SELECT fields ->> 'node_type', last_seen_at FROM v_resource WHERE id = '1'") == [
                "newer", "2027-01-15T08:15:00Z",
            ])
    }

    @Test("Only lists with new or missing rows are kept, and the last one")
    func listings() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        for minute in 0..<10 { try read([host("1")], held: [], at: minute, into: fixture) }
        for minute in 10..<20 { try read([host("2")], held: [], at: minute, into: fixture) }
        let minutes = try fixture.rows("SELECT (listed_at - 1800000000) / 60 FROM resource_listing WHERE kind = 'host'")
        #expect(minutes == ["[0]", "[10]", "[19]"])
        #expect(try fixture.row("SELECT last_seen_at FROM v_resource WHERE id = '1'") == ["2027-01-15T08:09:00Z"])
        // Two lists in one second: the second one is later.
        try read([], held: [], at: 19, into: fixture)
        #expect(try hosts(fixture).isEmpty)
        #expect(
            try fixture.row("SELECT last_seen_at, gone_before FROM resource WHERE id = '2'") == [
                1_800_001_140, 1_800_001_141,
            ])
    }

    @Test("A reservation's lease and project are as last reported")
    func refreshed() throws {
        let fixture = try Fixture()
        defer { fixture.remove() }
        try read([host("1")], held: [allocation("1", "r")], at: 0, into: fixture)
        var told = allocation("1", "r", lease: "b")
        told.projectID = "p2"
        try read([host("1")], held: [told], at: 1, into: fixture)
        #expect(try fixture.row("SELECT lease_id, project_id FROM allocation") == ["b", "p2"])
    }

    @Test("A user's name is that of the latest list, in whatever order lists are imported", arguments: [0, 1])
    func names(later: Int) throws {
        let (fixture, others) = (try Fixture(), [try Fixture(), try Fixture()])
        defer { for one in [fixture] + others { one.remove() } }
        for (index, other) in others.enumerated() {
            let name = index == later ? "new" : "old"
            try other.store.apply(
                [
                    ObservedResources(
                        kind: .user, outcome: .listed,
                        resources: [CatalogResource(kind: .user, id: "u7", name: name)])
                ], scope: other.scope.id, at: Fixture.time(index == later ? 20 : 10))
        }
        for other in others { try take(other.store, into: fixture) }
        #expect(try fixture.row("SELECT name FROM person WHERE kind = 'user' AND id = 'u7'") == ["new"])
    }
}
