import GRDB
import LeaseModel

/// The sets of scopes that see the same leases. Most leases of a site share one of a few sets, so each set is stored
/// once.
///
/// Use a value of this type within one transaction only.
final class AudienceBook {
    private struct Place {
        let seesAllProjects: Bool
        let listedAt: Timestamp?
        let listedRun: Int64
    }

    private let database: Database
    private let places: [Int64: Place]
    /// The scopes of each audience: those of single projects before those that see all projects.
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

    func scopes(_ audience: Int64) -> Set<Int64> { Set(members[audience] ?? []) }

    /// When a list that covers the audience's leases was last requested; `nil` if none of its scopes was ever read.
    func listedAt(_ audience: Int64) -> Timestamp? {
        members[audience]?.lazy.compactMap { self.places[$0]?.listedAt }.max()
    }

    /// Whether another scope of an audience has read a complete list in a run that began after the given one.
    func hasListed(_ audience: Int64, since run: Int64, but scope: Int64) -> Bool {
        members[audience]?.contains { $0 != scope && (self.places[$0]?.listedRun ?? 0) > run } ?? false
    }

    /// The scope that represents an audience: the first of the requested scopes, or else the first of all.
    func representative(_ audience: Int64, of requested: Set<Int64>?) -> Int64? {
        let scopes = members[audience] ?? []
        return scopes.first { requested?.contains($0) ?? true } ?? scopes.first
    }

    /// The number of a set of scopes; a new set gets a new number.
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

    /// The number of an audience with one more scope. If no scope may see the lease any more (`isRefused`), the old
    /// audience no longer counts.
    func adding(_ scope: Int64, to audience: Int64, isRefused: Bool) throws -> Int64 {
        try number(of: isRefused ? [scope] : scopes(audience).union([scope]))
    }

    /// A condition on a column that holds an audience's number: at least one of the scopes belongs to it.
    static func condition(_ column: String, includes scopes: Set<Int64>) -> String {
        """
        \(column) IN (
            SELECT audience_id FROM audience, json_each(audience.scopes) AS member
            WHERE member.value IN (\(scopes.sorted().map(String.init).joined(separator: ","))))
        """
    }
}
