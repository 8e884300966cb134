/// A lease as stored in the mirror: what the server last said, how that is known, and the writes queued for it.
///
/// A lease that exists only in the queue has its local id and a local status (``LeaseStatus/queued`` and others).
public struct MirroredLease: Sendable, Hashable, Identifiable {
    /// The lease as last seen.
    public package(set) var lease: BlazarLease
    /// A scope that sees it; preferably a scope of its own project.
    public let scopeID: Int64
    /// Every scope that sees it.
    package var audience: [Int64] = []
    /// The name of its site.
    public let site: String
    /// The project's name, if the catalog has it.
    public let projectName: String?
    /// The user's name, if the catalog has it.
    public let userName: String?
    /// Whether one of the users that this database syncs as created it.
    public let isMine: Bool
    /// When it was first seen.
    public let firstSeenAt: Timestamp
    /// Since when it has been seen in its current state.
    public let observedAt: Timestamp
    /// When it was last seen in its current state.
    public let lastSeenAt: Timestamp
    /// How it was removed; `nil` while the site lists it.
    public let removal: Removal?
    /// Its unfinished writes, in the order in which they were requested.
    public var pending: [Mutation] = []

    /// How many hosts, floating IPs or devices each reservation was last seen to hold, by reservation id, if the site
    /// reports it.
    public var heldCounts: [String: Int] = [:]

    /// Whether any write for it is unfinished.
    public var isQueued: Bool { !pending.isEmpty }
    /// Whether it exists only in the queue, as far as is known.
    public var isDraft: Bool { LocalID.isOne(lease.id) }

    public var id: String { lease.id }

    /// Makes a mirrored lease from its parts.
    public init(
        lease: BlazarLease, scopeID: Int64, site: String, projectName: String?, userName: String?, isMine: Bool,
        firstSeenAt: Timestamp, observedAt: Timestamp, lastSeenAt: Timestamp, removal: Removal?
    ) {
        self.lease = lease
        self.scopeID = scopeID
        self.site = site
        self.projectName = projectName
        self.userName = userName
        self.isMine = isMine
        self.firstSeenAt = firstSeenAt
        self.observedAt = observedAt
        self.lastSeenAt = lastSeenAt
        self.removal = removal
    }
}

/// How a lease was removed from the list of its scope. The moment is known only within bounds.
public struct Removal: Sendable, Hashable {
    /// Why it is no longer listed.
    public enum Reason: String, Sendable, Hashable {
        /// The server said that there is no such lease (404).
        case deleted
        /// The lease exists but this scope cannot see it (403, or it belongs to another project).
        case outOfScope = "out_of_scope"
        /// A later list did not contain the lease, and nobody asked for it. This comes from imports only.
        case unlisted
    }

    /// Why it is no longer listed.
    public let reason: Reason
    /// When it was last listed.
    public let after: Timestamp
    /// When it was first known to be missing.
    public let before: Timestamp

    /// Makes a removal from its parts.
    public init(reason: Reason, after: Timestamp, before: Timestamp) {
        self.reason = reason
        self.after = after
        self.before = before
    }
}

/// A count that may be known only within bounds.
public struct ResourceCount: Sendable, Hashable {
    /// The smallest possible number.
    public let least: Int
    /// The largest possible number.
    public let most: Int

    /// Makes a count.
    public init(least: Int, most: Int) {
        self.least = least
        self.most = max(least, most)
    }

    /// The number, if it is known exactly.
    public var exact: Int? { least == most ? least : nil }
}

extension MirroredLease {
    /// How many hosts it has: those it was seen to hold or, if that is unknown, what its reservations ask for.
    public var nodes: ResourceCount { count(.host) }

    /// How many floating IPs it has: those it was seen to hold or, if that is unknown, what its reservations ask for.
    public var floatingIPs: ResourceCount { count(.floatingIP) }

    /// Whether only its name and dates are known. What it reserves is then unknown, which is not the same as nothing.
    public var isOutline: Bool { lease.isOutline }

    private func count(_ type: ResourceType) -> ResourceCount {
        var (least, most) = (0, 0)
        for reservation in lease.reservations where reservation.resourceType == type {
            if let held = heldCounts[reservation.id] {
                least += held
                most += held
            } else {
                let wanted = reservation.maximumCount ?? reservation.amount ?? 1
                least += reservation.minimumCount ?? wanted
                most += wanted
            }
        }
        return ResourceCount(least: least, most: most)
    }
}

extension BlazarLease {
    /// Whether only its name and dates are known.
    package var isOutline: Bool { status.rawValue.isEmpty && reservations.isEmpty }
}

/// Whether a lease held its resources at a moment, as far as is known.
public enum HeldCertainty: String, Sendable, Hashable {
    /// It was seen at or after the moment, and nothing contradicts it.
    case held = "yes"
    /// Possibly. It was removed around that moment, failed, or was not seen to start.
    case maybe
    /// The moment is after the last observation, so this is only the plan.
    case planned
}

extension MirroredLease {
    /// Whether the lease held its resources at a moment: at or after its start and before its end.
    ///
    /// - Parameter moment: the moment.
    /// - Returns: how certain it is; `nil` if it did not.
    public func held(at moment: Timestamp) -> HeldCertainty? {
        guard lease.startsAt <= moment, moment < lease.endsAt else { return nil }
        if let removal, moment > removal.after {
            // A lease that this scope can no longer see may go on.
            guard moment < removal.before || removal.reason == .outOfScope else { return nil }
            return .maybe
        }
        if removal == nil, moment > lastSeenAt { return .planned }
        switch lease.status {
        case .terminated, .deleting, .terminating:
            if let ended = lease.endedAt { return moment < ended ? .held : nil }
            return lastSeenAt >= lease.endsAt ? .held : .maybe
        case .starting, .active, .updating: return .held
        default: return .maybe
        }
    }
}

/// How a removed lease ended, as far as it was observed.
public enum Ending: String, Sendable, Hashable {
    /// It ran to its end and was removed from the list afterwards.
    case asPlanned = "as planned"
    /// It was deleted before its end, whether or not it had started.
    case early
    /// The observations fit both.
    case unknown
}

extension Removal {
    /// How the lease ended, given the last state in which it was listed.
    ///
    /// Only observations decide: that it had ended, that it was still listed at its end, or that it was removed before.
    /// A lease that was being created or updated is undecided, because its end may be about to change. So is a lease
    /// that failed.
    public func ending(of lease: BlazarLease) -> Ending {
        if lease.status == .terminated || lease.hasEnded { return .asPlanned }
        guard reason != .outOfScope else { return .unknown }
        switch lease.status {
        case .pending, .active, .starting, .terminating:
            if after >= lease.endsAt { return .asPlanned }
            return before <= lease.endsAt ? .early : .unknown
        case .deleting: return after < lease.endsAt ? .early : .asPlanned
        default: return .unknown
        }
    }
}

extension BlazarLease {
    /// When Blazar carried out the event of that type. Blazar stamps an event when its status changes, and at no other
    /// time.
    func moment(of type: String) -> Timestamp? {
        events.last { $0.eventType == type && $0.status == .done }?.updatedAt
    }

    /// When it actually started, if Blazar recorded it.
    public var startedAt: Timestamp? { moment(of: "start_lease") }
    /// When it actually ended, if Blazar recorded it.
    public var endedAt: Timestamp? { moment(of: "end_lease") }

    fileprivate var hasEnded: Bool { events.contains { $0.eventType == "end_lease" && $0.status == .done } }
}

extension LeaseVersion {
    /// How the lease ended; `nil` if it was listed in this state.
    public var ending: Ending? { removal?.ending(of: lease) }
}

extension MirroredLease {
    /// How the lease ended; `nil` while its site lists it.
    public var ending: Ending? { removal?.ending(of: lease) }
}

/// A floating IP that is held by a reservation.
public struct ReservedFloatingIP: Sendable, Hashable {
    /// The address.
    public let address: String
    /// The reservation that holds it.
    public let reservationID: String
    /// What the services said about it: Neutron's floating IP if it exists already, otherwise Blazar's.
    public let resource: MirroredResource

    /// Makes a value from a resource of Neutron's or Blazar's; `nil` if the resource has no address.
    public init?(_ resource: MirroredResource, by reservationID: String) {
        guard let address = resource.resource.name else { return nil }
        self.address = address
        self.reservationID = reservationID
        self.resource = resource
    }
}

extension CatalogResource {
    /// The reservation that a floating IP of Neutron's was made for. Blazar tags the address with `reservation:ID`.
    public var taggedReservationID: String? {
        (fields["tags"]?.arrayValue ?? []).lazy.compactMap(\.stringValue)
            .first { $0.hasPrefix("reservation:") }.map { String($0.dropFirst("reservation:".count)) }
    }
}

/// The lease or leases that a name, an id or the beginning of an id matches.
public enum LeaseResolution: Sendable, Hashable {
    /// Exactly one lease.
    case one(LeaseCandidate)
    /// No lease.
    case none
    /// Several leases: a person has to choose.
    case ambiguous([LeaseCandidate])
}

/// A lease that a reference may mean.
public struct LeaseCandidate: Sendable, Hashable, Identifiable {
    /// Blazar's id.
    public let id: String
    /// Its name.
    public let name: String
    /// Its status as last seen.
    public let status: LeaseStatus
    /// When it ends.
    public let endsAt: Timestamp
    /// The name of its site.
    public let site: String
    /// The scope that sees it.
    public let scopeID: Int64
    /// Whether its site no longer lists it.
    public let isRemoved: Bool

    /// Makes a candidate from its parts.
    public init(
        id: String, name: String, status: LeaseStatus, endsAt: Timestamp, site: String, scopeID: Int64, isRemoved: Bool
    ) {
        self.id = id
        self.name = name
        self.status = status
        self.endsAt = endsAt
        self.site = site
        self.scopeID = scopeID
        self.isRemoved = isRemoved
    }

    /// Makes a candidate from a lease of the mirror.
    public init(_ lease: MirroredLease) {
        self.init(
            id: lease.id, name: lease.lease.name, status: lease.lease.status, endsAt: lease.lease.endsAt,
            site: lease.site, scopeID: lease.scopeID, isRemoved: lease.removal != nil)
    }
}
