import GRDB
import LeaseModel

extension Mutation {
    /// The columns that a write is read from, and the site's name.
    static let selection = """
        SELECT mutation_id, mutation.scope_id, mutation.site_id, mutation.project_id, site.name, verb, local_id,
            lease_id, lease_name, state, body, base, token, late_start, not_after, retry_until, created_at, reason,
            message, request_id, theirs, updated_at, next_attempt_at, attempts, failures, doubt_run, doubt_not_before,
            doubt_anchor, doubt_absences, doubt_seen_run, choices, choice, earliest_at, ahead, room_at
        FROM mutation JOIN site ON site.site_id = mutation.site_id
            LEFT JOIN waiting ON creation_id = mutation_id
        """

    /// Reads a row of ``selection``, by position: GRDB compares a column's name with each column's.
    init(row: Row) {
        self.init(
            id: row[0], scopeID: row[1], address: QueueAddress(siteID: row[2], projectID: row[3]), site: row[4],
            verb: Verb(rawValue: row[5]) ?? .update, localID: row[6], leaseID: row[7], leaseName: row[8],
            state: MutationState(rawValue: row[9]) ?? .parked, body: LeaseRows.object(row[10]),
            base: LeaseRows.object(row[11]), token: row[12],
            lateStart: LateStartPolicy(rawValue: row[13]) ?? .expire, notAfter: row.time(at: 14),
            retryUntil: row.time(at: 15), createdAt: Timestamp(secondsSince1970: row[16]))
        reason = row[17]
        message = row[18]
        requestID = row[19]
        theirs = (row[20] as String?).map(LeaseRows.object)
        updatedAt = Timestamp(secondsSince1970: row[21])
        nextAttemptAt = Timestamp(secondsSince1970: row[22])
        attempts = row[23]
        failures = row[24]
        if let run = row[25] as Int64? {
            unconfirmed = UnconfirmedAttempt(
                run: run, notBefore: row.time(at: 26), anchor: row.time(at: 27), absences: row[28], seenRun: row[29])
        }
        guard let choices = row[30] as String? else { return }
        waiting = WaitingTerms(
            choices: choices, current: row[31], earliest: row.time(at: 32), aheadSeconds: row[33],
            roomAt: row.time(at: 34))
        guard state == .blocked, reason == Self.reasonForWaiting else { return }
        state = .waiting
        reason = nil
    }

    /// The reason for which a waiting creation is blocked, in the database.
    private static let reasonForWaiting = "room"

    /// Reads the rows of a statement that selects ``selection``.
    static func fetchAll(_ statement: Statement, _ arguments: StatementArguments = []) throws -> [Mutation] {
        var mutations: [Mutation] = []
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        while let row = try rows.next() { mutations.append(Mutation(row: row)) }
        return mutations
    }

    private static let columns = [
        "site_id", "project_id", "scope_id", "verb", "local_id", "lease_id", "lease_name", "state", "reason", "message",
        "request_id", "body", "base", "theirs", "token", "late_start", "not_after", "retry_until", "created_at",
        "updated_at", "next_attempt_at", "attempts", "failures", "doubt_run", "doubt_not_before", "doubt_anchor",
        "doubt_absences", "doubt_seen_run",
    ]

    private static let insertion = """
        INSERT INTO mutation (\(columns.joined(separator: ", ")))
        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
        """

    private static let revision = """
        UPDATE mutation SET \(columns.map { "\($0) = ?" }.joined(separator: ", ")) WHERE mutation_id = ?
        """

    /// The values of ``columns``.
    private var values: [(any DatabaseValueConvertible)?] {
        [
            address.siteID, address.projectID, scopeID, verb.rawValue, localID, leaseID, leaseName,
            (state == .waiting ? MutationState.blocked : state).rawValue,
            state == .waiting ? Self.reasonForWaiting : reason, message, requestID, JSONValue.object(body).text(),
            JSONValue.object(base).text(),
            theirs.map { JSONValue.object($0).text() }, token, lateStart.rawValue, notAfter?.secondsSince1970,
            retryUntil?.secondsSince1970, createdAt.secondsSince1970, updatedAt.secondsSince1970,
            nextAttemptAt.secondsSince1970, attempts, failures, unconfirmed?.run,
            unconfirmed?.notBefore?.secondsSince1970, unconfirmed?.anchor?.secondsSince1970,
            unconfirmed?.absences ?? 0, unconfirmed?.seenRun ?? 0,
        ]
    }

    /// Inserts the write and returns its number.
    func insert(_ database: Database) throws -> Int64 {
        try database.cachedStatement(sql: Self.insertion).execute(arguments: StatementArguments(values))
        let id = database.lastInsertedRowID
        try waiting?.save(database, creation: id)
        return id
    }

    /// Updates every column of the write.
    func update(_ database: Database) throws {
        try database.cachedStatement(sql: Self.revision).execute(arguments: StatementArguments(values + [id]))
        try waiting?.save(database, creation: id)
    }
}

extension MutationState {
    /// What follows a column in a condition that some states satisfy.
    static func condition(_ isWanted: (MutationState) -> Bool) -> String {
        "IN (\(allCases.filter(isWanted).map { "'\($0.rawValue)'" }.joined(separator: ", ")))"
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

    private static let selection = """
        \(Mutation.selection) WHERE state \(MutationState.condition { $0.isPending }) ORDER BY mutation_id
        """

    init(_ database: Database) throws {
        let pending = try Mutation.fetchAll(database.cachedStatement(sql: Self.selection))
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
        let isQueued = creation.state.isPending && creation.state != .waiting
        let status = isQueued ? .queued : LeaseStatus(rawValue: creation.state.rawValue.uppercased())
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
        if let text {
            let texts = [lease.name, lease.id, draft.userName ?? "", draft.projectName ?? ""]
            return texts.contains { $0.lowercased().contains(text.lowercased()) }
        }
        return true
    }
}

extension LeaseStore {
    /// The creations that a reference may mean, as candidates.
    static func drafts(
        _ database: Database, _ condition: String, _ arguments: StatementArguments, scopes: Set<Int64>?
    ) throws -> [LeaseCandidate] {
        let addresses = try addresses(database, of: scopes)
        let creations = try Mutation.fetchAll(
            database.cachedStatement(
                sql: "\(Mutation.selection) WHERE verb = 'create' AND \(condition) ORDER BY mutation_id"), arguments
        ).filter { addresses?.contains($0.address) ?? true }
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
