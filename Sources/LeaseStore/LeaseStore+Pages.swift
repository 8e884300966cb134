import GRDB
package import LeaseModel

extension LeaseStore {
    /// A page of the leases that match a filter.
    ///
    /// - Parameters:
    ///   - filter: which leases.
    ///   - sort: their order.
    ///   - position: where the page begins; `nil` for the first page.
    ///   - limit: the number of leases on it, apart from those that are only queued.
    ///   - now: the time that says which leases are running.
    ///   - parts: the parts to read.
    /// - Returns: the page. Leases that are only queued come first, on the first page.
    /// - Throws: ``StoreError``.
    package func page(
        _ filter: LeaseFilter, sort: LeaseSort, after position: LeasePosition?, limit: Int, now: Timestamp,
        parts: LeaseParts = .all
    ) throws(StoreError) -> LeaseListPage {
        try read { database in
            let reader = try MirrorReader(database, scopes: filter.scopes, parts: parts)
            var leases = position == nil ? try reader.drafts(filter, order: .relevance(at: now)) : []
            var found: [LeasePosition] = []
            let sections = LeaseSection.all(sort, filter, ownUsers: reader.ownUsers, now: now)
            for (number, section) in sections.enumerated() where number >= position?.section ?? 0 {
                guard found.count <= limit else { break }
                let start = number == position?.section ? position : nil
                found += try section.positions(
                    database, LeaseQuery(filter), number: number, after: start, limit: limit + 1 - found.count)
            }
            let page = found.prefix(limit)
            leases += try reader.leases(keys: page.map(\.key))
            return LeaseListPage(leases: leases, next: found.count > limit ? page.last : nil)
        }
    }

    /// The number of leases that match a filter, but no more than a limit: counting more takes longer than a person
    /// waits.
    package func count(_ filter: LeaseFilter, upTo limit: Int) throws(StoreError) -> Int {
        try read { database in
            let query = LeaseQuery(filter)
            return try Int.fetchOne(
                database,
                sql: "SELECT count(*) FROM (SELECT 1 FROM \(query.source) WHERE \(query.condition) LIMIT \(limit))",
                arguments: query.arguments) ?? 0
        }
    }
}

/// A part of a sorted list in which one index, or one sorting, gives the order.
private struct LeaseSection {
    /// Which leases it has, as SQL.
    var condition = "1"
    /// What they are sorted by, as SQL. It may be NULL, which is the smallest value.
    let term: String
    var isDescending = false

    /// The sections of an order.
    static func all(_ sort: LeaseSort, _ filter: LeaseFilter, ownUsers: Set<String>, now: Timestamp) -> [LeaseSection] {
        guard sort.column == .relevance else {
            return [LeaseSection(term: term(sort.column), isDescending: sort.isDescending)]
        }
        let now = now.secondsSince1970
        let isListed = "lease.gone IS NULL AND lease.status <> 'TERMINATED'"
        return owners(ownUsers).flatMap { owner in
            var sections = [
                // The plus sign keeps SQLite from sorting what the index of ends has in order.
                LeaseSection(
                    condition: "\(owner) AND +lease.start_at <= \(now) AND lease.end_at > \(now) AND \(isListed)",
                    term: "lease.end_at"),
                LeaseSection(
                    condition: "\(owner) AND lease.start_at > \(now) AND lease.end_at > \(now) AND \(isListed)",
                    term: "lease.start_at"),
            ]
            if filter.liveAt == nil {
                sections.append(
                    LeaseSection(
                        condition: "\(owner) AND NOT (lease.end_at > \(now) AND \(isListed))", term: "lease.end_at",
                        isDescending: true))
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

    private static func term(_ column: LeaseSort.Column) -> String {
        switch column {
        case .relevance, .end: "lease.end_at"
        case .name: "lease.name"
        case .status: "lease.status"
        case .user: person("user", "lease.user_id")
        case .project: person("project", "lease.project_id")
        case .site: "(SELECT site.name FROM site WHERE site.site_id = lease.site_id)"
        case .resources:
            """
            (SELECT min(coalesce(reservation.node_type, reservation.resource_type)) FROM reservation
             WHERE reservation.lease_key = lease.lease_key)
            """
        case .start: "lease.start_at"
        case .length: "lease.end_at - lease.start_at"
        case .created: "lease.created_at"
        case .id: "lease.id"
        }
    }

    /// The name of a person, or the id if it has none.
    private static func person(_ kind: String, _ column: String) -> String {
        """
        coalesce((
            SELECT person.name FROM person
            WHERE person.site_id = lease.site_id AND person.kind = '\(kind)' AND person.id = \(column)), \(column))
        """
    }

    /// The places behind the section's leases, in their order.
    func positions(
        _ database: Database, _ query: LeaseQuery, number: Int, after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition] {
        var query = query
        query.add(condition)
        if let start { add(start, to: &query) }
        let direction = isDescending ? " DESC" : ""
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT lease.lease_key, \(term) AS term FROM \(query.source) WHERE \(query.condition)
                ORDER BY term\(direction), lease.lease_key\(direction) LIMIT \(limit)
                """, arguments: query.arguments)
        return rows.map { row in
            let value: LeasePosition.Value =
                switch (row[1] as DatabaseValue).storage {
                case .int64(let number): .integer(number)
                case .string(let text): .text(text)
                default: .null
                }
            return LeasePosition(section: number, value: value, key: row[0])
        }
    }

    /// Adds the condition that leases come after a place.
    private func add(_ start: LeasePosition, to query: inout LeaseQuery) {
        let sign = isDescending ? "<" : ">"
        switch (start.value, isDescending) {
        case (.integer(let number), false): query.add("(\(term), lease.lease_key) \(sign) (?, ?)", number, start.key)
        case (.text(let text), false): query.add("(\(term), lease.lease_key) \(sign) (?, ?)", text, start.key)
        // NULL compares with nothing, and comes last if the largest value is first.
        case (.integer(let number), true):
            query.add("(\(term), lease.lease_key) \(sign) (?, ?) OR \(term) IS NULL", number, start.key)
        case (.text(let text), true):
            query.add("(\(term), lease.lease_key) \(sign) (?, ?) OR \(term) IS NULL", text, start.key)
        case (.null, false): query.add("\(term) IS NOT NULL OR lease.lease_key > ?", start.key)
        case (.null, true): query.add("\(term) IS NULL AND lease.lease_key < ?", start.key)
        }
    }
}
