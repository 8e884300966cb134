import GRDB
import LeaseModel

/// Reads leases together with the names of their users and projects, inside one transaction.
struct MirrorReader {
    let database: Database
    let table: LeaseReader
    let scopes: [Int64: Scope]
    let audiences: AudienceBook
    /// The user of each scope's last token.
    let users: [Int64: (id: String, name: String)]
    let pending: PendingWrites
    private let wanted: Set<Int64>?
    private let parts: LeaseParts
    /// The users that this database syncs as.
    let ownUsers: Set<String>
    private let names: PersonNames
    private let hasAllocations: Bool
    private let lastPlace = LastPlace()

    /// What an audience means. Most leases share the audience of the lease before.
    private final class LastPlace {
        var audience: Int64?
        var scope: Scope?
        var listedAt: Timestamp?
        var members: [Int64] = []
    }

    /// - database: a transaction.
    /// - wanted: the requested scopes, of which one represents each lease; `nil` for all.
    /// - parts: the parts of leases to read.
    /// - Throws: SQLite's error.
    init(_ database: Database, scopes wanted: Set<Int64>? = nil, parts: LeaseParts = .all) throws {
        self.database = database
        self.wanted = wanted
        self.parts = parts
        table = try LeaseReader(database, parts: parts)
        let scopes = Dictionary(uniqueKeysWithValues: try LeaseStore.scopes(database).map { ($0.id, $0) })
        let names = try PersonNames(database)
        self.scopes = scopes
        self.names = names
        audiences = try AudienceBook(database)
        let tokens = try Row.fetchAll(
            database.cachedStatement(sql: "SELECT DISTINCT user_id, scope_id FROM cloud ORDER BY name DESC"))
        users = Dictionary(
            tokens.map { row in
                let id: String = row[0]
                let site = scopes[row[1]]?.siteID ?? 0
                return (row[1], (id, names.user(id, site: site) ?? id))
            }
        ) { _, last in last }
        ownUsers = Set(tokens.map { $0[0] as String })
        pending = try PendingWrites(database)
        hasAllocations =
            try Bool.fetchOne(database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM allocation)")) ?? false
    }

    /// The leases of some rows, in the order of their keys.
    func leases(keys: some Collection<Int64>) throws -> [MirroredLease] { try mirrored(table.leases(keys: keys)) }

    /// Leases with the names of their users and projects, the writes queued for them, and what they hold.
    func mirrored(_ rows: [StoredLease]) throws -> [MirroredLease] {
        var leases = try rows.map(mirrored)
        try addHeldCounts(to: &leases)
        return leases
    }

    /// A lease with the names of its user and project, and the writes queued for it.
    func mirrored(_ row: StoredLease) throws -> MirroredLease {
        let seenUntil = row.removal?.after ?? row.seenUntil(listedAt: place(of: row.audience).listedAt)
        var mirrored = mirrored(
            row.lease, audience: row.audience, firstSeenAt: row.firstSeenAt, observedAt: row.observedAt,
            lastSeenAt: seenUntil, removal: row.removal)
        if !mirrored.lease.reservations.isEmpty {
            try DraftedNetworks(database: database).complete(&mirrored.lease, site: row.site)
        }
        if !pending.isEmpty { mirrored.pending = pending.mutations(site: row.site, lease: row.lease.id) }
        return mirrored
    }

    /// Adds how many resources the reservations of some leases hold.
    func addHeldCounts(to leases: inout [MirroredLease]) throws {
        guard hasAllocations, parts.contains(.reservations) else { return }
        let held = try heldCounts(of: leases.lazy.map(\.lease))
        for index in leases.indices { leases[index].takeHeldCounts(held) }
    }

    /// The scope that represents an audience.
    func scope(of audience: Int64) -> Scope? { audiences.representative(audience, of: wanted).flatMap { scopes[$0] } }

    /// The name of a project of a site, if known.
    func projectName(_ id: String, site: Int64) -> String? { names.project(id, site: site) }

    /// The name of a user of a site, if known.
    func userName(_ id: String, site: Int64) -> String? { names.user(id, site: site) }

    /// How many resources the reservations of some leases hold, or held last if they have ended. The latest report
    /// wins; if a moment is given, the latest one up to it.
    func heldCounts(
        of leases: some Sequence<BlazarLease>, asKnownAt moment: Timestamp? = nil
    ) throws -> [String: Int] {
        guard hasAllocations, parts.contains(.reservations) else { return [:] }
        let ids = JSONValue.array(leases.flatMap { $0.reservations.map { .string($0.id) } }).text()
        let allocations = ListedTable.allocations
        let last = moment?.secondsSince1970
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT reservation_id, count(DISTINCT allocation.resource_id) AS held,
                    \(last.map(allocations.lastSeen(until:)) ?? allocations.lastSeen) AS seen_at
                FROM allocation
                WHERE reservation_id IN (SELECT value FROM json_each(?)) AND first_seen_at <= \(last ?? .max)
                GROUP BY reservation_id, allocation.scope_id, seen_at ORDER BY seen_at, held
                """, arguments: [ids])
        var counts: [String: Int] = [:]
        // Rows are in ascending order, so the last group of a reservation wins.
        while let row = try rows.next() { counts[row[0]] = row[1] }
        return counts
    }

    /// A lease in some state, with the names of its user and project.
    func mirrored(
        _ lease: BlazarLease, audience: Int64, firstSeenAt: Timestamp, observedAt: Timestamp, lastSeenAt: Timestamp,
        removal: Removal?
    ) -> MirroredLease {
        let place = place(of: audience)
        let scope = place.scope
        let site = scope?.siteID ?? 0
        let hasOwners = parts.contains(.owners)
        var mirrored = MirroredLease(
            lease: lease, scopeID: scope?.id ?? 0, site: scope?.site ?? "",
            projectName: hasOwners ? names.project(lease.projectID, site: site) : nil,
            userName: hasOwners ? names.user(lease.userID, site: site) : nil,
            isMine: hasOwners && ownUsers.contains(lease.userID), firstSeenAt: firstSeenAt, observedAt: observedAt,
            lastSeenAt: lastSeenAt, removal: removal)
        mirrored.audience = place.members
        return mirrored
    }

    private func place(of audience: Int64) -> LastPlace {
        guard lastPlace.audience != audience else { return lastPlace }
        lastPlace.audience = audience
        lastPlace.scope = scope(of: audience)
        lastPlace.listedAt = audiences.listedAt(audience)
        lastPlace.members = audiences.all[audience] ?? []
        return lastPlace
    }
}
