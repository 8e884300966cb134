import HTTPTypes
import HummingbirdTesting
import LeaseModel
import Leasehold
import MirrorFixtures
import NIOCore
import Testing

@testable import LeaseWeb

@Suite("The page's security")
struct SecurityTests {
    @Test(
        "Without a session nothing is shown", arguments: ["/leases", "/leases.json", "/sites", "/events", "/nothing"])
    func anonymous(_ path: String) async throws {
        try await TestSite().run { browser in
            let response = try await browser.client.execute(uri: path, method: .get)
            #expect(response.status == .unauthorized)
            #expect(!response.text.contains("night-1"))
        }
    }

    @Test("The token works once")
    func token() async throws {
        try await TestSite().run { browser in
            let token = browser.site.sessions.token
            let first = try await browser.client.execute(uri: "/?token=\(token)", method: .get)
            let cookie = try #require(first.headers[.setCookie])
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            #expect(!cookie.contains("Max-Age") && !cookie.contains("Expires"))
            let second = try await browser.client.execute(uri: "/?token=\(token)", method: .get)
            #expect(second.status == .unauthorized)
            #expect(second.headers[.setCookie] == nil)
            let guessed = try await browser.client.execute(
                uri: "/?token=\(String(repeating: "0", count: 64))", method: .get)
            #expect(guessed.status == .unauthorized)
        }
    }

    @Test(
        "Every answer tells the browser to load nothing from elsewhere",
        arguments: ["/leases", "/leasehold.css", "/nothing"])
    func headers(_ path: String) async throws {
        try await TestSite().run { browser in
            let response = try await browser.get(path)
            let policy = try #require(response.headers[.contentSecurityPolicy])
            #expect(policy.hasPrefix("default-src 'none'"))
            #expect(!policy.contains("unsafe"))
            #expect(response.headers[.xContentTypeOptions] == "nosniff")
            #expect(response.headers[HTTPField.Name("Referrer-Policy")!] == "same-origin")
            #expect(response.headers[HTTPField.Name("X-Frame-Options")!] == "DENY")
        }
    }

    @Test("A foreign host is refused: DNS rebinding")
    func host() async throws {
        // The test client asks for the host 'localhost', without the port under which the page would be served.
        let site = try TestSite { $0.allowedHosts = ["hub.example.org"] }
        defer { site.mirror.remove() }
        try await site.server.application().test(.router) { client in
            let response = try await client.execute(uri: "/?token=\(site.server.site.sessions.token)", method: .get)
            #expect(response.status == .misdirectedRequest)
            #expect(response.headers[.setCookie] == nil)
        }
    }

    @Test("Hosts and origins")
    func hosts() {
        let hosts = WebHosts(allowed: ["hub.example.org"])
        hosts.serve(on: 8_642)
        for host in [
            "127.0.0.1:8642", "localhost:8642", "LOCALHOST:8642", "[::1]:8642", "hub.example.org",
            "hub.example.org:443",
        ] {
            #expect(hosts.admits(host), "\(host)")
        }
        for host in ["127.0.0.1", "127.0.0.1:80", "localhost:8643", "evil.org", "hub.example.org.evil.org", ""] {
            #expect(!hosts.admits(host), "\(host)")
        }
        #expect(hosts.admits(origin: "http://127.0.0.1:8642"))
        #expect(hosts.admits(origin: "https://hub.example.org"))
        for origin in ["null", "", "https://127.0.0.1:8642", "http://localhost", "file://", "http://evil.org"] {
            #expect(!hosts.admits(origin: origin), "\(origin)")
        }
    }

    @Test("A form from elsewhere changes nothing", arguments: ["http://evil.example", "null", "http://localhost.evil"])
    func origin(_ origin: String) async throws {
        try await TestSite().run { browser in
            let response = try await browser.post("/leases/a/delete", headers: [.origin: origin])
            #expect(response.status == .forbidden)
            #expect(try browser.site.manager.queue().isEmpty)
        }
    }

    @Test("A form without the session's key changes nothing", arguments: ["", "0", String(repeating: "0", count: 64)])
    func formKey(_ key: String) async throws {
        try await TestSite().run { browser in
            let response = try await browser.post("/leases/a/delete", key: key)
            #expect(response.status == .forbidden)
            #expect(try browser.site.manager.queue().isEmpty)
        }
    }

    @Test("A form without an origin or a cookie changes nothing")
    func bare() async throws {
        try await TestSite().run { browser in
            let form = ByteBuffer(string: "csrf=\(browser.formKey)")
            let noOrigin = try await browser.client.execute(
                uri: "/leases/a/delete", method: .post, headers: [.cookie: browser.cookie], body: form)
            #expect(noOrigin.status == .forbidden)
            let noCookie = try await browser.client.execute(
                uri: "/leases/a/delete", method: .post, headers: [.origin: browser.origin], body: form)
            #expect(noCookie.status == .unauthorized)
            #expect(try browser.site.manager.queue().isEmpty)
        }
    }

    @Test("A read-only page refuses every form, and shows none")
    func readOnly() async throws {
        try await TestSite { $0.isReadOnly = true }.run { browser in
            for view in WebView.all where view.method == .post {
                let path = view.path.replacing("{id}", with: "a")
                let response = try await browser.post(path)
                #expect(response.status == .forbidden, "\(path)")
            }
            for path in ["/leases", "/leases/a", "/queue", "/sites"] {
                let response = try await browser.get(path)
                #expect(!response.text.contains("method=\"post\""), "\(path)")
            }
        }
    }

    @Test("A form that is too long is refused", arguments: [TestingSetup.router, .live])
    func longForm(_ setup: TestingSetup) async throws {
        try await TestSite().run(setup) { browser in
            let response = try await browser.post("/new", [("name", String(repeating: "x", count: 10 << 20))])
            #expect(response.status == .contentTooLarge)
            #expect(try await browser.get("/leases").status == .ok)
        }
    }

    @Test(
        "Paths lead to views only",
        arguments: [
            "/../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/leasehold.css/../../x", "/leases/..%2f..%2fetc",
            "//etc/passwd",
        ])
    func traversal(_ path: String) async throws {
        try await TestSite().run { browser in
            let response = try await browser.get(path)
            #expect(response.status == .notFound, "\(response.status)")
            #expect(!response.text.contains("root:"))
        }
    }

    @Test("Other methods are refused", arguments: [HTTPRequest.Method.put, .delete, .options, .trace])
    func methods(_ method: HTTPRequest.Method) async throws {
        try await TestSite().run { browser in
            let response = try await browser.client.execute(
                uri: "/leases", method: method, headers: [.cookie: browser.cookie, .origin: browser.origin])
            #expect(response.status == .methodNotAllowed)
        }
    }

    @Test(
        "What others write is text", arguments: ["<script>alert(1)</script>", "\"><img src=x>", "a\u{202E}b", "'; --"])
    func escaping(_ name: String) async throws {
        let site = try TestSite(filled: false)
        try site.mirror.pull([StoreFixture.lease("a", name: name)], at: 10)
        try await site.run { browser in
            for path in [
                "/leases", "/leases/a", "/leases/a/delete", "/new?from=a", "/leases?q=\(WebFields.encoded(name))",
            ] {
                let page = try await browser.get(path)
                #expect(page.status == .ok)
                #expect(!page.text.contains("<script>alert"), "\(path)")
                #expect(!page.text.contains("<img"), "\(path)")
            }
            #expect(try await !browser.get("/leases").text.contains("\u{202E}"))
        }
    }

    @Test("Only so many browsers are logged in at once")
    func sessions() {
        let sessions = WebSessions()
        let secrets = (0..<40).compactMap { _ in sessions.redeem(sessions.token) }
        #expect(secrets.count == 40)
        #expect(secrets.count { sessions.session($0) != nil } == 32)
        #expect(sessions.session(secrets[39]) != nil)
    }
}
