import HTTPTypes
import HummingbirdTesting
import LeaseModel
import LeaseStore
import LeaseText
import Leasehold
import MirrorFixtures
import Testing

@testable import LeaseWeb

@Suite("However much there is, the page stays small and shows all of it")
struct PageTests {
    /// A name of 80 characters, each of which needs more bytes than any other.
    private static let longName = String(repeating: "\u{1F680}&", count: 40)

    /// A site with creations that wait in the queue, and leases that the server has.
    private static func site(drafts: Int, leases: Int, name: String? = nil) throws -> TestSite {
        let site = try TestSite(filled: false)
        let mirror = site.mirror
        try mirror.pull(
            (0..<leases).map { StoreFixture.lease("l\($0)", name: name, user: $0 % 2 == 0 ? "u1" : "u2", to: 60 + $0) },
            at: 10)
        for number in 0..<drafts {
            let draft = LeaseDraft(
                name: name ?? "d\(number)", start: .at(StoreFixture.time(30 + number % 7)),
                endsAt: StoreFixture.time(60 + number % 11),
                reservations: [["resource_type": "physical:host", "min": 1, "max": 1, "resource_properties": ""]])
            let creation = Mutation(
                id: 0, scopeID: mirror.scope.id, address: mirror.scope.queueAddress, site: mirror.scope.site,
                verb: .create, localID: "local-\(number)", leaseID: nil, leaseName: draft.name, state: .queued,
                body: draft.body, token: "token-\(number)", createdAt: StoreFixture.time(1))
            _ = try mirror.store.enqueue(to: mirror.scope.queueAddress, at: StoreFixture.time(1)) { _ in creation }
        }
        return site
    }

    /// Follows the links to the next page from an address, and gives what a pattern finds on all of them.
    private static func walk(
        _ browser: Browser, _ path: String, _ pattern: Regex<(Substring, Substring)>
    ) async throws -> [String] {
        var found: [String] = []
        var next: String? = path
        var pages = 0
        while let path = next {
            let page = try await browser.get(path)
            #expect(page.status == .ok && page.text.utf8.count <= 100_000, "\(path): \(page.text.utf8.count)")
            found += page.text.matches(of: pattern).map { String($0.1) }
            next = page.text.firstMatch(of: /href="([^"]+)" rel="next">(?:More|Next)/).map {
                String($0.1).replacing("&amp;", with: "&")
            }
            pages += 1
            try #require(pages < 60)
        }
        return found
    }

    private static func expect(_ found: [String], each ids: [String], _ what: String) {
        #expect(found.count == ids.count && Set(found) == Set(ids), "\(what): \(found.count) of \(ids.count)")
    }

    @Test("Each queued write and each lease is on one page of the queue, the grid and the calendar of leases")
    func queued() async throws {
        let drafts = (0..<230).map { "local-\($0)" }
        let leases = (0..<130).map { "l\($0)" }
        try await Self.site(drafts: 230, leases: 130).run { browser async throws in
            let writes = try await Self.walk(browser, "/queue", /data-key="(\d+)"/)
            Self.expect(writes, each: (1...230).map(String.init), "/queue")
            for sort in ["", "?sort=name", "?sort=-end_date", "?sort=user_name"] {
                let rows = try await Self.walk(browser, "/leases\(sort)", /data-key="([^"]+)"/)
                #expect(Array(rows.prefix(230)).allSatisfy { $0.hasPrefix("local-") })
                Self.expect(rows, each: drafts + leases, "/leases\(sort)")
            }
            let bars = try await Self.walk(
                browser, "/calendar?by=lease&unit=day", /<th scope="row"><a href="\/leases\/([^"]+)"/)
            Self.expect(bars, each: drafts + leases, "the calendar of leases")
            for path in ["/leases.json", "/queue.json", "/calendar.json?by=lease&unit=day"] {
                let count = path.hasPrefix("/queue") ? 230 : 360
                #expect(try await browser.get(path).json?.arrayValue?.count == count, "\(path)")
            }
            #expect(try await browser.get("/leases").text.contains("230 queued here"))
        }
    }

    @Test("Many queued leases with long names leave room for the first host")
    func hosts() async throws {
        let site = try Self.site(drafts: 120, leases: 4, name: Self.longName)
        let hosts = (1...90).map { number in
            CatalogResource(kind: .host, id: "h\(number)", name: "nc\(number)", fields: ["node_type": "skylake"])
        }
        // One host is busy all the time, by leases of ten minutes.
        let allocations = (0..<700).map { number in
            Allocation(
                resourceKind: .host, resourceID: "h1", reservationID: "r\(number)", leaseID: "x\(number)",
                startsAt: StoreFixture.time(number * 14), endsAt: StoreFixture.time(number * 14 + 10))
        }
        try site.mirror.store.apply(
            [ObservedResources(kind: .host, outcome: .listed, resources: hosts, allocations: allocations)],
            scope: site.mirror.scope.id, at: StoreFixture.time(11))
        try await site.run { browser async throws in
            for query in ["unit=day", "unit=week", "from=2027-01-15&to=2027-01-16", "unit=month", "unit=day&name=nc1"] {
                let names = try await Self.walk(browser, "/calendar?\(query)", /<th scope="row">(nc\d+)</)
                Self.expect(names, each: query.hasSuffix("nc1") ? ["nc1"] : hosts.compactMap(\.name), query)
            }
            #expect(try await browser.get("/calendar").text.contains("More leases are queued than these"))
            Self.expect(
                try await Self.walk(browser, "/leases", /data-key="([^"]+)"/),
                each: (0..<120).map { "local-\($0)" } + (0..<4).map { "l\($0)" }, "/leases")
            Self.expect(
                try await Self.walk(browser, "/queue", /data-key="(\d+)"/), each: (1...120).map(String.init), "/queue")
        }
    }

    @Test("A lease with a long history is a page, and the rest is in the JSON")
    func history() async throws {
        let site = try TestSite(filled: false)
        for number in 0..<400 {
            let name = "\(number) \(Self.longName.prefix(70))"
            try site.mirror.pull([StoreFixture.lease("a", name: name, to: 60 + number)], at: number)
        }
        try await site.run { browser in
            for path in ["/leases/a", "/leases/a?all=1"] {
                let page = try await browser.get(path).text
                #expect(page.utf8.count <= 100_000 && page.contains("earlier changes are in the"), "\(page.utf8.count)")
            }
            let history = try await browser.get("/leases/a.json").json?["history"]?.arrayValue
            #expect((history?.count ?? 0) >= 400)
        }
    }

    @Test(
        "A place, an order or a choice that does not exist is an error that says so",
        arguments: [
            "/leases?after=x", "/leases?sort=moon", "/leases?sort=calendar", "/leases?show=most", "/queue?after=x",
            "/calendar?by=lease&after=x", "/calendar?after=x",
        ])
    func refusals(_ path: String) async throws {
        try await TestSite().run { browser async throws in
            let answer = try await browser.get(path)
            #expect(answer.status == .unprocessableContent)
        }
    }

    @Test("A calendar file is read part by part, and has every lease")
    func calendarFile() async throws {
        try await Self.site(drafts: 0, leases: 45).run { browser async throws in
            let manager = browser.site.manager
            var text = ""
            try manager.forEachCalendarPart(LeaseFilter(), now: StoreFixture.time(12), alarmSeconds: 3_600) {
                text += $0
            }
            #expect(try await browser.get("/leases.ics?show=all").text == text)
            #expect(text.matches(of: /BEGIN:VEVENT/).count == 45)
            var (found, place): ([LeaseUsage], Int64?) = ([], nil)
            repeat {
                let part = try manager.usage(LeaseFilter(), after: place, length: 10)
                #expect(part.leases.count <= 10)
                found += part.leases
                place = part.next
            } while place != nil
            #expect(found.map(\.id) == (0..<45).map { "l\($0)" })
            // An error before the first line is an answer of its own.
            #expect(try await browser.get("/leases.ics?name=none").status == .notFound)
        }
    }
}
