import LeaseModel
public import Leasehold
import LocalFiles
import Output

/// Serves the page in this process, and opens it in the desktop's browser.
///
/// ```swift
/// var configuration = LeaseManager.Configuration()
/// configuration.pageOpener = BrowserPage()
/// try await LeaseManager(configuration).showLeases(in: .browser)
/// ```
///
/// Each database is served once, on this machine's loopback, until the process ends. Without a desktop nothing opens, and
/// the address that ``open(_:of:)`` returns can be opened by hand.
public struct BrowserPage: LeasePageOpener {
    private let launch: (@Sendable (String) -> Void)?

    /// Makes an opener.
    ///
    /// - Parameter launch: opens an address; `nil` for the desktop's browser.
    public init(launch: (@Sendable (_ address: String) -> Void)? = nil) { self.launch = launch }

    public func open(_ path: String, of manager: LeaseManager) async throws(LeaseholdError) -> String {
        let address: String
        do {
            address = try await ServedPages.shared.address(of: manager, path: path)
        } catch {
            throw LeaseholdError(code: .unreachable, message: "The page cannot be served: \(error)")
        }
        if let launch {
            launch(address)
        } else {
            LocalFiles.Browser(environment: manager.configuration.environment)?.open(address)
        }
        return address
    }
}

/// The pages that this process serves.
private actor ServedPages {
    static let shared = ServedPages()

    private struct Page {
        let server: WebServer
        let port: Int
    }

    /// They begin once, however many ask at the same time. By the path of the database.
    private var pages: [String: Task<Page, any Error>] = [:]

    /// An address that works once.
    func address(of manager: LeaseManager, path: String) async throws -> String {
        let database = manager.configuration.databasePath
        // A task of its own, because others may wait for it too, and the caller's end must not be theirs.
        let start = pages[database] ?? Task { try await Self.serve(manager) { await self.end(database) } }
        pages[database] = start
        let page: Page
        do {
            page = try await start.value
        } catch {
            pages[database] = nil
            throw error
        }
        let query = WebFields([("token", page.server.site.sessions.token), ("to", path)]).text
        return "http://127.0.0.1:\(page.port)/?\(query)"
    }

    private func end(_ database: String) { pages[database] = nil }

    /// Begins to serve a database.
    private static func serve(_ manager: LeaseManager, then end: @escaping @Sendable () async -> Void) async throws
        -> Page
    {
        var settings = WebServer.Settings()
        settings.zone = .system(environment: manager.configuration.environment)
        let (ports, port) = AsyncThrowingStream.makeStream(of: Int.self)
        let server = try WebServer(manager: manager, settings: settings) { number, _ in port.yield(number) }
        // It serves for as long as the process runs, whoever asked for the page first.
        Task {
            do {
                try await server.run()
                port.finish()
            } catch {
                port.finish(throwing: error)
            }
            await end()
        }
        for try await number in ports { return Page(server: server, port: number) }
        throw CancellationError()
    }
}
