/// A lease as the mirror has it: what the server last said, how that is known, and what is queued for it.
///
/// One that is only queued has its local id and the status `QUEUED`.
public struct MirroredLease: Sendable, Hashable, Identifiable {
    /// The lease as last seen.
    public package(set) var lease: BlazarLease
    /// A scope that sees it: its project's own, if there is one.
    public let scopeID: Int64
    /// Every scope that sees it.
    package var audience: [Int64] = []
    /// The name of its site.
    public let site: String
    /// The project's name, if the catalogue knows it.
    public let projectName: String?
    /// The user's name, if the catalogue knows it.
    public let userName: String?
    /// Whether one of the users this database syncs as made it.
    public let isMine: Bool
    /// When it was first seen.
    public let firstSeenAt: Timestamp
    /// Since when it has been seen as it is.
    public let observedAt: Timestamp
    /// When it was last known to be so.
    public let lastSeenAt: Timestamp
    /// How it went, if the site no longer lists it.
    public let removal: Removal?
    /// The writes that are not carried out yet, in the order in which they were asked for.
    public var pending: [Mutation] = []

    /// How many hosts, floating IPs or devices each reservation was last seen to hold, by its id, where the site tells.
    public var heldCounts: [String: Int] = [:]

    /// Whether a creation, a change or a deletion of it waits to be carried out.
    public var isQueued: Bool { !pending.isEmpty }
    /// Whether the server is not known to have it: it stands in the queue only.
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

/// How a lease left the list of its scope. The moment is known within bounds only.
public struct Removal: Sendable, Hashable {
    /// Why it is no longer listed.
    public enum Reason: String, Sendable, Hashable {
        /// The server said that there is no such lease (404).
        case deleted
        /// The server has it, but not for this scope (403, or another project's).
        case outOfScope = "out_of_scope"
        /// A later list did not have it, and nobody asked for it: known from an import only.
        case unlisted
    }

    /// Why it is no longer listed.
    public let reason: Reason
    /// When it was last listed.
    public let after: Timestamp
    /// When it was first known to be gone.
    public let before: Timestamp

    /// Makes a departure from its parts.
    public init(reason: Reason, after: Timestamp, before: Timestamp) {
        self.reason = reason
        self.after = after
        self.before = before
    }
}

/// How many of something a lease has, as far as is known.
public struct ResourceCount: Sendable, Hashable {
    /// The fewest it can be.
    public let least: Int
    /// The most it can be.
    public let most: Int

    /// Makes a count.
    public init(least: Int, most: Int) {
        self.least = least
        self.most = max(least, most)
    }

    /// The number, if it is known for sure.
    public var exact: Int? { least == most ? least : nil }
}

extension MirroredLease {
    /// How many hosts it has: those that were seen to be given to it, else what its reservations ask for.
    public var nodes: ResourceCount { count(.host) }

    /// How many floating IPs it has: those that were seen to be given to it, else what its reservations ask for.
    public var floatingIPs: ResourceCount { count(.floatingIP) }

    /// Whether nothing but its name and dates is known, so that what it reserves is unknown, and not nothing.
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
    /// Whether nothing but its name and dates is known.
    package var isOutline: Bool { status.rawValue.isEmpty && reservations.isEmpty }
}

/// Whether a lease held what it reserves at a moment, as far as is known.
public enum HeldCertainty: String, Sendable, Hashable {
    /// It was seen at or after the moment, and nothing speaks against it.
    case held = "yes"
    /// It may have: it vanished around the moment, failed, or was not seen to start.
    case maybe
    /// The moment is later than what was last seen of it: this is what was planned.
    case planned
}

extension MirroredLease {
    /// Whether the lease held what it reserves at a moment: from its start on, and before its end.
    ///
    /// - Parameter moment: the moment.
    /// - Returns: how sure that is; `nil` if it did not.
    public func held(at moment: Timestamp) -> HeldCertainty? {
        guard lease.startsAt <= moment, moment < lease.endsAt else { return nil }
        if let removal, moment > removal.after {
            // Out of our sight it may go on.
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

/// How a lease that its site no longer lists ended, as far as it was seen.
public enum Ending: String, Sendable, Hashable {
    /// It ran to its end, and was taken from the list after.
    case asPlanned = "as planned"
    /// It was given back, or cancelled, before its end.
    case early
    /// What was seen fits both.
    case unknown
}

extension Removal {
    /// How the lease ended, given the last state in which it was listed.
    ///
    /// It is told by what was seen alone: that it had ended, that it was still there at its end, or that it was gone
    /// before. A status that Blazar only passes through says nothing, as its end may be about to change, and neither
    /// does a lease that failed.
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
    /// When Blazar carried out an event of that type, and nothing else: it stamps an event when its status changes.
    func moment(of type: String) -> Timestamp? {
        events.last { $0.eventType == type && $0.status == .done }?.updatedAt
    }

    /// When it really began, if Blazar has said so.
    public var startedAt: Timestamp? { moment(of: "start_lease") }
    /// When it really ended, if Blazar has said so.
    public var endedAt: Timestamp? { moment(of: "end_lease") }

    fileprivate var hasEnded: Bool { events.contains { $0.eventType == "end_lease" && $0.status == .done } }
}

extension LeaseVersion {
    /// How the lease ended; `nil` for a state in which it was listed.
    public var ending: Ending? { removal?.ending(of: lease) }
}

extension MirroredLease {
    /// How the lease ended; `nil` while its site lists it.
    public var ending: Ending? { removal?.ending(of: lease) }
}

/// A floating IP that a reservation holds.
public struct ReservedFloatingIP: Sendable, Hashable {
    /// The address.
    public let address: String
    /// The reservation that holds it.
    public let reservationID: String
    /// What the services said of it: Neutron's floating IP if there is one already, else Blazar's.
    public let resource: MirroredResource

    /// Makes one of a resource of Neutron's or Blazar's; `nil` if that has no address.
    public init?(_ resource: MirroredResource, by reservationID: String) {
        guard let address = resource.resource.name else { return nil }
        self.address = address
        self.reservationID = reservationID
        self.resource = resource
    }
}

extension CatalogueResource {
    /// The reservation that a floating IP of Neutron's was made for: Blazar marks it by a tag `reservation:ID`.
    public var taggedReservationID: String? {
        (fields["tags"]?.arrayValue ?? []).lazy.compactMap(\.stringValue)
            .first { $0.hasPrefix("reservation:") }.map { String($0.dropFirst("reservation:".count)) }
    }
}

/// What a name, an id or the beginning of an id stands for.
public enum LeaseResolution: Sendable, Hashable {
    /// Exactly one lease.
    case one(LeaseCandidate)
    /// None.
    case none
    /// Several: a person has to choose.
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
    public let isDeparted: Bool

    /// Makes a candidate from its parts.
    public init(
        id: String, name: String, status: LeaseStatus, endsAt: Timestamp, site: String, scopeID: Int64, isDeparted: Bool
    ) {
        self.id = id
        self.name = name
        self.status = status
        self.endsAt = endsAt
        self.site = site
        self.scopeID = scopeID
        self.isDeparted = isDeparted
    }

    /// Makes the candidate that a lease of the mirror is.
    public init(_ lease: MirroredLease) {
        self.init(
            id: lease.id, name: lease.lease.name, status: lease.lease.status, endsAt: lease.lease.endsAt,
            site: lease.site, scopeID: lease.scopeID, isDeparted: lease.removal != nil)
    }
}
