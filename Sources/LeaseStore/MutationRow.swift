import GRDB
import LeaseModel

extension Mutation {
    /// Every column, and the name of the site.
    static let selection = """
        SELECT mutation.*, site.name AS site FROM mutation JOIN site ON site.site_id = mutation.site_id
        """

    init(row: Row) {
        self.init(
            id: row["mutation_id"], scopeID: row["scope_id"],
            address: QueueAddress(siteID: row["site_id"], projectID: row["project_id"]), site: row["site"],
            verb: Verb(rawValue: row["verb"]) ?? .update, localID: row["local_id"], leaseID: row["lease_id"],
            leaseName: row["lease_name"], state: MutationState(rawValue: row["state"]) ?? .parked,
            body: LeaseRows.object(row["body"]), base: LeaseRows.object(row["base"]), token: row["token"],
            lateStart: LateStartPolicy(rawValue: row["late_start"]) ?? .expire, notAfter: row.time("not_after"),
            retryUntil: row.time("retry_until"), createdAt: Timestamp(secondsSince1970: row["created_at"]))
        reason = row["reason"]
        message = row["message"]
        requestID = row["request_id"]
        theirs = (row["theirs"] as String?).map(LeaseRows.object)
        updatedAt = Timestamp(secondsSince1970: row["updated_at"])
        nextAttemptAt = Timestamp(secondsSince1970: row["next_attempt_at"])
        attempts = row["attempts"]
        failures = row["failures"]
        if let run = row["doubt_run"] as Int64? {
            doubt = Doubt(
                run: run, notBefore: row.time("doubt_not_before"), anchor: row.time("doubt_anchor"),
                absences: row["doubt_absences"], seenRun: row["doubt_seen_run"])
        }
    }

    private var columns: [(name: String, value: (any DatabaseValueConvertible)?)] {
        [
            ("site_id", address.siteID), ("project_id", address.projectID), ("scope_id", scopeID),
            ("verb", verb.rawValue), ("local_id", localID), ("lease_id", leaseID),
            ("lease_name", leaseName), ("state", state.rawValue), ("reason", reason), ("message", message),
            ("request_id", requestID), ("body", JSONValue.object(body).text()), ("base", JSONValue.object(base).text()),
            ("theirs", theirs.map { JSONValue.object($0).text() }), ("token", token),
            ("late_start", lateStart.rawValue), ("not_after", notAfter?.secondsSince1970),
            ("retry_until", retryUntil?.secondsSince1970), ("created_at", createdAt.secondsSince1970),
            ("updated_at", updatedAt.secondsSince1970), ("next_attempt_at", nextAttemptAt.secondsSince1970),
            ("attempts", attempts), ("failures", failures), ("doubt_run", doubt?.run),
            ("doubt_not_before", doubt?.notBefore?.secondsSince1970),
            ("doubt_anchor", doubt?.anchor?.secondsSince1970), ("doubt_absences", doubt?.absences ?? 0),
            ("doubt_seen_run", doubt?.seenRun ?? 0),
        ]
    }

    /// Inserts the mutation; gives the number it got.
    func insert(_ database: Database) throws -> Int64 {
        let columns = columns
        try database.execute(
            sql: """
                INSERT INTO mutation (\(columns.map(\.name).joined(separator: ", ")))
                VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
                """, arguments: StatementArguments(columns.map(\.value)))
        return database.lastInsertedRowID
    }

    /// Writes every column of the mutation.
    func update(_ database: Database) throws {
        let columns = columns
        try database.execute(
            sql: """
                UPDATE mutation SET \(columns.map { "\($0.name) = ?" }.joined(separator: ", ")) WHERE mutation_id = ?
                """, arguments: StatementArguments(columns.map(\.value) + [id]))
    }
}
