/// A lease's status as Blazar gives it. One that is not named here is kept as it came.
public struct LeaseStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let creating = LeaseStatus(rawValue: "CREATING")
    public static let pending = LeaseStatus(rawValue: "PENDING")
    public static let starting = LeaseStatus(rawValue: "STARTING")
    public static let active = LeaseStatus(rawValue: "ACTIVE")
    public static let updating = LeaseStatus(rawValue: "UPDATING")
    public static let terminating = LeaseStatus(rawValue: "TERMINATING")
    public static let terminated = LeaseStatus(rawValue: "TERMINATED")
    public static let deleting = LeaseStatus(rawValue: "DELETING")
    public static let error = LeaseStatus(rawValue: "ERROR")

    /// Not Blazar's: a lease that is only queued here.
    public static let queued = LeaseStatus(rawValue: "QUEUED")

    /// Not Blazar's: a lease whose queued creation was refused.
    public static let rejected = LeaseStatus(rawValue: "REJECTED")

    /// Not Blazar's: a lease that is gone, because somebody deleted it.
    public static let deleted = LeaseStatus(rawValue: "DELETED")

    /// Every status that Blazar is known to use, in the order of a lease's life.
    public static let known: [LeaseStatus] = [
        .creating, .pending, .starting, .active, .updating, .terminating, .terminated, .deleting, .error,
    ]

    /// Whether Blazar passes through this status on its own, so that it is worth reading again.
    public var isTransient: Bool {
        switch self {
        case .creating, .starting, .updating, .terminating, .deleting: true
        default: false
        }
    }

    public var description: String { rawValue }
}

/// A reservation's status: `pending`, `active`, `deleted`, `error`, or what else Blazar may say.
public struct ReservationStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let pending = ReservationStatus(rawValue: "pending")
    public static let active = ReservationStatus(rawValue: "active")
    public static let deleted = ReservationStatus(rawValue: "deleted")
    public static let error = ReservationStatus(rawValue: "error")

    /// Not Blazar's: one that is only queued here.
    public static let queued = ReservationStatus(rawValue: "queued")
    /// Not Blazar's: one of a lease that has not been submitted.
    public static let requested = ReservationStatus(rawValue: "requested")

    public var description: String { rawValue }
}

/// An event's status: `UNDONE`, `IN_PROGRESS`, `DONE`, `ERROR`, or what else Blazar may say.
public struct EventStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let undone = EventStatus(rawValue: "UNDONE")
    public static let inProgress = EventStatus(rawValue: "IN_PROGRESS")
    public static let done = EventStatus(rawValue: "DONE")
    public static let error = EventStatus(rawValue: "ERROR")

    public var description: String { rawValue }
}
