import GRDB
package import LeaseModel

// Creations that wait for room.
extension LeaseStore {
    /// The creations that may ask a site and project for a lease, and that nothing was created of, in the order in which
    /// they were requested.
    package func waitingCreations(at address: QueueAddress) throws(StoreError) -> [Mutation] {
        try read { database in
            try Mutation.fetchAll(
                database.cachedStatement(
                    sql: """
                        \(Mutation.selection) WHERE creation_id IS NOT NULL AND state IN ('queued', 'blocked')
                        ORDER BY mutation_id
                        """)
            ).filter { creation in
                creation.isOpenToChoice && creation.waiting?.choices.contains { $0.address == address } == true
            }
        }
    }

    /// Replaces a creation by its new form, in one transaction, unless it has changed in the meantime. If it now goes to
    /// another site or project, everything that depends on it goes there too.
    ///
    /// - Returns: the creation in its new form; `nil` if it has changed in the meantime.
    /// - Throws: ``StoreError``.
    package func replace(_ creation: Mutation, by next: Mutation) throws(StoreError) -> Mutation? {
        try write { database in
            guard creation.isOpenToChoice, try Self.mutation(database, id: creation.id) == creation else { return nil }
            try Self.write(next, database)
            if next.address != creation.address, let localID = next.localID {
                for table in ["mutation", "keep_rule"] {
                    try database.execute(
                        sql: """
                            UPDATE \(table) SET site_id = ?, project_id = ?, scope_id = ?
                            WHERE local_id = ? AND lease_id IS NULL
                            """,
                        arguments: [next.address.siteID, next.address.projectID, next.scopeID, localID])
                }
            }
            return try Self.mutation(database, id: next.id)
        }
    }
}

extension WaitingTerms {
    /// Reads the columns of a row.
    init?(choices: String, current: Int, earliest: Timestamp?, aheadSeconds: Int64?, roomAt: Timestamp?) {
        let array = (try? JSONValue(parsing: choices))?.arrayValue ?? []
        self.init(
            earliest: earliest, aheadSeconds: aheadSeconds,
            choices: array.compactMap { $0.objectValue.flatMap(Choice.init(stored:)) }, current: current)
        self.roomAt = roomAt
    }

    func save(_ database: Database, creation: Int64) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO waiting (creation_id, earliest_at, ahead, room_at, choices, choice)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (creation_id) DO UPDATE SET earliest_at = excluded.earliest_at, ahead = excluded.ahead,
                    room_at = excluded.room_at, choices = excluded.choices, choice = excluded.choice
                """
        ).execute(arguments: [
            creation, earliest?.secondsSince1970, aheadSeconds, roomAt?.secondsSince1970,
            JSONValue.array(choices.map { .object($0.stored) }).text(), current,
        ])
    }
}

extension WaitingTerms.Choice {
    fileprivate init?(stored: JSONObject) {
        guard let site = stored["site_id"]?.intValue, let project = stored["project_id"]?.stringValue,
            let scope = stored["scope_id"]?.intValue, let reservations = stored["reservations"]?.arrayValue
        else { return nil }
        self.init(
            address: QueueAddress(siteID: Int64(site), projectID: project), scopeID: Int64(scope),
            reservations: reservations.compactMap(\.objectValue))
        refusals = stored["refusals"]?.intValue ?? 0
        retryAt = stored["retry_at"]?.intValue.map { Timestamp(secondsSince1970: Int64($0)) }
    }

    fileprivate var stored: JSONObject {
        [
            "site_id": JSONValue(Int(address.siteID)), "project_id": .string(address.projectID),
            "scope_id": JSONValue(Int(scopeID)), "reservations": .array(reservations.map(JSONValue.object)),
            "refusals": JSONValue(refusals), "retry_at": retryAt.map { JSONValue(Int($0.secondsSince1970)) } ?? .null,
        ]
    }
}
