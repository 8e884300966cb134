import Foundation
import HTTPTypes
import HummingbirdTesting
import LeaseModel
import Leasehold
import MirrorFixtures
import NIOCore
import Synchronization
import Testing

@testable import LeaseWeb

@Suite("The page that a program opens")
struct BrowserPageTests {
    /// A database, and what was opened.
    private final class Program: Sendable {
        let mirror: StoreFixture
        let opened = Mutex<[String]>([])

        init() throws { mirror = try StoreFixture.filled() }

        var manager: LeaseManager {
            get throws {
                var configuration = LeaseManager.Configuration(
                    databasePath: mirror.path, environment: [:], currentDirectory: mirror.folder.path,
                    homeDirectory: mirror.folder.path, now: { StoreFixture.time(12) })
                configuration.pageOpener = BrowserPage { address in self.opened.withLock { $0.append(address) } }
                return try LeaseManager(configuration)
            }
        }
    }

    private static func get(_ address: String, cookie: String = "") async throws -> (TestClient.Response, String) {
        let url = try #require(URLComponents(string: address))
        let (host, port) = (try #require(url.host), try #require(url.port))
        let path = url.percentEncodedPath + (url.percentEncodedQuery.map { "?\($0)" } ?? "")
        let response = try await TestClient.withClient(host: host, port: port) { client in
            try await client.execute(
                TestClient.Request(
                    path, method: .get, authority: "\(host):\(port)",
                    headers: cookie.isEmpty ? [:] : [.cookie: cookie]))
        }
        return (response, response.body.map { String(buffer: $0) } ?? "")
    }

    @Test("All leases, and one: each opens at its own view, from one server, and its address works once")
    func opens() async throws {
        let program = try Program()
        defer { program.mirror.remove() }
        let manager = try program.manager
        let lease = try #require(try manager.listLeases().first)
        let id = try #require(lease.id)
        let addresses = [
            try #require(try await manager.showLeases(in: .browser)), try #require(try await lease.show(in: .browser)),
        ]
        #expect(program.opened.withLock { $0 } == addresses)
        let base = try #require(addresses[0].split(separator: "?").first)
        #expect(addresses[1].hasPrefix(base) && base.hasPrefix("http://127.0.0.1:"))
        let (response, text) = try await Self.get(addresses[1])
        #expect(response.status == .ok)
        #expect(text.contains("url=/leases/\(id)"))
        let cookie = try #require(response.headers[.setCookie]?.split(separator: ";").first)
        #expect(try await Self.get(addresses[1]).0.status == .unauthorized)
        let shown = try await Self.get("\(base)leases/\(id)", cookie: String(cookie)).1
        #expect(shown.contains(lease.name) && !shown.contains("Reports"))
        // Whoever is logged in gets on without a token.
        let again = try await Self.get("\(addresses[1])", cookie: String(cookie)).0
        #expect(again.status == .seeOther && again.headers[.location]?.hasPrefix("/leases/\(id)") == true)
    }

    @Test("Many programs' parts that ask at once share one server")
    func together() async throws {
        let program = try Program()
        defer { program.mirror.remove() }
        let manager = try program.manager
        let ports = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask { try await String((manager.showLeases(in: .browser) ?? "").prefix { $0 != "?" }) }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ports.count == 1)
    }

    @Test(
        "An address that leads away from the page leads to the leases",
        arguments: ["//evil.example", "https://e.example", "/%2F", "/"])
    func elsewhere(_ path: String) async throws {
        try await TestSite().run { browser in
            let query = WebFields([("token", browser.site.sessions.token), ("to", path)]).text
            let response = try await browser.client.execute(uri: "/?\(query)", method: .get)
            #expect(response.text.contains("url=/leases\""))
        }
    }
}
