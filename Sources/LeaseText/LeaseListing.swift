package import LeaseModel
package import Leasehold

/// The leases that `list` shows: live ones, unless ended ones are requested.
package struct LeaseListing {
    package let manager: LeaseManager
    /// The requested filter.
    package let filter: LeaseFilter
    package let includesEnded: Bool
    package let now: Timestamp

    package init(manager: LeaseManager, filter: LeaseFilter, includesEnded: Bool, now: Timestamp) {
        self.manager = manager
        self.filter = filter
        self.includesEnded = includesEnded
        self.now = now
    }

    /// Passes on the rows.
    ///
    /// - Parameters:
    ///   - order: the order.
    ///   - parts: the parts of leases that are needed.
    ///   - limit: the maximum number; `nil` for all.
    ///   - each: takes a row.
    /// - Throws: ``LeaseholdError`` of code `database`, or the error of `each`.
    package func forEach(
        order: LeaseOrder, parts: LeaseParts, atMost limit: Int? = nil, each: (LeaseRow) throws -> Void
    ) throws {
        struct Enough: Error {}
        var count = 0
        func take(_ lease: MirroredLease) throws {
            let row = LeaseRow(lease, now: now)
            guard includesEnded || row.isLive else { return }
            if let limit, count == limit { throw Enough() }
            count += 1
            try each(row)
        }
        do {
            guard !includesEnded else {
                return try manager.forEachLease(filter, order: order, parts: parts, each: take)
            }
            // A queued lease counts as live, even if its time has passed meanwhile.
            if filter.statuses.isEmpty {
                var queued = filter
                queued.statuses = [.queued, .waiting]
                try manager.forEachLease(queued, order: order, parts: parts, each: take)
            }
            var live = filter
            live.from = now
            // Whether a lease is live depends on its removal.
            try manager.forEachLease(live, order: order, parts: parts.union(.record)) {
                if !$0.isDraft { try take($0) }
            }
        } catch is Enough {}
    }

    /// All rows in the order in which people look for leases.
    package func forPeople() throws -> [LeaseRow] {
        var rows: [LeaseRow] = []
        try forEach(order: .relevance(at: now), parts: .all) { rows.append($0) }
        return rows
    }

    /// The number of matching leases that have ended.
    package func endedCount() throws -> Int {
        guard !includesEnded else { return 0 }
        var live = filter
        live.from = now
        var ended = try manager.count(filter) - manager.count(live)
        // A lease may be TERMINATED before its end.
        live.statuses = [.terminated]
        ended += try manager.count(live)
        return ended
    }

    /// If a filter names something that the mirror does not know at all, a message that says so.
    package func emptiness() throws -> String? {
        let asked: [(what: String, value: String?, columns: [String])] = [
            ("user", filter.user, ["user_name", "user_id"]),
            ("project", filter.project, ["project_name", "project_id"]),
        ]
        for (what, value, columns) in asked {
            guard let value else { continue }
            let known = try distinct(columns.map { "SELECT \($0) FROM v_lease" })
            if !known.contains(value) { return Self.unknown(what, value, known) }
        }
        if let nodeType = filter.nodeType {
            let known = try nodeTypes()
            if !known.contains(nodeType) { return Self.unknown("node type", nodeType, known) }
        }
        return nil
    }

    private static func unknown(_ what: String, _ value: String, _ known: [String]) -> String {
        let suggestion = Suggestion.nearest(to: value, in: known).map { " Did you mean '\($0)'?" } ?? ""
        return "No lease of \(what == "node type" ? "node type" : "a \(what)") '\(value)' is known here.\(suggestion)"
    }

    private func distinct(_ selects: [String]) throws -> [String] {
        var values: [String] = []
        try manager.query("SELECT DISTINCT * FROM (\(selects.joined(separator: " UNION ALL ")))") { _ in
        } each: { row in
            if let text = row.first?.stringValue { values.append(text) }
        }
        return values
    }

    /// The node types that leases ask for, at a site or queued.
    private func nodeTypes() throws -> [String] {
        var types = Set(try distinct(["SELECT node_type FROM v_reservation"]))
        var queued = LeaseFilter()
        queued.statuses = [.queued, .waiting]
        try manager.forEachLease(queued, parts: .reservations) { lease in
            types.formUnion(lease.lease.reservations.compactMap { $0.requiredValue(of: "node_type") })
        }
        return types.sorted()
    }
}
