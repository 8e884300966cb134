import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import LeaseModel
import Leasehold
import MirrorFixtures
import NIOCore
import Testing

@testable import LeaseWeb

/// The page of a filled database, with a clock that stands at minute 12, and a browser that is logged in.
struct TestSite: Sendable {
    let mirror: StoreFixture
    let server: WebServer

    init(_ change: (inout WebServer.Settings) -> Void = { _ in }, filled: Bool = true) throws {
        mirror = try filled ? StoreFixture.filled() : StoreFixture()
        // The cloud alpha does not answer.
        let clouds = """
            clouds:
              alpha:
                auth: {auth_url: "http://127.0.0.1:9/v3", username: u1, password: never-used, project_name: p1}
            """
        try Data(clouds.utf8).write(to: mirror.folder.appendingPathComponent("clouds.yaml"))
        let configuration = LeaseManager.Configuration(
            databasePath: mirror.path, environment: ["OS_CLOUD": "alpha"], currentDirectory: mirror.folder.path,
            homeDirectory: mirror.folder.path, now: { StoreFixture.time(12) })
        var settings = WebServer.Settings()
        // The name under which the test client asks.
        settings.allowedHosts = ["localhost"]
        change(&settings)
        server = try WebServer(manager: LeaseManager(configuration), settings: settings) { _, _ in }
    }

    /// Runs a test against the page, in this process or over a socket, and removes the database.
    func run<Value>(
        _ setup: TestingSetup = .router, _ test: @Sendable (Browser) async throws -> Value
    ) async throws -> Value {
        defer { mirror.remove() }
        return try await server.application().test(setup) { client in
            var browser = Browser(client: client, site: server.site)
            try await browser.logIn()
            return try await test(browser)
        }
    }
}

/// A browser: it keeps its cookie, sends its origin, and knows the key of forms.
struct Browser {
    let client: any TestClientProtocol
    let site: WebSite
    var cookie = ""
    /// What its forms contain.
    var formKey = ""

    var base: String { site.settings.basePath }
    var origin: String { client.port.map { "http://localhost:\($0)" } ?? "http://localhost" }

    mutating func logIn() async throws {
        let response = try await client.execute(uri: "\(base)/?token=\(site.sessions.token)", method: .get)
        #expect(response.status == .ok)
        let setting = try #require(response.headers[.setCookie])
        cookie = String(try #require(setting.split(separator: ";").first))
        formKey = try #require(site.sessions.session(String(cookie.split(separator: "=")[1]))).formKey
    }

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await client.execute(uri: base + path, method: .get, headers: merged(headers, [.cookie: cookie]))
    }

    /// Sends a form. What is in `headers` replaces what a browser sends.
    func post(
        _ path: String, _ fields: [(name: String, value: String)] = [], headers: HTTPFields = [:], key: String? = nil
    ) async throws -> TestResponse {
        let form = WebFields([("csrf", key ?? formKey)] + fields).text
        let standard: HTTPFields = [
            .cookie: cookie, .origin: origin, .contentType: "application/x-www-form-urlencoded",
        ]
        return try await client.execute(
            uri: base + path, method: .post, headers: merged(headers, standard), body: ByteBuffer(string: form))
    }

    private func merged(_ given: HTTPFields, _ standard: HTTPFields) -> HTTPFields {
        var fields = standard
        for field in given { fields[field.name] = field.value }
        return fields
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }
    var json: JSONValue? { try? JSONValue(parsing: text) }
}
