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

/// The sets of scopes that see the same leases. Most leases of a site share one of a few, so that each is kept once.
///
/// A value of this type is good for one transaction.
final class AudienceBook {
    private struct Place {
        let seesAllProjects: Bool
        let listedAt: Timestamp?
        let listedRun: Int64
    }

    private let database: Database
    private let places: [Int64: Place]
    /// The scopes of each audience, a project's own before those that see all projects.
    private var members: [Int64: [Int64]] = [:]
    private var numbers: [Set<Int64>: Int64] = [:]

    init(_ database: Database) throws {
        self.database = database
        let scopes = try Row.fetchAll(
            database.cachedStatement(sql: "SELECT scope_id, all_projects, listed_at, listed_run FROM scope"))
        places = Dictionary(
            uniqueKeysWithValues: scopes.map {
                ($0[0], Place(seesAllProjects: $0[1], listedAt: $0.time("listed_at"), listedRun: $0[3]))
            })
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT audience_id, member.value FROM audience, json_each(audience.scopes) AS member
                    ORDER BY audience_id, member.key
                    """))
        for row in rows { members[row[0], default: []].append(row[1]) }
        for (number, scopes) in members { numbers[Set(scopes)] = number }
    }

    /// Every audience, by its number.
    var all: [Int64: [Int64]] { members }

    /// The scopes of an audience.
    func scopes(_ audience: Int64) -> Set<Int64> { Set(members[audience] ?? []) }

    /// When a list that had the audience's leases was last asked for; `nil` if none of its scopes was ever read.
    func listedAt(_ audience: Int64) -> Timestamp? {
        members[audience]?.lazy.compactMap { self.places[$0]?.listedAt }.max()
    }

    /// Whether another scope of an audience has read a whole list in a run that began after the given one.
    func hasListed(_ audience: Int64, since run: Int64, but scope: Int64) -> Bool {
        members[audience]?.contains { $0 != scope && (self.places[$0]?.listedRun ?? 0) > run } ?? false
    }

    /// The scope that stands for an audience: the first of those that are asked for.
    func representative(_ audience: Int64, of wanted: Set<Int64>?) -> Int64? {
        let scopes = members[audience] ?? []
        return scopes.first { wanted?.contains($0) ?? true } ?? scopes.first
    }

    /// The number of a set of scopes, which gets one if it has none.
    func number(of scopes: Set<Int64>) throws -> Int64 {
        if let known = numbers[scopes] { return known }
        let ordered = scopes.sorted {
            (places[$0]?.seesAllProjects == true ? 1 : 0, $0) < (places[$1]?.seesAllProjects == true ? 1 : 0, $1)
        }
        try database.cachedStatement(sql: "INSERT INTO audience (scopes) VALUES (?)").execute(arguments: [
            "[\(ordered.map(String.init).joined(separator: ","))]"
        ])
        let number = database.lastInsertedRowID
        members[number] = ordered
        numbers[scopes] = number
        return number
    }

    /// The number of an audience with one scope more; the audience of a lease that no scope may see any more is over.
    func adding(_ scope: Int64, to audience: Int64, isRefused: Bool) throws -> Int64 {
        try number(of: isRefused ? [scope] : scopes(audience).union([scope]))
    }

    /// A condition on a column with the number of an audience: any of the scopes belongs to it.
    static func condition(_ column: String, includes scopes: Set<Int64>) -> String {
        """
        \(column) IN (
            SELECT audience_id FROM audience, json_each(audience.scopes) AS member
            WHERE member.value IN (\(scopes.sorted().map(String.init).joined(separator: ","))))
        """
    }
}
