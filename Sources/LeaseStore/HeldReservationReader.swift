import GRDB
import LeaseModel

/// Reads the reservations of leases, in step with a walk through the leases.
struct HeldReservationReader {
    private enum Position {
        static let key: Int32 = 0
        static let resourceType: Int32 = 1
        static let nodeType: Int32 = 2
        static let minimum: Int32 = 3
        static let maximum: Int32 = 4
        static let amount: Int32 = 5
        static let missing: Int32 = 6
        static let properties: Int32 = 7
        static let allocated: Int32 = 8
    }

    private struct KindKey: Hashable {
        let type: ResourceType
        let properties: Int
    }

    /// The requirement expression, for those types of reservation whose kind is stored nowhere else. Only they read the
    /// table itself; the index holds everything else.
    private static let properties = """
        CASE WHEN resource_type IN ('\(ResourceType.flavor)', '\(ResourceType.device)') THEN (
            SELECT iif(json_type(fields, '$.resource_properties') = 'text', fields ->> '$.resource_properties', NULL)
            FROM reservation AS whole WHERE whole.lease_key = reservation.lease_key AND whole.id = reservation.id)
        END
        """

    /// How many resources a reservation has, or had when a site last reported it; a resource that was replaced no
    /// longer counts. Any scope may have been told, since administrators may ask for more than members. The latest
    /// report wins. If two came in the same second, the larger count wins, so that the result does not depend on the
    /// order of imports.
    private static let allocatedCount = """
        (SELECT held FROM (
            SELECT count(DISTINCT allocation.resource_id) AS held, \(ListedTable.allocations.lastSeen) AS seen_at
            FROM allocation WHERE allocation.reservation_id = reservation.id
            GROUP BY allocation.scope_id, seen_at ORDER BY seen_at DESC, held DESC LIMIT 1))
        """

    /// How many unneeded rows to step over before a new search is faster.
    private static let patience = 16

    private let rows: RowWalk
    private let hasAllocations: Bool
    private let readsKinds: Bool
    private var pool = TextPool()
    /// The kinds that the requirements in the pool ask for. Many leases share one requirement.
    private var kinds: [KindKey: String?] = [:]
    private var keys: ClosedRange<Int64> = 0...0
    /// The lease of the current row; `nil` at the end of the walk.
    private var next: Int64?

    /// Prepares to read.
    ///
    /// - Parameters:
    ///   - database: the connection, in a transaction.
    ///   - filter: its types leave out reservations.
    ///   - readsKinds: whether ``HeldReservation/flavorOrMachine`` is wanted.
    /// - Throws: SQLite's error.
    init(_ database: Database, _ filter: LeaseFilter, readsKinds: Bool) throws {
        self.readsKinds = readsKinds
        hasAllocations =
            try Bool.fetchOne(database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM allocation)")) ?? false
        let (condition, arguments) = LeaseQuery.reservations(filter)
        rows = try RowWalk(
            database,
            sql: """
                SELECT lease_key, resource_type, node_type, min_count, max_count, amount, missing_resources,
                    \(readsKinds ? Self.properties : "NULL")
                    \(hasAllocations ? ", \(Self.allocatedCount)" : "")
                FROM reservation INDEXED BY reservation_counts
                WHERE \(condition) AND lease_key BETWEEN ? AND ?
                ORDER BY lease_key
                """, arguments: arguments)
    }

    /// Starts a walk through the reservations of leases in a range of keys.
    mutating func begin(_ keys: ClosedRange<Int64>) throws {
        self.keys = keys
        try rows.begin(keys)
        try step()
    }

    /// Ends the walk.
    func end() { rows.end() }

    /// Replaces the contents of `reservations` with those of a lease. Call it in ascending order of keys.
    mutating func read(of key: Int64, into reservations: inout [HeldReservation]) throws {
        reservations.removeAll(keepingCapacity: true)
        var passedOver = 0
        while let found = next, found < key {
            passedOver += 1
            if passedOver > Self.patience, key <= keys.upperBound {
                try begin(key...keys.upperBound)
            } else {
                try step()
            }
        }
        while next == key {
            reservations.append(reservation())
            try step()
        }
    }

    private mutating func step() throws { next = try rows.step() ? rows.integer(Position.key) : nil }

    private mutating func reservation() -> HeldReservation {
        let type = ResourceType(rawValue: pool.text(rows.statement, Position.resourceType) ?? "")
        return HeldReservation(
            resourceType: type, nodeType: pool.text(rows.statement, Position.nodeType),
            flavorOrMachine: flavorOrMachine(of: type),
            minimum: rows.optional(Position.minimum).map(Int.init),
            maximum: rows.optional(Position.maximum).map(Int.init),
            amount: rows.optional(Position.amount).map(Int.init),
            allocated: hasAllocations ? rows.optional(Position.allocated).map(Int.init) : nil,
            isMissingResources: rows.integer(Position.missing) != 0)
    }

    private mutating func flavorOrMachine(of type: ResourceType) -> String? {
        guard readsKinds, let number = pool.number(rows.statement, Position.properties) else { return nil }
        let key = KindKey(type: type, properties: number)
        if let known = kinds[key] { return known }
        let kind = type.flavorOrMachine(in: pool.texts[number])
        kinds[key] = .some(kind)
        return kind
    }
}

/// What a lease reserved in a past state, as stored in `lease_history.held`. Reports on a hundred thousand leases read
/// this column instead of whole documents.
enum HeldColumn {
    /// The text of the column; `nil` if the next state reserves the same, or if either state is known only in outline.
    static func text(_ lease: BlazarLease, before next: BlazarLease) -> String? {
        guard !lease.isOutline, !next.isOutline else { return nil }
        let held = lease.reservations.map { HeldReservation($0) }
        guard held != next.reservations.map({ HeldReservation($0) }) else { return nil }
        return JSONValue.array(held.map { .object(object($0)) }).text()
    }

    /// Parses the column.
    static func reservations(_ text: String) -> [HeldReservation] {
        let list = (try? JSONValue(parsing: text))?.arrayValue ?? []
        return list.map { item in
            HeldReservation(
                resourceType: ResourceType(rawValue: item["resource_type"]?.stringValue ?? ""),
                nodeType: item["node_type"]?.stringValue, flavorOrMachine: item["kind"]?.stringValue,
                minimum: item["min"]?.intValue, maximum: item["max"]?.intValue, amount: item["amount"]?.intValue,
                isMissingResources: item["missing_resources"]?.boolValue ?? false)
        }
    }

    private static func object(_ held: HeldReservation) -> JSONObject {
        var object: JSONObject = ["resource_type": .string(held.resourceType.rawValue)]
        object["node_type"] = held.nodeType.map(JSONValue.string)
        object["kind"] = held.flavorOrMachine.map(JSONValue.string)
        object["min"] = held.minimum.map { JSONValue($0) }
        object["max"] = held.maximum.map { JSONValue($0) }
        object["amount"] = held.amount.map { JSONValue($0) }
        if held.isMissingResources { object["missing_resources"] = .bool(true) }
        return object
    }
}
