import GRDB
package import LeaseModel
package import SyncPlanner

/// What a server says when it is asked for one lease.
package enum LeaseAnswer: Sendable, Hashable {
    case lease(BlazarLease)
    /// There is no such lease.
    case gone
    /// There was no answer, or one that does not tell.
    case none
}

extension LeaseStore {
    /// Applies a list that has just been completed to the queue of its scope: which accepted leases it shows, and which
    /// unconfirmed creations have turned up.
    ///
    /// - Parameters:
    ///   - scope: the scope whose list it was.
    ///   - rules: the rules of the queue.
    ///   - time: the time.
    /// - Returns: the writes that changed, and whether any write is unfinished.
    /// - Throws: ``StoreError``.
    @discardableResult
    package func reconcileQueue(
        scope: Int64, rules: QueueRules, at time: Timestamp
    ) throws(StoreError) -> (moved: [Mutation], hasUnfinished: Bool) {
        try write { database in
            let list = try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT coalesce(server_date, started_at), keeps_client_events, run_id, started_at, site_id, project_id
                        FROM sync_run JOIN scope USING (scope_id) JOIN site USING (site_id)
                        WHERE scope_id = ? AND kind = 'list' AND outcome = 'complete'
                        ORDER BY run_id DESC LIMIT 1
                        """), arguments: [scope])
            guard let list else { return ([], true) }
            let serverDate = Timestamp(secondsSince1970: list[0])
            let run: Int64 = list[2]
            let startedAt = Timestamp(secondsSince1970: list[3])
            let queue = try Self.queue(database, of: QueueAddress(siteID: list[4], projectID: list[5]))
            var hasUnfinished = false
            let moved: [Mutation] = try queue.compactMap { mutation in
                var next = mutation
                defer { hasUnfinished = hasUnfinished || !next.state.isFinal }
                switch mutation.state {
                case .unknown:
                    let (matches, isCertain) = try Self.matches(database, mutation, keepsEvents: list[1])
                    // A lease that only looks alike may belong to a similar write under way, whose answer will tell.
                    guard isCertain || !mutation.hasTwinUnderWay(in: queue) else { return nil }
                    next = rules.mutation(
                        mutation,
                        after: .init(run: run, serverDate: serverDate, matches: matches, isCertain: isCertain),
                        now: time)
                case .accepted:
                    if let state = try Self.listing(
                        database, mutation, run: run, startedAt: startedAt)
                    {
                        next = rules.settled(mutation, isListed: state, now: time)
                    }
                default: break
                }
                guard next != mutation else { return nil }
                try Self.write(next, database)
                return next
            }
            return (moved, hasUnfinished)
        }
    }

    /// Begins to ask for one lease. The answer is an observation like any other, so it takes its number before the
    /// request leaves.
    package func beginAnswer(scope: Scope, at time: Timestamp) throws(StoreError) -> RunTicket {
        try write { try Self.beginAnswer($0, scope: scope, at: time) }
    }

    static func beginAnswer(_ database: Database, scope: Scope, at time: Timestamp) throws -> RunTicket {
        try database.cachedStatement(
            sql: "INSERT INTO sync_run (kind, cloud, scope_id, started_at) VALUES ('answer', ?, ?, ?)"
        ).execute(arguments: [scope.site, scope.id, time.secondsSince1970])
        return RunTicket(id: database.lastInsertedRowID)
    }

    /// Records what a server said when it was asked for one lease: the lease, and the accepted writes that it shows to
    /// be carried out. An answer without news leaves no trace.
    ///
    /// - Returns: the change of the lease, and the writes that changed.
    /// - Throws: ``StoreError``.
    package func endAnswer(
        _ run: RunTicket, begun: Timestamp, of id: String, _ answer: LeaseAnswer, scope: Scope, rules: QueueRules,
        at time: Timestamp
    ) throws(StoreError) -> (change: LeaseChange?, moved: [Mutation]) {
        try write { database in
            let writer =
                answer == .none ? nil : try MirrorWriter(database, scope: scope, run: run, at: time)
            var change: LeaseChange?
            switch answer {
            case .none: break
            case .lease(let lease):
                // No list will have a slice with this digest, so the next list's slice is decoded and compared.
                change = try writer?.write(ObservedLease(lease: lease, digest: 0))
            case .gone:
                let key = try Self.leaseKey(database, id: id, scope: scope.id)
                change = try key.flatMap { try writer?.markGone(key: $0, reason: .deleted) }
            }
            var moved: [Mutation] = []
            if writer != nil {
                for mutation in try Self.queue(database, of: scope.queueAddress)
                where mutation.state == .accepted && mutation.leaseID == id {
                    guard let state = try Self.listing(database, mutation, run: run.id, startedAt: begun) else {
                        continue
                    }
                    let next = rules.settled(mutation, isListed: state, now: time)
                    guard next != mutation else { continue }
                    try Self.write(next, database)
                    moved.append(next)
                }
            }
            if change == nil {
                try database.cachedStatement(sql: "DELETE FROM sync_run WHERE run_id = ?").execute(arguments: [run.id])
            } else {
                try database.cachedStatement(
                    sql: "UPDATE sync_run SET finished_at = max(started_at, ?) WHERE run_id = ?"
                ).execute(arguments: [time.secondsSince1970, run.id])
            }
            return (change, moved)
        }
    }

    /// Whether an accepted lease is listed; `nil` if the list began before the answer.
    private static func listing(
        _ database: Database, _ mutation: Mutation, run: Int64, startedAt: Timestamp
    ) throws -> Bool? {
        let row = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT gone IS NULL, run_id FROM lease WHERE site_id = ? AND id = ?"),
            arguments: [mutation.address.siteID, mutation.leaseID])
        // A lease that no list has ever had may be younger than this list.
        guard let row else { return startedAt > mutation.updatedAt ? false : nil }
        return (row[1] as Int64) > run ? nil : row[0] as Bool
    }

    /// The leases that an unconfirmed creation may have become.
    private static func matches(
        _ database: Database, _ mutation: Mutation, keepsEvents: Bool?
    ) throws -> (ids: [String], isCertain: Bool) {
        guard let token = mutation.token, let type = ClientToken.eventType(for: token),
            let unconfirmed = mutation.unconfirmed
        else {
            return ([], false)
        }
        // A lease that is gone by now was created all the same.
        let carriers = try carriers(database, of: type, site: mutation.address.siteID)
        let attempt = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT sent, last_lease_key, run_id FROM attempt WHERE mutation_id = ? ORDER BY attempt_id DESC LIMIT 1
                    """), arguments: [mutation.id])
        guard carriers.isEmpty, let attempt else { return (carriers, true) }
        let sent = LeaseRows.object(attempt["sent"])
        let sentToken = sent["events"]?.arrayValue?.contains { $0["event_type"]?.stringValue == type } ?? false
        guard keepsEvents != true || !sentToken, let draft = try? LeaseDraft(body: sent) else { return ([], true) }
        return (try lookalikes(database, mutation.address, draft, attempt, unconfirmed), false)
    }

    /// The leases of a site with an event of a type.
    private static func carriers(_ database: Database, of type: String, site: Int64) throws -> [String] {
        try String.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT DISTINCT lease.id FROM event JOIN lease ON lease.lease_key = event.lease_key
                    WHERE event_type >= 'leasehold:' AND event_type < 'leasehold;' AND event_type = ?
                        AND lease.site_id = ?
                    """), arguments: [type, site])
    }

    /// The lease that carries the token of a creation, even if it is gone by now; `nil` if there is none, or several.
    package func lease(carryingTokenOf creation: Mutation) throws(StoreError) -> String? {
        guard let type = creation.token.flatMap(ClientToken.eventType(for:)) else { return nil }
        let found = try read { try Self.carriers($0, of: type, site: creation.address.siteID) }
        return found.count == 1 ? found.first : nil
    }

    /// For servers that drop our events: leases with the same name, user, dates and reservations that appeared since
    /// the attempt and belong to no other creation of ours.
    private static func lookalikes(
        _ database: Database, _ address: QueueAddress, _ draft: LeaseDraft, _ attempt: Row,
        _ unconfirmed: UnconfirmedAttempt
    ) throws -> [String] {
        // A person has looked at the lists up to this run and said that none of their leases is the one.
        let firstRun = unconfirmed.run > (attempt["run_id"] as Int64) ? unconfirmed.run + 1 : 0
        let end = draft.endsAt.truncatedToMinute.secondsSince1970
        let keys = try Int64.fetchAll(
            database,
            sql: """
                SELECT lease_key FROM lease
                WHERE site_id = ? AND project_id = ? AND lease_key > ? AND first_run >= ?
                    AND ((name, end_at) = (?, ?) OR EXISTS (
                        SELECT 1 FROM lease_history AS past
                        WHERE past.lease_key = lease.lease_key AND (past.name, past.end_at) = (?, ?)))
                    AND user_id IN (
                        SELECT user_id FROM cloud JOIN scope USING (scope_id) WHERE scope.site_id = lease.site_id)
                    AND coalesce(created_at, 0) >= ?
                    AND NOT EXISTS (SELECT 1 FROM mutation WHERE verb = 'create' AND mutation.lease_id = lease.id)
                    AND NOT EXISTS (SELECT 1 FROM event WHERE event.lease_key = lease.lease_key
                        AND event_type >= 'leasehold:' AND event_type < 'leasehold;')
                """,
            arguments: [
                address.siteID, address.projectID, attempt["last_lease_key"] as Int64, firstRun, draft.name, end,
                draft.name, end,
                unconfirmed.notBefore?.secondsSince1970 ?? 0,
            ])
        // Someone may have changed the lease between the list that brought it and this one.
        let before = try database.cachedStatement(sql: "SELECT document FROM lease_history WHERE lease_key = ?")
        return try LeaseReader(database).leases(keys: keys).filter { found in
            if draft.resembles(found.lease) { return true }
            return try String.fetchAll(before, arguments: [found.key]).contains { document in
                (try? BlazarLease(json: LeaseRows.object(document))).map(draft.resembles) ?? false
            }
        }.map(\.lease.id)
    }
}

extension LeaseDraft {
    /// Whether a lease may have been made from this draft: the same name, dates and kinds of reservations.
    fileprivate func resembles(_ lease: BlazarLease) -> Bool {
        guard lease.name == name, lease.endsAt == endsAt.truncatedToMinute else { return false }
        if case .at(let time) = start, time.truncatedToMinute != lease.startsAt.truncatedToMinute { return false }
        let requested = reservations.map { $0["resource_type"]?.stringValue ?? "" }.sorted()
        return requested == lease.reservations.map(\.resourceType.rawValue).sorted()
    }
}
