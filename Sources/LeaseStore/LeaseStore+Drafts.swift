import GRDB
import LeaseModel

extension Mutation {
    /// Every column, and the site's name.
    static let selection = """
        SELECT mutation.*, site.name AS site FROM mutation JOIN site ON site.site_id = mutation.site_id
        """

    init(row: Row) {
        self.init(
            id: row["mutation_id"], scopeID: row["scope_id"],
            address: QueueAddress(siteID: row["site_id"], projectID: row["project_id"]), site: row["site"],
            verb: Verb(rawValue: row["verb"]) ?? .update, localID: row["local_id"], leaseID: row["lease_id"],
            leaseName: row["lease_name"], state: MutationState(rawValue: row["state"]) ?? .parked,
            body: LeaseRows.object(row["body"]), base: LeaseRows.object(row["base"]), token: row["token"],
            lateStart: LateStartPolicy(rawValue: row["late_start"]) ?? .expire, notAfter: row.time("not_after"),
            retryUntil: row.time("retry_until"), createdAt: Timestamp(secondsSince1970: row["created_at"]))
        reason = row["reason"]
        message = row["message"]
        requestID = row["request_id"]
        theirs = (row["theirs"] as String?).map(LeaseRows.object)
        updatedAt = Timestamp(secondsSince1970: row["updated_at"])
        nextAttemptAt = Timestamp(secondsSince1970: row["next_attempt_at"])
        attempts = row["attempts"]
        failures = row["failures"]
        if let run = row["doubt_run"] as Int64? {
            unconfirmed = UnconfirmedAttempt(
                run: run, notBefore: row.time("doubt_not_before"), anchor: row.time("doubt_anchor"),
                absences: row["doubt_absences"], seenRun: row["doubt_seen_run"])
        }
    }

    private var columns: [(name: String, value: (any DatabaseValueConvertible)?)] {
        [
            ("site_id", address.siteID), ("project_id", address.projectID), ("scope_id", scopeID),
            ("verb", verb.rawValue), ("local_id", localID), ("lease_id", leaseID),
            ("lease_name", leaseName), ("state", state.rawValue), ("reason", reason), ("message", message),
            ("request_id", requestID), ("body", JSONValue.object(body).text()), ("base", JSONValue.object(base).text()),
            ("theirs", theirs.map { JSONValue.object($0).text() }), ("token", token),
            ("late_start", lateStart.rawValue), ("not_after", notAfter?.secondsSince1970),
            ("retry_until", retryUntil?.secondsSince1970), ("created_at", createdAt.secondsSince1970),
            ("updated_at", updatedAt.secondsSince1970), ("next_attempt_at", nextAttemptAt.secondsSince1970),
            ("attempts", attempts), ("failures", failures), ("doubt_run", unconfirmed?.run),
            ("doubt_not_before", unconfirmed?.notBefore?.secondsSince1970),
            ("doubt_anchor", unconfirmed?.anchor?.secondsSince1970), ("doubt_absences", unconfirmed?.absences ?? 0),
            ("doubt_seen_run", unconfirmed?.seenRun ?? 0),
        ]
    }

    /// Inserts the write and returns its number.
    func insert(_ database: Database) throws -> Int64 {
        let columns = columns
        try database.cachedStatement(
            sql: """
                INSERT INTO mutation (\(columns.map(\.name).joined(separator: ", ")))
                VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
                """
        ).execute(arguments: StatementArguments(columns.map(\.value)))
        return database.lastInsertedRowID
    }

    /// Updates every column of the write.
    func update(_ database: Database) throws {
        let columns = columns
        try database.cachedStatement(
            sql: """
                UPDATE mutation SET \(columns.map { "\($0.name) = ?" }.joined(separator: ", ")) WHERE mutation_id = ?
                """
        ).execute(arguments: StatementArguments(columns.map(\.value) + [id]))
    }
}

/// The unfinished writes, for lists and details of leases, inside one transaction.
struct PendingWrites {
    private let byLease: [Key: [Mutation]]
    private let byDraft: [Key: [Mutation]]
    /// The creations whose lease has no id from the server yet.
    let creations: [Mutation]

    private struct Key: Hashable {
        let site: Int64
        let id: String
    }

    init(_ database: Database) throws {
        let states = MutationState.allCases.filter(\.isPending).map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let pending = try Row.fetchAll(
            database.cachedStatement(sql: "\(Mutation.selection) WHERE state IN (\(states)) ORDER BY mutation_id")
        ).map(Mutation.init(row:))
        var byLease: [Key: [Mutation]] = [:]
        var byDraft: [Key: [Mutation]] = [:]
        for mutation in pending {
            if let id = mutation.leaseID {
                byLease[Key(site: mutation.address.siteID, id: id), default: []].append(mutation)
            } else if let id = mutation.localID {
                byDraft[Key(site: mutation.address.siteID, id: id), default: []].append(mutation)
            }
        }
        self.byLease = byLease
        self.byDraft = byDraft
        creations = pending.filter { $0.verb == .create && $0.leaseID == nil }
    }

    /// Whether no lease that the server has is waited for.
    var isEmpty: Bool { byLease.isEmpty }

    /// The unfinished writes of a lease that the server has.
    func mutations(site: Int64, lease id: String) -> [Mutation] { byLease[Key(site: site, id: id)] ?? [] }

    /// The unfinished writes of a lease that is only queued.
    func mutations(site: Int64, draft id: String) -> [Mutation] { byDraft[Key(site: site, id: id)] ?? [] }
}

extension MirrorReader {
    /// The queued leases that match a filter: by their end for people, otherwise in the order in which they were
    /// requested.
    func drafts(_ filter: LeaseFilter, order: LeaseOrder) throws -> [MirroredLease] {
        let addresses = try LeaseStore.addresses(database, of: filter.scopes)
        let drafts = try pending.creations.filter { addresses?.contains($0.address) ?? true }.map(draft).filter {
            lease in
            guard filter.admits(lease) else { return false }
            guard let pattern = filter.nameGlob else { return true }
            return try Bool.fetchOne(
                database.cachedStatement(sql: "SELECT ? GLOB ?"),
                arguments: [lease.lease.name, NamePattern(pattern).glob]) ?? false
        }
        guard case .relevance = order else { return drafts }
        return drafts.enumerated().sorted { left, right in
            (left.element.lease.endsAt, left.offset) < (right.element.lease.endsAt, right.offset)
        }.map(\.element)
    }

    /// The lease that a creation will make.
    func draft(_ creation: Mutation) -> MirroredLease {
        let id = creation.localID ?? ""
        let scope = scopes[creation.scopeID]
        let user = users[creation.scopeID]
        let draft = try? LeaseDraft(body: creation.body)
        let startsAt: Timestamp = if case .at(let time) = draft?.start { time } else { creation.createdAt }
        let reservations = (draft?.reservations ?? []).enumerated().map { index, fields in
            Reservation(requesting: fields, id: "\(id)-\(index + 1)", leaseID: id, status: .queued)
        }
        let status = creation.state.isPending ? .queued : LeaseStatus(rawValue: creation.state.rawValue.uppercased())
        let lease = BlazarLease(
            id: id, name: creation.leaseName, userID: user?.id ?? "", projectID: scope?.projectID ?? "",
            startsAt: startsAt, endsAt: draft?.endsAt ?? startsAt, status: status, reservations: reservations)
        var mirrored = MirroredLease(
            lease: lease, scopeID: creation.scopeID, site: creation.site, projectName: scope?.projectName,
            userName: user?.name, isMine: true, firstSeenAt: creation.createdAt, observedAt: creation.updatedAt,
            lastSeenAt: creation.updatedAt, removal: nil)
        mirrored.pending = pending.mutations(site: creation.address.siteID, draft: id)
        return mirrored
    }
}

extension LeaseFilter {
    /// Whether a queued lease matches the filter, apart from its name.
    fileprivate func admits(_ draft: MirroredLease) -> Bool {
        let lease = draft.lease
        // Nothing is allocated to it yet.
        guard resource == nil else { return false }
        guard statuses.isEmpty || statuses.contains(lease.status) else { return false }
        if let project, project != lease.projectID, project != draft.projectName { return false }
        if let user, user != lease.userID, user != draft.userName { return false }
        guard admitsReservations(of: lease, allocated: []) else { return false }
        if let activeAt, lease.startsAt > activeAt || lease.endsAt <= activeAt { return false }
        if let from, lease.endsAt <= from { return false }
        if let to, lease.startsAt >= to { return false }
        return true
    }
}

extension LeaseStore {
    /// The creations that a reference may mean, as candidates.
    static func drafts(
        _ database: Database, _ condition: String, _ arguments: StatementArguments, scopes: Set<Int64>?
    ) throws -> [LeaseCandidate] {
        let addresses = try addresses(database, of: scopes)
        let creations = try Row.fetchAll(
            database.cachedStatement(
                sql: "\(Mutation.selection) WHERE verb = 'create' AND \(condition) ORDER BY mutation_id"),
            arguments: arguments
        ).map(Mutation.init(row:)).filter { addresses?.contains($0.address) ?? true }
        guard !creations.isEmpty else { return [] }
        let reader = try MirrorReader(database, scopes: scopes)
        return try creations.compactMap { creation in
            if let id = creation.leaseID, let key = try leaseKey(database, id: id, scope: creation.scopeID) {
                return try reader.leases(keys: CollectionOfOne(key)).first.map(LeaseCandidate.init)
            }
            return LeaseCandidate(reader.draft(creation))
        }
    }
}
