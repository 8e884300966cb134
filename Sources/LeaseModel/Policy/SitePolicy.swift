/// What a site's operators ask of leases, as its users wrote it down: enough to warn, never to refuse, since such rules
/// differ by site and change without notice.
public struct SitePolicy: Sendable, Hashable {
    /// The longest that a lease may be when it is made, and after each extension from then on, in seconds.
    public var maxDurationSeconds: Int64?
    /// How long before its end a lease may be extended, in seconds.
    public var extensionWindowSeconds: Int64?
    /// How long before its end a lease counts as ending soon, in seconds.
    public var warningSeconds: Int64?
    /// Whether creations carry an event of ours; `nil` leaves it to the cloud's entry in clouds.yaml.
    public var sendsClientEvent: Bool?
    /// What reserved things cost.
    public var rates: [ServiceUnitRate]

    /// Makes a policy; without arguments, one that asks for nothing.
    public init(
        maxDurationSeconds: Int64? = nil, extensionWindowSeconds: Int64? = nil, warningSeconds: Int64? = nil,
        sendsClientEvent: Bool? = nil, rates: [ServiceUnitRate] = []
    ) {
        self.maxDurationSeconds = maxDurationSeconds
        self.extensionWindowSeconds = extensionWindowSeconds
        self.warningSeconds = warningSeconds
        self.sendsClientEvent = sendsClientEvent
        self.rates = rates
    }

    /// This policy with everything that another one says in its place: how a site's section goes over the file's own
    /// values. A table of rates replaces the other whole.
    public func overridden(by newer: SitePolicy) -> SitePolicy {
        SitePolicy(
            maxDurationSeconds: newer.maxDurationSeconds ?? maxDurationSeconds,
            extensionWindowSeconds: newer.extensionWindowSeconds ?? extensionWindowSeconds,
            warningSeconds: newer.warningSeconds ?? warningSeconds,
            sendsClientEvent: newer.sendsClientEvent ?? sendsClientEvent,
            rates: newer.rates.isEmpty ? rates : newer.rates)
    }

    /// The rate that holds at a moment: one for that very kind before one for the whole resource type, and of those
    /// the one that began last.
    ///
    /// - Parameters:
    ///   - resourceType: what is reserved.
    ///   - kind: which of it: a node type, a flavor's name, a device's machine name; `nil` if it is not known.
    ///   - moment: when.
    /// - Returns: `nil` if the table does not say.
    public func rate(
        of resourceType: ResourceType = .host, kind: String?, at moment: Timestamp
    ) -> ServiceUnitRate? {
        let holding = rates.filter { $0.resourceType == resourceType && $0.holds(at: moment) }
        let fitting = holding.filter { $0.kind != nil && $0.kind == kind }
        let candidates = fitting.isEmpty ? holding.filter { $0.kind == nil } : fitting
        return candidates.max { ($0.from?.secondsSince1970 ?? .min) < ($1.from?.secondsSince1970 ?? .min) }
    }
}

extension SitePolicy {
    /// What is noticed about moving a lease's end.
    ///
    /// - Parameters:
    ///   - end: when it ends now.
    ///   - newEnd: when it is to end.
    ///   - now: the time.
    /// - Returns: warnings; none for an end that comes earlier.
    public func findings(movingEndFrom end: Timestamp, to newEnd: Timestamp, now: Timestamp) -> [DraftFinding] {
        guard newEnd > end else { return [] }
        var findings: [DraftFinding] = []
        if let window = extensionWindowSeconds, end.seconds(since: now) > window {
            findings.append(
                DraftFinding(
                    .warning, field: "end_date",
                    "The site's policy allows an extension in the last \(DurationText.text(seconds: window)), that is "
                        + "from \(end.adding(seconds: -window)) on."))
        }
        if let longest = maxDurationSeconds, newEnd.seconds(since: now) > longest {
            findings.append(
                DraftFinding(
                    .warning, field: "end_date",
                    "The site's policy allows an end within \(DurationText.text(seconds: longest)) of the request, that "
                        + "is until \(now.adding(seconds: longest))."))
        }
        return findings
    }
}

/// The policies of every site, as one file has them.
public struct SitePolicies: Sendable, Hashable {
    /// What holds where a site says nothing else.
    public var general: SitePolicy
    /// What single sites say, by the site's name or that of its entry in clouds.yaml.
    public var sites: [String: SitePolicy]

    /// Makes policies; without arguments, none.
    public init(general: SitePolicy = SitePolicy(), sites: [String: SitePolicy] = [:]) {
        self.general = general
        self.sites = sites
    }

    /// The policy of a site.
    ///
    /// - Parameter names: the names it may go by, the first that has a section counts.
    /// - Returns: the general policy, overridden by the site's section if there is one.
    public func policy(of names: [String]) -> SitePolicy {
        names.lazy.compactMap { sites[$0] }.first.map(general.overridden) ?? general
    }
}

/// What an hour of one reserved thing costs in the site's service units (SU), and from when to when.
public struct ServiceUnitRate: Sendable, Hashable {
    /// What is reserved: hosts, floating IPs, networks, flavors, devices.
    public var resourceType: ResourceType
    /// Which of it: a node type, a flavor's name, a device's machine name; `nil` for all that have no rate of their own.
    public var kind: String?
    /// Service units per hour of one of it.
    public var serviceUnitsPerHour: Double
    /// From this moment on; `nil` from ever.
    public var from: Timestamp?
    /// Until just before this moment; `nil` for ever.
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

    /// Whether it holds at a moment.
    public func holds(at moment: Timestamp) -> Bool {
        if let from, moment < from { return false }
        if let until, moment >= until { return false }
        return true
    }
}
