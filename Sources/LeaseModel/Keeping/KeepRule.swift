/// A person's request to keep a lease: to extend it whenever its site allows it, until a moment.
public struct KeepRule: Sendable, Hashable, Identifiable {
    /// How a rule ended.
    public enum Ending: String, Sendable, Hashable, CaseIterable {
        /// The lease lasts until the moment.
        case reached
        /// A person stopped it.
        case stopped
        /// The lease was deleted, or never created.
        case gone
        /// The lease ended before the moment: it could not be kept.
        case missed
    }

    /// The number of the rule in this database.
    public let id: Int64
    /// The site and project that its extensions go to.
    public let address: QueueAddress
    /// The scope by which the lease is known.
    public let scopeID: Int64
    /// The name of the site.
    public let site: String
    /// Blazar's id of the lease; `nil` until it is known.
    public let leaseID: String?
    /// The local id, if the lease was not created yet when it was asked for.
    public let localID: String?
    /// The lease's name, for display.
    public let leaseName: String
    /// No extension goes beyond this.
    public let until: Timestamp
    /// The shortest extension, in seconds. Only the last one, which reaches ``until``, may be shorter.
    public let minStepSeconds: Int64
    /// When it was asked for.
    public let createdAt: Timestamp
    /// The moment after which the site allows the next extension; `nil` if it allows one at any time, or if that is not
    /// known yet.
    public var opensAt: Timestamp?
    /// The extension that is under way.
    public var mutationID: Int64?
    /// How many extensions in a row were refused.
    public var failures = 0
    /// When the next extension is tried after a refusal.
    public var retryAt: Timestamp?
    /// What was last in the way, or why the rule ended.
    public var message: String?
    /// How it ended; `nil` while the lease is kept.
    public package(set) var ending: Ending?
    /// When it ended.
    public package(set) var endedAt: Timestamp?

    /// Makes a rule from its parts.
    public init(
        id: Int64, address: QueueAddress, scopeID: Int64, site: String, leaseID: String?, localID: String?,
        leaseName: String, until: Timestamp, minStepSeconds: Int64, createdAt: Timestamp
    ) {
        self.id = id
        self.address = address
        self.scopeID = scopeID
        self.site = site
        self.leaseID = leaseID
        self.localID = localID
        self.leaseName = leaseName
        self.until = until
        self.minStepSeconds = minStepSeconds
        self.createdAt = createdAt
    }

    /// Ends the rule.
    package mutating func end(_ ending: Ending, at time: Timestamp, message: String? = nil) {
        self.ending = ending
        endedAt = time
        retryAt = nil
        if let message { self.message = message }
    }
}

/// What a sync did about a kept lease, or learned of it.
public struct KeepNews: Sendable, Hashable {
    /// The rule as it is now.
    public let rule: KeepRule
    /// The lease's end; `nil` if the lease is not known.
    public let end: Timestamp?
    /// The later end that was queued; `nil` if none was.
    public let newEnd: Timestamp?

    /// Makes news from its parts.
    public init(rule: KeepRule, end: Timestamp?, newEnd: Timestamp?) {
        self.rule = rule
        self.end = end
        self.newEnd = newEnd
    }
}
