/// Which Blazar the model follows.
package enum Dialect: String, Sendable, CaseIterable {
    /// Blazar 18.
    case upstream
    /// Chameleon's fork (2023.1), with networks and devices.
    case chameleon

    /// The resource types that its plugins serve.
    var resourceTypes: Set<String> {
        switch self {
        case .upstream:
            ["physical:host", "virtual:floatingip", "virtual:instance", "flavor:instance", "virtual:dummy"]
        case .chameleon: ["physical:host", "virtual:floatingip", "virtual:instance", "network", "device"]
        }
    }
}

/// What a site decides for itself.
package struct ModelPolicy: Sendable {
    /// Whether members may read hosts, networks, devices and allocations, as at Chameleon's sites.
    package var membersReadInventory = false
    /// How many minutes before its end a lease gets a `before_end_lease` event; 0 for none.
    package var minutesBeforeEnd = 0
    /// The longest lease, in seconds; `nil` for no limit.
    package var maximumLeaseSeconds: Int64?
    /// How many seconds before its end a lease can be extended; `nil` for always.
    package var extensionWindowSeconds: Int64?
    /// What an external service refuses: a lease whose name contains the key gets the text with 400.
    package var refusalByNameFragment: [String: String] = [:]
    /// Leases whose reservations fail to start, by name: they end in ERROR.
    package var namesThatFailToStart: Set<String> = []
    /// Whether an unrestricted application credential can create leases, as up to Keystone 29.0.0.
    package var unrestrictedCredentialsCreate = false
    /// The lifetime of a token in seconds.
    package var tokenSeconds: Int64 = 3_600
    /// How long a revoked token can still read, in seconds, because Blazar caches its validation.
    package var revokedTokenSeconds: Int64 = 300
    /// How long starting or ending takes, in seconds; meanwhile the lease is STARTING or TERMINATING.
    package var actionSeconds: Int64 = 0

    /// The greatest number of leases on a page; `nil` for upstream's whole list, which ignores every query.
    package var pageSize: Int?
    /// Whether a page links to the next one (`leases_links`), instead of leaving it to `marker`.
    package var linksPages = false

    /// Whether it reserves flavors, and counts how many instances of each are free, as Chameleon's newer servers do.
    /// The fork that the model follows otherwise has neither.
    package var countsFlavors = false

    /// The policy of a new installation of a dialect.
    package init(dialect: Dialect) {
        // 60 is Blazar's default; the upstream cloud that the model follows sets 0.
        minutesBeforeEnd = dialect == .chameleon ? 60 : 0
    }
}

/// Where the services of the model's cloud are, without a trailing slash.
package struct ModelEndpoints: Sendable {
    package var identity: String
    package var reservation: String
    package var compute: String
    package var network: String
    /// Other regions of the same Keystone, by name, with the URL of each one's Blazar.
    package var otherRegions: [(name: String, reservation: String)] = []

    /// Every service at one origin, each under its own path.
    ///
    /// - Parameter origin: for example `http://127.0.0.1:8080`.
    package init(origin: String) {
        identity = origin + "/identity/v3"
        reservation = origin + "/reservation/v1"
        compute = origin + "/compute/v2.1"
        network = origin + "/networking"
    }

    /// The services where devcloud has them.
    package static let devcloud: ModelEndpoints = {
        var endpoints = ModelEndpoints(origin: "http://127.0.0.1")
        endpoints.identity = "http://127.0.0.1:5000/identity/v3"
        endpoints.reservation = "http://127.0.0.1:1234/v1"
        endpoints.compute = "http://127.0.0.1:8774/v2.1"
        endpoints.network = "http://127.0.0.1:9696"
        return endpoints
    }()
}
