package import LeaseModel
import LeaseStore

extension StoreFixture {
    /// Every row of every table but the runs and the freshness of the scope.
    package func dump() throws -> [String] {
        try ["lease", "reservation", "event", "lease_history", "resource", "resource_list", "allocation"].flatMap {
            table in
            var rows: [String] = []
            try store.query("SELECT * FROM \(table)", columns: { _ in }) { rows.append(JSONValue.array($0).text()) }
            return rows
        }
    }

    /// The last row that a statement gives.
    package func row(_ sql: String) throws -> [JSONValue] {
        var found: [JSONValue] = []
        try store.query(sql, columns: { _ in }) { found = $0 }
        return found
    }

    package func count(_ table: String) throws -> Int {
        try row("SELECT count(*) FROM \(table)").first?.intValue ?? -1
    }
}
