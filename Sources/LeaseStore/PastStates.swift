import GRDB
import LeaseModel

/// The states of leases as known at a moment: one for each lease that had been seen by then.
///
/// A state lasts from when it was first seen until another was. What counts is when a state was seen, not when this
/// database learned of it: imported states belong to the time at which their owner saw them.
struct PastStates {
    let moment: Timestamp
    /// When each scope's last complete list up to the moment was requested.
    let listedAt: [Int64: Timestamp]
    /// A query for the states: the columns of `lease` that every state has, the row of the history (NULL for a present
    /// state), and when the state was last seen up to the moment.
    let select: String

    init(_ database: Database, at moment: Timestamp) throws {
        self.moment = moment
        var listedAt: [Int64: Timestamp] = [:]
        for scope in try Int64.fetchAll(database.cachedStatement(sql: "SELECT scope_id FROM scope")) {
            listedAt[scope] = try Self.lastListing(database, scope: scope, until: moment)
        }
        self.listedAt = listedAt
        select = try Self.select(at: moment, listedAt, AudienceBook(database))
    }

    /// When a scope's last complete list up to a moment was requested; `nil` if there was none.
    static func lastListing(_ database: Database, scope: Int64, until moment: Timestamp) throws -> Timestamp? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT max(listed_at) FROM (
                    SELECT max(started_at) AS listed_at FROM sync_run
                    WHERE scope_id = ?1 AND kind = 'list' AND outcome = 'complete' AND started_at <= ?2
                    UNION ALL
                    SELECT max(listed_at) FROM imported_listing WHERE scope_id = ?1 AND listed_at <= ?2)
                """)
        return try Int64.fetchOne(statement, arguments: [scope, moment.secondsSince1970])
            .map(Timestamp.init(secondsSince1970:))
    }

    private static func select(
        at moment: Timestamp, _ listedAt: [Int64: Timestamp], _ audiences: AudienceBook
    ) -> String {
        let time = moment.secondsSince1970
        let listings = audiences.all.compactMap { number, scopes in
            scopes.compactMap { listedAt[$0] }.max().map { "WHEN \(number) THEN \($0.secondsSince1970)" }
        }.sorted()
        let listed = listings.isEmpty ? "0" : "CASE base.audience_id \(listings.joined(separator: " ")) ELSE 0 END"
        let columns = [
            "name", "status", "start_at", "end_at", "observed_at", "last_seen_at", "gone", "gone_after", "gone_before",
            "gone_unconfirmed",
        ].map { "iif(past.history_id IS NULL, base.\($0), past.\($0)) AS \($0)" }
        // The CASE spares SQLite the history of a lease whose present state already held then.
        return """
            SELECT base.lease_key, base.site_id, base.audience_id, base.id, base.user_id, base.project_id,
                base.first_seen_at, past.history_id,
                \(columns.joined(separator: ", ")),
                max(coalesce(past.observed_at, base.observed_at),
                    CASE
                        WHEN past.history_id IS NULL
                            THEN max(iif(base.last_seen_at <= \(time), base.last_seen_at, 0), \(listed))
                        WHEN past.last_seen_at <= \(time) THEN past.last_seen_at
                        ELSE min(past.last_seen_at, \(listed))
                    END) AS seen_at
            FROM lease AS base LEFT JOIN lease_history AS past ON past.history_id = CASE WHEN base.observed_at > \(time)
                THEN (
                    SELECT history_id FROM lease_history
                    WHERE lease_history.lease_key = base.lease_key AND observed_until > \(time)
                    ORDER BY observed_until, observed_at LIMIT 1)
                END
            WHERE base.first_seen_at <= \(time) AND coalesce(past.observed_at, base.observed_at) <= \(time)
            """
    }
}

/// A state that a query found: where it is stored, and when it was last seen.
struct FoundState {
    let key: Int64
    let audience: Int64
    let historyID: Int64?
    let firstSeenAt: Timestamp
    let seenAt: Timestamp

    /// The columns that `init(row:)` reads.
    static let columns = "lease.lease_key, lease.audience_id, lease.history_id, lease.first_seen_at, lease.seen_at"

    init(row: Row) {
        key = row[0]
        audience = row[1]
        historyID = row[2]
        firstSeenAt = Timestamp(secondsSince1970: row[3])
        seenAt = Timestamp(secondsSince1970: row[4])
    }
}

extension MirrorReader {
    /// The leases in some states, in the same order. Past states have no pending writes.
    ///
    /// - Parameters:
    ///   - states: the states.
    ///   - moment: the moment whose knowledge of allocations counts.
    /// - Returns: a lease for each state that can be read.
    /// - Throws: SQLite's error.
    func leases(_ states: some Collection<FoundState>, asKnownAt moment: Timestamp) throws -> [MirroredLease] {
        let keys = states.filter { $0.historyID == nil }.map(\.key)
        let present = Dictionary(uniqueKeysWithValues: zip(keys, try leases(keys: keys)))
        let documents = try documents(states.compactMap(\.historyID))
        var found = states.compactMap { state -> MirroredLease? in
            let known: Known? =
                state.historyID.map { documents[$0] }
                ?? present[state.key].map { ($0.lease, observedAt: $0.observedAt, removal: $0.removal) }
            guard let known else { return nil }
            return mirrored(
                known.lease, audience: state.audience, firstSeenAt: state.firstSeenAt, observedAt: known.observedAt,
                lastSeenAt: known.removal?.after ?? state.seenAt, removal: known.removal)
        }
        let held = try heldCounts(of: found.map(\.lease), asKnownAt: moment)
        for index in found.indices { found[index].takeHeldCounts(held) }
        return found
    }

    private typealias Known = (lease: BlazarLease, observedAt: Timestamp, removal: Removal?)

    private func documents(_ ids: [Int64]) throws -> [Int64: Known] {
        let state = try database.cachedStatement(
            sql: "SELECT \(LeaseVersion.columns) FROM lease_history WHERE history_id = ?")
        var found: [Int64: Known] = [:]
        for id in ids {
            guard let version = try Row.fetchOne(state, arguments: [id]).map(LeaseVersion.init(row:)) else { continue }
            found[id] = (version.lease, version.observedAt, version.removal)
        }
        return found
    }
}

extension MirroredLease {
    /// Takes the counts of its own reservations from those of many leases.
    mutating func takeHeldCounts(_ counts: [String: Int]) {
        guard !counts.isEmpty else { return }
        for reservation in lease.reservations { heldCounts[reservation.id] = counts[reservation.id] }
    }
}

extension LeaseVersion {
    /// The columns that `init(row:)` reads.
    static let columns = """
        history_id, observed_at, last_seen_at, observed_until, gone, gone_after, gone_before, gone_unconfirmed, document
        """

    /// Reads a row of the history.
    ///
    /// - Throws: ``StoreError`` of kind `damaged` if the document is not a lease. Skipping it would falsify the
    ///   history.
    init(row: Row) throws {
        let document = LeaseRows.object(row[8])
        guard var lease = try? BlazarLease(json: document) else {
            throw StoreError(
                kind: .damaged,
                message: """
                    The history holds a state that cannot be read (row \(row[0] as Int64) of lease_history). \
                    Restore a copy made by `leasehold db backup`, or delete that row.
                    """)
        }
        lease.extra[PartialObservations.key] = nil
        self.init(
            lease: lease, observedAt: Timestamp(secondsSince1970: row[1]),
            lastSeenAt: Timestamp(secondsSince1970: row[2]),
            observedUntil: (row[3] as Int64?).map(Timestamp.init(secondsSince1970:)), removal: Removal(row: row),
            partial: document[PartialObservations.key].flatMap(PartialObservations.init(json:)))
    }
}

extension LeaseFilter {
    /// Whether a lease's reservations match the filter.
    ///
    /// - Parameters:
    ///   - lease: the lease, in any state.
    ///   - allocated: the reservations that hold the requested resource.
    /// - Returns: whether the lease matches.
    func admitsReservations(of lease: BlazarLease, allocated: Set<String>) -> Bool {
        if !resourceTypes.isEmpty, resourceTypes.isDisjoint(with: lease.reservations.map(\.resourceType)) {
            return false
        }
        if let nodeType, !lease.reservations.contains(where: { $0.requiredValue(of: "node_type") == nodeType }) {
            return false
        }
        return resource == nil || lease.reservations.contains { allocated.contains($0.id) }
    }
}
