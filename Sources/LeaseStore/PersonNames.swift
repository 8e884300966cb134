import GRDB
import LeaseModel

/// The names of users and projects, at each site.
struct PersonNames {
    /// What a name belongs to.
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

    /// Records a name. If an id was given two names, the one heard later wins. If both were heard in the same second,
    /// the greater one wins, so that the result does not depend on the order of imports.
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
