/// What a report needs to know of a lease: whose it is, when it held what, and how surely that is known.
///
/// Far smaller than a ``MirroredLease``, since a report may read a million of them.
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
    /// The project's name, if the catalogue knows it.
    public var projectName: String?
    /// The Keystone id of its user.
    public var userID: String
    /// The user's name, if the catalogue knows it.
    public var userName: String?
    /// Its status in the state that was seen last.
    public var status: LeaseStatus
    /// Whether Blazar has carried out its start. It is known, and asked, of leases in ERROR only: whether these ever held
    /// anything.
    public var hasStarted = false
    /// When it starts, or started.
    public var startsAt: Timestamp
    /// When it ends, or ended.
    public var endsAt: Timestamp
    /// When it was made, if the server said so.
    public var createdAt: Timestamp?
    /// Since when it has been seen as it is here.
    public var observedAt: Timestamp
    /// When it was last known to be so.
    public var lastSeenAt: Timestamp
    /// How it left the list, if it did.
    public var removal: Removal?
    /// What it reserves.
    public var reservations: [HeldReservation]
    /// What it reserved before that was changed, the oldest first; empty for a lease that never reserved anything else.
    public var earlierReservations: [EarlierReservations] = []
    /// The states in which it was seen before, the oldest first. Empty unless asked for.
    public var earlierStates: [ObservedState] = []
    /// Its starts and ends. Empty unless asked for.
    public var events: [LeaseEvent] = []

    /// Makes a holding from its parts.
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

    /// Takes out of a mirrored lease what a report needs, wherever the lease comes from: the present, a past state, or
    /// what was believed at some time.
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

    /// Whether nothing but its name and dates is known, as lists that `openstack reservation lease list` printed have it:
    /// neither its status nor what it reserves.
    public var isOutline: Bool { status.rawValue.isEmpty && reservations.isEmpty }
}

/// One state in which a lease was seen and which no longer holds, as far as reports need it.
public struct ObservedState: Sendable, Hashable {
    /// Its status then.
    public let status: LeaseStatus
    /// When it was to start.
    public let startsAt: Timestamp
    /// When it was to end.
    public let endsAt: Timestamp
    /// When it was first seen so.
    public let observedAt: Timestamp
    /// When it was last seen so.
    public let lastSeenAt: Timestamp
    /// When it was first seen otherwise.
    public let observedUntil: Timestamp
    /// Whether it was the state of being gone.
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

/// What a lease reserved until somebody changed that.
public struct EarlierReservations: Sendable, Hashable {
    /// What it reserved.
    public var reservations: [HeldReservation]
    /// When it was last seen to reserve that.
    public var lastSeenAt: Timestamp
    /// When it was changed at the latest.
    public var changedBefore: Timestamp

    /// Makes it from its parts.
    public init(reservations: [HeldReservation], lastSeenAt: Timestamp, changedBefore: Timestamp) {
        self.reservations = reservations
        self.lastSeenAt = lastSeenAt
        self.changedBefore = changedBefore
    }
}

/// How much one reservation of a lease held.
public struct HeldReservation: Sendable, Hashable {
    /// What it is for.
    public var resourceType: ResourceType
    /// The node type it asks for.
    public var nodeType: String?
    /// The name of the flavor, or the machine name of the devices, that it asks for. `nil` unless asked for.
    public var flavorOrMachine: String?
    /// The fewest hosts or devices that would do.
    public var minimum: Int?
    /// The most hosts or devices wanted.
    public var maximum: Int?
    /// How many floating IPs or instances.
    public var amount: Int?
    /// How many resources it was seen to have; `nil` where the site does not tell.
    public var allocated: Int?
    /// Whether Blazar could not replace a resource that failed.
    public var isMissingResources: Bool

    /// Which of its type it is, as rates name it: a flavor's name, a machine name of devices, a node type.
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

    /// Takes out of a reservation what a report needs.
    ///
    /// - Parameters:
    ///   - reservation: the reservation.
    ///   - allocated: how many resources it was seen to have; `nil` where the site does not tell.
    package init(_ reservation: Reservation, allocated: Int? = nil) {
        self.init(
            resourceType: reservation.resourceType, nodeType: reservation.requiredValue(of: "node_type"),
            flavorOrMachine: reservation.flavorOrMachine, minimum: reservation.minimumCount,
            maximum: reservation.maximumCount, amount: reservation.amount, allocated: allocated,
            isMissingResources: reservation.isMissingResources ?? false)
    }
}

/// Between which moments everything that a report is about was seen, as far as lists tell.
public struct Completeness: Sendable, Hashable {
    /// When the last of the scopes was first read whole: what had been deleted before is not known.
    public let from: Timestamp
    /// When the first of them was last read whole: what came, or went, afterwards is not known. It may be earlier than
    /// ``from``; then nothing is complete.
    public let until: Timestamp

    /// Makes a value from its parts.
    public init(from: Timestamp, until: Timestamp) {
        self.from = from
        self.until = until
    }
}
