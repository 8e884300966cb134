/// How reading one cloud went.
public struct SyncReport: Sendable, Hashable {
    /// Why a cloud could not be mirrored, as far as a program needs to know.
    public enum Failure: String, Sendable, Hashable, CaseIterable {
        /// Its configuration is missing or wrong.
        case configuration
        /// The credentials were refused.
        case authentication
        /// There was no answer.
        case unreachable
        /// It answered with an error.
        case server
        /// Its answer was not what was asked for, or not complete.
        case badAnswer = "bad_answer"
        /// Its answer was not believed.
        case suspect
        /// The database could not be written.
        case database
        /// The run was stopped by a person.
        case cancelled
    }

    /// The clouds.yaml entry.
    public let cloud: String
    /// The name of the site; that of the cloud, if it never got so far.
    public let site: String
    /// `nil` if the whole list is in the mirror.
    public let failure: Failure?
    /// One sentence about the failure: what, where and what to do.
    public let message: String?
    /// The id of the request at fault.
    public let requestID: String?
    /// Seconds that the server asked to be left alone.
    public let retryAfter: ServerDelay?
    /// What was read and changed.
    public let counts: SyncCounts
    /// Whether the scope had never been read before.
    public let isFirst: Bool
    /// Sentences about what is not as it should be, but kept nothing from being mirrored.
    public var warnings: [String]
    /// The queued mutations that moved.
    public var mutations: [Mutation] = []

    /// Makes a report from its parts.
    public init(
        cloud: String, site: String, failure: Failure?, message: String?, requestID: String? = nil,
        retryAfter: ServerDelay? = nil, counts: SyncCounts, isFirst: Bool, warnings: [String] = []
    ) {
        self.cloud = cloud
        self.site = site
        self.failure = failure
        self.message = message
        self.requestID = requestID
        self.retryAfter = retryAfter
        self.counts = counts
        self.isFirst = isFirst
        self.warnings = warnings
    }
}

/// What a sync tells while it runs.
public enum SyncProgress: Sendable, Hashable {
    /// So many bytes and leases of a cloud's list have arrived; the total in bytes, if the server gave it.
    case reading(cloud: String, bytes: Int, totalBytes: Int?, leases: Int)
    /// So many of the new and changed leases are written.
    case writing(cloud: String, done: Int, of: Int)
    /// So many of the missing leases have been asked for.
    case confirming(cloud: String, done: Int, of: Int)
    /// The resources of that kind are being read.
    case resources(cloud: String, kind: ResourceKind)
    /// What has changed; handed over as it is written.
    case changed(cloud: String, changes: [LeaseChange])
    /// A queued mutation has moved to another state.
    case mutation(cloud: String, Mutation)
    /// A lease that is waited for has been looked at, and is not there yet.
    case waiting(WaitProgress)
    /// The cloud is done.
    case finished(SyncReport)
}

/// How waiting for a lease stands.
public struct WaitProgress: Sendable, Hashable {
    /// The lease's name.
    public let name: String
    /// Its status, or that of its creation in the queue.
    public let status: String
    /// The status that is waited for.
    public let wanted: LeaseStatus
    /// How long it has been waited for.
    public let elapsedSeconds: Int64
    /// How long it will be waited for at most.
    public let timeoutSeconds: Int64

    /// Makes a progress from its parts.
    public init(name: String, status: String, wanted: LeaseStatus, elapsedSeconds: Int64, timeoutSeconds: Int64) {
        self.name = name
        self.status = status
        self.wanted = wanted
        self.elapsedSeconds = elapsedSeconds
        self.timeoutSeconds = timeoutSeconds
    }
}
