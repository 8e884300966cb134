/// How to sync.
public struct SyncOptions: Sendable, Hashable {
    /// Whether a list that lacks many known leases, or is suddenly empty, is right.
    public var confirmsDeletes = false
    /// Whether credentials that are for another project than before are right.
    public var confirmsProject = false
    /// Whether to read hosts, devices, flavors, networks and names as well.
    public var readsResources = true
    /// How long the server may still be working on a request whose answer was lost, in seconds.
    package var quietPeriodSeconds: Int64 = 300
    /// How many missing leases are asked for at once.
    package var concurrency = 4
    /// How many leases are decoded and written together. Ids are random, so every batch writes most pages of their
    /// indexes again: small batches write a multiple of the database. A lease takes about 15 kB of memory meanwhile.
    package var leasesPerBatch = 1_500

    /// The safe choices.
    public init() {}
}

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
    public package(set) var failure: Failure?
    /// One sentence about the failure: what, where and what to do.
    public package(set) var message: String?
    /// The id of the request at fault.
    public package(set) var requestID: String?
    /// Seconds that the server asked to be left alone.
    public package(set) var retryAfter: ServerDelay?
    /// What was read and changed.
    public package(set) var counts: SyncCounts
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

/// One attempt to read a cloud's leases.
public struct SyncRun: Sendable, Hashable, Identifiable {
    /// How an attempt ended.
    public enum Outcome: String, Sendable, Hashable {
        /// The whole list was read and everything in it is in the mirror.
        case complete
        /// The cloud could not be read.
        case failed
        /// The answer was read but not believed.
        case suspect
        /// A run that began later had finished first.
        case superseded
    }

    /// The number of the run: a run that began later has a higher one.
    public let id: Int64
    /// The clouds.yaml entry that was asked for.
    public let cloud: String
    /// The scope, if authentication got so far.
    public let scopeID: Int64?
    /// When it began.
    public let startedAt: Timestamp
    /// When it ended; `nil` while it runs, or if its process died.
    public let finishedAt: Timestamp?
    /// How it ended; `nil` while it runs, or if its process died.
    public let outcome: Outcome?
    /// Why it did not complete.
    public let message: String?
    /// The `Date` the server gave with the list.
    public let serverDate: Timestamp?
    /// What it found.
    public let counts: SyncCounts

    /// Makes a run from its parts.
    public init(
        id: Int64, cloud: String, scopeID: Int64?, startedAt: Timestamp, finishedAt: Timestamp?, outcome: Outcome?,
        message: String?, serverDate: Timestamp?, counts: SyncCounts
    ) {
        self.id = id
        self.cloud = cloud
        self.scopeID = scopeID
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.outcome = outcome
        self.message = message
        self.serverDate = serverDate
        self.counts = counts
    }
}

/// What a run read and changed.
public struct SyncCounts: Sendable, Hashable {
    /// The bytes of the list.
    public var bytes = 0
    /// The leases in the list.
    public var listed = 0
    /// The leases that were new.
    public var new = 0
    /// The leases that were different.
    public var changed = 0
    /// Of those, the ones that had ended.
    public var ended = 0
    /// The leases that were gone.
    public var vanished = 0

    /// Nothing read yet.
    public init() {}

    /// Adds one change.
    public mutating func count(_ kind: LeaseChange.Kind) {
        switch kind {
        case .new: new += 1
        case .changed: changed += 1
        case .ended:
            changed += 1
            ended += 1
        case .vanished: vanished += 1
        }
    }
}
