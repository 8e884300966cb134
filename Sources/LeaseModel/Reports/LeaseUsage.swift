/// What a report needs to know about a lease: whose it is, what it held and when, and how certain that is.
///
/// It is far smaller than a ``MirroredLease``, since a report may read a million of them.
public struct LeaseUsage: Sendable, Hashable {
    /// Blazar's identifier.
    public var id: String
    /// The name its owner gave it.
    public var name: String
    /// The name of its site.
    public var site: String
    /// The scope that sees it.
    public var scopeID: Int64
    /// The Keystone id of its project.
    public var projectID: String
    /// The project's name, if the catalog has it.
    public var projectName: String?
    /// The Keystone id of its user.
    public var userID: String
    /// The user's name, if the catalog has it.
    public var userName: String?
    /// Its status when it was last seen.
    public var status: LeaseStatus
    /// Whether Blazar has carried out its start. It is set only for leases in ERROR, for which it decides whether they
    /// ever held anything.
    public var hasStarted = false
    /// When it starts, or started.
    public var startsAt: Timestamp
    /// When it ends, or ended.
    public var endsAt: Timestamp
    /// When it was created, if the server reported it.
    public var createdAt: Timestamp?
    /// Since when it has been seen in this state.
    public var observedAt: Timestamp
    /// When it was last seen in this state.
    public var lastSeenAt: Timestamp
    /// How it was removed; `nil` while it is listed.
    public var removal: Removal?
    /// What it reserves.
    public var reservations: [HeldReservation]
    /// Its earlier reservations, oldest first; empty if they never changed.
    public var earlierReservations: [EarlierReservations] = []
    /// The earlier states in which it was seen, oldest first. Empty unless requested.
    public var earlierStates: [ObservedState] = []
    /// Its start and end events. Empty unless requested.
    public var events: [LeaseEvent] = []

    /// Makes a usage from its parts.
    public init(
        id: String, name: String, site: String, scopeID: Int64, projectID: String, projectName: String? = nil,
        userID: String, userName: String? = nil, status: LeaseStatus, startsAt: Timestamp, endsAt: Timestamp,
        createdAt: Timestamp? = nil, observedAt: Timestamp, lastSeenAt: Timestamp, removal: Removal? = nil,
        reservations: [HeldReservation] = []
    ) {
        self.id = id
        self.name = name
        self.site = site
        self.scopeID = scopeID
        self.projectID = projectID
        self.projectName = projectName
        self.userID = userID
        self.userName = userName
        self.status = status
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.createdAt = createdAt
        self.observedAt = observedAt
        self.lastSeenAt = lastSeenAt
        self.removal = removal
        self.reservations = reservations
    }

    /// Makes a usage from a mirrored lease: its present state, a past state, or what was known of it at some time.
    public init(_ mirrored: MirroredLease) {
        let lease = mirrored.lease
        self.init(
            id: lease.id, name: lease.name, site: mirrored.site, scopeID: mirrored.scopeID, projectID: lease.projectID,
            projectName: mirrored.projectName, userID: lease.userID, userName: mirrored.userName, status: lease.status,
            startsAt: lease.startsAt, endsAt: lease.endsAt, createdAt: lease.createdAt,
            observedAt: mirrored.observedAt, lastSeenAt: mirrored.lastSeenAt, removal: mirrored.removal,
            reservations: lease.reservations.map { HeldReservation($0, allocated: mirrored.heldCounts[$0.id]) })
        events = lease.events
        hasStarted =
            lease.status == .error && lease.events.contains { $0.eventType == "start_lease" && $0.status == .done }
    }

    /// Whether only its name and dates are known, and neither its status nor what it reserves. Lists printed by
    /// `openstack reservation lease list` contain no more.
    public var isOutline: Bool { status.rawValue.isEmpty && reservations.isEmpty }
}

/// An earlier state of a lease, as far as reports need it.
public struct ObservedState: Sendable, Hashable {
    /// Its status then.
    public let status: LeaseStatus
    /// When it was to start, in that state.
    public let startsAt: Timestamp
    /// When it was to end, in that state.
    public let endsAt: Timestamp
    /// When it was first seen in that state.
    public let observedAt: Timestamp
    /// When it was last seen in that state.
    public let lastSeenAt: Timestamp
    /// When it was first seen in another state.
    public let observedUntil: Timestamp
    /// Whether the lease was removed in that state.
    public let isGone: Bool

    /// Makes a state from its parts.
    public init(
        status: LeaseStatus, startsAt: Timestamp, endsAt: Timestamp, observedAt: Timestamp, lastSeenAt: Timestamp,
        observedUntil: Timestamp, isGone: Bool = false
    ) {
        self.status = status
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.observedAt = observedAt
        self.lastSeenAt = lastSeenAt
        self.observedUntil = observedUntil
        self.isGone = isGone
    }
}

/// What a lease reserved until its reservations were changed.
public struct EarlierReservations: Sendable, Hashable {
    /// What it reserved.
    public var reservations: [HeldReservation]
    /// When it was last seen with these reservations.
    public var lastSeenAt: Timestamp
    /// The latest moment at which they can have changed.
    public var changedBefore: Timestamp

    /// Makes a value from its parts.
    public init(reservations: [HeldReservation], lastSeenAt: Timestamp, changedBefore: Timestamp) {
        self.reservations = reservations
        self.lastSeenAt = lastSeenAt
        self.changedBefore = changedBefore
    }
}

/// The resources that one reservation of a lease held.
public struct HeldReservation: Sendable, Hashable {
    /// The type of resource.
    public var resourceType: ResourceType
    /// The node type it requires.
    public var nodeType: String?
    /// The name of the flavor, or the machine name of the devices, that it requires. `nil` unless requested.
    public var flavorOrMachine: String?
    /// The smallest acceptable number of hosts or devices.
    public var minimum: Int?
    /// The largest requested number of hosts or devices.
    public var maximum: Int?
    /// The number of floating IPs or instances.
    public var amount: Int?
    /// How many resources it was seen to hold; `nil` if the site does not report it.
    public var allocated: Int?
    /// Whether Blazar could not replace a failed resource.
    public var isMissingResources: Bool

    /// The kind within its type, as rates name it: a flavor's name, a device's machine name, a node type.
    public var kind: String? { flavorOrMachine ?? nodeType }

    /// Makes a reservation from its parts.
    public init(
        resourceType: ResourceType, nodeType: String? = nil, flavorOrMachine: String? = nil, minimum: Int? = nil,
        maximum: Int? = nil, amount: Int? = nil, allocated: Int? = nil, isMissingResources: Bool = false
    ) {
        self.resourceType = resourceType
        self.nodeType = nodeType
        self.flavorOrMachine = flavorOrMachine
        self.minimum = minimum
        self.maximum = maximum
        self.amount = amount
        self.allocated = allocated
        self.isMissingResources = isMissingResources
    }

    /// Makes a value from a reservation.
    ///
    /// - Parameters:
    ///   - reservation: the reservation.
    ///   - allocated: how many resources it was seen to hold; `nil` if the site does not report it.
    package init(_ reservation: Reservation, allocated: Int? = nil) {
        self.init(
            resourceType: reservation.resourceType, nodeType: reservation.requiredValue(of: "node_type"),
            flavorOrMachine: reservation.flavorOrMachine, minimum: reservation.minimumCount,
            maximum: reservation.maximumCount, amount: reservation.amount, allocated: allocated,
            isMissingResources: reservation.isMissingResources ?? false)
    }
}

/// The period in which everything that a report covers was observed, as far as the lists show.
public struct Completeness: Sendable, Hashable {
    /// When the last of the scopes was first read completely. Leases deleted before that are unknown.
    public let from: Timestamp
    /// The earliest of the scopes' last complete reads. Later changes are unknown. If it is before ``from``, nothing is
    /// complete.
    public let until: Timestamp

    /// Makes a value from its parts.
    public init(from: Timestamp, until: Timestamp) {
        self.from = from
        self.until = until
    }
}
