/// What a person wants to be reminded of.
public struct ReminderRules: Sendable, Hashable {
    /// What can become of a queued write.
    public enum WriteNews: String, Sendable, Hashable, CaseIterable {
        /// The cloud carried it out.
        case done
        /// The cloud refused it, or its time passed.
        case refused
        /// A person must decide about it.
        case conflict
    }

    /// How long before a lease's start to tell, in seconds; empty for never.
    public var startLeads: [Int64]
    /// How long before a lease's end to tell, in seconds; empty for never.
    public var endLeads: [Int64]
    /// How long before an extension is allowed to tell, in seconds; empty for never.
    public var windowLeads: [Int64]
    /// Whether to tell of leases in ERROR.
    public var tellsErrors: Bool
    /// Whether to tell of degraded leases and missing resources.
    public var tellsDegraded: Bool
    /// Which news of queued writes to tell.
    public var writes: Set<WriteNews>
    /// Whether to tell of kept leases that cannot be kept.
    public var tellsKeeping: Bool
    /// Whether to tell of creations that waited for room and have got it.
    public var tellsSlots: Bool
    /// After how many seconds of failing syncs to tell; `nil` for never.
    public var syncFailureSeconds: Int64?
    /// Whether only leases of the users that this database syncs as count.
    public var isMine = true
    /// Only leases of these projects count, by id or name; empty for all.
    public var projects: [String] = []
    /// Only leases with a name that matches one of these shell patterns count; empty for all.
    public var nameGlobs: [String] = []
    /// Only these clouds count; empty for all.
    public var clouds: [String] = []

    /// The rules of a person who named no events: all of them.
    public static let standard = ReminderRules(
        startLeads: [0], endLeads: [86_400, 3_600], windowLeads: [0], tellsErrors: true, tellsDegraded: true,
        writes: Set(WriteNews.allCases), tellsKeeping: true, tellsSlots: true, syncFailureSeconds: 21_600)

    /// Makes rules; without arguments, nothing is told.
    public init(
        startLeads: [Int64] = [], endLeads: [Int64] = [], windowLeads: [Int64] = [], tellsErrors: Bool = false,
        tellsDegraded: Bool = false, writes: Set<WriteNews> = [], tellsKeeping: Bool = false,
        tellsSlots: Bool = false, syncFailureSeconds: Int64? = nil
    ) {
        self.startLeads = startLeads
        self.endLeads = endLeads
        self.windowLeads = windowLeads
        self.tellsErrors = tellsErrors
        self.tellsDegraded = tellsDegraded
        self.writes = writes
        self.tellsKeeping = tellsKeeping
        self.tellsSlots = tellsSlots
        self.syncFailureSeconds = syncFailureSeconds
    }
}

extension MutationState {
    /// What a person may want to hear about a write in this state, given its reason; `nil` for nothing.
    public var news: ReminderRules.WriteNews? {
        switch self {
        case .accepted, .settled: .done
        case .rejected, .expired: .refused
        case .blocked, .parked: .conflict
        case .queued, .sending, .unknown, .waiting, .cancelled, .superseded: nil
        }
    }
}

/// What one look at the reminders did.
public struct ReminderPass: Sendable, Hashable {
    /// The channels through which something was sent.
    public package(set) var sent: Set<String> = []
    /// The channels that failed, and why.
    public package(set) var problems: [String: String] = [:]
    /// When there is something to do again, as far as is known; `nil` if nothing is foreseen.
    public package(set) var nextAt: Timestamp?

    /// Makes a pass that did nothing.
    public init() {}
}
