package import LeaseModel

/// What a person is to be told now, and what no longer holds.
package struct ReminderPlan: Sendable, Hashable {
    /// The reminders that are due and not written down yet, or were withdrawn and hold again.
    package var due: [Reminder] = []
    /// Those that came due while nothing ran, and are too old to be told one by one.
    package var missed: [Reminder] = []
    /// The numbers of recorded reminders that must not be sent any more.
    package var withdrawn: [Int64] = []
    /// The numbers of recorded conditions that no longer hold. If they begin again, they are told again.
    package var over: [Int64] = []
    /// What comes due later, as far as is known now.
    package var upcoming: [Reminder] = []

    /// When the next of those comes due.
    package var nextAt: Timestamp? { upcoming.map(\.dueAt).min() }

    package init() {}

    /// Whether there is nothing to write down.
    package var isEmpty: Bool { due.isEmpty && missed.isEmpty && withdrawn.isEmpty && over.isEmpty }
}

/// Decides what a person is reminded of, from the mirror, the queue and what was written down before. It is pure.
///
/// A reminder about a moment (a start, an end, the opening of a window) is the same as long as that moment is the same;
/// if the end moves, there is a new one. Of several times before one moment that have all passed, only the nearest is
/// told. A condition (ERROR, missing resources) is told once, and again if it went away in between. What happened more
/// than a day ago is not told, only counted, and only if it happened since the last look.
package struct ReminderPlanner: Sendable {
    /// How long after its moment a reminder is still told, in seconds.
    package static let lateSeconds: Int64 = 86_400

    /// A lease, with the rules of its site that apply to it.
    package struct Lease: Sendable {
        package let mirrored: MirroredLease
        package let rules: LeaseRules

        package init(_ mirrored: MirroredLease, rules: LeaseRules = LeaseRules()) {
            self.mirrored = mirrored
            self.rules = rules
        }
    }

    /// A cloud that could not be read when it was last tried.
    package struct Failure: Sendable, Hashable {
        package let cloud: String
        package let since: Timestamp
        package let message: String

        package init(cloud: String, since: Timestamp, message: String) {
            self.cloud = cloud
            self.since = since
            self.message = message
        }
    }

    /// What is known of a reminder that was written down.
    package struct Recorded: Sendable, Hashable {
        package let id: Int64
        package let key: Reminder.Key
        /// Whether it was a condition that has gone away since.
        package let isOver: Bool
        /// Whether it waits to be sent to some channel.
        package let isWaiting: Bool
        /// Whether it was withdrawn before it was sent to some channel.
        package let isWithdrawn: Bool

        package init(id: Int64, key: Reminder.Key, isOver: Bool, isWaiting: Bool, isWithdrawn: Bool) {
            self.id = id
            self.key = key
            self.isOver = isOver
            self.isWaiting = isWaiting
            self.isWithdrawn = isWithdrawn
        }
    }

    /// What could be told.
    private struct Occasion {
        let reminder: Reminder
        /// When it comes due.
        let at: Timestamp
        /// Until when it is told.
        let until: Timestamp
    }

    private let rules: ReminderRules
    private let now: Timestamp
    /// When the last look was; `nil` if this is the first.
    private let lastLook: Timestamp?

    package init(rules: ReminderRules, now: Timestamp, lastLook: Timestamp?) {
        self.rules = rules
        self.now = now
        self.lastLook = lastLook
    }

    /// From when on ends of leases and news of writes matter.
    package var horizon: Timestamp { min(now.adding(seconds: -Self.lateSeconds), lastLook ?? now) }

    package func plan(
        leases: [Lease], writes: [Mutation], kept: [KeepRule] = [], failures: [Failure], recorded: [Recorded]
    ) -> ReminderPlan {
        var plan = ReminderPlan()
        let known = Dictionary(recorded.map { ($0.key, $0) }) { first, _ in first }
        var current: Set<Reminder.Key> = []
        let occasions =
            leases.flatMap(moments) + writes.compactMap(news) + kept.compactMap(missed) + failures.compactMap(failing)
        for occasion in occasions {
            let key = occasion.reminder.key
            current.insert(key)
            if let record = known[key], !record.isWithdrawn { continue }
            if occasion.at > now {
                plan.upcoming.append(occasion.reminder)
            } else if now < occasion.until {
                plan.due.append(occasion.reminder)
            } else if known[key] == nil, let lastLook, occasion.at > lastLook {
                plan.missed.append(occasion.reminder)
            }
        }
        let standing = leases.flatMap(conditions) + kept.compactMap(obstacle)
        let told = Set(recorded.filter { !$0.isOver }.map { Subject($0.key) })
        plan.due += standing.filter { !told.contains(Subject($0.key)) }
        let holding = Set(standing.map { Subject($0.key) })
        // Of a lease that ended long ago, nothing was read, and that says nothing about it.
        let read = Set(leases.map { "\($0.mirrored.site)/\($0.mirrored.id)" })
        for record in recorded {
            switch record.key.kind {
            case .start, .end, .window:
                guard record.isWaiting, !current.contains(record.key) else { continue }
                if record.key.deadline > horizon || read.contains(record.key.subject) {
                    plan.withdrawn.append(record.id)
                }
            case .error, .degraded, .keep:
                if !record.isOver, !holding.contains(Subject(record.key)) { plan.over.append(record.id) }
            case .write, .slot, .sync: break
            }
        }
        plan.due.sort { ($0.deadline, $0.subject) < ($1.deadline, $1.subject) }
        return plan
    }

    /// What a condition is about, whenever it began.
    private struct Subject: Hashable {
        let kind: ReminderKind
        let subject: String

        init(_ key: Reminder.Key) { (kind, subject) = (key.kind, key.subject) }
    }

    // MARK: - Moments

    private func moments(of lease: Lease) -> [Occasion] {
        let mirrored = lease.mirrored
        let (start, end) = (mirrored.lease.startsAt, mirrored.lease.endsAt)
        guard mirrored.removal == nil, !mirrored.isDraft, mirrored.lease.status != .error,
            mirrored.lease.status != .terminated || end <= now
        else { return [] }
        var occasions: [Occasion] = []
        func add(_ kind: ReminderKind, _ leads: [Int64], _ moment: Timestamp, until: Timestamp) {
            let all = leads.map { reminder(kind, mirrored, moment, lead: $0) }
            // Of those that are due already, only the nearest counts.
            let nearest = all.filter { $0.dueAt <= now }.min { $0.leadSeconds < $1.leadSeconds }
            for reminder in all where reminder.dueAt > now || reminder == nearest {
                occasions.append(Occasion(reminder: reminder, at: reminder.dueAt, until: until))
            }
        }
        add(.start, rules.startLeads, start, until: start.adding(seconds: Self.lateSeconds))
        // A lease that is shorter than the time before its end needs no such reminder.
        let leads = rules.endLeads.filter { $0 < end.seconds(since: start) }
        add(.end, leads, end, until: end.adding(seconds: Self.lateSeconds))
        if let opens = lease.rules.extensionOpensAt(end: end), opens > start {
            add(.window, rules.windowLeads, opens, until: end)
        }
        return occasions
    }

    private func reminder(
        _ kind: ReminderKind, _ lease: MirroredLease, _ moment: Timestamp, lead: Int64 = 0, part: String = "",
        detail: String? = nil
    ) -> Reminder {
        Reminder(
            kind: kind, subject: "\(lease.site)/\(lease.id)\(part)", deadline: moment, leadSeconds: lead,
            site: lease.site, leaseID: lease.id, name: lease.lease.name, detail: detail)
    }

    // MARK: - Conditions

    private func conditions(of lease: Lease) -> [Reminder] {
        let mirrored = lease.mirrored
        guard mirrored.removal == nil, !mirrored.isDraft,
            now < mirrored.lease.endsAt.adding(seconds: Self.lateSeconds)
        else { return [] }
        var found: [Reminder] = []
        if rules.tellsErrors, mirrored.lease.status == .error { found.append(reminder(.error, mirrored, now)) }
        guard rules.tellsDegraded, mirrored.lease.status != .terminated, now < mirrored.lease.endsAt else {
            return found
        }
        var parts: [(part: String, detail: String)] = []
        for reservation in mirrored.lease.reservations {
            let what = "its reservation \(reservation.id.prefix(8)) (\(reservation.resourceType))"
            if reservation.isMissingResources == true {
                parts.append(("/\(reservation.id)/missing", "\(what) lacks resources that failed"))
            }
            if reservation.areResourcesChanged == true {
                parts.append(("/\(reservation.id)/changed", "resources of \(what) failed and were replaced"))
            }
        }
        if parts.isEmpty, mirrored.lease.isDegraded == true { parts = [("/degraded", "it is degraded")] }
        return found + parts.map { reminder(.degraded, mirrored, now, part: $0.part, detail: $0.detail) }
    }

    // MARK: - Writes

    private func news(of write: Mutation) -> Occasion? {
        if rules.tellsSlots, write.waiting != nil, write.state.news == .done { return slot(of: write) }
        guard let news = write.state.news, rules.writes.contains(news) else { return nil }
        let what = "write \(write.id), \(write.verb.rawValue),"
        let detail =
            switch news {
            case .done: "\(what) was carried out"
            case .refused: "\(what) \(write.state == .expired ? "was not sent in time" : "was refused")"
            case .conflict: "\(what) waits for you (leasehold queue show \(write.id))"
            }
        // A write that is carried out is seen in the list a little later, which is no news.
        let moment = news == .done ? write.createdAt : write.updatedAt
        let reminder = Reminder(
            kind: .write, subject: "\(write.id)/\(news.rawValue)", deadline: moment, site: write.site,
            leaseID: write.leaseID, name: write.leaseName,
            detail: detail + (news == .done ? "" : write.message.map { ": \($0)" } ?? ""))
        return Occasion(
            reminder: reminder, at: min(write.updatedAt, now), until: write.updatedAt.adding(seconds: Self.lateSeconds))
    }

    /// That a creation which waited for room was carried out.
    private func slot(of creation: Mutation) -> Occasion {
        let start = creation.body["start_date"]?.stringValue.flatMap(Timestamp.init(parsing:))
        let reminder = Reminder(
            kind: .slot, subject: "\(creation.id)", deadline: creation.createdAt, site: creation.site,
            leaseID: creation.leaseID, name: creation.leaseName,
            detail: "there was room, and it was created" + (start.map { "; it starts at \($0)" } ?? ""))
        return Occasion(
            reminder: reminder, at: min(creation.updatedAt, now),
            until: creation.updatedAt.adding(seconds: Self.lateSeconds))
    }

    // MARK: - Kept leases

    /// What keeps a kept lease from being extended, as long as it does.
    private func obstacle(to rule: KeepRule) -> Reminder? {
        guard rules.tellsKeeping, rule.ending == nil, let message = rule.message else { return nil }
        return reminder(of: rule, "blocked", now, "it cannot be extended now. \(message)")
    }

    /// That a kept lease ended too early.
    private func missed(_ rule: KeepRule) -> Occasion? {
        guard rules.tellsKeeping, rule.ending == .missed, let endedAt = rule.endedAt else { return nil }
        let detail = "it could not be kept until \(rule.until). \(rule.message ?? "")"
        return Occasion(
            reminder: reminder(of: rule, "missed", endedAt, detail), at: min(endedAt, now),
            until: endedAt.adding(seconds: Self.lateSeconds))
    }

    private func reminder(of rule: KeepRule, _ what: String, _ moment: Timestamp, _ detail: String) -> Reminder {
        Reminder(
            kind: .keep, subject: "\(rule.id)/\(what)", deadline: moment, site: rule.site, leaseID: rule.leaseID,
            name: rule.leaseName, detail: detail)
    }

    // MARK: - Syncs

    private func failing(_ failure: Failure) -> Occasion? {
        guard let limit = rules.syncFailureSeconds else { return nil }
        let reminder = Reminder(
            kind: .sync, subject: failure.cloud, deadline: failure.since, leadSeconds: -limit, site: failure.cloud,
            leaseID: nil, name: "", detail: failure.message)
        return Occasion(reminder: reminder, at: reminder.dueAt, until: Timestamp(secondsSince1970: .max))
    }
}
