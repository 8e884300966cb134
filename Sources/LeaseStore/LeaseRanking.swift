import GRDB
import LeaseModel

/// An order of leases by texts that are not in their rows, such as the names of their users.
///
/// SQLite would look up the text of each lease, and sort them all. Here each text that occurs is ranked once, and only
/// the leases of the page are kept. An index would be quicker still, but every import would have to fill it.
struct LeaseRanking {
    /// What leases are sorted by.
    enum Term {
        /// The name of its user or project, or the id if there is no name.
        case person(PersonNames.Kind)
        /// The name of its site.
        case site
        /// The first of the types that it reserves. A lease that reserves nothing comes before all others.
        case resources
    }

    let term: Term
    var isDescending = false

    /// A lease, and what it is sorted by: the number or the rank of a text.
    private struct Entry {
        var value: Int64
        let key: Int64
    }

    /// The value of what is missing.
    private static let missing = Int64.min

    /// The places behind the first leases that a query finds.
    ///
    /// - Parameters:
    ///   - database: the transaction.
    ///   - source: the table of leases, as SQL.
    ///   - query: which leases.
    ///   - section: the number of the section, for the places.
    ///   - start: the place to begin after; `nil` for the beginning.
    ///   - limit: how many leases to find at most.
    /// - Returns: the places, in order.
    /// - Throws: SQLite's error.
    func positions(
        _ database: Database, from source: String, _ query: LeaseQuery, section: Int, after start: LeasePosition?,
        limit: Int
    ) throws -> [LeasePosition] {
        let (entries, texts) = try texts(database, source, query)
        let ranks = TextRanks(texts)
        let begin = start.map { start in
            if case .text(let text) = start.value { return Entry(value: ranks.rank(of: text), key: start.key) }
            return Entry(value: Self.missing, key: start.key)
        }
        let ranked = entries.map { entry in
            Entry(value: entry.value == Self.missing ? Self.missing : ranks[Int(entry.value)], key: entry.key)
        }
        return first(limit, of: Self.merged(ranked), after: begin).map { entry in
            let isMissing = entry.value == Self.missing
            return LeasePosition(
                section: section, value: isMissing ? .null : .text(ranks.text(ofRank: entry.value)), key: entry.key)
        }
    }

    // MARK: - Reading

    private func entries(
        _ database: Database, _ source: String, _ query: LeaseQuery, _ columns: String, _ value: (RowWalk) -> Int64?
    ) throws -> [Entry] {
        let rows = try RowWalk(
            database, sql: "SELECT lease.lease_key, \(columns) FROM \(source) WHERE \(query.condition)",
            arguments: query.arguments)
        var entries: [Entry] = []
        try rows.begin()
        defer { rows.end() }
        while try rows.step() { entries.append(Entry(value: value(rows) ?? Self.missing, key: rows.integer(0))) }
        return entries
    }

    /// The leases with the numbers of their texts, and the texts. A lease may occur more than once, in consecutive
    /// entries.
    private func texts(
        _ database: Database, _ source: String, _ query: LeaseQuery
    ) throws -> (entries: [Entry], texts: [String]) {
        switch term {
        case .resources:
            var pool = TextPool()
            let leases = try entries(database, source, query, "NULL") { _ in nil }
            return (try Self.resources(of: leases, database, &pool), pool.texts)
        case .site:
            let names = try LeaseStore.siteNames(database)
            var sites: [Int64] = []
            let entries = try entries(database, source, query, "lease.site_id") { row in
                let site = row.integer(1)
                if let number = sites.firstIndex(of: site) { return Int64(number) }
                sites.append(site)
                return Int64(sites.count - 1)
            }
            return (entries, sites.map { names[$0] ?? "" })
        case .person(let kind):
            let names = try PersonNames(database)
            var people = Numbering()
            let entries = try entries(database, source, query, "lease.site_id, lease.\(kind.rawValue)_id") { row in
                people.number(of: row)
            }
            return (entries, people.texts { id, site in names.name(kind, id, site: site) ?? id })
        }
    }

    /// The leases with the numbers of what each reserves.
    private static func resources(
        of leases: [Entry], _ database: Database, _ pool: inout TextPool
    ) throws -> [Entry] {
        // Few leases are looked up one by one; of many, the reservations are read side by side with them.
        let last = try Int.fetchOne(database.cachedStatement(sql: "SELECT max(lease_key) FROM lease")) ?? 0
        let isFew = leases.count < last / 8
        let keys = JSONValue.array(isFew ? leases.map { JSONValue(Int($0.key)) } : []).text()
        let rows = try RowWalk(
            database,
            sql: """
                SELECT lease_key, coalesce(node_type, resource_type) FROM reservation
                \(isFew ? "WHERE lease_key IN (SELECT value FROM json_each(?))" : "") ORDER BY lease_key
                """, arguments: isFew ? [keys] : [])
        var found: [Entry] = []
        try rows.begin()
        defer { rows.end() }
        var hasRow = try rows.step()
        let isSorted = !zip(leases, leases.dropFirst()).contains { $0.key > $1.key }
        for lease in isSorted ? leases : leases.sorted(by: { $0.key < $1.key }) {
            while hasRow, rows.integer(0) < lease.key { hasRow = try rows.step() }
            guard hasRow, rows.integer(0) == lease.key else {
                found.append(lease)
                continue
            }
            while hasRow, rows.integer(0) == lease.key {
                found.append(
                    Entry(value: pool.number(rows.statement, 1).map(Int64.init) ?? Self.missing, key: lease.key))
                hasRow = try rows.step()
            }
        }
        return found
    }

    /// Numbers users or projects, each of a site, in the order in which they occur first.
    private struct Numbering {
        private var pool = TextPool()
        private var people: [(id: Int, site: Int64)] = []
        /// For each site, the numbers of its people by the numbers of their ids; -1 for none.
        private var numbers: [Int64: [Int64]] = [:]
        private var site: Int64?
        private var numbersOfSite: [Int64] = []

        /// The number of the person in a row.
        mutating func number(of row: RowWalk) -> Int64 {
            let id = pool.number(row.statement, 2) ?? 0
            let site = row.integer(1)
            if site != self.site {
                if let last = self.site { numbers[last] = numbersOfSite }
                self.site = site
                numbersOfSite = numbers[site] ?? []
            }
            while numbersOfSite.count <= id { numbersOfSite.append(-1) }
            if numbersOfSite[id] < 0 {
                numbersOfSite[id] = Int64(people.count)
                people.append((id, site))
            }
            return numbersOfSite[id]
        }

        /// The text of each person.
        func texts(_ name: (_ id: String, _ site: Int64) -> String) -> [String] {
            people.map { name(pool.texts[$0.id], $0.site) }
        }
    }

    // MARK: - Sorting

    /// The least of each lease's consecutive entries.
    private static func merged(_ entries: [Entry]) -> [Entry] {
        var merged: [Entry] = []
        merged.reserveCapacity(entries.count)
        for entry in entries {
            guard let last = merged.last, last.key == entry.key else {
                merged.append(entry)
                continue
            }
            merged[merged.count - 1].value = min(last.value, entry.value)
        }
        return merged
    }

    /// The first entries behind a place, in order.
    private func first(_ limit: Int, of entries: [Entry], after start: Entry?) -> [Entry] {
        func precedes(_ left: Entry, _ right: Entry) -> Bool {
            isDescending
                ? (left.value, left.key) > (right.value, right.key) : (left.value, left.key) < (right.value, right.key)
        }
        var found: [Entry] = []
        guard limit > 0 else { return found }
        found.reserveCapacity(limit + 1)
        for entry in entries {
            if let start, !precedes(start, entry) { continue }
            if found.count == limit, let last = found.last {
                guard precedes(entry, last) else { continue }
                found.removeLast()
            }
            var (low, high) = (0, found.count)
            while low < high {
                let middle = (low + high) / 2
                if precedes(found[middle], entry) { low = middle + 1 } else { high = middle }
            }
            found.insert(entry, at: low)
        }
        return found
    }
}

/// The order of some texts, by their bytes, as SQLite sorts. Ranks are even, so a text that is not among them has a place
/// between two others.
private struct TextRanks {
    /// The distinct texts, in order.
    private var texts: [String] = []
    /// The rank of each given text.
    private var ranks: [Int64]

    init(_ given: [String]) {
        ranks = [Int64](repeating: 0, count: given.count)
        for number in given.indices.sorted(by: { Self.precedes(given[$0], given[$1]) }) {
            let text = given[number]
            // Two users may have one name.
            if texts.last.map({ $0.utf8.elementsEqual(text.utf8) }) != true { texts.append(text) }
            ranks[number] = Int64(texts.count - 1) * 2
        }
    }

    subscript(_ number: Int) -> Int64 { ranks[number] }

    func text(ofRank rank: Int64) -> String { texts[Int(rank / 2)] }

    /// The rank of any text.
    func rank(of text: String) -> Int64 {
        let place = texts.firstIndex { !Self.precedes($0, text) } ?? texts.count
        let isThere = place < texts.count && texts[place].utf8.elementsEqual(text.utf8)
        return Int64(place) * 2 - (isThere ? 0 : 1)
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension PersonNames {
    /// The name of a user or project of a site, if known.
    func name(_ kind: Kind, _ id: String, site: Int64) -> String? {
        switch kind {
        case .user: user(id, site: site)
        case .project: project(id, site: site)
        }
    }
}

extension LeaseStore {
    /// The names of all sites, by their numbers.
    static func siteNames(_ database: Database) throws -> [Int64: String] {
        let rows = try Row.fetchAll(database.cachedStatement(sql: "SELECT site_id, name FROM site"))
        return Dictionary(rows.map { ($0[0], $0[1]) }) { first, _ in first }
    }
}
