import GRDB
import LeaseModel

/// The order of leases by the names of their users, then by their ends: an index has the leases of each user in it, so a
/// page is found without reading all others.
struct UserOrder {
    let isDescending: Bool

    /// A user at a site.
    private struct User {
        let id: String
        let site: Int64
        let name: String
    }

    /// With more users than this, most pages would need many queries.
    private static let maxUsers = 2_000

    /// The places behind the first leases that match a filter.
    ///
    /// - Parameters:
    ///   - database: the transaction.
    ///   - filter: which leases.
    ///   - section: the number of the section, for the places.
    ///   - start: the place to begin after; `nil` for the beginning.
    ///   - limit: how many leases to find at most.
    /// - Returns: the places, in order; `nil` if there are too many users.
    /// - Throws: SQLite's error.
    func positions(
        _ database: Database, _ filter: LeaseFilter, section: Int, after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition]? {
        guard let users = try users(database) else { return nil }
        var (first, last): (Int, (end: Int64, key: Int64)?) = (0, nil)
        if let start { (first, last) = try place(start, users, database) }
        var found: [LeasePosition] = []
        for user in users[first...] {
            guard found.count < limit else { break }
            found += try leases(of: user, database, filter, after: last, limit - found.count).map { key in
                LeasePosition(section: section, value: .text(user.name), key: key)
            }
            last = nil
        }
        return found
    }

    /// All users that have a lease, in order.
    private func users(_ database: Database) throws -> [User]? {
        // Each step finds the next id in the index.
        let ids = try String.fetchAll(
            database.cachedStatement(
                sql: """
                    WITH RECURSIVE user (id) AS (
                        SELECT min(user_id) FROM lease
                        UNION ALL
                        SELECT (SELECT min(lease.user_id) FROM lease WHERE lease.user_id > user.id)
                        FROM user WHERE user.id IS NOT NULL LIMIT ?)
                    SELECT id FROM user WHERE id IS NOT NULL
                    """), arguments: [Self.maxUsers + 2])
        let sites = try LeaseStore.siteNames(database).keys
        guard ids.count * sites.count <= Self.maxUsers else { return nil }
        let names = try PersonNames(database)
        let users = ids.flatMap { id in
            sites.map { User(id: id, site: $0, name: names.name(.user, id, site: $0) ?? id) }
        }
        return users.sorted { isDescending ? Self.precedes($1, $0) : Self.precedes($0, $1) }
    }

    private static func precedes(_ left: User, _ right: User) -> Bool {
        guard left.name.utf8.elementsEqual(right.name.utf8) else { return precedes(left.name, right.name) }
        return (left.id, left.site) < (right.id, right.site)
    }

    /// By their bytes, as SQLite sorts.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// The first user behind a place, and the lease of that user that comes before it.
    private func place(
        _ start: LeasePosition, _ users: [User], _ database: Database
    ) throws -> (user: Int, last: (end: Int64, key: Int64)?) {
        guard case .text(let name) = start.value else { return (0, nil) }
        let row = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT user_id, site_id, end_at FROM lease WHERE lease_key = ?"),
            arguments: [start.key])
        if let row, let user = users.firstIndex(where: { $0.name == name && $0.id == row[0] && $0.site == row[1] }) {
            return (user, (row[2], start.key))
        }
        // The lease or its user's name is another one by now.
        let next = users.firstIndex { user in
            isDescending ? !Self.precedes(name, user.name) : !Self.precedes(user.name, name)
        }
        return (next ?? users.count, nil)
    }

    private func leases(
        of user: User, _ database: Database, _ filter: LeaseFilter, after last: (end: Int64, key: Int64)?, _ limit: Int
    ) throws -> [Int64] {
        var query = LeaseQuery(filter)
        query.add("lease.user_id = ? AND +lease.site_id = ?", user.id, user.site)
        if let last {
            query.add("(lease.end_at, lease.lease_key) \(isDescending ? "<" : ">") (?, ?)", last.end, last.key)
        }
        let direction = isDescending ? " DESC" : ""
        return try Int64.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT lease.lease_key FROM \(query.source) WHERE \(query.condition)
                    ORDER BY lease.end_at\(direction), lease.lease_key\(direction) LIMIT \(limit)
                    """), arguments: query.arguments)
    }
}
