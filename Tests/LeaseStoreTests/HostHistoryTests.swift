import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@Suite("History of hosts")
struct HostHistoryTests {
    private func allocation(_ host: String, _ reservation: String, kind: ResourceKind = .host) -> Allocation {
        Allocation(
            resourceKind: kind, resourceID: host, reservationID: reservation, leaseID: "l-\(reservation)",
            startsAt: StoreFixture.time(0), endsAt: StoreFixture.time(600))
    }

    /// Reads leases and then hosts with a scope.
    private func read(
        _ fixture: StoreFixture, at minute: Int, scope: Scope? = nil, hosts: [String] = ["1"],
        _ allocations: [Allocation]?, refusal: ResourceListing.Outcome? = nil
    ) throws {
        let resources = hosts.map { CatalogResource(kind: .host, id: $0, name: nil, fields: ["id": .string($0)]) }
        try fixture.pull([], at: minute, scope: scope)
        try fixture.store.apply(
            [
                ObservedResources(
                    kind: .host, outcome: .listed, resources: resources, allocations: allocations,
                    allocationRefusal: refusal.map { ($0, nil) })
            ], scope: (scope ?? fixture.scope).id, at: StoreFixture.time(minute))
    }

    private func with(_ body: (StoreFixture) throws -> Void) throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        try body(fixture)
    }

    @Test("A missing allocation was last listed in the list before")
    func bounds() throws {
        try with { fixture in
            let (a, b, c) = (allocation("1", "a"), allocation("1", "b"), allocation("1", "c"))
            try read(fixture, at: 0, [a, b])
            try read(fixture, at: 10, [a, b, c])
            try read(fixture, at: 20, [a, b, c])
            try read(fixture, at: 30, [b, c])
            try read(fixture, at: 40, [c])
            let host = try #require(try fixture.store.hostHistories(scopes: nil).first)
            // In the order of the reservations.
            #expect(host.uses.map(\.goneAfter) == [StoreFixture.time(20), StoreFixture.time(30), nil])
            #expect(host.uses.map(\.goneBefore) == [StoreFixture.time(30), StoreFixture.time(40), nil])
            #expect(host.knownUntil == StoreFixture.time(40))
            #expect(host.usesKnownUntil == StoreFixture.time(40))
        }
    }

    @Test("An empty list of allocations is a report; a list for devices is none for hosts")
    func told() throws {
        try with { fixture in
            try read(fixture, at: 0, [])
            #expect(try fixture.store.hostHistories(scopes: nil).map(\.usesKnownUntil) == [StoreFixture.time(0)])
        }
        try with { fixture in
            try read(fixture, at: 0, nil, refusal: .forbidden)
            let held = allocation("1", "a", kind: .device)
            try fixture.store.apply(
                [ObservedResources(kind: .device, outcome: .listed, allocations: [held])], scope: fixture.scope.id,
                at: StoreFixture.time(0))
            #expect(try fixture.store.hostHistories(scopes: nil).map(\.usesKnownUntil) == [nil])
        }
    }

    @Test(
        "If a site stops reporting allocations, they are known up to its last report",
        arguments: [ResourceListing.Outcome.forbidden, .failed])
    func toldOnce(outcome: ResourceListing.Outcome) throws {
        try with { fixture in
            try read(fixture, at: 0, [allocation("1", "a")])
            try read(fixture, at: 10, [])
            try read(fixture, at: 20, nil, refusal: outcome)
            let host = try #require(try fixture.store.hostHistories(scopes: nil).first)
            #expect(host.knownUntil == StoreFixture.time(20))
            #expect(host.usesKnownUntil == StoreFixture.time(10))
            #expect(host.uses.count == 1)
            // If the hosts are no longer listed either, they are known only up to their last list.
            try fixture.pull([], at: 30)
            try fixture.store.apply(
                [ObservedResources(kind: .host, outcome: outcome)], scope: fixture.scope.id, at: StoreFixture.time(30))
            #expect(try fixture.store.hostHistories(scopes: nil).map(\.knownUntil) == [StoreFixture.time(20)])
        }
    }

    @Test("The number of resources that a lease held is as known at the requested moment")
    func pastCounts() throws {
        try with { fixture in
            let lease = StoreFixture.lease("a")
            try fixture.pull([lease], at: 0)
            for (minute, hosts) in [(10, ["1"]), (20, ["1", "2", "3"]), (30, ["1", "2"]), (40, [])] {
                let held = hosts.map { allocation($0, "r-a") }
                try fixture.store.apply(
                    [ObservedResources(kind: .host, outcome: .listed, allocations: held)], scope: fixture.scope.id,
                    at: StoreFixture.time(minute))
            }
            func count(_ minute: Int) throws -> Int? {
                var known: [MirroredLease] = []
                try fixture.store.leases(LeaseFilter(), asKnownAt: StoreFixture.time(minute)) { known += $0 }
                #expect(known.map(\.id) == ["a"])
                return known.first?.heldCounts["r-a"]
            }
            // Resources that were given back count as last seen.
            let minutes = [5, 10, 15, 20, 25, 30, 35, 45]
            #expect(try minutes.map(count) == [nil, 1, 1, 3, 3, 2, 2, 2])
            #expect(try fixture.store.leases(LeaseFilter()).first?.heldCounts["r-a"] == 2)
        }
    }

    @Test("A host that several scopes see comes from the scope with the latest allocations")
    func scopes() throws {
        try with { fixture in
            let other = try fixture.store.scope(for: StoreFixture.identity(cloud: "two", project: "p2"))
            let untold = try fixture.store.scope(for: StoreFixture.identity(cloud: "three", project: "p3"))
            func chosen(_ scopes: Set<Int64>? = nil) throws -> [Int64] {
                try fixture.store.hostHistories(scopes: scopes).map(\.scopeID)
            }
            try read(fixture, at: 0, [allocation("1", "a")])
            try read(fixture, at: 10, scope: other, [allocation("1", "b")])
            try read(fixture, at: 20, scope: untold, nil, refusal: .forbidden)
            #expect(try chosen() == [other.id])
            #expect(try fixture.store.hostHistories(scopes: nil).map(\.knownUntil) == [StoreFixture.time(10)])
            #expect(try chosen([fixture.scope.id, untold.id]) == [fixture.scope.id])
            #expect(try chosen([untold.id]) == [untold.id])
            try read(fixture, at: 30, [])
            #expect(try chosen() == [fixture.scope.id])
            // Its allocations are still later than the other scope's.
            try read(fixture, at: 40, nil, refusal: .forbidden)
            #expect(try chosen() == [fixture.scope.id])
        }
    }
}
