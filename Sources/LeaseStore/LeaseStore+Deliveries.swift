import GRDB
package import LeaseModel
import SyncPlanner

/// Reminders that are sent through one channel in one message.
package struct ReminderMessage: Sendable, Hashable {
    package let channel: String
    /// The message's id. The same reminders make the same id, so that a receiver recognizes a repetition.
    package let id: String
    /// The reminders, each with its own id.
    package let reminders: [(reminder: Reminder, token: String)]
    /// How many more came due long ago, and are not in the message.
    package let lateCount: Int
    /// Whether it is sent once more, since the program ended while it was being sent.
    package let isRepetition: Bool

    package init(
        channel: String, id: String, reminders: [(reminder: Reminder, token: String)], lateCount: Int = 0,
        isRepetition: Bool = false
    ) {
        self.isRepetition = isRepetition
        self.channel = channel
        self.id = id
        self.reminders = reminders
        self.lateCount = lateCount
    }

    package static func == (left: ReminderMessage, right: ReminderMessage) -> Bool {
        (left.channel, left.id) == (right.channel, right.id)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(channel)
        hasher.combine(id)
    }
}

extension LeaseStore {
    /// Takes up the reminders whose process died while it sent them: they are sent once more, with the same id. If that
    /// is interrupted too, they are given up.
    ///
    /// Only the process that holds the reminders' lock may call this.
    package func recoverReminders(at now: Timestamp) throws(StoreError) {
        guard try read({ try Bool.fetchOne($0, sql: Self.interrupted) }) == true else { return }
        try write { database in
            try database.cachedStatement(
                sql: """
                    UPDATE reminder_delivery SET interruptions = interruptions + 1, next_attempt_at = ?,
                        state = iif(interruptions > 0, 'failed', 'pending'),
                        problem = 'the program ended while it was being sent; whether it arrived is not known'
                    WHERE state = 'sending'
                    """
            ).execute(arguments: [now.secondsSince1970])
        }
    }

    private static let interrupted = "SELECT EXISTS (SELECT 1 FROM reminder_delivery WHERE state = 'sending')"

    /// Writes down that everything that waits for a channel is being sent, if any of it is due. A message that was
    /// interrupted is repeated first, as it was.
    ///
    /// - Returns: the message; `nil` if nothing is due.
    /// - Throws: ``StoreError``.
    package func beginMessage(to channel: String, at now: Timestamp) throws(StoreError) -> ReminderMessage? {
        let isDue = "channel = ? AND state = 'pending' AND (next_attempt_at <= ? OR give_up_at <= ?)"
        let moment = now.secondsSince1970
        let due: StatementArguments = [channel, moment, moment]
        guard
            try read({
                try Bool.fetchOne(
                    $0, sql: "SELECT EXISTS (SELECT 1 FROM reminder_delivery WHERE \(isDue))", arguments: due)
            }) == true
        else { return nil }
        return try write { database in
            try Self.giveUpReminders(at: now, in: database)
            let interrupted = try String.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT message_id FROM reminder_delivery
                        WHERE channel = ? AND state = 'pending' AND interruptions > 0
                        """), arguments: [channel])
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT \(Self.reminderColumns), token, is_late, reminder_id, next_attempt_at
                        FROM reminder JOIN reminder_delivery USING (reminder_id)
                        WHERE channel = ?1 AND state = 'pending'
                            AND (?2 IS NULL OR (message_id = ?2 AND interruptions > 0))
                        ORDER BY deadline_at, reminder_id
                        """), arguments: [channel, interrupted])
            guard rows.contains(where: { ($0["next_attempt_at"] as Int64) <= moment }) else { return nil }
            let tokens = rows.map { $0["token"] as String }
            let id =
                interrupted
                ?? (tokens.count == 1
                    ? tokens[0] : String(ContentDigest.digest(of: Array(tokens.joined().utf8)), radix: 36) + tokens[0])
            for row in rows {
                try database.cachedStatement(
                    sql: """
                        UPDATE reminder_delivery SET state = 'sending', attempts = attempts + 1, tried_at = ?,
                            message_id = ?
                        WHERE reminder_id = ? AND channel = ?
                        """
                ).execute(arguments: [moment, id, row["reminder_id"] as Int64, channel])
            }
            let listed = rows.filter { !($0["is_late"] as Bool) }
            return ReminderMessage(
                channel: channel, id: id,
                reminders: listed.compactMap { row in Reminder(row: row).map { ($0, row["token"]) } },
                lateCount: rows.count - listed.count, isRepetition: interrupted != nil)
        }
    }

    /// Gives up what could not be sent for a day, also to a channel that is no longer in notify.yaml.
    static func giveUpReminders(at now: Timestamp, in database: Database) throws {
        try database.cachedStatement(
            sql: """
                UPDATE reminder_delivery SET state = 'failed', problem = coalesce(problem, 'nothing could be sent')
                WHERE state = 'pending' AND give_up_at <= ?
                """
        ).execute(arguments: [now.secondsSince1970])
    }

    /// Writes down how sending a message ended.
    ///
    /// - Parameters:
    ///   - message: the message.
    ///   - problem: why it failed; `nil` if it was sent.
    ///   - now: the time.
    /// - Throws: ``StoreError``.
    package func endMessage(_ message: ReminderMessage, problem: String?, at now: Timestamp) throws(StoreError) {
        let pauses = Backoff(baseSeconds: 60, capSeconds: 3_600)
        try write { database in
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT reminder_id, attempts, give_up_at FROM reminder_delivery
                        WHERE channel = ? AND message_id = ? AND state = 'sending'
                        """), arguments: [message.channel, message.id])
            for row in rows {
                let next = now.adding(seconds: Int64(pauses.ceiling(failures: row[1])))
                let givesUp = next.secondsSince1970 >= row[2]
                let state: ReminderState = problem == nil ? .sent : givesUp ? .failed : .pending
                try database.cachedStatement(
                    sql: """
                        UPDATE reminder_delivery SET state = ?, problem = ?, tried_at = ?, next_attempt_at = ?,
                            interruptions = 0
                        WHERE reminder_id = ? AND channel = ?
                        """
                ).execute(arguments: [
                    state.rawValue, problem, now.secondsSince1970, next.secondsSince1970, row[0] as Int64,
                    message.channel,
                ])
            }
        }
    }

    /// When the next reminder that waits for one of these channels is to be tried; `nil` if none waits.
    package func nextMessageAt(channels: [String]) throws(StoreError) -> Timestamp? {
        try read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT channel, min(next_attempt_at) FROM reminder_delivery WHERE state = 'pending'
                        GROUP BY channel
                        """)
            ).filter { channels.contains($0[0]) }.map { Timestamp(secondsSince1970: $0[1]) }.min()
        }
    }

    /// What people were told or are about to be, the latest last.
    package func reminderRecords() throws(StoreError) -> [RecordedReminder] {
        try read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT \(Self.reminderColumns), token, channel, state, recorded_at, is_late, tried_at,
                            next_attempt_at, attempts, message_id, problem
                        FROM reminder JOIN reminder_delivery USING (reminder_id)
                        ORDER BY coalesce(tried_at, recorded_at), reminder_id, channel
                        """)
            ).compactMap { row in
                guard let reminder = Reminder(row: row) else { return nil }
                let state = ReminderState(rawValue: row["state"]) ?? .failed
                return RecordedReminder(
                    reminder: reminder, token: row["token"], channel: row["channel"], state: state,
                    recordedAt: Timestamp(secondsSince1970: row["recorded_at"]), isLate: row["is_late"],
                    triedAt: row.time("tried_at"),
                    nextAttemptAt: state == .pending ? row.time("next_attempt_at") : nil, attempts: row["attempts"],
                    messageID: row["message_id"], problem: row["problem"])
            }
        }
    }

    private static let reminderColumns = "kind, subject, deadline_at, lead_seconds, site, lease_id, name, detail"
}

extension Reminder {
    /// Reads a row; `nil` if its kind is unknown.
    fileprivate init?(row: Row) {
        guard let kind = ReminderKind(rawValue: row["kind"]) else { return nil }
        self.init(
            kind: kind, subject: row["subject"], deadline: Timestamp(secondsSince1970: row["deadline_at"]),
            leadSeconds: row["lead_seconds"], site: row["site"], leaseID: row["lease_id"], name: row["name"],
            detail: row["detail"])
    }
}
