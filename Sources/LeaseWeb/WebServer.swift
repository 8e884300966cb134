import Hummingbird
import HummingbirdCore
package import Leasehold
package import Logging
import NIOCore
package import Output
import ServiceLifecycle

/// The web page of a database, on this machine's loopback.
package struct WebServer: Service {
    /// How the page is served.
    package struct Settings: Sendable {
        /// The port; 0 for any free one.
        package var port = 0
        /// The path below which a proxy serves the page, without a slash at its end; empty for none.
        package var basePath = ""
        /// Host names beside those of the loopback.
        package var allowedHosts: [String] = []
        /// Whether the page refuses to change anything.
        package var isReadOnly = false
        /// The scopes to show; `nil` for all.
        package var scopes: Set<Int64>?
        /// The clouds to send to and to sync; empty for the default one.
        package var clouds: [String] = []
        /// The reader's zone.
        package var zone = DisplayZone.utc
        /// The options with which commands use the same database and zone; empty if they do without options.
        package var commandOptions: [String] = []
        /// Makes a report: what `leasehold` with these arguments, the first of which is `report`, writes about the same
        /// database in the reader's zone. `nil` if there are no reports.
        package var report: (@Sendable (_ arguments: [String]) async throws -> String)?
        /// The server's log.
        package var logger = Logger(label: "leasehold.web")
        /// Called with the token that works next, whenever one has been used.
        package var onToken: @Sendable (String) -> Void = { _ in }
        /// How long a connection may be silent, and a request may take to arrive, in seconds.
        package var patienceSeconds: Int64 = 20

        package init() { logger.logLevel = .critical }
    }

    let site: WebSite
    private let onRunning: @Sendable (_ port: Int, _ token: String) async -> Void

    /// Prepares the page.
    ///
    /// - Parameters:
    ///   - manager: the database, open for writing unless the page is read-only.
    ///   - settings: how it is served.
    ///   - onRunning: called when the page can be opened, with its port and the first token.
    /// - Throws: an error if the program itself is damaged.
    package init(
        manager: LeaseManager, settings: Settings,
        onRunning: @escaping @Sendable (_ port: Int, _ token: String) async -> Void
    ) throws {
        site = try WebSite(manager: manager, settings: settings)
        self.onRunning = onRunning
    }

    /// Serves the page until it is asked to stop.
    ///
    /// - Throws: the system's error if the port cannot be used.
    package func run() async throws { try await application().run() }

    /// The most connections at once. Further ones wait.
    private static let maxConnections = 256
    /// No header of ours is longer.
    private static let maxHeaderBytes = 16 << 10

    /// The server with its limits, also for tests.
    func application() -> some ApplicationProtocol {
        let patience = TimeAmount.seconds(site.settings.patienceSeconds)
        var channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [RequestDeadline(patience)], idleTimeout: patience)
        channel.httpDecoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: Self.maxHeaderBytes, maxHeaderListSize: Self.maxHeaderBytes, maxHeaderFieldCount: 100)
        return Application(
            router: site.router(), server: .http1(configuration: channel),
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: site.settings.port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maxConnections)),
            services: [site.live, site.syncs],
            onServerRunning: { [site, onRunning] channel in
                let port = channel.localAddress?.port ?? site.settings.port
                site.hosts.serve(on: port)
                await onRunning(port, site.sessions.token)
            },
            logger: site.settings.logger)
    }
}
