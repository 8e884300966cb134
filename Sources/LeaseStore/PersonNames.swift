import GRDB
import LeaseModel

/// What users and projects are called, at each site.
struct PersonNames {
    /// What a name is of.
    enum Kind: String {
        case user
        case project
    }

    private struct Key: Hashable {
        let site: Int64
        let id: String
    }

    private var users: [Key: String] = [:]
    private var projects: [Key: String] = [:]

    /// Reads every name.
    init(_ database: Database) throws {
        let rows = try Row.fetchCursor(
            database.cachedStatement(sql: "SELECT site_id, kind, id, name FROM person"))
        while let row = try rows.next() {
            let key = Key(site: row[0], id: row[2])
            if row[1] as String == Kind.user.rawValue { users[key] = row[3] } else { projects[key] = row[3] }
        }
    }

    func user(_ id: String, site: Int64) -> String? { users[Key(site: site, id: id)] }

    func project(_ id: String, site: Int64) -> String? { projects[Key(site: site, id: id)] }

    /// Notes what somebody is called. Of two names the one that was heard later counts, of two heard at one time one
    /// that depends on them only.
    static func note(
        _ name: String, of kind: Kind, id: String, site: Int64, at time: Timestamp, _ database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO person (site_id, kind, id, name, heard_at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (site_id, kind, id) DO UPDATE SET name = excluded.name, heard_at = excluded.heard_at
                WHERE name <> excluded.name AND (heard_at, name) < (excluded.heard_at, excluded.name)
                """
        ).execute(arguments: [site, kind.rawValue, id, name, time.secondsSince1970])
    }
}
