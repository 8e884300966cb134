/// One cloud as the user configured it, complete and checked.
package struct CloudConfiguration: Sendable, Hashable {
    /// Where it comes from.
    package enum Origin: Sendable, Hashable {
        case environment
        /// The path of the file.
        case file(String)
    }

    /// Which of a service's endpoints to use.
    package enum Interface: String, Sendable, Hashable {
        case `public`, `internal`, admin
    }

    /// The name that `--os-cloud` takes: an entry of clouds.yaml, or `envvars`.
    package var name: String
    /// What to call it in front of a person: the name, with `/REGION` behind it if the entry has several regions; for
    /// the environment the region, or the host of the auth URL.
    package var displayName: String
    package var origin: Origin
    /// The auth URL as configured, without a trailing slash.
    package var authURL: String
    /// The auth type as configured, for example `v3password`.
    package var authType: String
    package var credentials: Credentials
    /// The project asked for; `nil` if the credential implies it.
    package var project: ProjectReference?
    /// The region; `nil` if none is configured.
    package var region: String?
    package var interface: Interface
    package var tls: TLSSettings
    /// Endpoints that replace the catalogue's, by service type: `reservation_endpoint_override` and the like.
    package var endpointOverrides: [ServiceType: String]
    /// Whether an admin's token should take in the leases of all projects (`leasehold_all_projects`).
    package var wantsAllProjects: Bool
    /// Whether a creation may carry an event of ours, by which its lease is recognised (`leasehold_client_event`).
    package var sendsClientEvent: Bool

    package init(
        name: String, displayName: String? = nil, origin: Origin, authURL: String, authType: String,
        credentials: Credentials, project: ProjectReference? = nil, region: String? = nil,
        interface: Interface = .public, tls: TLSSettings = TLSSettings(),
        endpointOverrides: [ServiceType: String] = [:], wantsAllProjects: Bool = false,
        sendsClientEvent: Bool = true
    ) {
        self.name = name
        self.displayName = displayName ?? name
        self.origin = origin
        self.authURL = authURL
        self.authType = authType
        self.credentials = credentials
        self.project = project
        self.region = region
        self.interface = interface
        self.tls = tls
        self.endpointOverrides = endpointOverrides
        self.wantsAllProjects = wantsAllProjects
        self.sendsClientEvent = sendsClientEvent
    }
}
