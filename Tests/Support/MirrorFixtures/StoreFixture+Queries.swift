package import LeaseModel
package import LeaseStore

extension StoreFixture {
    /// Every row of every table, except runs and the times of the last lists.
    package func dump() throws -> [String] {
        let tables = [
            "lease", "visibility", "person", "reservation", "event", "lease_history", "resource", "allocation",
        ]
        let queries =
            tables.map { "SELECT * FROM \($0)" } + ["SELECT scope_id, kind, outcome, message FROM resource_list"]
        return try queries.flatMap { query in
            var rows: [String] = []
            try store.query(query, columns: { _ in }) { rows.append(JSONValue.array($0).text()) }
            return rows
        }
    }

    /// The last row of a statement.
    package func row(_ sql: String) throws -> [JSONValue] {
        var found: [JSONValue] = []
        try store.query(sql, columns: { _ in }) { found = $0 }
        return found
    }

    package func count(_ table: String) throws -> Int {
        try row("SELECT count(*) FROM \(table)").first?.intValue ?? -1
    }
}

extension LeaseStore {
    /// The scope of a token whose names were heard before anything else.
    package func scope(for identity: ScopeIdentity) throws(StoreError) -> Scope {
        try scope(for: identity, at: StoreFixture.time(-1_000_000))
    }
}
