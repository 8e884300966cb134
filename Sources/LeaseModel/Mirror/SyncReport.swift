/// Options of a sync.
public struct SyncOptions: Sendable, Hashable {
    /// Whether to accept a list that lacks many known leases or is suddenly empty.
    public var confirmsDeletes = false
    /// Whether to accept credentials that are for another project than before.
    public var confirmsProject = false
    /// Whether to also read hosts, devices, flavors, networks and names.
    public var readsResources = true
    /// How long the server may still be working on a request whose answer was lost, in seconds.
    package var quietPeriodSeconds: Int64 = 300
    /// How many missing leases to ask for at once.
    package var concurrency = 4
    /// How many leases are decoded and written together. Lease ids are random, so every batch rewrites most pages of
    /// their indexes: small batches write several times the size of the database. Each lease takes about 15 kB of
    /// memory until it is written.
    package var leasesPerBatch = 1_500

    /// The safe defaults.
    public init() {}
}

/// The result of syncing one cloud.
public struct SyncReport: Sendable, Hashable {
    /// Why a cloud could not be mirrored, for programs.
    public enum Failure: String, Sendable, Hashable, CaseIterable {
        /// Its configuration is missing or wrong.
        case configuration
        /// The credentials were rejected.
        case authentication
        /// The server did not answer.
        case unreachable
        /// The server answered with an error.
        case server
        /// The answer was incomplete, or was not what was asked for.
        case badAnswer = "bad_answer"
        /// The answer was not trusted.
        case suspect
        /// The database could not be written.
        case database
        /// A person stopped the run.
        case cancelled
    }

    /// The clouds.yaml entry.
    public let cloud: String
    /// The name of the site, or that of the cloud if the site was never reached.
    public let site: String
    /// Why it failed; `nil` if the whole list is in the mirror.
    public package(set) var failure: Failure?
    /// One sentence about the failure: what failed, where, and what to do.
    public package(set) var message: String?
    /// The id of the failed request.
    public package(set) var requestID: String?
    /// How long the server asked to wait before the next request.
    public package(set) var retryAfter: ServerDelay?
    /// What was read and changed.
    public package(set) var counts: SyncCounts
    /// Whether this was the first sync of the scope.
    public let isFirst: Bool
    /// Sentences about problems that did not prevent the sync.
    public var warnings: [String]
    /// The queued writes whose state changed.
    public var mutations: [Mutation] = []
    /// What was done about kept leases.
    public var kept: [KeepNews] = []

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

/// What a sync reports while it runs.
public enum SyncProgress: Sendable, Hashable {
    /// This much of a cloud's list has arrived. The total in bytes is `nil` if the server did not give it.
    case reading(cloud: String, bytes: Int, totalBytes: Int?, leases: Int)
    /// This many of the new and changed leases are written.
    case writing(cloud: String, done: Int, of: Int)
    /// This many of the missing leases have been asked for.
    case confirming(cloud: String, done: Int, of: Int)
    /// The resources of this kind are being read.
    case resources(cloud: String, kind: ResourceKind)
    /// These changes were found. They are reported as they are written.
    case changed(cloud: String, changes: [LeaseChange])
    /// A queued write changed its state.
    case mutation(cloud: String, Mutation)
    /// Something was done about a kept lease, or learned of it.
    case kept(cloud: String, KeepNews)
    /// A lease being waited for was read, and is not in the requested status yet.
    case waiting(WaitProgress)
    /// The cloud is finished.
    case finished(SyncReport)
}

/// The progress of waiting for a lease.
public struct WaitProgress: Sendable, Hashable {
    /// The lease's name.
    public let name: String
    /// Its status, or the state of its creation in the queue.
    public let status: String
    /// The status to wait for.
    public let wanted: LeaseStatus
    /// How long it has been waited for, in seconds.
    public let elapsedSeconds: Int64
    /// How long it will be waited for at most, in seconds.
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
        /// The whole list was read, and all of it is in the mirror.
        case complete
        /// The cloud could not be read.
        case failed
        /// The answer was read but not trusted.
        case suspect
        /// A run that began later finished first.
        case superseded
    }

    /// The number of the run. Later runs have higher numbers.
    public let id: Int64
    /// The clouds.yaml entry that was asked for.
    public let cloud: String
    /// The scope, if authentication succeeded.
    public let scopeID: Int64?
    /// When it began.
    public let startedAt: Timestamp
    /// When it ended; `nil` while it runs, or if its process died.
    public let finishedAt: Timestamp?
    /// How it ended; `nil` while it runs, or if its process died.
    public let outcome: Outcome?
    /// Why it did not complete.
    public let message: String?
    /// The server's `Date` header of the list.
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
    /// The changed leases that ended.
    public var ended = 0
    /// The leases that were removed.
    public var vanished = 0

    /// Makes counts of zero.
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
