package import LeaseModel
package import Logging
package import OpenStackClient
import Synchronization

/// The clouds that the user has configured.
package struct CloudDirectory: Sendable {
    let loader: CloudConfigurationLoader
    private let environment: [String: String]
    private let homeDirectory: String
    private let currentDirectory: String
    private let proxies: ProxySettings
    private let userAgent: String
    private let now: @Sendable () -> Timestamp
    private let uptime: (@Sendable () -> Int64)?
    private let assistant: (any LoginAssistant)?
    private let logger: Logger?
    private let said = SaidOnce()
    private let ends: CredentialEnds
    private let decorate: @Sendable (any HTTPTransport) -> any HTTPTransport

    /// - Parameters:
    ///   - environment: the environment variables. `LEASEHOLD_TIMEOUT_SECONDS` limits every wait.
    ///   - homeDirectory: the user's home folder.
    ///   - currentDirectory: the current folder.
    ///   - userAgent: the `User-Agent` sent to servers.
    ///   - now: the clock.
    ///   - uptime: a seconds counter that setting the clock does not change; `nil` if the clock is never set.
    ///   - options: settings from the command line for the selected cloud, by their names in clouds.yaml.
    ///   - assistant: asks a person to log in; `nil` if nobody can be asked.
    ///   - logger: the log for requests and decisions.
    ///   - decorate: wraps each transport, for example in a log.
    package init(
        environment: [String: String], homeDirectory: String, currentDirectory: String, userAgent: String,
        now: @escaping @Sendable () -> Timestamp, uptime: (@Sendable () -> Int64)? = nil,
        options: [String: String] = [:], assistant: (any LoginAssistant)? = nil, logger: Logger? = nil,
        decorate: @escaping @Sendable (any HTTPTransport) -> any HTTPTransport = { $0 }
    ) {
        loader = CloudConfigurationLoader(
            environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory,
            options: options)
        ends = CredentialEnds(environment: environment, homeDirectory: homeDirectory)
        self.environment = environment
        self.homeDirectory = homeDirectory
        self.currentDirectory = currentDirectory
        proxies = ProxySettings(environment: environment)
        self.userAgent = userAgent
        self.now = now
        self.uptime = uptime
        self.assistant = assistant
        self.logger = logger
        self.decorate = decorate
    }

    /// A selected cloud: its connection, or why there is none.
    package struct Entry: Sendable {
        /// The reference by which it is looked up.
        package let reference: CloudReference
        /// The name to show to people.
        package let name: String
        package let connection: Result<CloudConnection, CloudError>

        package init(reference: CloudReference, name: String, connection: Result<CloudConnection, CloudError>) {
            self.reference = reference
            self.name = name
            self.connection = connection
        }
    }

    /// A selected cloud: its configuration, or what is wrong with it.
    package struct Configured: Sendable {
        package let reference: CloudReference
        let cloud: Result<CloudConfiguration, CloudError>

        /// A fingerprint of the configuration, which changes with it; `nil` if the configuration is invalid.
        package var fingerprint: String? { try? cloud.get().fingerprint }
    }

    /// When the logins and credentials of the configured clouds expire, as far as is known.
    package func loginEnds() -> [LoginEnd] {
        let all = (try? loader.load(.all)) ?? []
        return all.compactMap { (try? $0.result.get()).flatMap(ends.end) }
    }

    /// Connects a cloud. Nothing is sent before its first request.
    ///
    /// - Throws: ``CloudError`` if its configuration is invalid.
    package func connect(_ configured: Configured) throws(CloudError) -> CloudConnection {
        try connect(try configured.cloud.get()).get()
    }

    /// The names of all configured clouds.
    ///
    /// - Throws: ``CloudError`` if the files cannot be read.
    package func names() throws(CloudError) -> [String] {
        do {
            return try loader.names()
        } catch {
            throw CloudError(error)
        }
    }

    /// The configurations of the selected clouds, one for each region. None is connected.
    ///
    /// - Throws: ``CloudError`` if the files cannot be read, or if the selection is ambiguous.
    package func configured(_ clouds: Clouds) throws(CloudError) -> [Configured] {
        do {
            return try loader.load(clouds).map {
                Configured(reference: $0.reference, cloud: $0.result.mapError(CloudError.init))
            }
        } catch {
            throw CloudError(error)
        }
    }

    /// The selected clouds, one for each region. An invalid entry is returned as such, and does not hide the others.
    ///
    /// - Throws: ``CloudError`` if the files cannot be read, or if the selection is ambiguous.
    package func entries(_ clouds: Clouds) throws(CloudError) -> [Entry] {
        try configured(clouds).map { configured in
            switch configured.cloud {
            case .success(let cloud):
                Entry(reference: cloud.reference, name: cloud.displayName, connection: connect(cloud))
            case .failure(let fault):
                Entry(
                    reference: configured.reference, name: configured.reference.description,
                    connection: .failure(fault))
            }
        }
    }

    /// The site rules in the user's policy file.
    ///
    /// - Throws: ``CloudError`` if the file is invalid.
    package func policies() throws(CloudError) -> SitePolicies {
        do {
            return try SitePolicyFile.load(
                environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory)
        } catch {
            throw CloudError(error)
        }
    }

    private func connect(_ cloud: CloudConfiguration) -> Result<CloudConnection, CloudError> {
        var cloud = cloud
        // Policies only warn, so an invalid file is no reason to fail here. Commands that show policies report it.
        let policy = try? policies().policy(of: [cloud.displayName, cloud.reference.entry])
        if policy?.sendsClientEvent == false { cloud.sendsClientEvent = false }
        do throws(ServiceError) {
            let (session, transport) = try session(cloud)
            return .success(
                CloudConnection(
                    cloud: cloud, session: session, now: now, ends: ends,
                    shutDown: { await transport.closing.shutdown() }))
        } catch {
            return .failure(CloudError(error))
        }
    }

    /// The transport to send requests with, and the one to close.
    typealias Transports = (sending: any HTTPTransport, closing: AsyncHTTPClientTransport)

    /// Makes a session that logs in when it is first used.
    func session(_ cloud: CloudConfiguration) throws(ServiceError) -> (KeystoneSession, Transports) {
        note(cloud)
        try proxies.check(cloud.authURL, cloud: cloud.displayName)
        let transport = try AsyncHTTPClientTransport(
            tls: cloud.tls, proxies: proxies, userAgent: userAgent, clock: now)
        let bounded = try bounded(transport)
        let sending = decorate(logger.map { LoggingTransport(bounded, logger: $0) } ?? bounded)
        let session = KeystoneSession(
            cloud: cloud, transport: sending, clock: now, uptime: uptime, assistant: assistant, logger: logger)
        return (session, (sending, transport))
    }

    /// Logs which configuration a cloud uses, and why.
    private func note(_ cloud: CloudConfiguration) {
        guard let logger else { return }
        for warning in cloud.warnings where said.isNew(warning) { logger.warning("\(warning)") }
        guard logger.logLevel <= .info else { return }
        let place =
            switch cloud.origin {
            case .environment: "the OS_* variables"
            case .file(let path): path.escapedForTerminal
            }
        let region = cloud.region.map { ", region \($0.escapedForTerminal)" } ?? ""
        let proxy = proxies.route(to: cloud.authURL).map { ", through the proxy \($0)" } ?? ""
        let summary =
            "cloud \(cloud.reference.description.escapedForTerminal) of \(place): \(cloud.authType) at "
            + "\(cloud.authURL.escapedForTerminal)\(region)\(proxy)"
        for remark in [summary] + cloud.remarks where said.isNew(remark) { logger.info("\(remark)") }
    }

    /// Remembers what has been logged, so that nothing is logged twice.
    private final class SaidOnce: Sendable {
        private let texts = Mutex<Set<String>>([])

        func isNew(_ text: String) -> Bool { texts.withLock { $0.insert(text).inserted } }
    }

    private func bounded(_ transport: any HTTPTransport) throws(ServiceError) -> any HTTPTransport {
        guard let max = try TimeoutCappingTransport.maxSeconds(environment: environment) else { return transport }
        return TimeoutCappingTransport(transport, maxSeconds: max)
    }
}
