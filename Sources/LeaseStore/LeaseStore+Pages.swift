import GRDB
package import LeaseModel

extension LeaseStore {
    /// A page of the leases that match a filter.
    ///
    /// - Parameters:
    ///   - filter: which leases.
    ///   - sort: their order.
    ///   - position: where the page begins; `nil` for the first page.
    ///   - limit: the number of leases on it.
    ///   - now: the time that says which leases are running.
    ///   - parts: the parts to read.
    /// - Returns: the page. Leases that are only queued come before all others.
    /// - Throws: ``StoreError``.
    package func page(
        _ filter: LeaseFilter, sort: LeaseSort, after position: LeasePosition?, limit: Int, now: Timestamp,
        parts: LeaseParts = .all
    ) throws(StoreError) -> LeaseListPage {
        try read { database in
            let reader = try MirrorReader(database, scopes: filter.scopes, parts: parts)
            let queued = DraftSection(try reader.drafts(filter, order: .start), sort)
            // One more than fits tells whether there are more.
            let drafts = queued.leases(after: position, limit: limit + 1)
            var found: [LeasePosition] = []
            let sections = filter.isForDrafts ? [] : LeaseSection.all(sort, filter, ownUsers: reader.ownUsers, now: now)
            for (index, section) in sections.enumerated() {
                let number = index + DraftSection.number + 1
                let missing = limit + 1 - drafts.count - found.count
                guard missing > 0 else { break }
                guard number >= position?.section ?? 0 else { continue }
                let start = number == position?.section ? position : nil
                found += try section.positions(
                    database, filter: filter, section: number, after: start, limit: missing)
            }
            let shown = found.prefix(max(0, limit - drafts.count))
            let firstDrafts = drafts.prefix(limit)
            return LeaseListPage(
                leases: firstDrafts.map(\.lease) + (try reader.leases(keys: shown.map(\.key))),
                positions: firstDrafts.map(\.position) + shown, hasMore: drafts.count + found.count > limit,
                queuedCount: queued.count)
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

    /// A page of the writes, in the order in which they were requested.
    ///
    /// - Parameters:
    ///   - scopes: the scopes whose sites and projects count; `nil` for all.
    ///   - includesFinal: whether to include finished writes.
    ///   - number: the number of the last write of the page before; `nil` for the first page.
    ///   - limit: how many writes to read at most.
    /// - Returns: the writes.
    /// - Throws: ``StoreError``.
    package func mutations(
        scopes: Set<Int64>?, includesFinal: Bool, after number: Int64?, limit: Int
    ) throws(StoreError) -> [Mutation] {
        try read { database in
            let addresses = try Self.addresses(database, of: scopes)
            guard addresses?.isEmpty != true else { return [] }
            var sql = includesFinal ? Self.everySelection : Self.openSelection
            var arguments = StatementArguments()
            if let addresses {
                let list = addresses.map { _ in "(?, ?)" }.joined(separator: ", ")
                sql += " AND (mutation.site_id, mutation.project_id) IN (VALUES \(list))"
                for address in addresses { arguments += [address.siteID, address.projectID] }
            }
            sql += " AND mutation_id > ? ORDER BY mutation_id LIMIT ?"
            arguments += [number ?? .min, limit]
            return try Mutation.fetchAll(database.cachedStatement(sql: sql), arguments)
        }
    }

    /// A part of the usage of the leases that match a filter.
    ///
    /// - Parameters:
    ///   - filter: which leases.
    ///   - detail: the optional parts of each.
    ///   - key: where the part before ended; `nil` for the first part.
    ///   - length: how many leases to look at, at most.
    /// - Returns: the leases of this part that match, and where it ended; `nil` if it was the last one.
    /// - Throws: ``StoreError``.
    package func usage(
        _ filter: LeaseFilter, detail: UsageDetail, after key: Int64?, length: Int64
    ) throws(StoreError) -> (leases: [LeaseUsage], next: Int64?) {
        try read { database in
            let nextKey = try database.cachedStatement(sql: "SELECT min(lease_key) FROM lease WHERE lease_key > ?")
            guard let first = try Int64.fetchOne(nextKey, arguments: [key ?? .min]) else { return ([], nil) }
            let last = first.addingReportingOverflow(length - 1)
            let end = last.overflow ? .max : last.partialValue
            var leases: [LeaseUsage] = []
            var reader = try UsageReader(database, filter, detail: detail)
            try reader.read(first...end) { leases.append($0) }
            return (leases, try Int64.fetchOne(nextKey, arguments: [end]) == nil ? nil : end)
        }
    }
}

extension LeaseFilter {
    /// Whether it asks for statuses that only queued leases have.
    fileprivate var isForDrafts: Bool { !statuses.isEmpty && statuses.isSubset(of: [.queued, .waiting]) }

    /// The moment after which all of the leases end; `nil` if it may be any.
    fileprivate var earliestEnd: Timestamp? { [from, liveAt].compactMap(\.self).max() }

    /// Whether it lets through most of the leases that its times do.
    fileprivate var isBroad: Bool {
        statuses.isEmpty && project == nil && user == nil && nameGlob == nil && resourceTypes.isEmpty
            && nodeType == nil && resource == nil && heldAt == nil && activeAt == nil && to == nil && text == nil
            && !isMine
    }
}

/// The leases that are only queued, which come before all others: by their starts in a calendar, otherwise by their ends.
private struct DraftSection {
    /// The number of the section, for the places.
    static let number = 0

    private let drafts: [(position: LeasePosition, lease: MirroredLease)]

    init(_ leases: [MirroredLease], _ sort: LeaseSort) {
        func place(_ lease: MirroredLease) -> (moment: Int64, creation: Int64) {
            let moment = sort.column == .calendar ? lease.lease.startsAt : lease.lease.endsAt
            return (moment.secondsSince1970, lease.pending.first { $0.verb == .create }?.id ?? 0)
        }
        drafts = leases.map { (place($0), $0) }.sorted { $0.0 < $1.0 }.map { place, lease in
            (LeasePosition(section: Self.number, value: .integer(place.moment), key: place.creation), lease)
        }
    }

    var count: Int { drafts.count }

    /// The first leases behind a place.
    func leases(
        after start: LeasePosition?, limit: Int
    ) -> ArraySlice<(position: LeasePosition, lease: MirroredLease)> {
        guard let start else { return drafts.prefix(limit) }
        guard start.section == Self.number, case .integer(let moment) = start.value else { return [] }
        return drafts.drop { draft in
            guard case .integer(let other) = draft.position.value else { return false }
            return (other, draft.position.key) <= (moment, start.key)
        }.prefix(limit)
    }
}

/// A part of a sorted list in which one index, or one sorting, gives the order.
private struct LeaseSection {
    /// What gives the order.
    enum Order {
        /// A term, as SQL. It may be NULL, which is the smallest value.
        case term(String)
        /// A term that no index has.
        case unindexed(String)
        /// A column with an index.
        case index(String)
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
                LeaseSection(
                    condition: owner, isOwn: number == 0 && !ownUsers.isEmpty, order: .unindexed("lease.start_at"))
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
        case .relevance, .end: .index("lease.end_at")
        case .name: .index("lease.name")
        case .id: .index("lease.id")
        case .status: .unindexed("lease.status")
        case .user: .ranking(.person(.user))
        case .project: .ranking(.person(.project))
        case .site: .ranking(.site)
        case .resources: .ranking(.resources)
        case .start, .calendar: .unindexed("lease.start_at")
        case .length: .unindexed("lease.end_at - lease.start_at")
        case .created: .unindexed("lease.created_at")
        }
    }

    /// The places behind the section's leases, in their order.
    func positions(
        _ database: Database, filter: LeaseFilter, section: Int, after start: LeasePosition?, limit: Int
    ) throws -> [LeasePosition] {
        var query = LeaseQuery(filter)
        query.add(condition)
        switch order {
        case .term(let term):
            return try positions(
                database, query.source, query, term: term, section: section, after: start, limit: limit)
        case .unindexed(let term):
            return try positions(
                database, source(database, filter), query, term: term, section: section, after: start, limit: limit)
        case .index(let column):
            // If few leases match, the index would be walked for long: the plus sign keeps SQLite from it.
            let term = try Self.isDense(database, filter) ? column : "+\(column)"
            return try positions(
                database, query.source, query, term: term, section: section, after: start, limit: limit)
        case .ranking(let term):
            if case .person(.user) = term, filter.isBroad, filter.earliestEnd == nil,
                let found = try UserOrder(isDescending: isDescending).positions(
                    database, filter, section: section, after: start, limit: limit)
            {
                return found
            }
            return try LeaseRanking(term: term, isDescending: isDescending).positions(
                database, from: source(database, filter), query, section: section, after: start, limit: limit)
        }
    }

    /// The table of leases, as SQL. If a fourth of them ends late enough, SQLite reads all of them, which is quicker than
    /// to look up each that an index finds.
    private func source(_ database: Database, _ filter: LeaseFilter) throws -> String {
        let table = LeaseQuery(filter).source
        guard let end = filter.earliestEnd else { return table }
        let last = try Int.fetchOne(database.cachedStatement(sql: "SELECT max(lease_key) FROM lease")) ?? 0
        let many = max(1_000, last / 4)
        let count = try Int.fetchOne(
            database.cachedStatement(
                sql: """
                    SELECT count(*) FROM (
                        SELECT 1 FROM lease WHERE \(isOwn ? "\(condition) AND " : "")end_at > ? LIMIT ?)
                    """),
            arguments: [end.secondsSince1970, many])
        return count == many ? "\(table) NOT INDEXED" : table
    }

    /// If as many leases are running or to come, a page of them is found soon in any order.
    private static let denseCount = 5_000

    /// Whether a walk in any order soon meets leases that match.
    private static func isDense(_ database: Database, _ filter: LeaseFilter) throws -> Bool {
        guard filter.isBroad else { return false }
        guard let end = filter.earliestEnd else { return true }
        let count = try Int.fetchOne(
            database.cachedStatement(
                sql: "SELECT count(*) FROM (SELECT 1 FROM lease WHERE end_at > ? LIMIT ?)"),
            arguments: [end.secondsSince1970, denseCount])
        return count == denseCount
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
        let orNull = isDescending ? " OR \(term) IS NULL" : ""
        switch start.value {
        case .integer(let number): query.add("(\(term), lease.lease_key) \(sign) (?, ?)\(orNull)", number, start.key)
        case .text(let text): query.add("(\(term), lease.lease_key) \(sign) (?, ?)\(orNull)", text, start.key)
        case .null where isDescending: query.add("\(term) IS NULL AND lease.lease_key < ?", start.key)
        case .null: query.add("\(term) IS NOT NULL OR lease.lease_key > ?", start.key)
        }
    }
}
