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
    public var unconfirmed: UnconfirmedAttempt?

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
public struct UnconfirmedAttempt: Sendable, Hashable {
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

/// One request that left for a mutation.
public struct MutationAttempt: Sendable, Hashable {
    /// When it left.
    public let startedAt: Timestamp
    /// When its outcome was noted; `nil` while it is under way, or if its process died.
    public let finishedAt: Timestamp?
    /// What came of it.
    public let outcome: String?
    /// The server's words.
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

/// The mark by which a lease of ours is recognised: an event of the client's own.
///
/// Blazar stores an event of an unknown type with the status DONE, never executes it, lists it with the lease and
/// deletes it with the lease (seen on Blazar 18 and on Chameleon's fork). A type of more than 66 characters leaves a
/// lease that nobody can delete, so the token is made of a fixed alphabet and its length is checked.
public enum ClientToken {
    /// What the type of our event begins with.
    public static let prefix = "leasehold:"
    /// The longest type that Blazar takes, in characters.
    public static let longestType = 66
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    private static let length = 26

    /// Makes a token of 130 random bits.
    public static func make(using random: inout some RandomNumberGenerator) -> String {
        String((0..<length).map { _ in alphabet[Int(UInt8.random(in: 0..<32, using: &random))] })
    }

    /// The event that carries a token; `nil` for text that is no token of ours.
    ///
    /// - Parameters:
    ///   - token: the token.
    ///   - time: a time for the event: the lease's start. Without one, Blazar 18 answers a bare 500 to anybody's
    ///     instance or flavor reservation on the same hosts, as it sorts the events of the leases there by time.
    /// - Returns: the event.
    public static func event(for token: String, at time: Timestamp) -> JSONObject? {
        guard let type = eventType(for: token) else { return nil }
        return ["event_type": .string(type), "status": "DONE", "time": .string(time.blazarRequest)]
    }

    /// The type of the event that carries a token; `nil` for text that is no token of ours.
    public static func eventType(for token: String) -> String? {
        guard token.count == length, token.allSatisfy(alphabet.contains) else { return nil }
        let type = prefix + token
        return type.count <= longestType ? type : nil
    }
}

/// The name of a lease before the server has given it one.
public enum LocalID {
    /// What it begins with, so that nobody takes it for Blazar's.
    public static let prefix = "local-"

    /// Whether a lease's id is one of ours. Blazar's are UUIDs.
    public static func isOne(_ id: String) -> Bool { id.hasPrefix(prefix) }

    /// Makes one of 50 random bits.
    public static func make(using random: inout some RandomNumberGenerator) -> String {
        prefix + String(ClientToken.make(using: &random).prefix(10))
    }
}

/// What a write is bound to: a site, and the project of the credentials that asked for it.
///
/// Every scope of that site and project may send it, a member's and an administrator's alike, and all of them share one
/// queue.
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
