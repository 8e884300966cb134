/// What a creation waits for: room for one of several requests, at one or more sites.
///
/// The creation is bound to one request, and so to one site and project, at a time. Its latest start is
/// ``Mutation/notAfter``.
public struct WaitingTerms: Sendable, Hashable {
    /// One of the requests that will do.
    public struct Choice: Sendable, Hashable {
        /// The site and project.
        public let address: QueueAddress
        /// The scope through which it is requested.
        public let scopeID: Int64
        /// The reservations, as Blazar accepts them.
        public package(set) var reservations: [JSONObject]
        /// How often the site refused it for lack of room.
        public package(set) var refusals = 0
        /// When it may be tried again after a refusal.
        public package(set) var retryAt: Timestamp?

        /// Makes a request that was not refused yet.
        public init(address: QueueAddress, scopeID: Int64, reservations: [JSONObject]) {
            self.address = address
            self.scopeID = scopeID
            self.reservations = reservations
        }
    }

    /// When there is room for a request.
    package enum Room: Sendable, Hashable {
        /// From this moment on, as far as the mirror shows.
        case from(Timestamp)
        /// At no time that was asked about.
        case none
        /// The site does not say who holds what. It has to be asked for a lease to find out.
        case unknown
        /// The site was not read lately.
        case unseen
    }

    /// The time for which room is wanted.
    package struct Period: Sendable, Hashable {
        /// The earliest start.
        package let from: Timestamp
        /// The latest start; `nil` for any.
        package let latest: Timestamp?
        /// How long the lease lasts, in seconds.
        package let seconds: Int64

        package init(from: Timestamp, latest: Timestamp?, seconds: Int64) {
            self.from = from
            self.latest = latest
            self.seconds = seconds
        }
    }

    /// The earliest start; `nil` for any.
    public package(set) var earliest: Timestamp?
    /// How long before its start the lease may be created, in seconds; `nil` for any time.
    public let aheadSeconds: Int64?
    /// From when on there is room, according to the mirror; `nil` if none is known.
    public package(set) var roomAt: Timestamp?
    /// The requests that will do, best first. There is at least one.
    public package(set) var choices: [Choice]
    /// Which of them the creation asks for.
    public package(set) var current: Int

    /// Makes terms; `nil` without a choice.
    public init?(earliest: Timestamp?, aheadSeconds: Int64?, choices: [Choice], current: Int = 0) {
        guard choices.indices.contains(current) else { return nil }
        self.earliest = earliest
        self.aheadSeconds = aheadSeconds
        self.choices = choices
        self.current = current
    }
}

extension Mutation {
    /// Whether it is a creation that waits for room or is about to be sent, and of which nothing exists at any site:
    /// only then may it ask for something else.
    package var isOpenToChoice: Bool {
        verb == .create && waiting != nil && unconfirmed == nil && (state == .waiting || state == .queued)
    }

    /// Whether it waits, and no request for it can have had an effect.
    package var wasNeverSent: Bool {
        switch state {
        case .queued, .blocked, .waiting, .parked: unconfirmed == nil
        case .sending, .unknown, .accepted, .settled, .rejected, .cancelled, .expired, .superseded: false
        }
    }
}
