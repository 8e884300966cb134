import LeaseModel
import LeaseStore
import MirrorFixtures
import Testing

@Suite("Pages of leases")
struct PageOrderTests {
    /// Leases of two sites, whose users and projects share names, have none, or are written in other alphabets.
    private static func fixture() throws -> StoreFixture {
        let fixture = try StoreFixture()
        let beta = try fixture.store.scope(
            for: StoreFixture.identity(cloud: "beta", endpoint: "http://beta/v3", project: "p2", user: "u2"))
        func lease(_ site: String, _ number: Int) -> BlazarLease {
            var lease = StoreFixture.lease(
                "\(site)\(number)", name: ["b", "a", "é", "B", "ab"][number % 5],
                status: number % 3 == 0 ? .active : .pending, project: number % 4 == 0 ? "px" : "p1",
                user: "u\(number % 6)", from: number * 7 % 30, to: 60 + number * 13 % 40,
                nodeType: number % 5 == 0 ? nil : "type-\(number % 3)")
            if number % 7 == 0 { lease.createdAt = nil }
            if number % 9 == 0 { lease.reservations = [] }
            if number % 2 == 0 {
                lease.reservations.append(
                    Reservation(
                        id: "s-\(site)\(number)", leaseID: lease.id, resourceID: "y", resourceType: .floatingIP,
                        status: .pending, fields: ["amount": 1]))
            }
            return lease
        }
        try fixture.pull((0..<90).map { lease("a", $0) }, at: 1)
        try fixture.pull((0..<40).map { lease("b", $0) }, at: 2, scope: beta)
        let names = ["u1": "zoe", "u2": "ada", "u3": "ada", "u4": "Émile"].map { id, name in
            CatalogResource(kind: .user, id: id, name: name)
        }
        try fixture.store.apply(
            [ObservedResources(kind: .user, outcome: .listed, resources: names)], scope: fixture.scope.id,
            at: StoreFixture.time(3))
        return fixture
    }

    private static func value(_ lease: MirroredLease, _ column: LeaseSort.Column) -> [UInt8] {
        func number(_ moment: Int64?) -> [UInt8] { Array("\(100_000_000_000 + (moment ?? 0))".utf8) }
        let text: String
        switch column {
        case .name: text = lease.lease.name
        case .status: text = lease.lease.status.rawValue
        case .user: text = lease.userName ?? lease.lease.userID
        case .project: text = lease.projectName ?? lease.lease.projectID
        case .site: text = lease.site
        case .id: text = lease.id
        case .resources:
            let types = lease.lease.reservations.map {
                Array(($0.requiredValue(of: "node_type") ?? $0.resourceType.rawValue).utf8)
            }
            return types.min { $0.lexicographicallyPrecedes($1) } ?? []
        case .start: return number(lease.lease.startsAt.secondsSince1970)
        case .end: return number(lease.lease.endsAt.secondsSince1970)
        case .length: return number(lease.lease.endsAt.seconds(since: lease.lease.startsAt))
        case .created: return number(lease.lease.createdAt?.secondsSince1970)
        case .relevance, .calendar: return []
        }
        return Array(text.utf8)
    }

    @Test("are sorted by every column, in both directions, and follow each other without a gap")
    func orders() throws {
        let fixture = try Self.fixture()
        defer { fixture.remove() }
        var live = LeaseFilter()
        live.liveAt = StoreFixture.time(70)
        for filter in [LeaseFilter(), live] {
            let all = try fixture.store.leases(filter)
            for column in LeaseSort.Column.allCases where ![.relevance, .calendar].contains(column) {
                for isDescending in [false, true] {
                    var found: [MirroredLease] = []
                    var place: LeasePosition?
                    repeat {
                        let page = try fixture.store.page(
                            filter, sort: LeaseSort(column, isDescending: isDescending), after: place, limit: 7,
                            now: StoreFixture.time(70))
                        found += page.leases
                        place = page.next
                        try #require(found.count <= all.count)
                    } while place != nil
                    #expect(Set(found.map(\.id)) == Set(all.map(\.id)) && found.count == all.count, "\(column)")
                    let values = found.map { Self.value($0, column) }
                    for (left, right) in zip(values, values.dropFirst()) {
                        let isWrong =
                            isDescending ? left.lexicographicallyPrecedes(right) : right.lexicographicallyPrecedes(left)
                        #expect(!isWrong, "\(column), \(isDescending)")
                    }
                }
            }
        }
    }

    /// Those that let few leases through are sorted in another way.
    @Test("are in the order in which people look for them, with any filter")
    func filtered() throws {
        let fixture = try Self.fixture()
        defer { fixture.remove() }
        func ids(_ filter: LeaseFilter, _ column: LeaseSort.Column) throws -> [String] {
            var ids: [String] = []
            var place: LeasePosition?
            repeat {
                let page = try fixture.store.page(
                    filter, sort: LeaseSort(column), after: place, limit: 7, now: StoreFixture.time(70))
                ids += page.leases.map(\.id)
                place = page.next
                try #require(ids.count <= 200)
            } while place != nil
            return ids
        }
        let changes: [(inout LeaseFilter) -> Void] = [
            { $0.text = "b" }, { $0.text = "ADA" }, { $0.nameGlob = "[ab]*" }, { $0.nodeType = "type-1" },
            { $0.project = "px" }, { $0.user = "ada" }, { $0.user = "u5" }, { $0.to = StoreFixture.time(20) },
            { $0.activeAt = StoreFixture.time(75) }, { $0.resourceTypes = [.floatingIP] }, { $0.statuses = [.active] },
            { $0.from = StoreFixture.time(90) }, { $0.isMine = true },
        ]
        for liveAt in [nil, StoreFixture.time(70)] {
            for column in [LeaseSort.Column.relevance, .calendar] {
                var filter = LeaseFilter()
                filter.liveAt = liveAt
                let all = try ids(filter, column)
                #expect(all.count == Set(all).count && all.count > 50)
                for change in changes {
                    var narrow = filter
                    change(&narrow)
                    let wanted = Set(try fixture.store.leases(narrow).map(\.id))
                    #expect(wanted.count > 0 && wanted.count < all.count, "\(narrow)")
                    #expect(try ids(narrow, column) == all.filter(wanted.contains), "\(column), \(narrow)")
                }
            }
        }
    }

    /// A place is a part of an address, and anybody can write one.
    @Test("begin anywhere, whatever is asked for", arguments: [Int64.min, -1, 0, .max])
    func strangePlaces(number: Int64) throws {
        let fixture = try Self.fixture()
        defer { fixture.remove() }
        var filter = LeaseFilter()
        filter.nameGlob = "[ab]*"
        for liveAt in [nil, StoreFixture.time(60)] {
            filter.liveAt = liveAt
            for section in [Int.min, 0, 1, 2, 3, 6, .max] {
                for key in [Int64.min, 0, .max] {
                    let place = LeasePosition(section: section, value: .integer(number), key: key)
                    let page = try fixture.store.page(
                        filter, sort: LeaseSort(.relevance), after: place, limit: 200, now: StoreFixture.time(70))
                    // What ends between the filter's clock and the page's is in no part of a live list.
                    #expect(liveAt == nil || page.leases.allSatisfy { $0.lease.endsAt > StoreFixture.time(70) })
                    #expect(page.next == nil)
                }
            }
        }
    }

    @Test("go on where they were left, even if what was there is gone")
    func places() throws {
        let fixture = try Self.fixture()
        defer { fixture.remove() }
        func names(after text: String) throws -> [String] {
            let place = LeasePosition(section: 1, value: .text(text), key: 0)
            let page = try fixture.store.page(
                LeaseFilter(), sort: LeaseSort(.user), after: place, limit: 200, now: StoreFixture.time(70))
            return Array(Set(page.leases.map { $0.userName ?? $0.lease.userID })).sorted()
        }
        let all = try names(after: "")
        #expect(try names(after: "b") == all.filter { $0.utf8.lexicographicallyPrecedes("b".utf8) == false })
        #expect(try names(after: "zzzz") == all.filter { "zzzz".utf8.lexicographicallyPrecedes($0.utf8) })
    }
}
