import GRDB
import LeaseModel

/// An order of leases that no index has.
///
/// SQLite would look up the text of each lease, such as its user's name, and sort them all. Here each text that occurs is
/// ranked once, and only the leases of the page are kept. An index would be quicker still, but every import would have to
/// fill it.
struct LeaseRanking {
    /// What leases are sorted by. If it is missing, it is the smallest value.
    enum Term {
        /// A number, as SQL.
        case number(String)
        /// A column of texts, as SQL.
        case text(String)
        /// The name of its user or project, or the id if there is no name.
        case person(PersonNames.Kind)
        /// The name of its site.
        case site
        /// The first of the types that it reserves.
        case resources
    }

    let term: Term
    var isDescending = false

    /// A lease, and what it is sorted by: a number, or the number of a text.
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
    ///   - query: which leases.
    ///   - section: the number of the section, for the places.
    ///   - start: the place to begin after; `nil` for the beginning.
    ///   - limit: how many leases to find at most.
    /// - Returns: the places, in order.
    /// - Throws: SQLite's error.
    func positions(
        _ database: Database, _ query: LeaseQuery, section: Int, after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition] {
        if case .number(let sql) = term {
            let entries = try entries(database, query, sql) { $0.optional(1) }
            let begin = start.map { start in
                if case .integer(let number) = start.value { return Entry(value: number, key: start.key) }
                return Entry(value: Self.missing, key: start.key)
            }
            return first(limit, of: entries, after: begin).map { entry in
                let isMissing = entry.value == Self.missing
                return LeasePosition(
                    section: section, value: isMissing ? .null : .integer(entry.value), key: entry.key)
            }
        }
        let (entries, texts) = try texts(database, query)
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
        _ database: Database, _ query: LeaseQuery, _ columns: String, joining join: String = "",
        _ value: (RowWalk) -> Int64?
    ) throws -> [Entry] {
        let rows = try RowWalk(
            database, sql: "SELECT lease.lease_key, \(columns) FROM \(query.source)\(join) WHERE \(query.condition)",
            arguments: query.arguments)
        var entries: [Entry] = []
        try rows.begin()
        defer { rows.end() }
        while try rows.step() { entries.append(Entry(value: value(rows) ?? Self.missing, key: rows.integer(0))) }
        return entries
    }

    /// The leases with the numbers of their texts, and the texts. A lease may occur more than once, in consecutive
    /// entries.
    private func texts(_ database: Database, _ query: LeaseQuery) throws -> (entries: [Entry], texts: [String]) {
        var pool = TextPool()
        switch term {
        case .number: return ([], [])
        case .text(let column):
            let entries = try entries(database, query, column) { row in
                pool.number(row.statement, 1).map(Int64.init)
            }
            return (entries, pool.texts)
        case .resources:
            let entries = try entries(
                database, query, "coalesce(held.node_type, held.resource_type)",
                joining: " LEFT JOIN reservation AS held ON held.lease_key = lease.lease_key"
            ) { row in pool.number(row.statement, 1).map(Int64.init) }
            return (entries, pool.texts)
        case .site:
            let names = try LeaseStore.siteNames(database)
            var numbers = Numbering<Int64>()
            let entries = try entries(database, query, "lease.site_id") { numbers.number(of: $0.integer(1)) }
            return (entries, numbers.members.map { names[$0] ?? "" })
        case .person(let kind):
            let names = try PersonNames(database)
            var numbers = Numbering<Owner>()
            let entries = try entries(database, query, "lease.site_id, lease.\(kind.rawValue)_id") { row in
                numbers.number(of: Owner(site: row.integer(1), id: pool.number(row.statement, 2) ?? 0))
            }
            let texts = numbers.members.map { owner in
                let id = pool.texts[owner.id]
                return names.name(kind, id, site: owner.site) ?? id
            }
            return (entries, texts)
        }
    }

    /// A user or project: its site, and the number of its id.
    private struct Owner: Hashable {
        let site: Int64
        let id: Int
    }

    /// Numbers values in the order in which they occur first.
    private struct Numbering<Member: Hashable> {
        private(set) var members: [Member] = []
        private var numbers: [Member: Int64] = [:]
        private var last: (member: Member, number: Int64)?

        mutating func number(of member: Member) -> Int64 {
            // The next lease often has the same.
            if let last, last.member == member { return last.number }
            let number = numbers[member] ?? Int64(members.count)
            if number == members.count {
                numbers[member] = number
                members.append(member)
            }
            last = (member, number)
            return number
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
    fileprivate func name(_ kind: Kind, _ id: String, site: Int64) -> String? {
        switch kind {
        case .user: user(id, site: site)
        case .project: project(id, site: site)
        }
    }
}

extension LeaseStore {
    /// The names of all sites, by their numbers.
    fileprivate static func siteNames(_ database: Database) throws -> [Int64: String] {
        let rows = try Row.fetchAll(database.cachedStatement(sql: "SELECT site_id, name FROM site"))
        return Dictionary(rows.map { ($0[0], $0[1]) }) { first, _ in first }
    }
}
