/// A write that somebody asked for: kept until the cloud has carried it out, or a person has let it go.
public struct Mutation: Sendable, Hashable, Identifiable {
    /// What to do.
    public enum Verb: String, Sendable, Hashable, CaseIterable {
        case create
        case update
        case extend
        case delete
    }

    /// The number of the mutation in this database.
    public let id: Int64
    /// What it is bound to. Every scope of it may send the mutation.
    public let address: QueueAddress
    /// The scope by which it was asked for.
    public let scopeID: Int64
    /// The name of the site.
    public let site: String
    /// What to do.
    public package(set) var verb: Verb
    /// The local id of the lease, if it was, or is to be, created from here.
    public let localID: String?
    /// Blazar's id of the lease, once it has one.
    public var leaseID: String?
    /// The lease's name, for people.
    public var leaseName: String
    /// Where it is.
    public var state: MutationState
    /// Why it is there: the category of a rejection, `conflict`, `auth`, `ambiguous`.
    public var reason: String?
    /// What a person should know: the server's own words, or what is waited for.
    public var message: String?
    /// The id of the last request that failed.
    public var requestID: String?
    /// For a creation the body of the POST, for a change the fields and their new values.
    public var body: JSONObject
    /// For a change: the values that its fields had when it was asked for.
    public var base: JSONObject
    /// After a conflict: the values that the server has.
    public var theirs: JSONObject?
    /// For a creation: what the lease will carry, so that it can be recognised after a lost answer.
    public let token: String?
    /// What to do if the start has passed before it could be sent.
    public var lateStart: LateStartPolicy
    /// Not to be sent after this moment.
    public var notAfter: Timestamp?
    /// A rejection for want of capacity is tried again until this moment.
    public var retryUntil: Timestamp?
    /// When it was asked for.
    public let createdAt: Timestamp
    /// When its state last changed.
    public var updatedAt: Timestamp
    /// Not to be tried before this moment.
    public var nextAttemptAt: Timestamp
    /// How often a request for it has left.
    public var attempts: Int
    /// How often in a row it has failed.
    public var failures: Int
    /// What is known about an attempt without an answer.
    public var doubt: Doubt?

    /// Makes a mutation from its parts.
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

    /// Whether another creation of the same name is being sent: a lease that looks like this one's may be that one's.
    package func hasTwinUnderWay(in queue: [Mutation]) -> Bool {
        queue.contains {
            $0.id != id && $0.verb == .create && $0.state == .sending && $0.leaseName == leaseName
        }
    }

    /// Whether two mutations are about the same lease.
    public func concernsSameLease(as other: Mutation) -> Bool {
        guard address == other.address else { return false }
        if let leaseID, leaseID == other.leaseID { return true }
        return localID != nil && localID == other.localID
    }
}

/// Where a mutation is in its life.
public enum MutationState: String, Sendable, Hashable, CaseIterable {
    /// Waits to be sent.
    case queued
    /// Its request may have left.
    case sending
    /// Its request may have been carried out: there was no answer that tells.
    case unknown
    /// The server has said yes.
    case accepted
    /// It shows in the server's list, or needs nothing more.
    case settled
    /// The server has said no.
    case rejected
    /// A person must decide, or log in.
    case blocked
    /// It keeps failing for no known reason; a person must look.
    case parked
    /// Withdrawn before it was sent.
    case cancelled
    /// Its time passed before it could be sent.
    case expired
    /// A later one took its place.
    case superseded

    /// Whether nothing more will happen to it unless a person asks.
    public var isFinal: Bool {
        switch self {
        case .settled, .rejected, .cancelled, .expired, .superseded: true
        case .queued, .sending, .unknown, .accepted, .blocked, .parked: false
        }
    }

    /// Whether it may still be carried out, or wait for a person: what is shown as queued.
    public var isPending: Bool { !isFinal && self != .accepted }

    /// Whether a later mutation of the same lease has to wait for it.
    public var holdsUpLater: Bool {
        switch self {
        case .queued, .sending, .unknown, .blocked, .parked: true
        case .accepted, .settled, .rejected, .cancelled, .expired, .superseded: false
        }
    }
}

/// What becomes of a creation whose start has passed before it could be sent.
public enum LateStartPolicy: String, Sendable, Hashable, CaseIterable {
    /// Start at once, keep the end.
    case startNow = "start-now"
    /// Start at once, keep the duration.
    case shift
    /// Do not create it any more.
    case expire
}

/// What is known about an attempt whose answer was lost.
public struct Doubt: Sendable, Hashable {
    /// The last sync run that had begun before the attempt: lists of later runs began after it.
    public var run: Int64
    /// The server's clock before the attempt, if it was known.
    public var notBefore: Timestamp?
    /// The server's clock at the first whole list after the attempt: the request had left by then.
    public var anchor: Timestamp?
    /// How many whole lists, begun after the quiet period, did not have the lease.
    public var absences: Int
    /// The run of the last list that was looked at: none counts twice.
    public var seenRun: Int64

    /// Makes a doubt; nothing is known yet of lists.
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
