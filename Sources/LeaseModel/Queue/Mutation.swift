/// A write that somebody requested. It is kept until the cloud has carried it out or a person has given it up.
public struct Mutation: Sendable, Hashable, Identifiable {
    /// The kind of write.
    public enum Verb: String, Sendable, Hashable, CaseIterable {
        case create
        case update
        case extend
        case delete
    }

    /// The id of the write in this database.
    public let id: Int64
    /// The site and project of the write. Every scope with that site and project may send it.
    public package(set) var address: QueueAddress
    /// The scope through which it was requested.
    public package(set) var scopeID: Int64
    /// The name of the site.
    public let site: String
    /// The kind of write.
    public package(set) var verb: Verb
    /// The local id of the lease, if this database created it or is to create it.
    public let localID: String?
    /// Blazar's id of the lease, once it is known.
    public var leaseID: String?
    /// The lease's name, for display.
    public var leaseName: String
    /// Its state.
    public var state: MutationState
    /// The reason for its state: the category of a rejection, `conflict`, `auth` or `ambiguous`.
    public var reason: String?
    /// Details for people: the server's own words, or what the write is waiting for.
    public var message: String?
    /// The id of the last request that failed.
    public var requestID: String?
    /// The body of the POST for a creation; the fields and their new values for a change.
    public var body: JSONObject
    /// For a change, the values that its fields had when it was requested.
    public var base: JSONObject
    /// After a conflict, the server's values.
    public var theirs: JSONObject?
    /// For a creation, the token that the lease will carry, so that it can be recognized if the answer is lost.
    public package(set) var token: String?
    /// What to do if the start has passed before the creation could be sent.
    public var lateStart: LateStartPolicy
    /// The write is not sent after this moment.
    public var notAfter: Timestamp?
    /// A rejection for lack of capacity is retried until this moment.
    public var retryUntil: Timestamp?
    /// When it was requested.
    public let createdAt: Timestamp
    /// When its state last changed.
    public var updatedAt: Timestamp
    /// The write is not tried before this moment.
    public var nextAttemptAt: Timestamp
    /// How many requests have been sent for it.
    public var attempts: Int
    /// How many attempts in a row have failed.
    public var failures: Int
    /// What is known about an attempt whose answer was lost.
    public var unconfirmed: UnconfirmedAttempt?
    /// For a creation that is to be sent when there is room: what it waits for.
    public package(set) var waiting: WaitingTerms?

    /// Makes a write from its parts.
    public init(
        id: Int64, scopeID: Int64, address: QueueAddress, site: String = "", verb: Verb, localID: String?,
        leaseID: String?, leaseName: String, state: MutationState, body: JSONObject, base: JSONObject = [:],
        token: String?,
        lateStart: LateStartPolicy = .expire, notAfter: Timestamp? = nil, retryUntil: Timestamp? = nil,
        createdAt: Timestamp
    ) {
        self.id = id
        self.scopeID = scopeID
        self.address = address
        self.site = site
        self.verb = verb
        self.localID = localID
        self.leaseID = leaseID
        self.leaseName = leaseName
        self.state = state
        self.body = body
        self.base = base
        self.token = token
        self.lateStart = lateStart
        self.notAfter = notAfter
        self.retryUntil = retryUntil
        self.createdAt = createdAt
        updatedAt = createdAt
        nextAttemptAt = createdAt
        attempts = 0
        failures = 0
    }

    /// Whether another creation with the same name is being sent. A lease that looks like this one's may then be that
    /// one's.
    package func hasTwinUnderWay(in queue: [Mutation]) -> Bool {
        queue.contains {
            $0.id != id && $0.verb == .create && $0.state == .sending && $0.leaseName == leaseName
        }
    }

    /// Whether two writes are for the same lease.
    public func concernsSameLease(as other: Mutation) -> Bool {
        guard address == other.address else { return false }
        if let leaseID, leaseID == other.leaseID { return true }
        return localID != nil && localID == other.localID
    }
}

/// The state of a write.
public enum MutationState: String, Sendable, Hashable, CaseIterable {
    /// It waits to be sent.
    case queued
    /// Its request may have been sent.
    case sending
    /// The server may have carried it out: no answer says whether it did.
    case unknown
    /// The server accepted it.
    case accepted
    /// Its effect shows in the server's list, or it needs nothing more.
    case settled
    /// The server rejected it.
    case rejected
    /// A person must decide or log in.
    case blocked
    /// It waits for room: a creation that was requested with ``Mutation/waiting``.
    case waiting
    /// It keeps failing for an unknown reason; a person must look at it.
    case parked
    /// It was canceled before it was sent.
    case cancelled
    /// Its time passed before it could be sent.
    case expired
    /// A later write replaced it.
    case superseded

    /// Whether nothing more happens to it unless a person asks.
    public var isFinal: Bool {
        switch self {
        case .settled, .rejected, .cancelled, .expired, .superseded: true
        case .queued, .sending, .unknown, .accepted, .blocked, .waiting, .parked: false
        }
    }

    /// Whether it may still be carried out or waits for a person. These writes are shown as queued.
    public var isPending: Bool { !isFinal && self != .accepted }

    /// Whether later writes for the same lease must wait for it.
    public var holdsUpLater: Bool {
        switch self {
        case .queued, .sending, .unknown, .blocked, .waiting, .parked: true
        case .accepted, .settled, .rejected, .cancelled, .expired, .superseded: false
        }
    }
}

/// What to do with a creation whose start has passed before it could be sent.
public enum LateStartPolicy: String, Sendable, Hashable, CaseIterable {
    /// Start at once and keep the end.
    case startNow = "start-now"
    /// Start at once and keep the duration.
    case shift
    /// Do not create the lease.
    case expire
}

/// What is known about an attempt whose answer was lost.
public struct UnconfirmedAttempt: Sendable, Hashable {
    /// The last sync run that had begun before the attempt. The lists of later runs were requested after it.
    public var run: Int64
    /// The server's time before the attempt, if it was known.
    public var notBefore: Timestamp?
    /// The server's time in the first complete list after the attempt. The request had been sent by then.
    public var anchor: Timestamp?
    /// How many complete lists did not contain the lease, among those requested after the quiet period.
    public var absences: Int
    /// The run of the last list that was taken into account, so that no list counts twice.
    public var seenRun: Int64

    /// Makes a value; by default, no list has been taken into account yet.
    public init(
        run: Int64, notBefore: Timestamp? = nil, anchor: Timestamp? = nil, absences: Int = 0, seenRun: Int64 = 0
    ) {
        self.run = run
        self.seenRun = seenRun
        self.notBefore = notBefore
        self.anchor = anchor
        self.absences = absences
    }
}

/// A request that was sent for a write.
public struct MutationAttempt: Sendable, Hashable {
    /// When it was sent.
    public let startedAt: Timestamp
    /// When its outcome was recorded; `nil` while it is under way, or if its process died.
    public let finishedAt: Timestamp?
    /// Its outcome.
    public let outcome: String?
    /// The server's own words.
    public let message: String?
    /// The id of the request.
    public let requestID: String?
    /// What was sent.
    public let sent: JSONObject

    /// Makes an attempt from its parts.
    public init(
        startedAt: Timestamp, finishedAt: Timestamp?, outcome: String?, message: String?, requestID: String?,
        sent: JSONObject
    ) {
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.outcome = outcome
        self.message = message
        self.requestID = requestID
        self.sent = sent
    }
}

/// The token of a lease: a client event by which a lease that this program created is recognized.
///
/// Blazar stores an event of an unknown type with the status DONE, never executes it, lists it with the lease and
/// deletes it with the lease (seen on Blazar 18 and on Chameleon's fork). A type of more than 66 characters leaves a
/// lease that nobody can delete. So the token uses a fixed alphabet, and its length is checked.
public enum ClientToken {
    /// The beginning of the event's type.
    public static let prefix = "leasehold:"
    /// The longest event type that Blazar handles, in characters.
    public static let longestType = 66
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    private static let length = 26

    /// Makes a token of 130 random bits.
    public static func make(using random: inout some RandomNumberGenerator) -> String {
        String((0..<length).map { _ in alphabet[Int(UInt8.random(in: 0..<32, using: &random))] })
    }

    /// The event that carries a token; `nil` if the text is not a token of this form.
    ///
    /// - Parameters:
    ///   - token: the token.
    ///   - time: a time for the event: the lease's start. Without one, Blazar 18 answers a bare 500 to anybody's
    ///     instance or flavor reservation on the same hosts, because it sorts the events of the leases there by time.
    /// - Returns: the event.
    public static func event(for token: String, at time: Timestamp) -> JSONObject? {
        guard let type = eventType(for: token) else { return nil }
        return ["event_type": .string(type), "status": "DONE", "time": .string(time.blazarRequest)]
    }

    /// The type of the event that carries a token; `nil` if the text is not a token of this form.
    public static func eventType(for token: String) -> String? {
        guard token.count == length, token.allSatisfy(alphabet.contains) else { return nil }
        let type = prefix + token
        return type.count <= longestType ? type : nil
    }
}

/// The identifier of a lease until the server has assigned one.
public enum LocalID {
    /// The beginning of every local id. It keeps local ids apart from Blazar's.
    public static let prefix = "local-"

    /// Whether an id is a local one. Blazar's ids are UUIDs.
    public static func isOne(_ id: String) -> Bool { id.hasPrefix(prefix) }

    /// Makes a local id of 50 random bits.
    public static func make(using random: inout some RandomNumberGenerator) -> String {
        prefix + String(ClientToken.make(using: &random).prefix(10))
    }
}

/// The site and project that a write is bound to. The project is that of the credentials with which it was requested.
///
/// Every scope of that site and project may send the write, whether it is a member's or an administrator's. They all
/// share one queue.
public struct QueueAddress: Sendable, Hashable {
    /// The number of the site in this database.
    public let siteID: Int64
    /// The Keystone id of the project.
    public let projectID: String

    /// Makes an address from its parts.
    public init(siteID: Int64, projectID: String) {
        self.siteID = siteID
        self.projectID = projectID
    }
}
