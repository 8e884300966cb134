/// What people can be reminded of.
public enum ReminderKind: String, Sendable, Hashable, CaseIterable {
    /// A lease starts.
    case start
    /// A lease ends.
    case end
    /// From now on, the site allows an extension.
    case window
    /// A lease is in the status ERROR.
    case error
    /// Blazar replaced resources of a lease, or could not replace them.
    case degraded
    /// A queued write was carried out, was refused, or waits for a person.
    case write
    /// A kept lease cannot be extended, or has ended too early.
    case keep
    /// A creation that waited for room has got it.
    case slot
    /// A cloud has not been read for long, because every sync of it fails.
    case sync
}

/// Something to tell a person once.
public struct Reminder: Sendable, Hashable {
    /// What makes a reminder the same: it is told once, in whatever state its lease is by then.
    package struct Key: Sendable, Hashable {
        package let kind: ReminderKind
        package let subject: String
        package let deadline: Timestamp
        package let leadSeconds: Int64

        package init(kind: ReminderKind, subject: String, deadline: Timestamp, leadSeconds: Int64) {
            self.kind = kind
            self.subject = subject
            self.deadline = deadline
            self.leadSeconds = leadSeconds
        }
    }

    /// What it is about.
    public let kind: ReminderKind
    /// What it is about, by ids: a lease of a site, a part of one, a write, a cloud.
    public let subject: String
    /// The moment that it is about: a start, an end; or since when things are as it says. A new moment makes a new
    /// reminder.
    public let deadline: Timestamp
    /// How long before the deadline it is due, in seconds.
    public let leadSeconds: Int64
    /// The site's name, or the cloud's.
    public let site: String
    /// The lease's id; `nil` if it is about no lease.
    public let leaseID: String?
    /// The lease's name, or that of the write's lease; empty if it is about no lease.
    public let name: String
    /// What happened, if the kind does not say it: the outcome of a write, the resources that are missing.
    public let detail: String?

    /// When it is due.
    public var dueAt: Timestamp { deadline.adding(seconds: -leadSeconds) }

    package var key: Key { Key(kind: kind, subject: subject, deadline: deadline, leadSeconds: leadSeconds) }

    /// Makes a reminder from its parts.
    public init(
        kind: ReminderKind, subject: String, deadline: Timestamp, leadSeconds: Int64 = 0, site: String,
        leaseID: String?, name: String, detail: String? = nil
    ) {
        self.kind = kind
        self.subject = subject
        self.deadline = deadline
        self.leadSeconds = leadSeconds
        self.site = site
        self.leaseID = leaseID
        self.name = name
        self.detail = detail
    }

    /// The reminder in a sentence, as things are at a moment.
    ///
    /// - Parameters:
    ///   - now: the moment.
    ///   - time: writes a time.
    /// - Returns: the sentence. Names in it may contain any character except control characters.
    public func sentence(now: Timestamp, time: (Timestamp) -> String = \.iso8601) -> String {
        let lease = "\(name) (\(site))".escapedForTerminal
        let detail = detail?.escapedForTerminal ?? ""
        let left = deadline.seconds(since: now)
        let length = Self.length(left)
        switch kind {
        case .start:
            return left > 0
                ? "\(lease) starts in \(length), at \(time(deadline))"
                : "\(lease) has started, at \(time(deadline))"
        case .end:
            return left > 0
                ? "\(lease) ends in \(length), at \(time(deadline))"
                : "\(lease) has ended, at \(time(deadline))"
        case .window:
            return left > 0
                ? "\(lease) can be extended in \(length), after \(time(deadline))"
                : "\(lease) can be extended since \(time(deadline))"
        case .error: return "\(lease) is in ERROR"
        case .degraded: return "\(lease): \(detail)"
        case .write, .keep, .slot: return "\(lease): \(detail)"
        case .sync: return "\(site.escapedForTerminal) cannot be read since \(time(deadline)): \(detail)"
        }
    }

    /// A duration in its largest unit, rounded to the nearest.
    private static func length(_ seconds: Int64) -> String {
        let size = seconds.magnitude
        for (name, unit) in [("d", UInt64(86_400)), ("h", 3_600), ("min", 60)] where size + unit / 12 >= unit {
            let half = (size * 2 + unit / 2) / unit
            return half < 20 && half % 2 == 1 ? "\(half / 2).5 \(name)" : "\((size + unit / 2) / unit) \(name)"
        }
        return "\(size) s"
    }
}

/// How a reminder stands with one channel.
public enum ReminderState: String, Sendable, Hashable, CaseIterable {
    /// It waits to be sent, for the first time or after a failure.
    case pending
    /// It is being sent, or was when the process died.
    case sending
    /// The channel took it.
    case sent
    /// It was given up.
    case failed
    /// Its deadline moved, or its lease was deleted, before it was sent.
    case withdrawn
}

/// A reminder in the record of what people were told, with how it stands with one channel.
public struct RecordedReminder: Sendable, Hashable {
    /// The reminder.
    public let reminder: Reminder
    /// Its own id, which messages carry.
    public let token: String
    /// The channel's name.
    public let channel: String
    /// How it stands.
    public let state: ReminderState
    /// When it was written down.
    public let recordedAt: Timestamp
    /// Whether it came due so long before that messages only count it.
    public let isLate: Bool
    /// When it was last sent or tried.
    public let triedAt: Timestamp?
    /// When it is tried again, if it waits.
    public let nextAttemptAt: Timestamp?
    /// How often it was tried.
    public let attempts: Int
    /// The id of the message that it was last sent in.
    public let messageID: String?
    /// Why the last attempt failed.
    public let problem: String?

    /// Makes a record from its parts.
    public init(
        reminder: Reminder, token: String, channel: String, state: ReminderState, recordedAt: Timestamp,
        isLate: Bool, triedAt: Timestamp?, nextAttemptAt: Timestamp?, attempts: Int, messageID: String?,
        problem: String?
    ) {
        self.reminder = reminder
        self.token = token
        self.channel = channel
        self.state = state
        self.recordedAt = recordedAt
        self.isLate = isLate
        self.triedAt = triedAt
        self.nextAttemptAt = nextAttemptAt
        self.attempts = attempts
        self.messageID = messageID
        self.problem = problem
    }
}
