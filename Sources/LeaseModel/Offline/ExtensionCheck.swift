/// Why a lease cannot be created or extended as requested.
public enum LeaseObstacle: Sendable, Hashable {
    /// Every Blazar refuses it.
    case refused(DraftFinding)
    /// The site does not allow an extension before this moment has passed.
    case windowClosed(opensAt: Timestamp, windowSeconds: Int64)
    /// The lease would become longer than the site allows.
    case tooLong(longestSeconds: Int64, latestEnd: Timestamp)
    /// It would end after the project's allocation.
    case allocationEnds(Timestamp)
    /// It would cost more than is left.
    case overBalance(cost: Double, LeaseRules.Balance)
    /// Somebody else holds a resource of the lease before the new end.
    case taken(TakenResource)
    /// The lease has not started, and too few resources that match are free until the new end.
    case tooFewFree(resourceType: ResourceType, reservationID: String, needed: Int, free: Int)

    /// A word for programs.
    public var code: String {
        switch self {
        case .refused: "refused"
        case .windowClosed: "window"
        case .tooLong: "longest"
        case .allocationEnds: "allocation"
        case .overBalance: "balance"
        case .taken: "taken"
        case .tooFewFree: "capacity"
        }
    }

    /// The field of a request that it is about.
    public var field: String {
        switch self {
        case .refused(let finding): finding.field
        case .windowClosed, .tooLong, .allocationEnds, .overBalance: "end_date"
        case .taken(let taken): "reservations[\(taken.reservationID)]"
        case .tooFewFree(_, let id, _, _): "reservations[\(id)]"
        }
    }

    /// The obstacle in a sentence.
    ///
    /// - Parameter time: writes a time.
    /// - Returns: the sentence.
    public func message(time: (Timestamp) -> String = \.iso8601) -> String {
        switch self {
        case .refused(let finding): return finding.message
        case .windowClosed(let opensAt, let seconds):
            return
                "The site allows an extension in the last \(DurationText.text(seconds: seconds)) of a lease, that is "
                + "after \(time(opensAt))."
        case .tooLong(let seconds, let latest):
            return
                "The site allows \(DurationText.text(seconds: seconds)) at most, that is an end until \(time(latest))."
        case .allocationEnds(let end): return "The project's allocation ends at \(time(end))."
        case .overBalance(let cost, let balance):
            let date = balance.asOf.map { " at \(time($0))" } ?? ""
            return
                "It costs \(SUText.text(cost)) SU; \(balance.owner) had \(SUText.text(balance.serviceUnits)) left\(date)."
        case .taken(let taken):
            return "\(taken.name) is reserved from \(time(taken.startsAt)) on, \(taken.holder)."
        case .tooFewFree(let type, _, let needed, let free):
            return "Of the resources of type \(type) that match, \(needed) must be free all the time; \(free) are."
        }
    }

    /// The obstacle as a finding about a request. Only what every Blazar refuses is a refusal: the rest rests on the
    /// mirror and on the policy file, which may be out of date.
    public var finding: DraftFinding {
        if case .refused(let finding) = self { return finding }
        return DraftFinding(.warning, field: field, message())
    }
}

/// A resource that a lease holds and somebody else holds afterward.
public struct TakenResource: Sendable, Hashable {
    /// The resource's name: a host's, or an address.
    public let name: String
    /// The lease's reservation that holds it.
    public let reservationID: String
    /// The allocation that stands in the way.
    public let next: Allocation

    /// When it is taken.
    public var startsAt: Timestamp { next.startsAt }

    /// By whom, as far as is visible.
    var holder: String {
        let project = next.projectID.map { " of project \($0)" } ?? ""
        return next.leaseName.map { "by the lease \"\($0)\"\(project)" } ?? "by somebody else's lease\(project)"
    }
}

/// What is known about the resources of one reservation.
public struct ReservationRoom: Sendable {
    /// A resource that the reservation holds, or may get instead.
    public struct Candidate: Sendable {
        let id: String
        let name: String
        let isHeld: Bool
        /// The allocations of other reservations, in any order.
        let others: [Allocation]

        /// Makes a candidate.
        public init(id: String, name: String, isHeld: Bool, others: [Allocation]) {
            self.id = id
            self.name = name
            self.isHeld = isHeld
            self.others = others
        }
    }

    let reservation: Reservation
    let candidates: [Candidate]
    /// Why nothing is known; `nil` if it is known.
    let unknown: String?
    /// When the site's allocations were read.
    let listedAt: Timestamp?

    /// The room that is known.
    ///
    /// - Parameters:
    ///   - reservation: the reservation.
    ///   - candidates: what it holds and, unless it has started, what else it could get.
    ///   - listedAt: when the site's allocations were read.
    public init(_ reservation: Reservation, candidates: [Candidate], listedAt: Timestamp?) {
        self.reservation = reservation
        self.candidates = candidates
        self.listedAt = listedAt
        unknown = nil
    }

    /// Room that is not known.
    public init(_ reservation: Reservation, unknown: String) {
        self.reservation = reservation
        self.unknown = unknown
        candidates = []
        listedAt = nil
    }
}

/// Whether an extension is possible, and how far.
public struct ExtensionVerdict: Sendable, Hashable {
    /// The answer in a word.
    public enum Answer: String, Sendable, Hashable {
        /// Nothing that is known stands in the way.
        case yes
        /// Something stands in the way.
        case no
        /// Nothing that is known stands in the way, but not everything is known.
        case unknown
    }

    /// The lease's end before the extension.
    public let end: Timestamp
    /// The end asked for; `nil` if the furthest was asked for and nothing limits it.
    public let newEnd: Timestamp?
    /// What stands in the way.
    public let obstacles: [LeaseObstacle]
    /// The moment after which the site allows an extension; `nil` if there is no such rule.
    public let opensAt: Timestamp?
    /// The latest end that the site's rules allow; `nil` for no known limit.
    public let allowedUntil: Timestamp?
    /// Until when all resources of the lease are free for it; `nil` for no known limit.
    public let freeUntil: Timestamp?
    /// The first resources that somebody else holds afterward, whether or not the new end reaches so far.
    public let nextHolders: [TakenResource]
    /// The furthest possible end, once the window is open; `nil` for no known limit.
    public let furthestEnd: Timestamp?
    /// What the extension costs in service units; `nil` if not known, or if the policy has no rates.
    public let cost: Double?
    /// What is not known, in sentences.
    public let unknowns: [String]
    /// Why the site's rules are not known; `nil` if they are, or if there are none. Nothing may then be extended unasked.
    public let rulesProblem: String?
    /// When the oldest of the lists that the answer rests on was read; `nil` if it rests on none.
    public let knownAt: Timestamp?

    /// The answer in a word.
    public var answer: Answer { obstacles.isEmpty ? (unknowns.isEmpty ? .yes : .unknown) : .no }
}

/// Foretells whether Blazar would extend a lease, from the rules that a person wrote down and the allocations that the
/// last sync read. It is pure: it sends nothing and reads nothing.
///
/// Blazar lets a reservation that has started keep exactly what it holds, or refuses. One that has not started may get
/// other resources that match.
public struct ExtensionCheck: Sendable {
    private let lease: BlazarLease
    private let rules: LeaseRules
    private let rooms: [ReservationRoom]
    private let rates: RateTable?
    private let held: [HeldReservation]
    private let rulesProblem: String?
    private let now: Timestamp

    /// - Parameters:
    ///   - lease: the lease, after everything that is queued for it.
    ///   - rules: the rules that apply to it.
    ///   - rooms: what is known about its resources.
    ///   - policy: the site's policy, for its rates.
    ///   - held: what its reservations hold, as bills count it.
    ///   - rulesProblem: why the rules are not known; `nil` if they are.
    ///   - now: the current time.
    public init(
        lease: BlazarLease, rules: LeaseRules, rooms: [ReservationRoom], policy: SitePolicy = SitePolicy(),
        held: [HeldReservation], rulesProblem: String? = nil, now: Timestamp
    ) {
        self.lease = lease
        self.rules = rules
        self.rooms = rooms
        self.held = held
        self.rulesProblem = rulesProblem
        self.now = now
        rates = policy.rates.isEmpty ? nil : RateTable(policy)
    }

    /// The verdict about an end.
    ///
    /// - Parameter wanted: the new end; `nil` for the furthest possible one.
    /// - Returns: the verdict.
    public func verdict(_ wanted: Timestamp?) -> ExtensionVerdict {
        let end = lease.endsAt
        let allowed = rules.latestEnd(start: lease.startsAt, extending: end)
        let policyEnd = [allowed, rules.allocationEndsAt].compactMap(\.self).min()
        let free = rooms.compactMap(freeUntil).min()
        let limit = [policyEnd, free].compactMap(\.self).min()
        let furthest = affordable(limit).map { max(end, $0.truncatedToMinute) }
        let newEnd = wanted ?? furthest
        var obstacles: [LeaseObstacle] = []
        if let newEnd {
            // If not even a minute more is possible, the furthest end is the present one: say why.
            let tried = wanted == nil && newEnd == end ? end.adding(seconds: 60) : newEnd
            obstacles = self.obstacles(tried, allowed: allowed)
        } else if let closed = closedWindow {
            obstacles = [closed]
        }
        return ExtensionVerdict(
            end: end, newEnd: newEnd, obstacles: obstacles, opensAt: opensAt, allowedUntil: policyEnd, freeUntil: free,
            nextHolders: nextHolders, furthestEnd: furthest, cost: newEnd.flatMap(cost),
            unknowns: [rulesProblem].compactMap(\.self) + rooms.compactMap { unknown($0, until: newEnd) },
            rulesProblem: rulesProblem, knownAt: rooms.compactMap(\.listedAt).min())
    }

    private var hasStarted: Bool { lease.startsAt <= now }

    private var opensAt: Timestamp? { hasStarted ? rules.extensionOpensAt(end: lease.endsAt) : nil }

    private var closedWindow: LeaseObstacle? {
        guard let opensAt, now <= opensAt, let seconds = rules.extensionWindowSeconds else { return nil }
        return .windowClosed(opensAt: opensAt, windowSeconds: seconds)
    }

    private func obstacles(_ newEnd: Timestamp, allowed: Timestamp?) -> [LeaseObstacle] {
        let review = ChangeReview(lease: lease, now: now).findings(["end_date": .string(newEnd.blazarRequest)])
        var obstacles = review.filter { $0.severity == .refusal }.map(LeaseObstacle.refused)
        // What shortens a lease, or leaves it as it is, needs nobody's permission.
        guard newEnd > lease.endsAt else { return obstacles }
        if let closedWindow { obstacles.append(closedWindow) }
        if let allowed, let longest = rules.maxDurationSeconds, newEnd.truncatedToMinute > allowed {
            obstacles.append(.tooLong(longestSeconds: longest, latestEnd: allowed))
        }
        if let end = rules.allocationEndsAt, newEnd > end { obstacles.append(.allocationEnds(end)) }
        if let cost = cost(newEnd) {
            obstacles += rules.balances.filter { cost > $0.serviceUnits }.map { .overBalance(cost: cost, $0) }
        }
        return obstacles + rooms.flatMap { shortages($0, until: newEnd) }
    }

    // MARK: - Cost

    /// What moving the end to this time costs.
    private func cost(_ newEnd: Timestamp) -> Double? {
        guard let rates else { return nil }
        guard newEnd > lease.endsAt else { return 0 }
        var sum = 0.0
        for reservation in held {
            guard let part = rates.serviceUnits(of: reservation, in: lease.endsAt..<newEnd) else { return nil }
            sum += part
        }
        return sum
    }

    /// The latest end up to a limit that what is left pays for; `nil` for no known limit.
    private func affordable(_ limit: Timestamp?) -> Timestamp? {
        guard let left = rules.balances.map(\.serviceUnits).min() else { return limit }
        // No lease lasts for ten years.
        var (low, high) = (lease.endsAt, limit ?? lease.endsAt.adding(seconds: 315_360_000))
        guard high > low, let most = cost(high), most > left else { return limit }
        while high.seconds(since: low) > 60 {
            let middle = low.adding(seconds: high.seconds(since: low) / 2)
            if (cost(middle) ?? 0) > left { high = middle } else { low = middle }
        }
        // Within the last minute, a whole minute may still be paid for.
        let whole = high.truncatedToMinute
        return whole > low && (cost(whole) ?? 0) <= left ? whole : low
    }

    // MARK: - Room

    /// Whether the reservation keeps exactly what it holds, or is refused.
    private func isFixed(_ room: ReservationRoom) -> Bool {
        let required = room.reservation.fields["required_floatingips"]?.arrayValue ?? []
        return hasStarted || room.reservation.status == .active || !required.isEmpty
    }

    /// Instances of several reservations may share a host, so another allocation on it need not be in the way.
    private func isShared(_ room: ReservationRoom) -> Bool {
        [.instance, .flavor].contains(room.reservation.resourceType)
    }

    /// The first allocation of somebody else that keeps a resource from being held longer; `nil` if there is none.
    private func next(_ candidate: ReservationRoom.Candidate) -> Allocation? {
        let from = hasStarted ? max(now, lease.startsAt) : lease.startsAt
        return candidate.others.filter { $0.endsAt > from }.min { $0.startsAt < $1.startsAt }
    }

    private func heldTaken(_ room: ReservationRoom) -> [TakenResource] {
        room.candidates.filter(\.isHeld).compactMap { candidate in
            next(candidate).map { TakenResource(name: candidate.name, reservationID: room.reservation.id, next: $0) }
        }.sorted { ($0.startsAt, $0.name) < ($1.startsAt, $1.name) }
    }

    private var nextHolders: [TakenResource] {
        rooms.flatMap(heldTaken).sorted { ($0.startsAt, $0.name) < ($1.startsAt, $1.name) }
    }

    /// Until when the lease can keep what the reservation needs; `nil` for no known limit.
    private func freeUntil(_ room: ReservationRoom) -> Timestamp? {
        guard room.unknown == nil, !isShared(room) else { return nil }
        if isFixed(room) { return heldTaken(room).first?.startsAt }
        let ends = room.candidates.map { next($0)?.startsAt ?? ResourceCalendar.never }.sorted(by: >)
        let needed = needed(room)
        guard needed > 0, ends.count >= needed else { return lease.endsAt }
        return ends[needed - 1] == ResourceCalendar.never ? nil : ends[needed - 1]
    }

    private func needed(_ room: ReservationRoom) -> Int {
        switch room.reservation.resourceType {
        case .host, .device: room.reservation.minimumCount ?? 1
        case .floatingIP: room.reservation.amount ?? 1
        case .instance, .flavor, .network, .other: 1
        }
    }

    private func shortages(_ room: ReservationRoom, until newEnd: Timestamp) -> [LeaseObstacle] {
        guard room.unknown == nil, !isShared(room) else { return [] }
        if isFixed(room) { return heldTaken(room).filter { $0.startsAt < newEnd }.map(LeaseObstacle.taken) }
        let free = room.candidates.count { next($0).map { $0.startsAt >= newEnd } ?? true }
        guard free < needed(room) else { return [] }
        return [
            .tooFewFree(
                resourceType: room.reservation.resourceType, reservationID: room.reservation.id, needed: needed(room),
                free: free)
        ]
    }

    /// What is not known about a reservation's resources until an end, in a sentence.
    private func unknown(_ room: ReservationRoom, until newEnd: Timestamp?) -> String? {
        if let unknown = room.unknown { return unknown }
        guard isShared(room) else { return nil }
        let shared = heldTaken(room).first { taken in newEnd.map { taken.startsAt <= $0 } ?? true }
        return shared.map {
            "\($0.name) is shared with other reservations, and whether the instances have room until then is not known."
        }
    }
}

/// Service units for people.
enum SUText {
    /// With two decimal places, and none if they are 0.
    static func text(_ value: Double) -> String {
        guard value.magnitude < 1e15 else { return "\(value)" }
        let hundredths = Int64((value * 100).rounded())
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        let sign = hundredths < 0 ? "-" : ""
        let fraction = rest.magnitude == 0 ? "" : ".\(rest.magnitude < 10 ? "0" : "")\(rest.magnitude)"
        return "\(sign)\(whole.magnitude)\(fraction)"
    }
}
