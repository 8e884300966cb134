/// A share of the longest lease, as an exact fraction: `2/7`.
public struct WindowShare: Sendable, Hashable, CustomStringConvertible {
    private let numerator: Int64
    private let denominator: Int64

    /// Makes a share; `nil` unless it is more than 0 and at most 1.
    public init?(_ numerator: Int64, _ denominator: Int64) {
        guard numerator > 0, numerator <= denominator, denominator <= 1_000_000 else { return nil }
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Parses `2/7`, `0.25` or `25%`.
    package init?(parsing text: String) {
        let typed = text.filter { $0 != " " }
        let parts = typed.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, let numerator = Int64(parts[0]), let denominator = Int64(parts[1]) {
            self.init(numerator, denominator)
            return
        }
        let isPercentage = typed.hasSuffix("%")
        guard let number = Double(isPercentage ? typed.dropLast() : typed[...]), number > 0,
            number <= (isPercentage ? 100 : 1)
        else { return nil }
        self.init(Int64((number * (isPercentage ? 10_000 : 1_000_000)).rounded()), 1_000_000)
    }

    /// The share of a duration, rounded up to a second.
    func seconds(of duration: Int64) -> Int64 {
        let (product, overflows) = duration.multipliedReportingOverflow(by: numerator)
        return overflows ? duration / denominator * numerator : (product + denominator - 1) / denominator
    }

    public var description: String { "\(numerator)/\(denominator)" }
}

/// From where a site measures how long a lease is after an extension.
public enum ExtensionMeasure: String, Sendable, Hashable, CaseIterable {
    /// From the end before the extension, as Chameleon's sites do.
    case end
    /// From the lease's start, as Blazar's own filter does.
    case start
}

/// Limits that a site sets for some leases only: for a flavor, a node type, a project, a user. The parts that are `nil`
/// are those of the site's policy.
public struct LeaseLimit: Sendable, Hashable {
    /// The type of resource; `nil` for all.
    public var resourceType: ResourceType?
    /// The kind within the type: a node type, a flavor's name, a device's machine name; `nil` for all.
    public var kind: String?
    /// The project's name or id; `nil` for all.
    public var project: String?
    /// The user's name or id; `nil` for all.
    public var user: String?
    /// The longest lease; ``unlimited`` for no limit.
    public var maxDurationSeconds: Int64?
    /// How long before its end a lease may be extended.
    public var extensionWindowSeconds: Int64?
    /// The same as a share of the longest lease.
    public var extensionWindowShare: WindowShare?

    /// A longest lease without a limit.
    public static let unlimited = Int64.max

    /// Makes a limit.
    public init(
        resourceType: ResourceType? = nil, kind: String? = nil, project: String? = nil, user: String? = nil,
        maxDurationSeconds: Int64? = nil, extensionWindowSeconds: Int64? = nil,
        extensionWindowShare: WindowShare? = nil
    ) {
        self.resourceType = resourceType
        self.kind = kind
        self.project = project
        self.user = user
        self.maxDurationSeconds = maxDurationSeconds
        self.extensionWindowSeconds = extensionWindowSeconds
        self.extensionWindowShare = extensionWindowShare
    }

    fileprivate func applies(to subject: LeaseSubject, _ reserved: LeaseSubject.Kind?) -> Bool {
        (user.map(subject.users.contains) ?? true) && (project.map(subject.projects.contains) ?? true)
            && (resourceType.map { $0 == reserved?.type } ?? true) && (kind.map { $0 == reserved?.name } ?? true)
    }

    /// How specific it is: a user before a project, a project before a kind, a kind before a type.
    fileprivate var rank: Int {
        (user == nil ? 0 : 8) + (project == nil ? 0 : 4) + (kind == nil ? 0 : 2) + (resourceType == nil ? 0 : 1)
    }
}

/// What a project, or one of its members, may still use of the site, as a person wrote it down.
public struct ProjectAllocation: Sendable, Hashable {
    /// The project's name or id.
    public var project: String
    /// The member whose own budget it is, by name or id; `nil` for the project's allocation.
    public var user: String?
    /// When the allocation ends.
    public var endsAt: Timestamp?
    /// The service units left for new leases and extensions.
    public var serviceUnitsLeft: Double?
    /// When that was so.
    public var asOf: Timestamp?

    /// Makes an allocation.
    public init(
        project: String, user: String? = nil, endsAt: Timestamp? = nil, serviceUnitsLeft: Double? = nil,
        asOf: Timestamp? = nil
    ) {
        self.project = project
        self.user = user
        self.endsAt = endsAt
        self.serviceUnitsLeft = serviceUnitsLeft
        self.asOf = asOf
    }
}

/// What of a lease decides which of a site's rules apply to it.
public struct LeaseSubject: Sendable, Hashable {
    /// A kind of resource that the lease reserves.
    struct Kind: Sendable, Hashable {
        let type: ResourceType
        let name: String?
    }

    var projects: Set<String>
    var users: Set<String>
    var kinds: Set<Kind>

    private init(
        projects: [String?], users: [String?], reservations: some Sequence<HeldReservation>
    ) {
        self.projects = Set(projects.compactMap(\.self).filter { !$0.isEmpty })
        self.users = Set(users.compactMap(\.self).filter { !$0.isEmpty })
        kinds = Set(reservations.map { Kind(type: $0.resourceType, name: $0.kind) })
    }

    /// A lease of the mirror.
    public init(_ lease: MirroredLease) { self.init(LeaseUsage(lease)) }

    /// A lease as reports read it.
    public init(_ lease: LeaseUsage) {
        self.init(
            projects: [lease.projectID, lease.projectName], users: [lease.userID, lease.userName],
            reservations: lease.reservations)
    }

    /// A lease that is to be created.
    ///
    /// - Parameters:
    ///   - draft: the lease.
    ///   - scope: the scope whose project it is for.
    ///   - users: the names and ids of the user who creates it; empty if unknown.
    ///   - flavors: the names of flavors, by their ids.
    public init(_ draft: LeaseDraft, scope: Scope, users: Set<String> = [], flavors: [String: String] = [:]) {
        self.init(
            draft.reservations.map { HeldReservation(requesting: $0, flavors: flavors) }, scope: scope, users: users)
    }

    /// A lease of which only this is known: what it would hold, and for whom.
    package init(_ reservations: [HeldReservation], scope: Scope, users: Set<String> = []) {
        self.init(
            projects: [scope.projectID, scope.projectName], users: Array(users), reservations: reservations)
    }
}

extension HeldReservation {
    /// What a request for a reservation would hold.
    ///
    /// - Parameters:
    ///   - fields: the reservation, as in the body of a POST.
    ///   - flavors: the names of flavors, by their ids: a request names a flavor by its id, and rates by its name.
    package init(requesting fields: JSONObject, flavors: [String: String]) {
        self.init(Reservation(requesting: fields, id: "", leaseID: nil, status: .requested))
        guard resourceType == .flavor, let id = fields["flavor_id"]?.stringValue else { return }
        flavorOrMachine = flavors[id] ?? id
    }
}

/// The rules that apply to one lease.
public struct LeaseRules: Sendable, Hashable {
    /// What is left to pay for a lease with.
    public struct Balance: Sendable, Hashable {
        /// The project, or the member, whose balance it is.
        public let owner: String
        /// The service units left.
        public let serviceUnits: Double
        /// When that was so, if it was written down.
        public let asOf: Timestamp?
    }

    /// The longest lease, in seconds; `nil` for no known limit.
    public var maxDurationSeconds: Int64?
    /// How long before its end a lease may be extended, in seconds; `nil` for no known limit.
    public var extensionWindowSeconds: Int64?
    /// From where an extended lease is measured.
    public var measure: ExtensionMeasure = .end
    /// When the project's allocation ends.
    public var allocationEndsAt: Timestamp?
    /// What is left to pay with.
    public var balances: [Balance] = []

    /// How much longer than the longest lease a site accepts.
    public static let graceSeconds: Int64 = 1

    /// Makes rules; without arguments there are none.
    public init(maxDurationSeconds: Int64? = nil, extensionWindowSeconds: Int64? = nil) {
        self.maxDurationSeconds = maxDurationSeconds
        self.extensionWindowSeconds = extensionWindowSeconds
    }

    /// The moment after which a lease may be extended: not yet at this moment, but a second later.
    ///
    /// - Parameter end: the lease's end.
    /// - Returns: the moment; `nil` if it may be extended at any time, as far as is known.
    public func extensionOpensAt(end: Timestamp) -> Timestamp? {
        extensionWindowSeconds.map { end.adding(seconds: -$0) }
    }

    /// The latest end that the longest lease allows, to the minute.
    ///
    /// - Parameters:
    ///   - start: the lease's start.
    ///   - end: its end before the change; `nil` for a new lease.
    /// - Returns: the end; `nil` if there is no known limit.
    public func latestEnd(start: Timestamp, extending end: Timestamp?) -> Timestamp? {
        guard let maxDurationSeconds else { return nil }
        let origin = measure == .end ? end ?? start : start
        return origin.adding(seconds: maxDurationSeconds).adding(seconds: Self.graceSeconds).truncatedToMinute
    }
}

extension SitePolicy {
    /// The rules for one lease. Of the entries under `limits` that fit, the most specific applies; of a lease's
    /// reservations, the strictest.
    public func rules(for subject: LeaseSubject) -> LeaseRules {
        var rules = LeaseRules()
        rules.measure = extensionMeasure ?? .end
        let kinds: [LeaseSubject.Kind?] = subject.kinds.isEmpty ? [nil] : Array(subject.kinds)
        func strictest<Value>(
            _ own: Value?, _ part: KeyPath<LeaseLimit, Value?>, _ precedes: (Value, Value) -> Bool
        ) -> Value? {
            kinds.compactMap { kind in
                limits.filter { $0[keyPath: part] != nil && $0.applies(to: subject, kind) }
                    .reduce(nil as LeaseLimit?) { best, next in
                        best.map { $0.rank >= next.rank } ?? false ? best : next
                    }.flatMap { $0[keyPath: part] } ?? own
            }.min(by: precedes)
        }
        let longest = strictest(maxDurationSeconds, \.maxDurationSeconds, <)
        rules.maxDurationSeconds = longest == LeaseLimit.unlimited ? nil : longest
        let window = strictest(extensionWindowSeconds, \.extensionWindowSeconds, <)
        let share = strictest(extensionWindowShare, \.extensionWindowShare) {
            $0.seconds(of: 1 << 32) < $1.seconds(of: 1 << 32)
        }
        // Either of the two opens the window.
        let shared = share.flatMap { share in rules.maxDurationSeconds.map(share.seconds) }
        rules.extensionWindowSeconds = [window, shared].compactMap(\.self).max()
        for allocation in allocations where subject.projects.contains(allocation.project) {
            guard allocation.user.map(subject.users.contains) ?? true else { continue }
            if let end = allocation.endsAt { rules.allocationEndsAt = min(end, rules.allocationEndsAt ?? end) }
            guard let left = allocation.serviceUnitsLeft else { continue }
            rules.balances.append(
                LeaseRules.Balance(
                    owner: allocation.user ?? allocation.project, serviceUnits: left, asOf: allocation.asOf))
        }
        return rules
    }
}
