package import LeaseModel
import OpenStackClient

/// Logs a person in to a cloud, and out of it.
package struct CloudLogin: Sendable {
    private let session: KeystoneSession
    private let transport: any HTTPTransport
    private let shutDown: @Sendable () async -> Void

    init(session: KeystoneSession, transport: any HTTPTransport, shutDown: @escaping @Sendable () async -> Void) {
        self.session = session
        self.transport = transport
        self.shutDown = shutDown
    }

    /// The cloud's name.
    package var name: String { session.cloud.displayName }
    /// Its region; `nil` if none is configured.
    package var region: String? { session.cloud.region }

    /// The login as ccauth writes it; `nil` for a login of another kind.
    package var chameleon: ChameleonLogin? { ChameleonLogin(session.cloud) }

    /// Logs in.
    ///
    /// - Parameter asksAgain: whether to ask a person even if there is a valid login.
    /// - Returns: who logged in, and which projects the login gives access to.
    /// - Throws: ``CloudError``.
    package func logIn(askingAgain asksAgain: Bool) async throws(CloudError) -> LoginSummary {
        do {
            return try await session.logIn(askingAgain: asksAgain)
        } catch {
            throw CloudError(error)
        }
    }

    /// Ends the stored login.
    ///
    /// - Returns: whether there was one.
    /// - Throws: ``CloudError``.
    package func logOut() async throws(CloudError) -> Bool {
        do {
            return try await session.logOut()
        } catch {
            throw CloudError(error)
        }
    }

    /// Chameleon's sites, from its public list.
    ///
    /// - Throws: ``CloudError``.
    package func sites(listURL: String) async throws(CloudError) -> [ChameleonSite] {
        let request = HTTPRequest(method: "GET", url: listURL, headers: ["Accept": "application/json"])
        do throws(TransportError) {
            let reply = try await transport.send(request)
            let body = try await reply.body.collect()
            guard (200..<300).contains(reply.status),
                let sites = (try? JSONValue(parsing: body)).flatMap(ChameleonSite.sites), !sites.isEmpty
            else {
                throw TransportError(
                    kind: .other, phase: .underWay, detail: "HTTP \(reply.status), which is not a list of sites")
            }
            return sites
        } catch {
            throw CloudError(
                ServiceError(
                    kind: .transport(error.kind, error.phase),
                    message: "the list of sites could not be read (\(request)): \(error): try again later, or name the "
                        + "site with --os-auth-url"))
        }
    }

    /// Closes the connections. Call it when the cloud is no longer needed.
    package func close() async { await shutDown() }
}

extension CloudDirectory {
    /// Makes a login to a cloud.
    ///
    /// - Throws: ``CloudError`` if the cloud is not configured, or its configuration is invalid.
    package func login(_ target: LoginTarget) throws(CloudError) -> CloudLogin {
        let cloud: CloudConfiguration
        do throws(CloudConfigurationError) {
            switch target {
            case .standard: cloud = try loader.loadDefault()
            case .named(let name): cloud = try loader.load(name: name)
            case .described(let login):
                var settings = login.settings.reduce(into: [:]) { $0[$1.key] = $1.value }
                settings["auth_type"] = AuthType.v3chameleonoidc.rawValue
                settings["region_name"] = login.region
                cloud = try loader.load(name: login.region ?? "envvars", settings: settings)
            }
        } catch {
            throw CloudError(error)
        }
        do throws(ServiceError) {
            let (session, transport) = try session(cloud)
            return CloudLogin(
                session: session, transport: transport.sending, shutDown: { await transport.closing.shutdown() })
        } catch {
            throw CloudError(error)
        }
    }
}
