package import LeaseModel
package import OpenStackClient

/// Which clouds to sync.
package enum CloudSelection: Sendable, Hashable {
    /// The one that `OS_CLOUD` names, or the environment's, or the only one there is.
    case standard
    /// Those of these names.
    case named([String])
    /// Every one that is configured.
    case all
}

/// Why a cloud cannot even be tried.
package struct CloudFault: Error, Sendable, Hashable {
    /// One sentence: what, where, and what to do.
    package let message: String

    init(_ error: CloudConfigurationError) { message = error.message }
    init(_ error: ServiceError) { message = error.message }
}

/// The clouds that a person has configured.
package struct CloudDirectory: Sendable {
    private let loader: CloudConfigurationLoader
    private let environment: [String: String]
    private let homeDirectory: String
    private let currentDirectory: String
    private let proxies: ProxySettings
    private let userAgent: String
    private let now: @Sendable () -> Timestamp
    private let decorate: @Sendable (any HTTPTransport) -> any HTTPTransport

    /// - Parameters:
    ///   - environment: the environment variables; `LEASEHOLD_TIMEOUT_SECONDS` bounds every wait.
    ///   - homeDirectory: the user's home folder.
    ///   - currentDirectory: the current folder.
    ///   - userAgent: what to call ourselves towards servers.
    ///   - now: the clock.
    ///   - decorate: puts something around each transport, such as a log.
    package init(
        environment: [String: String], homeDirectory: String, currentDirectory: String, userAgent: String,
        now: @escaping @Sendable () -> Timestamp,
        decorate: @escaping @Sendable (any HTTPTransport) -> any HTTPTransport = { $0 }
    ) {
        loader = CloudConfigurationLoader(
            environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory)
        self.environment = environment
        self.homeDirectory = homeDirectory
        self.currentDirectory = currentDirectory
        proxies = ProxySettings(environment: environment)
        self.userAgent = userAgent
        self.now = now
        self.decorate = decorate
    }

    /// A cloud that was asked for: how to reach it, or why that cannot be done.
    package struct Entry: Sendable {
        package let name: String
        package let connection: Result<CloudConnection, CloudFault>
    }

    /// The names of the clouds that are configured.
    ///
    /// - Throws: ``CloudFault`` if the files cannot be read.
    package func names() throws(CloudFault) -> [String] {
        do {
            return try loader.names()
        } catch {
            throw CloudFault(error)
        }
    }

    /// The name of the cloud that is meant where none is named.
    ///
    /// - Throws: ``CloudFault`` if that cannot be told.
    package func standardName() throws(CloudFault) -> String {
        do {
            return try loader.loadDefault().displayName
        } catch {
            throw CloudFault(error)
        }
    }

    /// The clouds of a selection. A faulty entry is a result of its own and hides no other.
    ///
    /// - Throws: ``CloudFault`` if the files cannot be read at all.
    package func entries(_ selection: CloudSelection) throws(CloudFault) -> [Entry] {
        do {
            switch selection {
            case .standard:
                let cloud = try loader.loadDefault()
                return [Entry(name: cloud.displayName, connection: connect(cloud))]
            case .named(let names):
                return names.map { name in
                    do throws(CloudConfigurationError) {
                        let cloud = try loader.load(name: name)
                        return Entry(name: cloud.displayName, connection: connect(cloud))
                    } catch {
                        return Entry(name: name, connection: .failure(CloudFault(error)))
                    }
                }
            case .all:
                return try loader.loadAll().map { loaded in
                    switch loaded.result {
                    case .success(let cloud): Entry(name: cloud.displayName, connection: connect(cloud))
                    case .failure(let error): Entry(name: loaded.name, connection: .failure(CloudFault(error)))
                    }
                }
            }
        } catch {
            throw CloudFault(error)
        }
    }

    /// What the person's policy file says of sites.
    ///
    /// - Throws: ``CloudFault`` if it cannot be understood.
    package func policies() throws(CloudFault) -> SitePolicies {
        do {
            return try SitePolicyFile.load(
                environment: environment, homeDirectory: homeDirectory, currentDirectory: currentDirectory)
        } catch {
            throw CloudFault(error)
        }
    }

    private func connect(_ cloud: CloudConfiguration) -> Result<CloudConnection, CloudFault> {
        var cloud = cloud
        // Policies warn and never stop anything: who asks for them learns that the file is broken.
        let policy = try? policies().policy(of: [cloud.displayName, cloud.name])
        if policy?.sendsClientEvent == false { cloud.sendsClientEvent = false }
        do throws(ServiceError) {
            let transport = try AsyncHTTPClientTransport(
                tls: cloud.tls, proxies: proxies, userAgent: userAgent, clock: now)
            let session = KeystoneSession(cloud: cloud, transport: decorate(try bounded(transport)), clock: now)
            return .success(
                CloudConnection(cloud: cloud, session: session, now: now, shutDown: { await transport.shutdown() }))
        } catch {
            return .failure(CloudFault(error))
        }
    }

    private func bounded(_ transport: any HTTPTransport) throws(ServiceError) -> any HTTPTransport {
        guard let most = try ImpatientTransport.mostSeconds(environment: environment) else { return transport }
        return ImpatientTransport(transport, mostSeconds: most)
    }
}
