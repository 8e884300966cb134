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
            let missing = limit + 1 - drafts.count
            if !filter.isForDrafts, missing > 0 {
                let sections = LeaseSections(sort, filter, ownUsers: reader.ownUsers, now: now)
                found = try sections.positions(database, after: position, limit: missing)
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
}

/// The leases that are only queued, which come before all others: by their starts in a calendar, otherwise by their ends.
struct DraftSection {
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
