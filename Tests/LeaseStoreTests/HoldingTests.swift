import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@Suite("What leases held, read as a stream")
struct HoldingTests {
    private func holdings(
        _ fixture: StoreFixture, _ filter: LeaseFilter = everything, detail: HoldingDetail = .names
    ) throws -> [LeaseHolding] {
        var found: [LeaseHolding] = []
        try fixture.store.holdings(filter, detail: detail) { found.append($0) }
        return found.sorted { $0.id < $1.id }
    }

    private static var everything: LeaseFilter {
        var filter = LeaseFilter()
        filter.includesDeparted = true
        return filter
    }

    @Test("is what the leases themselves say")
    func agreement() throws {
        let fixture = try StoreFixture.filled()
        defer { fixture.remove() }
        let leases = try fixture.store.leases(Self.everything).map { lease in
            var holding = LeaseHolding(lease)
            holding.events = []
            return holding
        }
        #expect(try holdings(fixture) == leases.sorted { $0.id < $1.id })
        #expect(leases.contains { $0.departure != nil })
        #expect(leases.contains { $0.reservations.contains { $0.allocated == 1 } })
    }

    @Test("has the earlier states, and the starts and ends, if they are asked for")
    func details() throws {
        let fixture = try StoreFixture.filled()
        defer { fixture.remove() }
        let found = try holdings(fixture, detail: [.names, .states, .events])
        let b = try #require(found.first { $0.id == "b" })
        #expect(b.earlierStates.map(\.status) == [.pending])
        #expect(b.earlierStates.map(\.observedUntil) == [StoreFixture.time(10)])
        #expect(b.events.map(\.eventType) == ["start_lease"])
        let gone = try #require(found.first { $0.id == "e" })
        #expect(gone.earlierStates.map(\.isGone) == [false])
        #expect(try holdings(fixture).allSatisfy { $0.earlierStates.isEmpty && $0.events.isEmpty })
    }

    @Test("leaves out the reservations that the filter's types leave out, and leases without any are still there")
    func filters() throws {
        let fixture = try StoreFixture.filled()
        defer { fixture.remove() }
        var mixed = StoreFixture.lease("m", to: 15)
        mixed.reservations.append(
            Reservation(id: "r-m2", resourceType: .floatingIP, status: .pending, fields: ["amount": 3]))
        var bare = StoreFixture.lease("n", to: 15)
        bare.reservations = []
        let known = try fixture.store.leases(LeaseFilter()).map(\.lease).filter { $0.projectID == "p1" }
        try fixture.pull(known + [mixed, bare], at: 11)
        #expect(try holdings(fixture).first { $0.id == "m" }?.reservations.count == 2)
        #expect(try holdings(fixture).first { $0.id == "n" }?.reservations == [])
        var filter = Self.everything
        filter.resourceTypes = [.floatingIP]
        let found = try holdings(fixture, filter)
        #expect(found.map(\.id) == ["c", "m"])
        #expect(found.map { $0.reservations.map(\.amount) } == [[2], [3]])
    }

    @Test("keeps counts that are no numbers out of the columns")
    func strangeCounts() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        var lease = StoreFixture.lease("x")
        lease.reservations[0].fields["min"] = "many"
        lease.reservations[0].fields["max"] = 4
        try fixture.pull([lease], at: 0)
        let reservation = try #require(try holdings(fixture).first?.reservations.first)
        #expect(reservation.minimum == nil)
        #expect(reservation.maximum == 4)
    }
}
