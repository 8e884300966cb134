import HTTPTypes
import HummingbirdTesting
import LeaseModel
import LeaseStore
import Leasehold
import MirrorFixtures
import Testing

@testable import LeaseWeb

@Suite("The calendar and the reports of the page")
struct CalendarTests {
    /// A site with hosts of two types; the first is held by a lease of our own, from 08:00 to 09:00.
    private static func site(
        hosts: Int = 3, leases: Int = 1, name: String? = nil, _ change: (inout WebServer.Settings) -> Void = { _ in }
    ) throws -> TestSite {
        let site = try TestSite(change, filled: false)
        let list = (1...hosts).map { number in
            let type = number == hosts ? "gpu" : "skylake"
            return CatalogResource(
                kind: .host, id: "h\(number)", name: "nc\(number)",
                fields: ["id": .string("h\(number)"), "node_type": .string(type)])
        }
        try site.mirror.pull([StoreFixture.lease("own", name: name, status: .active, from: 0, to: 60)], at: 10)
        var held = [allocation("h1", "own", 0, 60)]
        for host in 1...hosts {
            for lease in 1..<max(1, leases) {
                held.append(allocation("h\(host)", "other-\(host)-\(lease)", lease * 120, lease * 120 + 61))
            }
        }
        try site.mirror.store.apply(
            [ObservedResources(kind: .host, outcome: .listed, resources: list, allocations: held)],
            scope: site.mirror.scope.id, at: StoreFixture.time(11))
        return site
    }

    private static func allocation(_ host: String, _ lease: String, _ from: Int, _ to: Int) -> Allocation {
        Allocation(
            resourceKind: .host, resourceID: host, reservationID: "r-\(lease)", leaseID: lease,
            startsAt: StoreFixture.time(from), endsAt: StoreFixture.time(to))
    }

    @Test("A gap leads to a draft with its type and times; a lease leads to its page")
    func gaps() async throws {
        try await Self.site().run { browser async throws in
            let page = try await browser.get("/calendar?unit=day&at=2027-01-15").text
            #expect(page.contains("alpha · gpu") && page.contains("alpha · skylake"))
            // Minute 12 is 08:12; the own lease ends at 09:00.
            #expect(page.contains("node_type=skylake&amp;start=2027-01-15%2009%3A00&amp;end=2027-01-16%2000%3A00"))
            #expect(page.contains("node_type=gpu&amp;start=now&amp;end=2027-01-16%2000%3A00"))
            #expect(page.contains("href=\"/leases/own\""))
            #expect(page.contains("class=\"own reported\""))
            let past = try await browser.get("/calendar?unit=day&at=2027-01-14").text
            #expect(!past.contains("class=\"gap\""))
        }
    }

    @Test("A start or an end alone begins or ends a period of a week, or of the unit")
    func halfPeriods() async throws {
        try await Self.site().run { browser async throws in
            func spans(_ query: String) async throws -> [String] {
                let rows = try await browser.get("/calendar.json?name=nc2&\(query)").json?.arrayValue ?? []
                return rows.flatMap { [$0["start_date"]?.stringValue, $0["end_date"]?.stringValue] }.compactMap { $0 }
            }
            let week = try await spans("from=2027-01-15T08:30Z")
            #expect(week == ["2027-01-15T08:30:00Z", "2027-01-22T08:30:00Z"])
            let day = try await spans("to=2027-01-15T08:30Z&unit=day")
            #expect(day == ["2027-01-14T08:30:00Z", "2027-01-15T08:30:00Z"])
        }
    }

    @Test("Programs get the exact periods, held and free, in any window")
    func rows() async throws {
        try await Self.site().run { browser async throws in
            let address = "/calendar.json?from=2027-01-15T08:30Z&to=2027-01-15T09:01Z"
            let rows = try #require(try await browser.get(address).json?.arrayValue)
            let first = rows.filter { $0["resource_name"]?.stringValue == "nc1" }
            #expect(first.compactMap { $0["state"]?.stringValue } == ["held", "free"])
            #expect(
                first.compactMap { $0["start_date"]?.stringValue } == ["2027-01-15T08:30:00Z", "2027-01-15T09:00:00Z"])
            #expect(first.first?["lease_name"]?.stringValue == "lease-own" && first.first?["mine"]?.boolValue == true)
            #expect(rows.count == 4)
            #expect(try await browser.get("/calendar.csv?by=lease&unit=day").text.contains("lease-own"))
        }
    }

    @Test(
        "Names are text, and filters and pages are addresses",
        arguments: ["<script>alert(1)</script>", "a\u{202E}b", "😀"])
    func names(_ name: String) async throws {
        try await Self.site(name: name).run { browser async throws in
            for path in ["/calendar?unit=day", "/calendar?by=lease&unit=day"] {
                let page = try await browser.get(path).text
                #expect(!page.contains("<script>alert") && !page.contains("\u{202E}"))
                #expect(!page.contains("style="))
            }
            #expect(try await browser.get("/calendar?name=nc2").text.contains(">nc2"))
            #expect(try await browser.get("/calendar?name=nc2").text.contains(">nc1") == false)
            #expect(try await browser.get("/calendar?mine=1&unit=day").text.contains(">nc2") == false)
        }
    }

    @Test(
        "What cannot be shown is refused",
        arguments: [
            "by=moon", "unit=year", "from=2027-01-02&to=2027-01-01", "from=2000-01-01&to=2027-01-01", "after=x",
            "at=never",
        ])
    func refusals(_ query: String) async throws {
        try await Self.site().run { browser async throws in
            let answer = try await browser.get("/calendar?\(query)")
            #expect(answer.status == .unprocessableContent)
        }
    }

    @Test("However many leases there are, a page stays small, and the pages together have every host once")
    func size() async throws {
        try await Self.site(hosts: 150, leases: 60).run { browser async throws in
            for query in ["unit=day", "unit=week", "unit=month", "from=2027-01-01&to=2028-01-01"] {
                var address: String? = "/calendar?\(query)"
                var found: [String] = []
                while let next = address {
                    let page = try await browser.get(next).text
                    #expect(page.utf8.count <= 100_000, "\(next): \(page.utf8.count)")
                    found += page.matches(of: /<th scope="row">(nc\d+)</).map { String($0.1) }
                    address = page.firstMatch(of: /<a class="button" href="([^"]+)" rel="next">More/).map {
                        String($0.1).replacing("&amp;", with: "&")
                    }
                }
                #expect(found.count == 150 && Set(found).count == 150, "\(query)")
            }
        }
    }

    @Test("A site that does not say who holds its hosts shows the leases that are known, and says so")
    func silence() async throws {
        let site = try TestSite(filled: false)
        try site.mirror.pull([StoreFixture.lease("own", status: .active, from: 0, to: 60)], at: 10)
        try site.mirror.store.apply(
            [ObservedResources(kind: .host, outcome: .forbidden, message: "no")], scope: site.mirror.scope.id,
            at: StoreFixture.time(11))
        try await site.run { browser async throws in
            let page = try await browser.get("/calendar?unit=day").text
            #expect(page.contains("does not let its members see who holds its hosts"))
            #expect(page.contains("lease-own"))
        }
    }

    @Test("A report is what the command writes, with its charts; its values never become options")
    func reports() async throws {
        let page = """
            <html><body><svg class="patterns"><defs></defs></svg><main><h1>Hours</h1><p>Remark</p>
            <table><tbody>
            \((0..<300).map { "<tr><td>\($0)</td></tr>" }.joined(separator: "\n"))
            </tbody></table></main></body></html>
            """
        try await Self.site { settings in
            settings.commandOptions = ["--db=/my data/x.sqlite", "--utc"]
            settings.report = { arguments in
                if arguments.contains("--by=moon") { throw LeaseholdError(code: .invalid, message: "No moon.") }
                #expect(arguments.first == "report" && !arguments.contains("--db=/etc/passwd"))
                #expect(arguments.contains("--os-cloud=all"))
                return arguments.contains("html") ? page : "[\"\(arguments.joined(separator: " "))\"]"
            }
        }.run { browser async throws in
            let shown = try await browser.get("/reports/hours?by=project&db=/etc/passwd").text
            #expect(shown.contains("Remark") && shown.contains("50 more rows") && !shown.contains("<td>299<"))
            #expect(try await browser.get("/reports/hours?by=moon").status == .unprocessableContent)
            let json = try await browser.get("/reports/hours.json?by=project&from=-f").text
            #expect(json.contains("--by=project --from=-f"))
            #expect(shown.contains("leasehold report hours --by=project &#39;--db=/my data/x.sqlite&#39; --utc"))
            #expect(try await browser.get("/reports/none").status == .notFound)
            let file = try await browser.get("/reports/hours/file?by=project")
            #expect(file.text == page && shown.contains("/reports/hours/file?by=project"))
            #expect(file.headers[.contentDisposition] == "attachment; filename=\"leasehold-hours.html\"")
            #expect(try await browser.get("/reports/hours/file.json").status == .notFound)
            #expect(try await browser.get("/reports").text.contains("Utilization"))
        }
    }

    @Test("A report with many bars and long rows stays small, and says what it leaves out")
    func longReports() async throws {
        let picture = "<svg role=\"img\" height=\"352\">\(String(repeating: "<rect/>", count: 400))</svg>\n"
        let row = "<tr><td>\(String(repeating: "x", count: 400))</td></tr>"
        let page = """
            <main><h1>Hours</h1><figure>\(String(repeating: picture, count: 60))</figure>
            <table><tbody>
            \([String](repeating: row, count: 200).joined(separator: "\n"))
            </tbody></table></main>
            """
        try await Self.site { $0.report = { _ in page } }.run { browser in
            let shown = try await browser.get("/reports/hours").text
            #expect(shown.utf8.count <= 100_000)
            #expect(shown.contains("The rest of the chart is in the one file."))
            let rows = shown.matches(of: /<td>xxx/).count
            #expect(rows > 50 && shown.contains("\(200 - rows) more rows are in"))
        }
    }

    @Test("A server that makes no reports does not offer them")
    func noReports() async throws {
        try await TestSite().run { browser async throws in
            let page = try await browser.get("/leases").text
            #expect(!page.contains("Reports"))
            for path in ["/reports", "/reports/hours", "/reports/hours.json", "/reports/hours/file"] {
                #expect(try await browser.get(path).status == .notFound)
            }
        }
    }
}
