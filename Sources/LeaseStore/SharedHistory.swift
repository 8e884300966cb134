import GRDB
import LeaseModel
import SyncPlanner

/// Puts together what all scopes of a site saw of a lease: a member's and an administrator's, or one that was imported.
///
/// Each has a row of its own for the lease, and a history behind it. Which of them was read last must make no difference
/// to what is told of the past.
struct SharedHistory {
    /// A lease, and what was seen of it.
    struct Life {
        /// The lease as the row has it that was asked for.
        let lease: MirroredLease
        /// Every state in which any scope saw it, the oldest first; the last one holds.
        let versions: [LeaseVersion]
        /// The scopes that have seen it.
        let scopes: [Int64]
    }

    private let database: Database
    private let reader: MirrorReader
    /// For each scope those that are of the same site, itself included; those that share theirs with none are missing.
    private let neighbours: [Int64: Set<Int64>]
    private var listings: [Int64: [Timestamp]] = [:]

    /// - Parameters:
    ///   - database: a transaction.
    ///   - reader: reads leases in it.
    ///   - scopes: whose sightings count; `nil` for all.
    init(_ database: Database, _ reader: MirrorReader, scopes: Set<Int64>? = nil) {
        self.database = database
        self.reader = reader
        let sites = Dictionary(grouping: reader.scopes.values.filter { scopes?.contains($0.id) ?? true }, by: \.siteID)
        var neighbours: [Int64: Set<Int64>] = [:]
        for site in sites.values where site.count > 1 {
            for scope in site { neighbours[scope.id] = Set(site.map(\.id)) }
        }
        self.neighbours = neighbours
    }

    /// A condition on the row `lease`: whether other scopes of its site have the lease too.
    var condition: String {
        let places = neighbours.sorted { $0.key < $1.key }.map { scope, site in
            let others = site.subtracting([scope]).sorted().map(String.init).joined(separator: ",")
            return """
                WHEN \(scope) THEN EXISTS (
                    SELECT 1 FROM lease AS twin WHERE twin.id = lease.id AND twin.scope_id IN (\(others)))
                """
        }
        return places.isEmpty ? "0" : "CASE lease.scope_id \(places.joined(separator: " ")) ELSE 0 END"
    }

    /// The leases of those rows, in the order of the keys, each with what every scope of its site saw of it.
    mutating func lives(keys: some Collection<Int64>) throws -> [Life] {
        let twins = try twins(of: keys)
        let known = try LeaseStore.versions(database, keys: Set(keys).union(twins.values.joined()).sorted(), reader)
        let found = Dictionary(uniqueKeysWithValues: known.map { ($0.key, ($0.lease, $0.versions)) })
        return try keys.compactMap { key in
            guard let (lease, versions) = found[key] else { return nil }
            let rows = try (twins[key] ?? []).compactMap { found[$0] }.map { twin, versions in
                (twin.scopeID, ScopeSightings(versions: versions, listings: try listings(of: twin.scopeID)))
            }
            guard rows.count > 1 else { return Life(lease: lease, versions: versions, scopes: [lease.scopeID]) }
            return Life(
                lease: lease, versions: ScopeSightings.history(of: rows.map(\.1)), scopes: rows.map(\.0))
        }
    }

    /// Every state in which any scope saw the lease of a row, the oldest first, with no more of it than its name, status
    /// and dates: what reports need of a hundred thousand leases, without reading their documents.
    mutating func outline(of key: Int64) throws -> [LeaseVersion] {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT twin.*, own.scope_id AS own_scope FROM lease AS own JOIN lease AS twin ON twin.id = own.id
                    WHERE own.lease_key = ? ORDER BY twin.scope_id
                    """), arguments: [key])
        let past = try database.cachedStatement(
            sql: """
                SELECT name, status, start_at, end_at, observed_at, last_seen_at, observed_until, gone, gone_after,
                    gone_before, gone_unconfirmed, unixepoch(document ->> 'updated_at') AS updated_at
                FROM lease_history WHERE lease_key = ? ORDER BY observed_until, observed_at, history_id
                """)
        let scopes = try rows.compactMap { row -> ScopeSightings? in
            let scopeID: Int64 = row["scope_id"]
            guard neighbours[row["own_scope"]]?.contains(scopeID) == true else { return nil }
            let earlier = try Row.fetchAll(past, arguments: [row["lease_key"] as Int64])
            let observedAt = Timestamp(secondsSince1970: row["observed_at"])
            let lastSeenAt = row.time("last_seen_at") ?? max(observedAt, reader.scopes[scopeID]?.listedAt ?? observedAt)
            let versions = earlier.map { state in
                LeaseVersion(
                    outline: state, id: row["id"], lastSeenAt: Timestamp(secondsSince1970: state["last_seen_at"]),
                    observedUntil: state.time("observed_until"))
            }
            let present = LeaseVersion(outline: row, id: row["id"], lastSeenAt: lastSeenAt, observedUntil: nil)
            return ScopeSightings(versions: versions + [present], listings: try listings(of: scopeID))
        }
        return ScopeSightings.history(of: scopes)
    }

    /// The rows of the same lease and site as each row, itself included; those that have no other are missing.
    private func twins(of keys: some Collection<Int64>) throws -> [Int64: [Int64]] {
        guard !neighbours.isEmpty else { return [:] }
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT lease.lease_key, lease.scope_id, twin.lease_key, twin.scope_id
                FROM lease JOIN lease AS twin ON twin.id = lease.id
                WHERE lease.lease_key IN (\(keys.map(String.init).joined(separator: ",")))
                ORDER BY twin.scope_id
                """)
        var twins: [Int64: [Int64]] = [:]
        while let row = try rows.next() {
            guard neighbours[row[1]]?.contains(row[3]) == true else { continue }
            twins[row[0], default: []].append(row[2])
        }
        return twins
    }

    private mutating func listings(of scope: Int64) throws -> [Timestamp] {
        if let known = listings[scope] { return known }
        let found = try LeaseStore.listings(database, scope: scope)
        listings[scope] = found
        return found
    }
}

extension LeaseVersion {
    /// A state as a row of `lease` or `lease_history` has it in its columns.
    fileprivate init(outline row: Row, id: String, lastSeenAt: Timestamp, observedUntil: Timestamp?) {
        let departure = Departure(row: row)
        self.init(
            lease: BlazarLease(
                id: id, name: row["name"], userID: "", projectID: "",
                startsAt: Timestamp(secondsSince1970: row["start_at"]),
                endsAt: Timestamp(secondsSince1970: row["end_at"]), status: LeaseStatus(rawValue: row["status"]),
                updatedAt: row.time("updated_at")),
            observedAt: Timestamp(secondsSince1970: row["observed_at"]),
            lastSeenAt: departure?.before ?? lastSeenAt, observedUntil: observedUntil, departure: departure)
    }
}
