public import LeaseModel

/// A lease to work with, either made here and submitted or found in the local database. It corresponds to python-chi's
/// `Lease`.
///
/// ```swift
/// let lease = try Lease(name: "mine", duration: .seconds(86_400))
/// try lease.addNodeReservation(amount: 2, nodeType: "compute_skylake")
/// try await lease.submit()
/// print(lease.status ?? "not submitted", lease.remaining)
/// ```
///
/// Its attributes are what was last known: reading them sends no request. ``refresh(progress:)``,
/// ``submit(waitForActive:waitTimeout:show:idempotent:retryOnError:isOffline:progress:)``,
/// ``wait(status:show:timeout:progress:)`` and ``delete(isOffline:progress:)`` update them. Writes go through the
/// queue, so a lease can be submitted and deleted while the cloud cannot be reached.
///
/// Use a lease in one task at a time. Pass its ``id`` or ``mirrored`` value to other tasks.
public final class Lease {
    /// The database, and through it the clouds.
    public let manager: LeaseManager
    /// The cloud of the lease; `nil` for the default one.
    public let cloud: String?

    /// What is known about the lease.
    enum State {
        /// It has not been submitted.
        case draft
        /// It was decoded from JSON.
        case read(BlazarLease)
        /// The database has it, at least as a queued creation.
        case mirrored(MirroredLease)
        /// It was deleted here. The value is its last state.
        case deleted(BlazarLease)
    }

    var state = State.draft
    /// The requested reservations, until the lease is submitted.
    var requests: [ReservationRequest] = []
    var findings: [DraftFinding] = []
    private let requestedName: String
    private let requestedStart: Timestamp?
    let requestedEnd: End

    /// The requested end of a lease that was made here.
    enum End {
        case at(Timestamp)
        /// This many seconds after its start.
        case after(Int64)
    }

    /// Makes a lease to be submitted later.
    ///
    /// - Parameters:
    ///   - name: its name, at most 80 characters.
    ///   - startsAt: when it starts, truncated to the minute; `nil` to start when it is created.
    ///   - endsAt: when it ends, truncated to the minute. It excludes `duration`.
    ///   - duration: how long it lasts from its start.
    ///   - cloud: its cloud, by the name in clouds.yaml; `nil` for the default cloud.
    ///   - manager: the database; `nil` for the default one.
    /// - Throws: ``LeaseholdError`` with the code `invalid` unless exactly one of end and duration is given, or
    ///   `database`.
    public init(
        name: String, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil, duration: Duration? = nil,
        cloud: String? = nil, manager: LeaseManager? = nil
    ) throws(LeaseholdError) {
        switch (endsAt, duration) {
        case (let end?, nil): requestedEnd = .at(end)
        case (nil, let duration?): requestedEnd = .after(duration.components.seconds)
        case (_?, _?):
            throw LeaseholdError(
                code: .invalid, message: "Specify either the end or the duration of '\(name)', not both.")
        case (nil, nil):
            throw LeaseholdError(code: .invalid, message: "Specify when '\(name)' ends: endsAt or duration.")
        }
        requestedName = name
        requestedStart = startsAt
        self.cloud = cloud
        if let manager { self.manager = manager } else { self.manager = try LeaseManager() }
    }

    /// Makes a lease from Blazar's JSON.
    ///
    /// - Parameters:
    ///   - json: the lease as Blazar writes it.
    ///   - cloud: its cloud, by the name in clouds.yaml; `nil` if the database knows it.
    ///   - manager: the database; `nil` for the default one.
    /// - Throws: ``LeaseholdError`` with the code `invalid` if the JSON is not a lease, or `database`.
    public convenience init(
        json: JSONObject, cloud: String? = nil, manager: LeaseManager? = nil
    ) throws(LeaseholdError) {
        let lease: BlazarLease
        do {
            lease = try BlazarLease(json: json)
        } catch {
            throw LeaseholdError(code: .invalid, message: "The JSON is not a lease: \(error).")
        }
        try self.init(lease, cloud: cloud, manager: manager)
    }

    private init(_ lease: BlazarLease, cloud: String?, manager: LeaseManager?) throws(LeaseholdError) {
        requestedName = lease.name
        requestedStart = lease.startsAt
        requestedEnd = .at(lease.endsAt)
        self.cloud = cloud
        if let manager { self.manager = manager } else { self.manager = try LeaseManager() }
        state = .read(lease)
    }

    /// Makes a lease from one in the database.
    public convenience init(_ mirrored: MirroredLease, manager: LeaseManager) throws(LeaseholdError) {
        try self.init(mirrored.lease, cloud: nil, manager: manager)
        state = .mirrored(mirrored)
    }
}

// MARK: - Attributes

extension Lease {
    /// The lease as Blazar last described it, or as it is queued; `nil` before it is submitted.
    public var lease: BlazarLease? {
        switch state {
        case .draft: nil
        case .read(let lease), .deleted(let lease): lease
        case .mirrored(let mirrored): mirrored.lease
        }
    }

    /// The lease as stored in the database: with its site, the names of its user and project, its queued writes, and
    /// how fresh the data is; `nil` if it has not been found there.
    public var mirrored: MirroredLease? {
        if case .mirrored(let mirrored) = state { mirrored } else { nil }
    }

    /// Its name.
    public var name: String { lease?.name ?? requestedName }

    /// Its identifier: Blazar's, or a local one until its creation is confirmed; `nil` before it is submitted.
    public var id: String? { lease?.id }

    /// Its status: Blazar's, or a local one (``LeaseStatus/queued`` and others); `nil` before it is submitted.
    public var status: LeaseStatus? {
        switch state {
        case .draft: nil
        case .read(let lease): lease.status
        case .mirrored(let mirrored): mirrored.removal == nil ? mirrored.lease.status : .deleted
        case .deleted: .deleted
        }
    }

    /// The Keystone id of the user who created it.
    public var userID: String? { lease?.userID }

    /// The Keystone id of the project it belongs to.
    public var projectID: String? { lease?.projectID }

    /// When it starts, or started; `nil` to start when it is created.
    public var startsAt: Timestamp? { lease?.startsAt ?? requestedStart }

    /// When it ends, or ended.
    public var endsAt: Timestamp {
        if let lease { return lease.endsAt }
        switch requestedEnd {
        case .at(let end): return end
        case .after(let seconds): return (requestedStart ?? manager.configuration.now()).adding(seconds: seconds)
        }
    }

    /// When Blazar created it.
    public var createdAt: Timestamp? { lease?.createdAt }

    /// Its duration, from start to end.
    public var duration: Duration {
        if case (nil, .after(let seconds)) = (lease, requestedEnd) { return .seconds(seconds) }
        return .seconds(endsAt.seconds(since: startsAt ?? manager.configuration.now()))
    }

    /// How much of it is left, from now or from its start if that is in the future; zero if it has ended or is deleted.
    public var remaining: Duration {
        guard let lease else { return duration }
        let from = max(manager.configuration.now(), lease.startsAt)
        let isOver = [.terminated, .deleted].contains(status) || lease.endsAt <= from
        return isOver ? .zero : .seconds(lease.endsAt.seconds(since: from))
    }

    /// Its events, sorted by time.
    public var events: [LeaseEvent] { lease?.events ?? [] }

    /// Its unfinished writes, in the order in which they were requested.
    public var pending: [Mutation] { mirrored?.pending ?? [] }

    /// When it was last seen in its current state; `nil` if the cloud has not shown it yet.
    public var syncedAt: Timestamp? { mirrored.flatMap { $0.isDraft ? nil : $0.lastSeenAt } }

    /// All of its reservations. Before it is submitted, they have no ids and the status `requested`.
    public var reservations: [Reservation] {
        lease?.reservations
            ?? ReservationRequest.ordered(requests).map { request in
                Reservation(
                    requesting: request.withTextValues().request.json, id: "", leaseID: nil, status: .requested)
            }
    }

    /// The reservations of hosts.
    public var nodeReservations: [Reservation] { reservations(of: .host) }
    /// The reservations of edge devices.
    public var deviceReservations: [Reservation] { reservations(of: .device) }
    /// The reservations of floating IPs.
    public var fipReservations: [Reservation] { reservations(of: .floatingIP) }
    /// The reservations of networks.
    public var networkReservations: [Reservation] { reservations(of: .network) }
    /// The reservations of instances of a flavor.
    public var flavorReservations: [Reservation] { reservations(of: .flavor) }

    private func reservations(of type: ResourceType) -> [Reservation] {
        reservations.filter { $0.resourceType == type }
    }

    /// The draft with which it would be created now.
    public var draft: LeaseDraft {
        LeaseDraft(
            name: requestedName, start: requestedStart.map(LeaseDraft.Start.at) ?? .now, endsAt: endsAt,
            reservations: ReservationRequest.ordered(requests).map { $0.withTextValues().request.json })
    }

    /// Values in the added reservations that were converted so that Blazar accepts them and, after the submission,
    /// findings about the lease based on what is known of the site.
    public var warnings: [String] { requests.flatMap { $0.withTextValues().warnings } + findings.map(\.description) }
}
