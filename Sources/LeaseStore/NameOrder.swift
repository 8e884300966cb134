import GRDB
import LeaseModel

/// The order of leases by the names of their users or projects, then by their ends: an index has the leases of each in it,
/// so a page is found without reading all others.
struct PersonOrder {
    let kind: PersonNames.Kind
    let isDescending: Bool

    init(_ kind: PersonNames.Kind, isDescending: Bool) {
        self.kind = kind
        self.isDescending = isDescending
    }

    /// The column of ids.
    private var column: String { "\(kind.rawValue)_id" }

    /// A user or project at a site.
    private struct Person {
        let id: String
        let site: Int64
        let name: String
    }

    /// With more people than this, most pages would need many queries.
    private static let maxPeople = 2_000

    /// The places behind the first leases that match a filter.
    ///
    /// - Parameters:
    ///   - database: the transaction.
    ///   - filter: which leases.
    ///   - section: the number of the section, for the places.
    ///   - start: the place to begin after; `nil` for the beginning.
    ///   - limit: how many leases to find at most.
    /// - Returns: the places, in order; `nil` if there are too many people.
    /// - Throws: SQLite's error.
    func positions(
        _ database: Database, _ filter: LeaseFilter, section: Int, after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition]? {
        guard let people = try people(database) else { return nil }
        var (first, last): (Int, (end: Int64, key: Int64)?) = (0, nil)
        if let start { (first, last) = try place(start, people, database) }
        var found: [LeasePosition] = []
        for person in people[first...] {
            guard found.count < limit else { break }
            found += try leases(of: person, database, filter, after: last, limit - found.count).map { key in
                LeasePosition(section: section, value: .text(person.name), key: key)
            }
            last = nil
        }
        return found
    }

    /// All users or projects that have a lease, in order.
    private func people(_ database: Database) throws -> [Person]? {
        // Each step finds the next id in the index.
        let ids = try String.fetchAll(
            database.cachedStatement(
                sql: """
                    WITH RECURSIVE person (id) AS (
                        SELECT min(\(column)) FROM lease
                        UNION ALL
                        SELECT (SELECT min(lease.\(column)) FROM lease WHERE lease.\(column) > person.id)
                        FROM person WHERE person.id IS NOT NULL LIMIT ?)
                    SELECT id FROM person WHERE id IS NOT NULL
                    """), arguments: [Self.maxPeople + 2])
        let sites = try LeaseStore.siteNames(database).keys
        guard ids.count * sites.count <= Self.maxPeople else { return nil }
        let names = try PersonNames(database)
        let people = ids.flatMap { id in
            sites.map { Person(id: id, site: $0, name: names.name(kind, id, site: $0) ?? id) }
        }
        return people.sorted { isDescending ? Self.precedes($1, $0) : Self.precedes($0, $1) }
    }

    private static func precedes(_ left: Person, _ right: Person) -> Bool {
        guard left.name.utf8.elementsEqual(right.name.utf8) else { return precedes(left.name, right.name) }
        return (left.id, left.site) < (right.id, right.site)
    }

    /// By their bytes, as SQLite sorts.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// The first person behind a place, and the lease of that one that comes before it.
    private func place(
        _ start: LeasePosition, _ people: [Person], _ database: Database
    ) throws -> (person: Int, last: (end: Int64, key: Int64)?) {
        guard case .text(let name) = start.value else { return (0, nil) }
        let row = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT \(column), site_id, end_at FROM lease WHERE lease_key = ?"),
            arguments: [start.key])
        if let row, let person = people.firstIndex(where: { $0.name == name && $0.id == row[0] && $0.site == row[1] }) {
            return (person, (row[2], start.key))
        }
        // The lease's owner or the name is another one by now.
        let next = people.firstIndex { person in
            isDescending ? !Self.precedes(name, person.name) : !Self.precedes(person.name, name)
        }
        return (next ?? people.count, nil)
    }

    private func leases(
        of person: Person, _ database: Database, _ filter: LeaseFilter, after last: (end: Int64, key: Int64)?,
        _ limit: Int
    ) throws -> [Int64] {
        var query = LeaseQuery(filter)
        query.add("lease.\(column) = ? AND +lease.site_id = ?", person.id, person.site)
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

/// The order of leases by the names of their sites: those of each site stand in the table in their order.
struct SiteOrder {
    let isDescending: Bool

    /// The places behind the first leases that match a filter; parameters and errors as of ``PersonOrder``.
    func positions(
        _ database: Database, _ filter: LeaseFilter, section: Int, after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition] {
        let sites = Dictionary(grouping: try LeaseStore.siteNames(database), by: \.value).mapValues { $0.map(\.key) }
        func precedes(_ left: String, _ right: String) -> Bool {
            isDescending
                ? right.utf8.lexicographicallyPrecedes(left.utf8) : left.utf8.lexicographicallyPrecedes(right.utf8)
        }
        var found: [LeasePosition] = []
        for name in sites.keys.sorted(by: precedes) {
            guard found.count < limit else { break }
            var query = LeaseQuery(filter)
            query.add("lease.site_id IN (\(sites[name, default: []].map(String.init).joined(separator: ", ")))")
            if let start, case .text(let last) = start.value {
                if precedes(name, last) { continue }
                if !precedes(last, name) { query.add("lease.lease_key \(isDescending ? "<" : ">") ?", start.key) }
            }
            found += try Int64.fetchAll(
                database,
                sql: """
                    SELECT lease.lease_key FROM \(query.source) NOT INDEXED WHERE \(query.condition)
                    ORDER BY lease.lease_key\(isDescending ? " DESC" : "") LIMIT \(limit - found.count)
                    """, arguments: query.arguments
            ).map { LeasePosition(section: section, value: .text(name), key: $0) }
        }
        return found
    }
}
