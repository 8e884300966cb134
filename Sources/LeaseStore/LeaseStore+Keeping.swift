import GRDB
package import LeaseModel
package import SyncPlanner

// The rules by which leases are kept.
extension LeaseStore {
    // MARK: - Reading

    /// The rules of a site and project that have not ended.
    package func keepRules(of address: QueueAddress) throws(StoreError) -> [KeepRule] {
        try read { database in
            try KeepRule.fetchAll(
                database, "keep_rule.ended IS NULL AND keep_rule.site_id = ? AND keep_rule.project_id = ?",
                [address.siteID, address.projectID])
        }
    }

    /// Rules, in the order in which they were asked for.
    ///
    /// - Parameters:
    ///   - scopes: the scopes whose sites and projects count; `nil` for all.
    ///   - moment: rules that ended before this are left out.
    /// - Returns: the rules.
    /// - Throws: ``StoreError``.
    package func keepRules(scopes: Set<Int64>?, endedAfter moment: Timestamp) throws(StoreError) -> [KeepRule] {
        try read { database in
            let addresses = try Self.addresses(database, of: scopes)
            return try KeepRule.fetchAll(
                database, "coalesce(keep_rule.ended_at >= ?, true)", [moment.secondsSince1970]
            ).filter { addresses?.contains($0.address) ?? true }
        }
    }

    /// What is known of a kept lease.
    package func situation(of rule: KeepRule) throws(StoreError) -> KeepPlanner.Situation {
        let lease = try rule.leaseID.flatMap { id throws(StoreError) in try self.lease(id: id, scope: rule.scopeID) }
        let creation = try rule.localID.flatMap { id throws(StoreError) in try self.creation(localID: id) }
        let last = try rule.mutationID.flatMap { id throws(StoreError) in try self.mutation(id: id) }
        let writes = try queue(of: rule.address).filter { !$0.state.isFinal && $0.leaseID == rule.leaseID }
        return KeepPlanner.Situation(
            lease: lease, creation: creation, writes: lease == nil ? [] : writes, lastExtension: last)
    }

    // MARK: - Changing

    /// Keeps a lease. A rule that the lease has already gets the new limits, and its unsent extension is cancelled, so
    /// that the next one obeys them.
    ///
    /// - Returns: the rule.
    /// - Throws: ``StoreError``.
    package func keep(_ rule: KeepRule) throws(StoreError) -> KeepRule {
        try write { database in
            let present = try KeepRule.fetchAll(
                database, "keep_rule.ended IS NULL AND keep_rule.site_id = ?", [rule.address.siteID]
            ).first {
                ($0.leaseID != nil && $0.leaseID == rule.leaseID) || ($0.localID != nil && $0.localID == rule.localID)
            }
            if let present {
                let last = try present.mutationID.flatMap { try Self.mutation(database, id: $0) }
                let isWithdrawn = try last.map { try Self.withdraw(database, $0, at: rule.createdAt) } ?? false
                try database.execute(
                    sql: """
                        UPDATE keep_rule SET until_at = ?, min_step = ?, failures = 0, retry_at = NULL, message = NULL,
                            mutation_id = ? WHERE keep_id = ?
                        """,
                    arguments: [
                        rule.until.secondsSince1970, rule.minStepSeconds, isWithdrawn ? nil : present.mutationID,
                        present.id,
                    ])
                return try KeepRule.fetch(database, id: present.id)
            }
            try database.execute(
                sql: """
                    INSERT INTO keep_rule
                        (site_id, project_id, scope_id, lease_id, local_id, lease_name, until_at, min_step, created_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    rule.address.siteID, rule.address.projectID, rule.scopeID, rule.leaseID, rule.localID,
                    rule.leaseName, rule.until.secondsSince1970, rule.minStepSeconds, rule.createdAt.secondsSince1970,
                ])
            return try KeepRule.fetch(database, id: database.lastInsertedRowID)
        } ?? rule
    }

    /// Carries out a step in one transaction, unless the rule or its lease's queue has changed in the meantime.
    ///
    /// - Parameters:
    ///   - step: the step.
    ///   - rule: the rule as it was when the step was planned.
    ///   - write: the extension to queue.
    ///   - time: the time.
    /// - Returns: the rule in its new form; `nil` if something has changed in the meantime.
    /// - Throws: ``StoreError``.
    package func take(
        _ step: KeepPlanner.Step, of rule: KeepRule, queueing write: Mutation?, at time: Timestamp
    ) throws(StoreError) -> KeepRule? {
        try self.write { database in
            guard try KeepRule.fetch(database, id: rule.id) == rule else { return nil }
            if let withdrawn = step.withdrawn {
                guard try Self.withdraw(database, withdrawn, at: time) else { return nil }
            }
            var next = step.rule
            if let write {
                let queue = try Self.queue(database, of: rule.address)
                guard !queue.contains(where: { !$0.state.isFinal && $0.concernsSameLease(as: write) }) else {
                    return nil
                }
                let queued = try Self.enqueue(database, to: rule.address, at: time) { _ in write }
                guard let id = queued.mutation?.id else { return nil }
                next.mutationID = id
            }
            try next.update(database)
            return next
        }
    }

    /// Stops keeping a lease, and cancels the extension of the rule's own that has not been sent.
    ///
    /// - Returns: the rule as it is now; `nil` if there is none.
    /// - Throws: ``StoreError``.
    package func stopKeeping(_ id: Int64, at time: Timestamp) throws(StoreError) -> KeepRule? {
        try write { database in
            guard var rule = try KeepRule.fetch(database, id: id) else { return nil }
            guard rule.ending == nil else { return rule }
            if let last = try rule.mutationID.flatMap({ try Self.mutation(database, id: $0) }) {
                _ = try Self.withdraw(database, last, at: time)
            }
            rule.mutationID = nil
            rule.message = nil
            rule.end(.stopped, at: time)
            try rule.update(database)
            return rule
        }
    }

    /// Cancels an extension that nothing was sent of.
    ///
    /// - Returns: whether it could be cancelled.
    private static func withdraw(_ database: Database, _ write: Mutation, at time: Timestamp) throws -> Bool {
        guard var present = try mutation(database, id: write.id), present.wasNeverSent else { return false }
        present.state = .cancelled
        present.message = "It was no longer needed to keep the lease."
        present.updatedAt = time
        try Self.write(present, database)
        return true
    }
}

extension KeepRule {
    private static let selection = """
        SELECT keep_id, keep_rule.site_id, keep_rule.project_id, keep_rule.scope_id, site.name,
            coalesce(keep_rule.lease_id, creation.lease_id), keep_rule.local_id,
            coalesce(lease.name, creation.lease_name, keep_rule.lease_name), until_at,
            min_step, keep_rule.created_at, opens_at, keep_rule.mutation_id, keep_rule.failures, retry_at,
            keep_rule.message, ended, ended_at
        FROM keep_rule JOIN site ON site.site_id = keep_rule.site_id
            LEFT JOIN mutation AS creation ON creation.verb = 'create' AND creation.local_id = keep_rule.local_id
                AND creation.site_id = keep_rule.site_id
            LEFT JOIN lease ON lease.site_id = keep_rule.site_id
                AND lease.id = coalesce(keep_rule.lease_id, creation.lease_id)
        """

    static func fetchAll(
        _ database: Database, _ condition: String, _ arguments: StatementArguments
    ) throws -> [KeepRule] {
        try Row.fetchAll(
            database.cachedStatement(sql: "\(selection) WHERE \(condition) ORDER BY keep_id"), arguments: arguments
        ).map(KeepRule.init(row:))
    }

    fileprivate static func fetch(_ database: Database, id: Int64) throws -> KeepRule? {
        try fetchAll(database, "keep_id = ?", [id]).first
    }

    private init(row: Row) {
        self.init(
            id: row[0], address: QueueAddress(siteID: row[1], projectID: row[2]), scopeID: row[3], site: row[4],
            leaseID: row[5], localID: row[6], leaseName: row[7], until: Timestamp(secondsSince1970: row[8]),
            minStepSeconds: row[9], createdAt: Timestamp(secondsSince1970: row[10]))
        opensAt = row.time(at: 11)
        mutationID = row[12]
        failures = row[13]
        retryAt = row.time(at: 14)
        message = row[15]
        if let ending = (row[16] as String?).flatMap(Ending.init(rawValue:)), let time = row.time(at: 17) {
            end(ending, at: time)
        }
    }

    /// Saves what changes while the lease is kept.
    fileprivate func update(_ database: Database) throws {
        try database.cachedStatement(
            sql: """
                UPDATE keep_rule SET lease_id = ?, opens_at = ?, mutation_id = ?, failures = ?, retry_at = ?,
                    message = ?, ended = ?, ended_at = ?
                WHERE keep_id = ?
                """
        ).execute(arguments: [
            leaseID, opensAt?.secondsSince1970, mutationID, failures, retryAt?.secondsSince1970, message,
            ending?.rawValue, endedAt?.secondsSince1970, id,
        ])
    }
}
