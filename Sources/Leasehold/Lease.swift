public import LeaseModel

/// A lease to work with: made here and submitted, or found in the local database. python-chi's `Lease`.
///
/// ```swift
/// let lease = try Lease(name: "mine", duration: .seconds(86_400))
/// try lease.addNodeReservation(amount: 2, nodeType: "compute_skylake")
/// try await lease.submit()
/// print(lease.status ?? "not submitted", lease.remaining)
/// ```
///
/// Its attributes are what was last known: reading one asks nobody. ``refresh(progress:)``, ``submit(waitForActive:waitTimeout:show:idempotent:retryOnError:isOffline:progress:)``,
/// ``wait(status:show:timeout:progress:)`` and ``delete(isOffline:progress:)`` bring them up to date. Writes go through
/// the queue, so a lease can be submitted and deleted while the cloud cannot be reached.
///
/// A lease is for one task at a time; what is to be passed on is its ``id``, or ``mirrored``.
public final class Lease {
    /// The database, and through it the clouds.
    public let manager: LeaseManager
    /// The cloud that it is for; `nil` for the standard one.
    public let cloud: String?

    /// What is known of it.
    enum State {
        /// It has not been submitted.
        case draft
        /// It was read from JSON.
        case read(BlazarLease)
        /// The database has it, at least as a creation in the queue.
        case mirrored(MirroredLease)
        /// It was deleted here; this is how it was last.
        case deleted(BlazarLease)
    }

    var state = State.draft
    /// What is asked for, until it is submitted.
    var requests: [ReservationRequest] = []
    var findings: [DraftFinding] = []
    private let requestedName: String
    private let requestedStart: Timestamp?
    let requestedEnd: End

    /// When a lease that was made here is to end.
    enum End {
        case at(Timestamp)
        /// So many seconds after its start.
        case after(Int64)
    }

    /// Makes a lease, to be submitted later.
    ///
    /// - Parameters:
    ///   - name: its name, at most 80 characters.
    ///   - startsAt: when it starts, to the minute; `nil` for as soon as it is created.
    ///   - endsAt: when it ends, to the minute; not together with a duration.
    ///   - duration: how long it lasts from its start on.
    ///   - cloud: where, as clouds.yaml calls it; `nil` for the standard cloud.
    ///   - manager: the database; `nil` for the standard one.
    /// - Throws: ``LeaseholdError`` of code `invalid` unless exactly one of end and duration is given; `database`.
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

    /// Makes a lease of the object that Blazar gives for one.
    ///
    /// - Parameters:
    ///   - json: the object.
    ///   - cloud: where it is, as clouds.yaml calls it; `nil` for wherever the database has it.
    ///   - manager: the database; `nil` for the standard one.
    /// - Throws: ``LeaseholdError`` of code `invalid` if it is not a lease; `database`.
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

    /// Makes a lease of one that the database has.
    public convenience init(_ mirrored: MirroredLease, manager: LeaseManager) throws(LeaseholdError) {
        try self.init(mirrored.lease, cloud: nil, manager: manager)
        state = .mirrored(mirrored)
    }
}

// MARK: - Attributes

extension Lease {
    /// The lease as Blazar described it last, or as it stands in the queue; `nil` before it is submitted.
    public var lease: BlazarLease? {
        switch state {
        case .draft: nil
        case .read(let lease), .deleted(let lease): lease
        case .mirrored(let mirrored): mirrored.lease
        }
    }

    /// The lease as the database has it: its site, the names of its user and project, what is queued for it, and how
    /// fresh all that is; `nil` if it was not found there yet.
    public var mirrored: MirroredLease? {
        if case .mirrored(let mirrored) = state { mirrored } else { nil }
    }

    /// Its name.
    public var name: String { lease?.name ?? requestedName }

    /// Its identifier: Blazar's, or a local one while its creation is queued; `nil` before it is submitted.
    public var id: String? { lease?.id }

    /// Its status: Blazar's, `QUEUED`, or `DELETED`; `nil` before it is submitted.
    public var status: LeaseStatus? {
        switch state {
        case .draft: nil
        case .read(let lease): lease.status
        case .mirrored(let mirrored): mirrored.removal == nil ? mirrored.lease.status : .deleted
        case .deleted: .deleted
        }
    }

    /// The Keystone id of the user who made it.
    public var userID: String? { lease?.userID }

    /// The Keystone id of the project it belongs to.
    public var projectID: String? { lease?.projectID }

    /// When it starts, or started; `nil` for as soon as it is created.
    public var startsAt: Timestamp? { lease?.startsAt ?? requestedStart }

    /// When it ends, or ended.
    public var endsAt: Timestamp {
        if let lease { return lease.endsAt }
        switch requestedEnd {
        case .at(let end): return end
        case .after(let seconds): return (requestedStart ?? manager.configuration.now()).adding(seconds: seconds)
        }
    }

    /// When Blazar made it.
    public var createdAt: Timestamp? { lease?.createdAt }

    /// How long it lasts, from its start to its end.
    public var duration: Duration {
        if case (nil, .after(let seconds)) = (lease, requestedEnd) { return .seconds(seconds) }
        return .seconds(endsAt.seconds(since: startsAt ?? manager.configuration.now()))
    }

    /// How long it lasts from now on, or from its start if that is to come; zero once it has ended or is deleted.
    public var remaining: Duration {
        guard let lease else { return duration }
        let from = max(manager.configuration.now(), lease.startsAt)
        let isOver = [.terminated, .deleted].contains(status) || lease.endsAt <= from
        return isOver ? .zero : .seconds(lease.endsAt.seconds(since: from))
    }

    /// What happens, or happened, to it, in the order of time.
    public var events: [LeaseEvent] { lease?.events ?? [] }

    /// The writes that are not carried out yet, in the order in which they were asked for.
    public var pending: [Mutation] { mirrored?.pending ?? [] }

    /// When it was last known to be so; `nil` if the cloud has not told.
    public var syncedAt: Timestamp? { mirrored.flatMap { $0.isDraft ? nil : $0.lastSeenAt } }

    /// Everything that it reserves. What is not submitted yet has no id and the status `requested`.
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

    /// What a creation would be sent with now.
    public var draft: LeaseDraft {
        LeaseDraft(
            name: requestedName, start: requestedStart.map(LeaseDraft.Start.at) ?? .now, endsAt: endsAt,
            reservations: ReservationRequest.ordered(requests).map { $0.withTextValues().request.json })
    }

    /// What was changed in the reservations that were added, so that Blazar takes them; and after the submission what
    /// was noticed about the lease, from what is known of the site.
    public var warnings: [String] { requests.flatMap { $0.withTextValues().warnings } + findings.map(\.description) }
}
