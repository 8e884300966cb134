import Foundation
import HTTPTypes
import HummingbirdTesting
import LeaseModel
import Leasehold
import MirrorFixtures
import Testing

@testable import LeaseWeb

@Suite("The page's views")
struct ViewTests {
    @Test("Every view answers, as a page and in its other formats")
    func all() async throws {
        try await TestSite().run { browser in
            for view in WebView.all
            where view.method == .get && view.isOffered(browser.site.settings) && view.path != "/" {
                let path = view.path.replacing("/queue/{id}", with: "/queue").replacing("{id}", with: "a")
                let page = try await browser.get(path)
                #expect(page.status == .ok, "\(path): \(page.text)")
                #expect(page.text.contains("<main"), "\(path)")
                #expect(!page.text.contains("style=\""), "\(path)")
            }
            for path in ["/leases", "/leases/a", "/queue", "/sites"] {
                let json = try await browser.get(path + ".json")
                #expect(json.json != nil, "\(path)")
                let csv = try await browser.get(path + ".csv")
                #expect(csv.status == .ok, "\(path)")
            }
        }
    }

    @Test("The grid shows live leases, and ended ones on demand")
    func grid() async throws {
        try await TestSite().run { browser in
            let live = try await browser.get("/leases").text
            #expect(live.contains("night-1") && live.contains("night-2") && live.contains("train"))
            #expect(!live.contains("addresses") && !live.contains(">gone<"))
            #expect(try await browser.get("/leases?show=all").text.contains("addresses"))
            #expect(try await browser.get("/leases?show=deleted").text.contains("gone"))
        }
    }

    @Test(
        "Filters",
        arguments: [
            ("q=NIGHT", ["night-1", "night-2"]), ("q=ada", ["train"]), ("q=100%25", []),
            ("name=night-*", ["night-1", "night-2"]),
            ("status=active", ["night-2"]), ("mine=1&site=alpha", ["night-1", "night-2"]), ("user=ada", ["train"]),
            ("node_type=gpu", ["train"]), ("resource=node-7", ["night-2"]), ("type=fip&show=all", ["addresses"]),
            ("site=beta", ["far away"]), ("from=2027-01-15+08:30&site=alpha", ["night-1", "train", "addresses"]),
        ])
    func filters(_ query: String, _ names: [String]) async throws {
        try await TestSite().run { browser in
            let rows = try #require(try await browser.get("/leases.json?\(query)").json?.arrayValue)
            #expect(Set(rows.compactMap { $0["name"]?.stringValue }) == Set(names))
        }
    }

    @Test(
        "A text that is not a time is an error that says so",
        arguments: ["/leases?from=sometime", "/leases.json?from=sometime"])
    func badTime(_ path: String) async throws {
        try await TestSite().run { browser in
            let response = try await browser.get(path)
            #expect(response.status == .unprocessableContent)
            #expect(response.text.contains("sometime"))
        }
    }

    @Test("A lease by the beginning of a name is not found, and says so")
    func missing() async throws {
        try await TestSite().run { browser in
            #expect(try await browser.get("/leases/nothing").status == .notFound)
            let json = try await browser.get("/leases/nothing.json")
            #expect(json.status == .notFound)
            #expect(json.json?["error"]?["code"]?.stringValue == "not_found")
        }
    }

    @Test("A change is queued by the review and queue of the commands")
    func extend() async throws {
        try await TestSite().run { browser in
            let answer = try await browser.post("/leases/a/extend", [("end", "+2h")])
            #expect(answer.status == .seeOther)
            let location = try #require(answer.headers[.location])
            #expect(location.hasPrefix("/leases/a?notice="))
            let write = try #require(try browser.site.manager.queue().first)
            #expect(write.verb == .extend)
            #expect(write.body["end_date"]?.stringValue == StoreFixture.time(60 + 120).blazarRequest)
            let page = try await browser.get(location)
            #expect(page.text.contains("Queued as write \(write.id)"))
            let grid = try await browser.get("/leases").text
            #expect(grid.contains("change queued"))
        }
    }

    @Test("What Blazar is sure to refuse is not queued")
    func refusal() async throws {
        try await TestSite().run { browser in
            let shorter = try await browser.post("/leases/a/extend", [("end", "-30m")])
            #expect(shorter.status == .unprocessableContent)
            let long = try await browser.post("/leases/a/rename", [("name", String(repeating: "n", count: 81))])
            #expect(long.status == .unprocessableContent)
            #expect(long.text.contains("Nothing is queued.") && !long.text.contains("--force"))
            // It ends at minute 60; the clock stands at minute 12.
            for end in ["+3d", "+1m", "2027-01-15 09:00", "+0m"] {
                let answer = try await browser.post("/leases/a/shorten", [("end", end)])
                #expect(answer.status == .unprocessableContent, "\(end)")
                #expect(answer.text.contains("not later than that") && answer.text.contains("Nothing is queued."))
            }
            #expect(try browser.site.manager.queue().isEmpty)
        }
    }

    @Test("Rename, shorten, delete, and cancel what waits")
    func writes() async throws {
        try await TestSite().run { browser in
            #expect(try await browser.post("/leases/a/rename", [("name", "renamed")]).status == .seeOther)
            #expect(try await browser.post("/leases/b/shorten", [("end", "-1m")]).status == .seeOther)
            #expect(try await browser.get("/leases/d/delete").text.contains("Delete it"))
            #expect(try await browser.post("/leases/d/delete").status == .seeOther)
            let writes = try browser.site.manager.queue()
            #expect(writes.map(\.verb) == [.update, .update, .delete])
            for write in writes {
                #expect(try await browser.get("/queue/\(write.id)").status == .ok)
                #expect(try await browser.post("/queue/\(write.id)/cancel").status == .seeOther)
            }
            #expect(try browser.site.manager.queue().isEmpty)
        }
    }

    @Test("A draft is checked, with the command and the request that it amounts to")
    func draft() async throws {
        try await TestSite().run { browser in
            let fields = [
                ("name", "my lease"), ("start", "2027-01-16 09:00"), ("duration", "2h"), ("node_amount", "2"),
                ("node_type", "gpu"),
            ]
            let page = try await browser.post("/new/check", fields)
            #expect(page.status == .ok)
            #expect(
                page.text.contains(
                    "leasehold create &#39;my lease&#39; --start &#39;2027-01-16 09:00&#39; --duration 2h --node amount=2,node_type=gpu"
                ))
            #expect(page.text.contains("&quot;start_date&quot;: &quot;2027-01-16 09:00&quot;"))
            let empty = try await browser.post("/new", [("name", "x")])
            #expect(empty.status == .unprocessableContent)
            #expect(empty.text.contains("Nothing is reserved"))
            #expect(try browser.site.manager.queue().isEmpty)
        }
    }

    @Test("Without a cloud, the page for a new lease says what to do; with several, it chooses one")
    func clouds() async throws {
        func site(_ clouds: String?) throws -> WebServer {
            let mirror = try StoreFixture.filled()
            let file = mirror.folder.appendingPathComponent("clouds.yaml")
            if let clouds { try Data(clouds.utf8).write(to: file) }
            var settings = WebServer.Settings()
            settings.allowedHosts = ["localhost"]
            return try WebServer(
                manager: LeaseManager(
                    LeaseManager.Configuration(
                        databasePath: mirror.path, environment: [:], currentDirectory: mirror.folder.path,
                        homeDirectory: mirror.folder.path, now: { StoreFixture.time(12) })),
                settings: settings
            ) { _, _ in }
        }
        func page(_ server: WebServer) async throws -> TestResponse {
            try await server.application().test(.router) { client in
                var browser = Browser(client: client, site: server.site)
                try await browser.logIn()
                let checked = try await browser.post("/new/check", [("name", "x"), ("node_amount", "1")])
                #expect(checked.status == .ok)
                return try await browser.get("/new")
            }
        }
        let none = try await page(site(nil))
        #expect(none.status == .ok && none.text.contains("No cloud is configured: put a clouds.yaml"))
        let auth = "{auth: {auth_url: \"http://127.0.0.1:9/v3\", username: u, password: p, project_name: p1}}"
        let several = try await page(site("clouds: {one: \(auth), two: \(auth)}"))
        #expect(several.status == .ok && several.text.contains("<option selected>one</option>"))
    }

    @Test("Links lead below the base path, with and without a proxy that takes it away")
    func basePath() async throws {
        try await TestSite { $0.basePath = "/proxy/8642" }.run { browser in
            let page = try await browser.get("/leases")
            #expect(page.status == .ok)
            #expect(page.text.contains("href=\"/proxy/8642/leases/a\""))
            #expect(page.text.contains("href=\"/proxy/8642/leasehold.css?"))
            let stripped = try await browser.client.execute(
                uri: "/leases", method: .get, headers: [.cookie: browser.cookie])
            #expect(stripped.status == .ok)
        }
    }

    @Test(
        "Pages follow each other without a gap",
        arguments: ["", "name", "-end_date", "status", "-user_name", "resources", "hours", "start_date", "-site"])
    func pages(_ sort: String) async throws {
        let site = try TestSite(filled: false)
        let leases = (0..<230).map { number in
            StoreFixture.lease("l\(number)", name: "n\(number % 7)", from: number % 5, to: 60 + number % 11)
        }
        try site.mirror.pull(leases, at: 10)
        try await site.run { browser in
            var link: String? = "/leases?sort=\(sort)"
            var names: [String] = []
            while let path = link {
                let text = try await browser.get(path).text
                names += text.matches(of: /data-key="(l[0-9]+)"/).map { String($0.output.1) }
                link = text.firstMatch(of: /href="([^"]+)" rel="next"/).map {
                    String($0.output.1).replacing("&amp;", with: "&")
                }
                try #require(names.count <= 230)
            }
            #expect(names.count == 230)
            #expect(Set(names).count == 230)
        }
    }
}
