import GRDB
package import LeaseModel
import SyncPlanner

/// A channel as the record of reminders knows it: its name, and what is told through it.
package struct ReminderAddress: Sendable, Hashable {
    package let name: String
    package let kinds: Set<ReminderKind>

    package init(name: String, kinds: Set<ReminderKind>) {
        self.name = name
        self.kinds = kinds
    }
}

extension LeaseStore {
    /// Writes down what is to be told now, before anybody is told.
    ///
    /// - Parameters:
    ///   - rules: what a person wants to be reminded of.
    ///   - policies: the rules of sites, for the windows of extensions.
    ///   - channels: the channels.
    ///   - now: the time.
    ///   - random: the source of the reminders' ids.
    /// - Returns: when the next reminder comes due, as far as is known.
    /// - Throws: ``StoreError``.
    package func recordReminders(
        _ rules: ReminderRules, policies: SitePolicies, channels: [ReminderAddress], at now: Timestamp,
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) throws(StoreError) -> Timestamp? {
        // Most of the time there is nothing to write, and nobody who writes is held up.
        let (seen, lastLook) = try read { try Self.reminderPlan($0, rules, policies, at: now) }
        let isRecent = lastLook.map { (0..<Self.lookSeconds).contains(now.seconds(since: $0)) } ?? false
        if seen.isEmpty, isRecent { return seen.nextAt }
        return try write { database in
            if let lastLook, lastLook.seconds(since: now) > Self.clockSeconds {
                try Self.forgetClock(at: now, in: database)
            }
            let (plan, _) = try Self.reminderPlan(database, rules, policies, at: now)
            var source = Numbers(next: random)
            for (reminders, isLate) in [(plan.due, false), (plan.missed, true)] {
                for reminder in reminders {
                    let token = ClientToken.make(using: &source)
                    try Self.record(
                        reminder, token: token, isLate: isLate, channels: channels, at: now, in: database)
                }
            }
            for id in plan.withdrawn {
                try database.cachedStatement(
                    sql: "UPDATE reminder_delivery SET state = 'withdrawn' WHERE reminder_id = ? AND state = 'pending'"
                ).execute(arguments: [id])
            }
            for id in plan.over {
                try database.cachedStatement(sql: "UPDATE reminder SET over_at = ? WHERE reminder_id = ?")
                    .execute(arguments: [now.secondsSince1970, id])
            }
            try database.cachedStatement(
                sql: """
                    INSERT INTO reminder_look (look_id, looked_at) VALUES (1, ?)
                    ON CONFLICT (look_id) DO UPDATE SET looked_at = excluded.looked_at
                    """
            ).execute(arguments: [now.secondsSince1970])
            try Self.giveUpReminders(at: now, in: database)
            try Self.forgetReminders(before: now.adding(seconds: -Self.keptSeconds), in: database)
            return plan.nextAt
        }
    }

    /// What would be told now, and what comes due later, in this order. Nothing is written down.
    package func previewReminders(
        _ rules: ReminderRules, policies: SitePolicies, at now: Timestamp
    ) throws(StoreError) -> [Reminder] {
        let plan = try read { try Self.reminderPlan($0, rules, policies, at: now).plan }
        return plan.due + plan.upcoming.sorted { $0.dueAt < $1.dueAt }
    }

    /// How old the record of the last look may get, in seconds, if nothing was due.
    private static var lookSeconds: Int64 { 600 }
    /// How far ahead a record's time may be before the clock is known to have been wrong, in seconds.
    private static var clockSeconds: Int64 { 3_600 }
    /// How long reminders are remembered after they were told and their moment has passed, in seconds.
    private static var keptSeconds: Int64 { 90 * 86_400 }

    private struct Numbers: RandomNumberGenerator {
        let make: () -> UInt64
        init(next: @escaping () -> UInt64) { make = next }
        mutating func next() -> UInt64 { make() }
    }

    private static func record(
        _ reminder: Reminder, token: String, isLate: Bool, channels: [ReminderAddress], at now: Timestamp,
        in database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO reminder (
                    kind, subject, deadline_at, lead_seconds, site, lease_id, name, detail, token, recorded_at, is_late)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (kind, subject, deadline_at, lead_seconds) DO NOTHING
                """
        ).execute(arguments: [
            reminder.kind.rawValue, reminder.subject, reminder.deadline.secondsSince1970, reminder.leadSeconds,
            reminder.site, reminder.leaseID, reminder.name, reminder.detail, token, now.secondsSince1970, isLate,
        ])
        for channel in channels where channel.kinds.contains(reminder.kind) {
            try database.cachedStatement(
                sql: """
                    INSERT INTO reminder_delivery (reminder_id, channel, state, next_attempt_at, give_up_at)
                    SELECT reminder_id, ?, 'pending', ?, ? FROM reminder
                    WHERE (kind, subject, deadline_at, lead_seconds) = (?, ?, ?, ?)
                    ON CONFLICT (reminder_id, channel) DO UPDATE
                    SET state = 'pending', attempts = 0, next_attempt_at = excluded.next_attempt_at,
                        give_up_at = excluded.give_up_at
                    WHERE state = 'withdrawn'
                    """
            ).execute(arguments: [
                channel.name, now.secondsSince1970,
                now.adding(seconds: ReminderPlanner.lateSeconds).secondsSince1970, reminder.kind.rawValue,
                reminder.subject, reminder.deadline.secondsSince1970, reminder.leadSeconds,
            ])
        }
    }

    /// Puts right what was written down while the clock was ahead: what was told before its time is told again, and
    /// nothing waits for a moment that is far away.
    private static func forgetClock(at now: Timestamp, in database: Database) throws {
        let (moment, ahead) = (now.secondsSince1970, now.adding(seconds: clockSeconds).secondsSince1970)
        let late = now.adding(seconds: ReminderPlanner.lateSeconds).secondsSince1970
        try database.execute(
            sql: """
                DELETE FROM reminder WHERE recorded_at > ? AND kind IN ('start', 'end', 'window')
                    AND deadline_at - lead_seconds > ?
                """, arguments: [ahead, moment])
        try database.execute(
            sql: "UPDATE reminder SET recorded_at = ? WHERE recorded_at > ?", arguments: [moment, ahead])
        try database.execute(
            sql: """
                UPDATE reminder_delivery
                SET next_attempt_at = min(next_attempt_at, ?), give_up_at = min(give_up_at, ?)
                WHERE state = 'pending'
                """, arguments: [moment, late])
        try database.execute(sql: "DELETE FROM reminder_look")
    }

    /// Forgets what was told long ago, unless it may still come up.
    private static func forgetReminders(before moment: Timestamp, in database: Database) throws {
        try database.cachedStatement(
            sql: """
                DELETE FROM reminder WHERE recorded_at < ?1 AND deadline_at < ?1
                    AND (kind NOT IN ('error', 'degraded', 'keep') OR over_at < ?1)
                """
        ).execute(arguments: [moment.secondsSince1970])
    }
}

// MARK: - What the decision rests on

extension LeaseStore {
    private static func reminderPlan(
        _ database: Database, _ rules: ReminderRules, _ policies: SitePolicies, at now: Timestamp
    ) throws -> (plan: ReminderPlan, lastLook: Timestamp?) {
        let lastLook = try Int64.fetchOne(database.cachedStatement(sql: "SELECT looked_at FROM reminder_look"))
            .map(Timestamp.init(secondsSince1970:))
        let planner = ReminderPlanner(rules: rules, now: now, lastLook: lastLook)
        let all = try scopes(database)
        let scopes =
            rules.clouds.isEmpty
            ? nil : Set(all.filter { !Set($0.clouds + [$0.site]).isDisjoint(with: rules.clouds) }.map(\.id))
        let plan = planner.plan(
            leases: try remindableLeases(database, rules, policies, scopes: scopes, since: planner.horizon),
            writes: try newsworthyWrites(database, rules, all, scopes: scopes, since: planner.horizon),
            kept: try keptLeases(database, rules, all, scopes: scopes, since: planner.horizon),
            failures: rules.syncFailureSeconds == nil
                ? []
                : try failingClouds(database, since: now.adding(seconds: -ReminderPlanner.lateSeconds)).filter {
                    rules.clouds.isEmpty || rules.clouds.contains($0.cloud)
                },
            recorded: try recordedReminders(database))
        return (plan, lastLook)
    }

    /// The filters that together find the leases that count.
    private static func filters(_ rules: ReminderRules, scopes: Set<Int64>?) -> [LeaseFilter] {
        let globs = rules.nameGlobs.isEmpty ? [nil] : rules.nameGlobs.map(String?.some)
        let projects = rules.projects.isEmpty ? [nil] : rules.projects.map(String?.some)
        return globs.flatMap { glob in
            projects.map { project in
                var filter = LeaseFilter()
                filter.nameGlob = glob
                filter.project = project
                filter.isMine = rules.isMine
                filter.scopes = scopes
                return filter
            }
        }
    }

    private static func remindableLeases(
        _ database: Database, _ rules: ReminderRules, _ policies: SitePolicies, scopes: Set<Int64>?,
        since horizon: Timestamp
    ) throws -> [ReminderPlanner.Lease] {
        let reader = try MirrorReader(database, scopes: scopes, parts: [.owners, .reservations])
        var known: [Int64: SitePolicy] = [:]
        var seen: Set<String> = []
        var leases: [ReminderPlanner.Lease] = []
        for var filter in filters(rules, scopes: scopes) {
            filter.from = horizon
            try reader.table.forEach(LeaseQuery(filter), orderedBy: "lease.lease_key") { row in
                let lease = try reader.mirrored(row)
                guard seen.insert("\(lease.site)/\(lease.id)").inserted else { return }
                guard !rules.windowLeads.isEmpty else { return leases.append(ReminderPlanner.Lease(lease)) }
                let scope = reader.scopes[lease.scopeID]
                let policy = known[lease.scopeID] ?? policies.policy(of: (scope?.clouds ?? []) + [lease.site])
                known[lease.scopeID] = policy
                leases.append(ReminderPlanner.Lease(lease, rules: policy.rules(for: LeaseSubject(lease))))
            }
        }
        return leases
    }

    /// The writes that a person may want to hear of. Every write of this database was asked for here.
    private static func newsworthyWrites(
        _ database: Database, _ rules: ReminderRules, _ all: [Scope], scopes: Set<Int64>?, since horizon: Timestamp
    ) throws -> [Mutation] {
        guard !rules.writes.isEmpty || rules.tellsSlots else { return [] }
        let names = rules.nameGlobs.map { _ in "lease_name GLOB ?" }.joined(separator: " OR ")
        let writes = try Mutation.fetchAll(
            database.cachedStatement(
                sql: """
                    \(Mutation.selection) WHERE state \(MutationState.condition { $0.news != nil }) AND updated_at > ?
                        \(names.isEmpty ? "" : "AND (\(names))") ORDER BY mutation_id
                    """),
            StatementArguments([horizon.secondsSince1970])
                + StatementArguments(rules.nameGlobs.map { NamePattern($0).glob }))
        let addresses = queues(rules, all, scopes: scopes)
        return writes.filter { addresses.contains($0.address) }
    }

    /// The queues of the clouds and projects that count.
    private static func queues(_ rules: ReminderRules, _ all: [Scope], scopes: Set<Int64>?) -> Set<QueueAddress> {
        let wanted = all.filter { scope in
            (scopes?.contains(scope.id) ?? true)
                && (rules.projects.isEmpty
                    || !Set([scope.projectID, scope.projectName]).isDisjoint(with: rules.projects))
        }
        return Set(wanted.map(\.queueAddress))
    }

    /// The leases that are kept, or were until lately.
    private static func keptLeases(
        _ database: Database, _ rules: ReminderRules, _ all: [Scope], scopes: Set<Int64>?, since horizon: Timestamp
    ) throws -> [KeepRule] {
        guard rules.tellsKeeping else { return [] }
        let names = rules.nameGlobs.map { _ in "lease_name GLOB ?" }.joined(separator: " OR ")
        let kept = try KeepRule.fetchAll(
            database, "coalesce(keep_rule.ended_at > ?, true)\(names.isEmpty ? "" : " AND (\(names))")",
            StatementArguments([horizon.secondsSince1970])
                + StatementArguments(rules.nameGlobs.map { NamePattern($0).glob }))
        let addresses = queues(rules, all, scopes: scopes)
        return kept.filter { addresses.contains($0.address) }
    }

    /// The clouds whose last sync failed, with the time since when.
    private static func failingClouds(
        _ database: Database, since moment: Timestamp
    ) throws -> [ReminderPlanner.Failure] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT cloud, coalesce(
                        (SELECT max(finished_at) FROM sync_run AS earlier
                         WHERE earlier.cloud = last.cloud AND kind = 'list' AND outcome = 'complete'),
                        (SELECT min(started_at) FROM sync_run AS first
                         WHERE first.cloud = last.cloud AND kind = 'list')), coalesce(message, '')
                    FROM sync_run AS last
                    WHERE run_id IN (
                        SELECT max(run_id) FROM sync_run WHERE kind = 'list' AND outcome IS NOT NULL GROUP BY cloud)
                        AND outcome IN ('failed', 'suspect') AND started_at > ?
                    ORDER BY cloud
                    """), arguments: [moment.secondsSince1970]
        ).map { row in
            ReminderPlanner.Failure(cloud: row[0], since: Timestamp(secondsSince1970: row[1]), message: row[2])
        }
    }

    private static func recordedReminders(_ database: Database) throws -> [ReminderPlanner.Recorded] {
        try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT reminder_id, kind, subject, deadline_at, lead_seconds, over_at IS NOT NULL,
                        total(state = 'pending') > 0, total(state = 'withdrawn') > 0
                    FROM reminder LEFT JOIN reminder_delivery USING (reminder_id) GROUP BY reminder_id
                    """)
        ).compactMap { row in
            ReminderKind(rawValue: row[1]).map { kind in
                ReminderPlanner.Recorded(
                    id: row[0],
                    key: Reminder.Key(
                        kind: kind, subject: row[2], deadline: Timestamp(secondsSince1970: row[3]),
                        leadSeconds: row[4]),
                    isOver: row[5], isWaiting: row[6], isWithdrawn: row[7])
            }
        }
    }
}
