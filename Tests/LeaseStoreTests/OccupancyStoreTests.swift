import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@Suite("Who holds what, in the mirror")
struct OccupancyStoreTests {
    private static func time(_ minutes: Int) -> Timestamp { StoreFixture.time(minutes) }

    private static func host(_ name: String, type: String = "skylake", _ fields: JSONObject = [:]) -> CatalogResource {
        var all: JSONObject = ["id": .string("id-\(name)"), "node_type": .string(type)]
        all.merge(fields)
        return CatalogResource(kind: .host, id: "id-\(name)", name: name, fields: all)
    }

    private static func allocation(
        _ host: String, lease: String, from: Int, to: Int, name: String? = nil
    ) -> Allocation {
        Allocation(
            resourceKind: .host, resourceID: "id-\(host)", reservationID: "r-\(lease)", leaseID: lease,
            startsAt: time(from), endsAt: time(to), leaseName: name)
    }

    private static func request(_ from: Int, _ to: Int, limit: Int = 100) -> OccupancyRequest {
        OccupancyRequest(period: time(from)..<time(to), limit: limit)
    }

    private static func list(
        _ hosts: [CatalogResource], _ allocations: [Allocation], at minute: Int, _ fixture: StoreFixture
    ) throws {
        try fixture.store.apply(
            [ObservedResources(kind: .host, outcome: .listed, resources: hosts, allocations: allocations)],
            scope: fixture.scope.id, at: time(minute))
    }

    @Test("has each host with what holds it in the period, in an order that people expect")
    func rows() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        try fixture.pull(
            [StoreFixture.lease("mine", from: 0, to: 60), StoreFixture.lease("theirs", user: "u2", from: 0, to: 60)],
            at: 1)
        let hosts =
            ["nc10", "nc2"].map { Self.host($0) } + [Self.host("gpu1", type: "gpu", ["reservable": .bool(false)])]
        try Self.list(
            hosts,
            [
                Self.allocation("nc2", lease: "mine", from: 0, to: 60),
                Self.allocation("nc2", lease: "foreign", from: 90, to: 120, name: "not ours"),
                Self.allocation("nc10", lease: "theirs", from: 0, to: 60),
                Self.allocation("gpu1", lease: "unnamed", from: 500, to: 600),
            ], at: 2, fixture)
        let answer = try fixture.store.occupancy(Self.request(30, 100))
        #expect(answer.rows.map(\.position.name) == ["gpu1", "nc2", "nc10"])
        #expect(answer.rows.map(\.isReservable) == [false, true, true])
        #expect(answer.rows[0].holds.isEmpty)
        let held = answer.rows[1].holds.map { (answer.leases[$0.lease], $0.span) }.sorted {
            $0.1.lowerBound < $1.1.lowerBound
        }
        #expect(held.map(\.0.name) == ["lease-mine", "not ours"])
        #expect(held.map(\.1) == [Self.time(0)..<Self.time(60), Self.time(90)..<Self.time(120)])
        #expect(held.map(\.0.isMine) == [true, false])
        #expect(held.map(\.0.isMirrored) == [true, false])
        let other = try #require(answer.rows[2].holds.first)
        #expect(answer.leases[other.lease].user == "u2" && !answer.leases[other.lease].isMine)
        #expect(answer.groups.map { "\($0.group) \($0.count)" } == ["gpu 1", "skylake 2"])
        #expect(answer.silentSites.isEmpty && !answer.hasMore)
        #expect(answer.listedAt == ["alpha": Self.time(2)])
        // What ends at the start of the period, or starts at its end, is not in it.
        #expect(try fixture.store.occupancy(Self.request(60, 90)).rows.allSatisfy(\.holds.isEmpty))
        var mine = Self.request(30, 100)
        mine.isMine = true
        #expect(try fixture.store.occupancy(mine).rows.map(\.position.name) == ["nc2"])
        var named = Self.request(30, 100)
        named.nameGlob = "nc1*"
        #expect(try fixture.store.occupancy(named).rows.map(\.position.name) == ["nc10"])
        var typed = Self.request(30, 100)
        typed.group = "gpu"
        #expect(try fixture.store.occupancy(typed).rows.map(\.position.name) == ["gpu1"])
    }

    @Test("turns pages without losing or repeating a host, also when one has gone meanwhile")
    func pages() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        let hosts = (1...23).map { Self.host("nc\($0)", type: $0 % 3 == 0 ? "gpu" : "skylake") }
        try Self.list(hosts, [], at: 2, fixture)
        var seen: [String] = []
        var request = Self.request(0, 60, limit: 5)
        repeat {
            let answer = try fixture.store.occupancy(request)
            seen += answer.rows.map(\.position.name)
            #expect(answer.groups.map(\.count) == [7, 16])
            request.after = answer.hasMore ? answer.rows.last?.position : nil
        } while request.after != nil
        #expect(seen.count == 23 && Set(seen).count == 23)
        request.after = ResourcePosition(site: "alpha", group: "gpu", name: "nc7", id: "gone")
        #expect(try fixture.store.occupancy(request).rows.first?.position.name == "nc9")
    }

    @Test("knows how long a lease held a host that the site does not list any more")
    func past() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        let hosts = [Self.host("nc1")]
        let early = Self.allocation("nc1", lease: "early", from: 0, to: 100)
        let whole = Self.allocation("nc1", lease: "whole", from: 200, to: 300)
        try Self.list(hosts, [early, whole], at: 10, fixture)
        try Self.list(hosts, [early, whole], at: 20, fixture)
        // Removed between minute 20 and 40, long before its end.
        try Self.list(hosts, [whole], at: 40, fixture)
        try Self.list(hosts, [whole], at: 310, fixture)
        try Self.list(hosts, [], at: 320, fixture)
        let row = try #require(try fixture.store.occupancy(Self.request(0, 400)).rows.first)
        let holds = row.holds.sorted { $0.span.lowerBound < $1.span.lowerBound }
        #expect(holds.map(\.span) == [Self.time(0)..<Self.time(40), Self.time(200)..<Self.time(300)])
        #expect(holds.map(\.certainUntil) == [Self.time(20), nil])
        #expect(try fixture.store.occupancy(Self.request(50, 100)).rows.first?.holds.isEmpty == true)
    }

    @Test("names the sites that do not say who holds their hosts, and why")
    func silence() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        #expect(try fixture.store.occupancy(Self.request(0, 60)).silentSites.map(\.reason) == [.notAsked])
        try fixture.store.apply(
            [ObservedResources(kind: .host, outcome: .forbidden, message: "no")], scope: fixture.scope.id,
            at: Self.time(1))
        let answer = try fixture.store.occupancy(Self.request(0, 60))
        #expect(answer.silentSites.map(\.site) == ["alpha"])
        #expect(answer.silentSites.map(\.reason) == [.forbidden])
        #expect(answer.silentSites.first?.scopes == [fixture.scope.id])
        #expect(answer.rows.isEmpty)
    }

    @Test("turns the pages of leases: the user's own first, each once")
    func leasePages() throws {
        let fixture = try StoreFixture()
        defer { fixture.remove() }
        let leases = (0..<25).map { number in
            StoreFixture.lease("l\(number)", user: number % 2 == 0 ? "u1" : "u2", from: 100 - number % 4, to: 200)
        }
        try fixture.pull(leases, at: 1)
        var filter = LeaseFilter()
        filter.from = Self.time(50)
        func page(after position: LeasePosition?) throws -> LeaseListPage {
            try fixture.store.page(
                filter, sort: LeaseSort(.calendar), after: position, limit: 4, now: Self.time(60))
        }
        var seen: [MirroredLease] = []
        var after: LeasePosition?
        repeat {
            let page = try page(after: after)
            #expect(page.leases.count <= 4 && page.positions.count == page.leases.count)
            seen += page.leases
            after = page.next
        } while after != nil
        #expect(seen.count == 25 && Set(seen.map(\.id)).count == 25)
        #expect(seen.map(\.isMine) == seen.map(\.isMine).sorted { $0 && !$1 })
        for isMine in [true, false] {
            let starts = seen.filter { $0.isMine == isMine }.map(\.lease.startsAt)
            #expect(starts == starts.sorted())
        }
        filter.to = Self.time(97)
        #expect(try page(after: nil).leases.isEmpty)
    }
}
