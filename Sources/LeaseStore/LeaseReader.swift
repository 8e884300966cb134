import GRDB
import LeaseModel

/// A row of `lease`, with its reservations and events.
struct StoredLease {
    let key: Int64
    let site: Int64
    let audience: Int64
    /// The run that brought this state.
    let run: Int64
    let firstSeenAt: Timestamp
    let observedAt: Timestamp
    /// When it was last seen at least; a list that its audience has read later shows it as well.
    let lastSeenAt: Timestamp
    let removal: Removal?
    let partial: PartialObservations?
    let lease: BlazarLease

    /// When it was last seen in its state, or first found missing.
    ///
    /// - Parameter listedAt: when a scope of its audience last read a complete list.
    /// - Returns: the moment.
    func seenUntil(listedAt: Timestamp?) -> Timestamp {
        removal?.before ?? max(lastSeenAt, listedAt ?? lastSeenAt)
    }

    /// The present state.
    ///
    /// - Parameter listedAt: when a scope of its audience last read a complete list.
    /// - Returns: the state.
    func present(listedAt: Timestamp?) -> LeaseVersion {
        LeaseVersion(
            lease: lease, observedAt: observedAt, lastSeenAt: seenUntil(listedAt: listedAt), observedUntil: nil,
            removal: removal, partial: partial)
    }
}

/// Reads leases from the mirror, in one transaction.
final class LeaseReader {
    private let database: Database
    private let parts: LeaseParts
    private let columns: String
    private let positions: [Int32]
    private let rows: RowWalk
    private let reservations: PartReader<Reservation>
    private let events: PartReader<LeaseEvent>
    private var pool = TextPool()

    /// - Parameters:
    ///   - database: the transaction.
    ///   - parts: the parts to read.
    /// - Throws: SQLite's error.
    init(_ database: Database, parts: LeaseParts = .all) throws {
        self.database = database
        self.parts = parts
        (columns, positions) = Column.selection(of: parts)
        rows = try RowWalk(cached: "SELECT \(columns) FROM lease WHERE lease_key = ?", database)
        reservations = try PartReader(database)
        events = try PartReader(database)
    }

    /// The lease of a row; `nil` if there is no such row.
    func lease(key: Int64) throws -> StoredLease? {
        rows.begin(key: key)
        defer { rows.end() }
        return try rows.step() ? read(rows) : nil
    }

    /// The leases of some rows, in the order of their keys.
    func leases(keys: some Collection<Int64>) throws -> [StoredLease] { try keys.compactMap(lease) }

    /// Passes on the leases that a query finds.
    ///
    /// - Parameters:
    ///   - query: the condition.
    ///   - order: the terms to sort by.
    ///   - each: receives a lease.
    /// - Throws: SQLite's error, or what `each` throws.
    func forEach(_ query: LeaseQuery, orderedBy order: String, _ each: (StoredLease) throws -> Void) throws {
        let found = try RowWalk(
            database,
            sql: """
                SELECT \(columns) FROM \(query.source) WHERE \(query.condition) ORDER BY \(order)
                """, arguments: query.arguments)
        try found.begin()
        defer { found.end() }
        while try found.step() { try each(read(found)) }
    }

    private func read(_ row: RowWalk) throws -> StoredLease {
        let key = row.integer(at(.key))
        let id = row.text(at(.id)) ?? ""
        var extra = row.object(at(.extra))
        let partial = extra.remove(PartialObservations.key).flatMap(PartialObservations.init(json:))
        let lease = BlazarLease(
            id: id, name: row.text(at(.name)) ?? "", userID: pooled(row, .user) ?? "",
            projectID: pooled(row, .project) ?? "", startsAt: row.moment(at(.start)),
            endsAt: row.moment(at(.end)),
            status: LeaseStatus(rawValue: pooled(row, .status) ?? ""), isDegraded: row.flag(at(.degraded)),
            trustID: row.text(at(.trust)), createdAt: row.time(at(.created)),
            updatedAt: row.time(at(.updated)),
            reservations: parts.contains(.reservations) ? try reservations.parts(of: key, lease: id) : [],
            events: parts.contains(.events) ? try events.parts(of: key, lease: id) : [], extra: extra)
        return StoredLease(
            key: key, site: row.integer(at(.site)), audience: row.integer(at(.audience)),
            run: row.integer(at(.run)), firstSeenAt: row.moment(at(.firstSeen)),
            observedAt: row.moment(at(.observed)), lastSeenAt: row.moment(at(.lastSeen)),
            removal: removal(row),
            partial: partial, lease: lease)
    }

    private func pooled(_ row: RowWalk, _ column: Column) -> String? { pool.text(row.statement, at(column)) }

    private func removal(_ row: RowWalk) -> Removal? {
        guard let reason = pooled(row, .gone).flatMap(Removal.Reason.init(rawValue:)),
            let after = row.time(at(.goneAfter)), let before = row.time(at(.goneBefore))
        else { return nil }
        let isUnconfirmed = row.flag(at(.goneUnconfirmed)) == true
        return Removal(reason: isUnconfirmed ? .unlisted : reason, after: after, before: before)
    }

    /// The position of a column in a row.
    private func at(_ column: Column) -> Int32 { positions[Int(column.rawValue)] }

    /// The columns that may be read.
    private enum Column: Int32, CaseIterable {
        case key, site, audience, run, firstSeen, observed, lastSeen, gone, goneAfter, goneBefore, goneUnconfirmed
        case id, name, status, start, end, user, project, degraded, trust, created, updated, extra

        private var name: String {
            switch self {
            case .key: "lease_key"
            case .site: "site_id"
            case .audience: "audience_id"
            case .run: "run_id"
            case .firstSeen: "first_seen_at"
            case .observed: "observed_at"
            case .lastSeen: "last_seen_at"
            case .gone: "gone"
            case .goneAfter: "gone_after"
            case .goneBefore: "gone_before"
            case .goneUnconfirmed: "gone_unconfirmed"
            case .id: "id"
            case .name: "name"
            case .status: "status"
            case .start: "start_at"
            case .end: "end_at"
            case .user: "user_id"
            case .project: "project_id"
            case .degraded: "degraded"
            case .trust: "trust_id"
            case .created: "created_at"
            case .updated: "updated_at"
            case .extra: "extra"
            }
        }

        private var part: LeaseParts {
            switch self {
            case .key, .site, .audience, .id, .name, .status, .start, .end: []
            case .user, .project: .owners
            case .trust, .extra: .details
            case .run, .firstSeen, .observed, .lastSeen, .gone, .goneAfter, .goneBefore, .goneUnconfirmed, .degraded,
                .created, .updated:
                .record
            }
        }

        /// The columns for some parts, and the position of each. Columns of other parts share one that is NULL: if there
        /// is something to sort, SQLite copies each column of each row.
        static func selection(of parts: LeaseParts) -> (columns: String, positions: [Int32]) {
            let wanted = allCases.filter { parts.isSuperset(of: $0.part) }
            var positions = [Int32](repeating: Int32(wanted.count), count: allCases.count)
            for (position, column) in wanted.enumerated() { positions[Int(column.rawValue)] = Int32(position) }
            return ((wanted.map { "lease.\($0.name)" } + ["NULL"]).joined(separator: ", "), positions)
        }
    }
}

/// What a lease consists of: each kind has a table.
private protocol LeasePart {
    /// The columns that `init(_:_:lease:)` reads.
    static var columns: String { get }
    static var table: String { get }
    init(_ row: RowWalk, _ pool: inout TextPool, lease id: String)
}

/// Reads the parts of one kind, lease by lease.
private final class PartReader<Part: LeasePart> {
    private let rows: RowWalk
    private var pool = TextPool()

    init(_ database: Database) throws {
        rows = try RowWalk(cached: "SELECT \(Part.columns) FROM \(Part.table) WHERE lease_key = ?", database)
    }

    func parts(of key: Int64, lease id: String) throws -> [Part] {
        rows.begin(key: key)
        defer { rows.end() }
        var parts: [Part] = []
        while try rows.step() { parts.append(Part(rows, &pool, lease: id)) }
        return parts
    }
}

extension Reservation: LeasePart {
    fileprivate static let table = "reservation"
    fileprivate static let columns = """
        id, resource_id, resource_type, status, missing_resources, resources_changed, created_at, updated_at, fields
        """

    fileprivate init(_ row: RowWalk, _ pool: inout TextPool, lease id: String) {
        self.init(
            id: row.text(0) ?? "", leaseID: id, resourceID: row.text(1),
            resourceType: ResourceType(rawValue: pool.text(row.statement, 2) ?? ""),
            status: ReservationStatus(rawValue: pool.text(row.statement, 3) ?? ""), isMissingResources: row.flag(4),
            areResourcesChanged: row.flag(5), createdAt: row.time(6), updatedAt: row.time(7), fields: row.object(8))
    }
}

extension LeaseEvent: LeasePart {
    fileprivate static let table = "event"
    fileprivate static let columns = "id, event_type, time_at, status, created_at, updated_at, extra"

    fileprivate init(_ row: RowWalk, _ pool: inout TextPool, lease id: String) {
        self.init(
            id: row.text(0) ?? "", leaseID: id, eventType: pool.text(row.statement, 1) ?? "", time: row.time(2),
            status: EventStatus(rawValue: pool.text(row.statement, 3) ?? ""), createdAt: row.time(4),
            updatedAt: row.time(5), extra: row.object(6))
    }
}
