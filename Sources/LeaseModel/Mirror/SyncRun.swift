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
