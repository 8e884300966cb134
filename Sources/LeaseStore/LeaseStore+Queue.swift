package import GRDB
package import LeaseModel
import SyncPlanner

extension LeaseStore {
    // MARK: - Enqueueing

    /// Queues a write durably: it is on the disk before this returns.
    ///
    /// - Parameters:
    ///   - address: the queue.
    ///   - time: the time.
    ///   - make: makes the write from the current queue, or returns `nil` if none is needed; the database assigns its
    ///     number.
    /// - Returns: the write that was queued, or the existing one that serves the same purpose.
    /// - Throws: ``StoreError``, or what `make` throws.
    package func enqueue(
        to address: QueueAddress, at time: Timestamp, make: ([Mutation]) throws -> Mutation?
    ) throws(StoreError) -> (mutation: Mutation?, standing: Mutation?) {
        try write { try Self.enqueue($0, to: address, at: time, make: make) }
    }

    /// Queues a write that depends on existing leases, reading them in the same transaction.
    ///
    /// - Parameters:
    ///   - address: the queue.
    ///   - filter: the leases that matter.
    ///   - others: other queues whose writes matter.
    ///   - time: the time.
    ///   - make: makes the write from the current queues and leases, or returns `nil` if none is needed.
    /// - Returns: the write that was queued; `nil` if none was needed.
    /// - Throws: ``StoreError``, or what `make` throws.
    package func enqueue(
        to address: QueueAddress, lookingAt filter: LeaseFilter, and others: Set<QueueAddress> = [],
        at time: Timestamp,
        make: ([Mutation], [MirroredLease]) throws -> Mutation?
    ) throws(StoreError) -> Mutation? {
        try write { database in
            let query = LeaseQuery(filter)
            let keys = try Int64.fetchAll(
                database,
                sql: "SELECT lease.lease_key FROM \(query.source) WHERE \(query.condition) ORDER BY 1",
                arguments: query.arguments)
            let leases = try MirrorReader(database).leases(keys: keys)
            let elsewhere = try others.subtracting([address]).flatMap { try Self.queue(database, of: $0) }
            return try Self.enqueue(database, to: address, at: time) { try make($0 + elsewhere, leases) }.mutation
        }
    }

    static func enqueue(
        _ database: Database, to address: QueueAddress, at time: Timestamp, make: ([Mutation]) throws -> Mutation?
    ) throws -> (mutation: Mutation?, standing: Mutation?) {
        let queue = try Self.queue(database, of: address)
        guard let requested = try make(queue) else { return (nil, nil) }
        guard requested.address == address else {
            throw StoreError(kind: .failed, message: "A write for another site or project cannot be queued here.")
        }
        let effect = Enqueueing(requested, onto: queue, now: time)
        for changed in effect.changed { try Self.write(changed, database) }
        guard let queued = effect.mutation else { return (nil, effect.standing) }
        let id = try queued.insert(database)
        // The creation may have been carried out since `make` read the queue.
        try database.cachedStatement(
            sql: """
                UPDATE mutation SET lease_id = (
                    SELECT creation.lease_id FROM mutation AS creation
                    WHERE creation.verb = 'create' AND creation.site_id = mutation.site_id
                        AND creation.project_id = mutation.project_id AND creation.local_id = mutation.local_id)
                WHERE mutation_id = ? AND lease_id IS NULL AND verb <> 'create'
                """
        ).execute(arguments: [id])
        return (try Self.mutation(database, id: id), nil)
    }

    // MARK: - Reading

    /// The unfinished writes of a site and project, in the order in which they were requested.
    package func queue(of address: QueueAddress) throws(StoreError) -> [Mutation] {
        try read { try Self.queue($0, of: address) }
    }

    private static let queueSelection = """
        \(Mutation.selection) WHERE mutation.site_id = ? AND mutation.project_id = ?
            AND state \(MutationState.condition { !$0.isFinal || $0 == .rejected })
        ORDER BY mutation_id
        """

    static func queue(_ database: Database, of address: QueueAddress) throws -> [Mutation] {
        try Mutation.fetchAll(
            database.cachedStatement(sql: queueSelection), [address.siteID, address.projectID])
    }

    static let everySelection = "\(Mutation.selection) WHERE true"
    static let openSelection = """
        \(Mutation.selection) WHERE state \(MutationState.condition { !$0.isFinal || $0 == .rejected || $0 == .expired })
        """

    /// Writes, in the order in which they were requested.
    ///
    /// - Parameters:
    ///   - scopes: the scopes whose sites and projects count; `nil` for all.
    ///   - includesFinal: whether to include finished writes.
    ///   - nameGlob: a shell pattern for the lease's name.
    /// - Returns: the writes.
    /// - Throws: ``StoreError``.
    package func mutations(
        scopes: Set<Int64>?, includesFinal: Bool, nameGlob: String? = nil
    ) throws(StoreError) -> [Mutation] {
        try read { try Self.mutations($0, scopes: scopes, includesFinal: includesFinal, nameGlob: nameGlob) }
    }

    /// The same, in a transaction.
    package static func mutations(
        _ database: Database, scopes: Set<Int64>?, includesFinal: Bool, nameGlob: String? = nil
    ) throws -> [Mutation] {
        let addresses = try Self.addresses(database, of: scopes)
        let selection = includesFinal ? Self.everySelection : Self.openSelection
        // SQLite compiles a statement with GLOB again each time that it is given a pattern.
        let name = nameGlob == nil ? "" : " AND lease_name GLOB ?"
        return try Mutation.fetchAll(
            database.cachedStatement(sql: "\(selection)\(name) ORDER BY mutation_id"),
            nameGlob.map { [NamePattern($0).glob] } ?? []
        ).filter { addresses?.contains($0.address) ?? true }
    }

    /// The queues of some scopes; `nil` for all.
    static func addresses(_ database: Database, of scopes: Set<Int64>?) throws -> Set<QueueAddress>? {
        try scopes.map { wanted in
            Set(try Self.scopes(database).filter { wanted.contains($0.id) }.map(\.queueAddress))
        }
    }

    /// Every update and extension of a lease that was requested here, in order.
    package func changes(ofLease leaseID: String, scope: Int64) throws(StoreError) -> [Mutation] {
        try read { database in
            try Mutation.fetchAll(
                database.cachedStatement(
                    sql: """
                        \(Mutation.selection) WHERE mutation.lease_id = ? AND verb IN ('update', 'extend')
                            AND mutation.site_id = (SELECT site_id FROM scope WHERE scope_id = ?)
                        ORDER BY mutation_id
                        """), [leaseID, scope])
        }
    }

    /// The write with a number.
    package func mutation(id: Int64) throws(StoreError) -> Mutation? {
        try read { try Self.mutation($0, id: id) }
    }

    static func mutation(_ database: Database, id: Int64) throws -> Mutation? {
        try Row.fetchOne(
            database.cachedStatement(sql: "\(Mutation.selection) WHERE mutation_id = ?"), arguments: [id]
        ).map(Mutation.init(row:))
    }

    /// The creation with a local id.
    package func creation(localID: String) throws(StoreError) -> Mutation? {
        try read { database in
            try Row.fetchOne(
                database.cachedStatement(sql: "\(Mutation.selection) WHERE verb = 'create' AND local_id = ?"),
                arguments: [localID]
            ).map(Mutation.init(row:))
        }
    }

    /// The number of the creation that became a lease at the same site, other than the given one.
    package func creation(ofLease leaseID: String, notBy id: Int64) throws(StoreError) -> Int64? {
        try read { database in
            try Int64.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT mutation_id FROM mutation WHERE verb = 'create' AND lease_id = ? AND mutation_id <> ?
                            AND site_id = (SELECT site_id FROM mutation WHERE mutation_id = ?)
                        """), arguments: [leaseID, id, id])
        }
    }

    // MARK: - Changing

    /// Applies a person's decision about a write, reading and changing it in one transaction.
    ///
    /// - Returns: the changed write; `nil` if there is none with that number.
    @discardableResult
    package func changeMutation(
        id: Int64, _ change: (Mutation, _ queue: [Mutation]) throws -> [Mutation]
    ) throws(StoreError) -> Mutation? {
        try write { database in
            guard let mutation = try Self.mutation(database, id: id) else { return nil }
            for changed in try change(mutation, Self.queue(database, of: mutation.address)) {
                try Self.write(changed, database)
            }
            return try Self.mutation(database, id: id)
        }
    }

    /// Applies a rule to every unfinished write of a site and project.
    ///
    /// - Returns: the writes that changed.
    @discardableResult
    package func changeQueue(
        of address: QueueAddress, _ rule: (Mutation) -> Mutation
    ) throws(StoreError) -> [Mutation] {
        try write { database in
            try Self.queue(database, of: address).compactMap { mutation in
                let next = rule(mutation)
                guard next != mutation else { return nil }
                try Self.write(next, database)
                return next
            }
        }
    }

    /// Saves a write. Writes that depend on a creation learn the lease's id with it.
    static func write(_ mutation: Mutation, _ database: Database) throws {
        try mutation.update(database)
        guard mutation.verb == .create, let leaseID = mutation.leaseID, let localID = mutation.localID else { return }
        try database.cachedStatement(
            sql: """
                UPDATE mutation SET lease_id = ?
                WHERE site_id = ? AND project_id = ? AND local_id = ? AND lease_id IS NULL
                """
        ).execute(arguments: [leaseID, mutation.address.siteID, mutation.address.projectID, localID])
    }

    // MARK: - Attempts

    /// Records durably that a request is about to be sent.
    ///
    /// - Parameters:
    ///   - mutation: the write as it was when the request was planned.
    ///   - sent: the body of the request.
    ///   - scope: the scope that sends it.
    ///   - time: the time.
    /// - Returns: the updated write and the number of the attempt; `nil` if the write has changed meanwhile and must be
    ///   planned again.
    /// - Throws: ``StoreError``.
    package func beginAttempt(
        _ mutation: Mutation, sent: JSONObject, scope: Scope, at time: Timestamp
    ) throws(StoreError) -> (mutation: Mutation, attempt: Int64)? {
        try write { database in
            guard try Self.mutation(database, id: mutation.id) == mutation else { return nil }
            var next = mutation
            next.state = .sending
            next.updatedAt = time
            next.attempts += 1
            let serverDate = try Int64.fetchOne(
                database.cachedStatement(
                    sql: "SELECT max(server_date) FROM sync_run WHERE scope_id = ? AND outcome = 'complete'"),
                arguments: [scope.id])
            let run = try Self.beginAnswer(database, scope: scope, at: time).id
            next.unconfirmed = UnconfirmedAttempt(
                run: run, notBefore: serverDate.map(Timestamp.init(secondsSince1970:)))
            try next.update(database)
            try database.cachedStatement(
                sql: """
                    INSERT INTO attempt (mutation_id, run_id, last_lease_key, started_at, sent)
                    VALUES (?, ?, (SELECT coalesce(max(lease_key), 0) FROM lease), ?, ?)
                    """
            ).execute(arguments: [mutation.id, run, time.secondsSince1970, JSONValue.object(sent).text()])
            return (next, database.lastInsertedRowID)
        }
    }

    /// Records the outcome of an attempt in one transaction: the write, the attempt, and what the answer says of the
    /// lease.
    ///
    /// - Parameters:
    ///   - attempt: the number of the attempt.
    ///   - mutation: the write after the attempt.
    ///   - outcome: the outcome, in a word.
    ///   - lease: the lease in the answer.
    ///   - goneLeaseID: the lease that the server says is gone.
    ///   - sentToken: whether the request carried the write's token.
    ///   - scope: the scope.
    ///   - time: the time.
    /// - Throws: ``StoreError``.
    package func endAttempt(
        _ attempt: Int64, mutation: Mutation, outcome: String, lease: ObservedLease?, goneLeaseID: String? = nil,
        sentToken: Bool, scope: Scope, at time: Timestamp
    ) throws(StoreError) {
        try write { database in
            try Self.write(mutation, database)
            try database.cachedStatement(
                sql: """
                    UPDATE attempt SET finished_at = ?, outcome = ?, message = ?, request_id = ? WHERE attempt_id = ?
                    """
            ).execute(arguments: [time.secondsSince1970, outcome, mutation.message, mutation.requestID, attempt])
            let run = try Int64.fetchOne(
                database.cachedStatement(sql: "SELECT run_id FROM attempt WHERE attempt_id = ?"), arguments: [attempt])
            guard let run else { return }
            try database.cachedStatement(sql: "UPDATE sync_run SET finished_at = max(started_at, ?) WHERE run_id = ?")
                .execute(arguments: [time.secondsSince1970, run])
            guard lease != nil || goneLeaseID != nil else { return }
            let writer = try MirrorWriter(database, scope: scope, run: RunTicket(id: run), at: time)
            if let goneLeaseID {
                let key = try Self.leaseKey(database, id: goneLeaseID, scope: scope.id)
                if let key { _ = try writer?.markGone(key: key, reason: .deleted) }
            }
            guard let lease else { return }
            _ = try writer?.write(lease)
            if mutation.verb == .create, let token = mutation.token, sentToken {
                let isKept = lease.lease.events.contains { $0.eventType == ClientToken.eventType(for: token) }
                try database.cachedStatement(sql: "UPDATE site SET keeps_client_events = ? WHERE site_id = ?").execute(
                    arguments: [isKept, scope.siteID])
            }
        }
    }

    /// Records that the lease of a write turned out to be gone when it was read before sending, and the effect on the
    /// write, in one transaction.
    ///
    /// - Parameters:
    ///   - mutation: the write as it was when the step was planned.
    ///   - next: the write as it is now.
    ///   - scope: the scope.
    ///   - time: the time.
    /// - Returns: the updated write; `nil` if it has changed meanwhile and must be planned again.
    /// - Throws: ``StoreError``.
    package func endLook(
        _ mutation: Mutation, as next: Mutation, scope: Scope, at time: Timestamp
    ) throws(StoreError) -> Mutation? {
        try write { database in
            guard try Self.mutation(database, id: mutation.id) == mutation else { return nil }
            try Self.write(next, database)
            // A lease that is gone stays gone, so it does not matter that this number is younger than the request.
            try database.cachedStatement(
                sql: """
                    INSERT INTO sync_run (kind, cloud, scope_id, started_at, finished_at) VALUES ('answer', ?, ?, ?, ?)
                    """
            ).execute(arguments: [scope.site, scope.id, time.secondsSince1970, time.secondsSince1970])
            let run = RunTicket(id: database.lastInsertedRowID)
            if let id = next.leaseID, let key = try Self.leaseKey(database, id: id, scope: scope.id) {
                _ = try MirrorWriter(database, scope: scope, run: run, at: time)?.markGone(key: key, reason: .deleted)
            }
            return next
        }
    }

    /// The attempts of a write, oldest first.
    package func attempts(mutation: Int64) throws(StoreError) -> [MutationAttempt] {
        try read { database in
            try Row.fetchAll(
                database.cachedStatement(sql: "SELECT * FROM attempt WHERE mutation_id = ? ORDER BY attempt_id"),
                arguments: [mutation]
            ).map { row in
                MutationAttempt(
                    startedAt: Timestamp(secondsSince1970: row["started_at"]), finishedAt: row.time("finished_at"),
                    outcome: row["outcome"], message: row["message"], requestID: row["request_id"],
                    sent: LeaseRows.object(row["sent"]))
            }
        }
    }
}

extension LeaseStore {
    /// Whether a site keeps a client's own events; `nil` if not known yet.
    package func keepsClientEvents(site: Int64) throws(StoreError) -> Bool? {
        try read { database in
            try Row.fetchOne(
                database.cachedStatement(sql: "SELECT keeps_client_events FROM site WHERE site_id = ?"),
                arguments: [site])?[0]
        }
    }
}
