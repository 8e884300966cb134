/// A site's rules for leases, as its users wrote them down. They are used for warnings, never for refusals, since such
/// rules differ by site and change without notice.
public struct SitePolicy: Sendable, Hashable {
    /// The longest lease, in seconds: from its start when it is created, and from ``extensionMeasure`` when it is
    /// extended.
    public var maxDurationSeconds: Int64?
    /// From where an extended lease is measured; `nil` stands for the end before the extension.
    public var extensionMeasure: ExtensionMeasure?
    /// How long before its end a lease may be extended, in seconds.
    public var extensionWindowSeconds: Int64?
    /// The same as a share of the longest lease. If both are given, either opens the window.
    public var extensionWindowShare: WindowShare?
    /// Other values for some flavors, node types, projects and users.
    public var limits: [LeaseLimit]
    /// What projects and their members may still use.
    public var allocations: [ProjectAllocation]
    /// How long before its end a lease counts as ending soon, in seconds.
    public var warningSeconds: Int64?
    /// Whether creations carry a token event; `nil` leaves it to the cloud's entry in clouds.yaml.
    public var sendsClientEvent: Bool?
    /// The rates for reserved resources.
    public var rates: [ServiceUnitRate]

    /// Makes a policy. Without arguments it has no rules.
    public init(
        maxDurationSeconds: Int64? = nil, extensionMeasure: ExtensionMeasure? = nil,
        extensionWindowSeconds: Int64? = nil, extensionWindowShare: WindowShare? = nil, limits: [LeaseLimit] = [],
        allocations: [ProjectAllocation] = [], warningSeconds: Int64? = nil, sendsClientEvent: Bool? = nil,
        rates: [ServiceUnitRate] = []
    ) {
        self.maxDurationSeconds = maxDurationSeconds
        self.extensionMeasure = extensionMeasure
        self.extensionWindowSeconds = extensionWindowSeconds
        self.extensionWindowShare = extensionWindowShare
        self.limits = limits
        self.allocations = allocations
        self.warningSeconds = warningSeconds
        self.sendsClientEvent = sendsClientEvent
        self.rates = rates
    }

    /// This policy with the values of another one in place of its own: a site's section overrides the file's general
    /// values. Each list is replaced as a whole.
    public func overridden(by newer: SitePolicy) -> SitePolicy {
        SitePolicy(
            maxDurationSeconds: newer.maxDurationSeconds ?? maxDurationSeconds,
            extensionMeasure: newer.extensionMeasure ?? extensionMeasure,
            extensionWindowSeconds: newer.extensionWindowSeconds ?? extensionWindowSeconds,
            extensionWindowShare: newer.extensionWindowShare ?? extensionWindowShare,
            limits: newer.limits.isEmpty ? limits : newer.limits,
            allocations: newer.allocations.isEmpty ? allocations : newer.allocations,
            warningSeconds: newer.warningSeconds ?? warningSeconds,
            sendsClientEvent: newer.sendsClientEvent ?? sendsClientEvent,
            rates: newer.rates.isEmpty ? rates : newer.rates)
    }

    /// The rate that applies at a moment. A rate for the kind takes precedence over one for the whole resource type;
    /// among several, the one that began last applies.
    ///
    /// - Parameters:
    ///   - resourceType: the type of resource.
    ///   - kind: the kind within the type: a node type, a flavor's name, a device's machine name; `nil` if it is
    ///     unknown.
    ///   - moment: the moment.
    /// - Returns: the rate; `nil` if the table has none.
    public func rate(
        of resourceType: ResourceType = .host, kind: String?, at moment: Timestamp
    ) -> ServiceUnitRate? {
        let holding = rates.filter { $0.resourceType == resourceType && $0.holds(at: moment) }
        let fitting = holding.filter { $0.kind != nil && $0.kind == kind }
        let candidates = fitting.isEmpty ? holding.filter { $0.kind == nil } : fitting
        return candidates.max { ($0.from?.secondsSince1970 ?? .min) < ($1.from?.secondsSince1970 ?? .min) }
    }
}

/// The policies of all sites, as one file contains them.
public struct SitePolicies: Sendable, Hashable {
    /// The rules that apply unless a site has its own.
    public var general: SitePolicy
    /// The rules of single sites, by the name of the site or of its entry in clouds.yaml.
    public var sites: [String: SitePolicy]

    /// Makes policies. Without arguments there are none.
    public init(general: SitePolicy = SitePolicy(), sites: [String: SitePolicy] = [:]) {
        self.general = general
        self.sites = sites
    }

    /// The policy of a site.
    ///
    /// - Parameter names: the possible names of the site. The first one that has a section is used.
    /// - Returns: the general policy, overridden by the site's section if there is one.
    public func policy(of names: [String]) -> SitePolicy {
        names.lazy.compactMap { sites[$0] }.first.map(general.overridden) ?? general
    }
}

/// The price of one reserved resource per hour in the site's service units (SU), and the period in which it applies.
public struct ServiceUnitRate: Sendable, Hashable {
    /// The type of resource.
    public var resourceType: ResourceType
    /// The kind within the type: a node type, a flavor's name, a device's machine name; `nil` for all kinds without a
    /// rate of their own.
    public var kind: String?
    /// Service units per hour for one resource.
    public var serviceUnitsPerHour: Double
    /// The first moment at which it applies; `nil` for no limit.
    public var from: Timestamp?
    /// It applies until just before this moment; `nil` for no limit.
    public var until: Timestamp?

    /// Makes a rate.
    public init(
        resourceType: ResourceType = .host, kind: String?, serviceUnitsPerHour: Double, from: Timestamp? = nil,
        until: Timestamp? = nil
    ) {
        self.resourceType = resourceType
        self.kind = kind
        self.serviceUnitsPerHour = serviceUnitsPerHour
        self.from = from
        self.until = until
    }

    /// Whether it applies at a moment.
    public func holds(at moment: Timestamp) -> Bool {
        if let from, moment < from { return false }
        if let until, moment >= until { return false }
        return true
    }
}
