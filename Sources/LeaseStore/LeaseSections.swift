import GRDB
import LeaseModel

/// The order of leases that are at a site: parts that follow each other, in each of which one term gives the order.
struct LeaseSections {
    private let filter: LeaseFilter
    private let sections: [LeaseSection]
    private let now: Timestamp
    /// Whether the parts come from one statement.
    private let areTogether: Bool

    init(_ sort: LeaseSort, _ filter: LeaseFilter, ownUsers: Set<String>, now: Timestamp) {
        self.filter = filter
        self.now = now
        sections = LeaseSection.all(sort, filter, ownUsers: ownUsers, now: now)
        // Few leases match, and no index finds them in order: they are looked for once, not for each part.
        areTogether = sort.column == .relevance && filter.isNarrow
    }

    /// The number of a part, for the places.
    private static func number(_ index: Int) -> Int { index + DraftSection.number + 1 }

    /// The places behind the first leases, in their order.
    func positions(
        _ database: Database, after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition] {
        if areTogether { return try together(database, after: start, limit: limit) }
        var found: [LeasePosition] = []
        for (index, section) in sections.enumerated() where found.count < limit {
            let number = Self.number(index)
            guard number >= start?.section ?? 0 else { continue }
            found += try section.positions(
                database, filter: filter, section: number, after: number == start?.section ? start : nil,
                limit: limit - found.count)
        }
        return found
    }

    /// The same by one statement, in which a number gives the order. What has ended is sorted by descending keys.
    private func together(
        _ database: Database, after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition] {
        var query = LeaseQuery(filter)
        let source = try LeaseSection.source(database, filter, query)
        let order = Relevance(at: now)
        let key = "iif(\(order.hasEnded), -lease.lease_key, lease.lease_key)"
        // The filter's clock may be behind.
        if filter.liveAt != nil { query.add("NOT \(order.hasEnded)") }
        if let start, case .integer(let moment) = start.value,
            let group = groups.first(where: { $0.number == start.section })
        {
            query.add(
                "(\(order.rank), \(key)) > (?, ?)", Relevance.rank(of: moment, in: group.group),
                group.group.hasEnded ? 0 &- start.key : start.key)
        }
        return try Row.fetchAll(
            database,
            sql: """
                SELECT lease.lease_key, CAST(\(order.rank) AS INTEGER) AS rank FROM \(source) WHERE \(query.condition)
                ORDER BY rank, \(key) LIMIT \(limit)
                """, arguments: query.arguments
        ).map { row in
            let (group, moment) = Relevance.parts(ofRank: row[1])
            let number = groups.first { $0.group == group }?.number ?? 0
            return LeasePosition(section: number, value: .integer(moment), key: row[0])
        }
    }

    /// The groups of the order, and the number of the part that each is.
    private var groups: [(number: Int, group: Relevance.Group)] {
        let count = filter.liveAt == nil ? 3 : 2
        return sections.indices.map { index in
            // Without any own user, all are others.
            let isOthers = index >= count || sections.count == count
            return (Self.number(index), Relevance.Group(isOthers: isOthers, number: index % count + 1))
        }
    }
}

/// A part of a sorted list in which one index, or one sorting, gives the order.
private struct LeaseSection {
    /// What gives the order.
    enum Order {
        /// A term, as SQL.
        case term(String)
        /// A term that may be NULL, which is the smallest value.
        case optional(String)
        /// A term, and the index that has it in order.
        case index(String, name: String)
        case ranking(LeaseRanking.Term)
    }

    /// Which leases it has, as SQL.
    var condition = "1"
    /// Whether it has the user's own leases only, which an index finds.
    var isOwn = false
    let order: Order
    var isDescending = false

    /// The sections of an order.
    static func all(_ sort: LeaseSort, _ filter: LeaseFilter, ownUsers: Set<String>, now: Timestamp) -> [LeaseSection] {
        switch sort.column {
        case .relevance: break
        case .calendar:
            return owners(ownUsers).enumerated().map { number, owner in
                let isOwn = number == 0 && !ownUsers.isEmpty
                return LeaseSection(
                    condition: owner, isOwn: isOwn, order: isOwn ? .term("lease.start_at") : order(.start))
            }
        default: return [LeaseSection(order: order(sort.column), isDescending: sort.isDescending)]
        }
        let now = now.secondsSince1970
        let isListed = "lease.gone IS NULL AND lease.status <> 'TERMINATED'"
        return owners(ownUsers).flatMap { owner in
            var sections = [
                // The plus sign keeps SQLite from sorting what the index of ends has in order.
                LeaseSection(
                    condition: "\(owner) AND +lease.start_at <= \(now) AND lease.end_at > \(now) AND \(isListed)",
                    order: .term("lease.end_at")),
                LeaseSection(
                    condition: "\(owner) AND lease.start_at > \(now) AND lease.end_at > \(now) AND \(isListed)",
                    order: .term("lease.start_at")),
            ]
            if filter.liveAt == nil {
                sections.append(
                    LeaseSection(
                        condition: "\(owner) AND NOT (lease.end_at > \(now) AND \(isListed))",
                        order: .term("lease.end_at"), isDescending: true))
            }
            return sections
        }
    }

    /// Conditions for one's own leases and for the others. A single user's are in order in an index.
    private static func owners(_ users: Set<String>) -> [String] {
        let texts = users.sorted().map { "'\($0.replacing("'", with: "''"))'" }
        switch texts.count {
        case 0: return ["1"]
        case 1: return ["lease.user_id = \(texts[0])", "lease.user_id <> \(texts[0])"]
        default:
            let list = texts.joined(separator: ", ")
            return ["lease.user_id IN (\(list))", "lease.user_id NOT IN (\(list))"]
        }
    }

    private static func order(_ column: LeaseSort.Column) -> Order {
        switch column {
        case .relevance, .end: .index("lease.end_at", name: "lease_by_end")
        case .name: .index("lease.name", name: "lease_by_name")
        case .id: .index("lease.id", name: "sqlite_autoindex_lease_1")
        case .status: .index("lease.status", name: "lease_by_status")
        case .user: .ranking(.person(.user))
        case .project: .ranking(.person(.project))
        case .site: .ranking(.site)
        case .resources: .ranking(.resources)
        case .start, .calendar: .index("lease.start_at", name: "lease_by_start")
        case .length: .index("lease.end_at - lease.start_at", name: "lease_by_length")
        case .created: .optional("lease.created_at")
        }
    }

    /// The places behind the section's leases, in their order.
    func positions(
        _ database: Database, filter: LeaseFilter, section: Int, after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition] {
        var query = LeaseQuery(filter)
        query.add(condition)
        func source() throws -> String {
            try Self.source(database, filter, query, condition: isOwn ? condition : "1")
        }
        switch order {
        case .term(let term), .optional(let term):
            return try positions(
                database, source(), query, term: term, section: section, after: start, limit: limit)
        case .index(let term, let name):
            // If few leases match, the index would be walked for long: the plus sign keeps SQLite from it.
            let isWalk = try filter.isBroad && Self.areMost(database, endingAfter: filter.earliestEnd)
            return try positions(
                database, isWalk ? "\(query.source) INDEXED BY \(name)" : source(), query,
                term: isWalk ? term : "+(\(term))", section: section, after: start, limit: limit)
        case .ranking(let term):
            if filter.isBroad, filter.earliestEnd == nil {
                let found: [LeasePosition]? =
                    switch term {
                    case .person(let kind):
                        try PersonOrder(kind, isDescending: isDescending).positions(
                            database, filter, section: section, after: start, limit: limit)
                    case .site:
                        try SiteOrder(isDescending: isDescending).positions(
                            database, filter, section: section, after: start, limit: limit)
                    case .resources: nil
                    }
                if let found { return found }
            }
            return try LeaseRanking(term: term, isDescending: isDescending).positions(
                database, from: source(), query, section: section, after: start, limit: limit)
        }
    }

    /// The table of leases, as SQL. If most of them end late enough, SQLite reads all of them, which is quicker than to
    /// look up each that an index finds.
    static func source(
        _ database: Database, _ filter: LeaseFilter, _ query: LeaseQuery, condition: String = "1"
    ) throws -> String {
        guard let end = filter.earliestEnd, filter.project == nil, filter.user == nil,
            try areMost(database, endingAfter: end, condition: condition)
        else { return query.source }
        return "\(query.source) NOT INDEXED"
    }

    /// Whether a fourth of the leases or more end after a moment, so that a walk in any order soon meets such.
    private static func areMost(
        _ database: Database, endingAfter end: Timestamp?, condition: String = "1"
    ) throws -> Bool {
        guard let end else { return true }
        let last = try Int.fetchOne(database.cachedStatement(sql: "SELECT max(lease_key) FROM lease")) ?? 0
        let many = max(1, last / 4)
        let count = try Int.fetchOne(
            database.cachedStatement(
                sql: "SELECT count(*) FROM (SELECT 1 FROM lease WHERE \(condition) AND end_at > ? LIMIT ?)"),
            arguments: [end.secondsSince1970, many])
        return count == many
    }

    private func positions(
        _ database: Database, _ source: String, _ query: LeaseQuery, term: String, section: Int,
        after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition] {
        var query = query
        if let start { add(start, term: term, to: &query) }
        let direction = isDescending ? " DESC" : ""
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT lease.lease_key, \(term) AS term FROM \(source) WHERE \(query.condition)
                ORDER BY term\(direction), lease.lease_key\(direction) LIMIT \(limit)
                """, arguments: query.arguments)
        return rows.map { row in
            let value: LeasePosition.Value =
                switch (row[1] as DatabaseValue).storage {
                case .int64(let number): .integer(number)
                case .string(let text): .text(text)
                default: .null
                }
            return LeasePosition(section: section, value: value, key: row[0])
        }
    }

    /// Adds the condition that leases come after a place.
    private func add(_ start: LeasePosition, term: String, to query: inout LeaseQuery) {
        let sign = isDescending ? "<" : ">"
        // NULL compares with nothing, and comes last if the largest value is first.
        var orNull = ""
        if isDescending, case .optional(let term) = order { orNull = " OR \(term) IS NULL" }
        switch start.value {
        case .integer(let number): query.add("(\(term), lease.lease_key) \(sign) (?, ?)\(orNull)", number, start.key)
        case .text(let text): query.add("(\(term), lease.lease_key) \(sign) (?, ?)\(orNull)", text, start.key)
        case .null where isDescending: query.add("\(term) IS NULL AND lease.lease_key < ?", start.key)
        case .null: query.add("\(term) IS NOT NULL OR lease.lease_key > ?", start.key)
        }
    }
}

extension LeaseFilter {
    /// The moment after which all of the leases end; `nil` if it may be any.
    fileprivate var earliestEnd: Timestamp? { [from, liveAt].compactMap(\.self).max() }

    /// Whether it lets through most of the leases that its times do.
    fileprivate var isBroad: Bool { !isNarrow && statuses.isEmpty && resourceTypes.isEmpty && !isMine }

    /// Whether it lets few leases through.
    fileprivate var isNarrow: Bool {
        project != nil || user != nil || nameGlob != nil || nodeType != nil || resource != nil || heldAt != nil
            || activeAt != nil || to != nil || text != nil
    }
}
