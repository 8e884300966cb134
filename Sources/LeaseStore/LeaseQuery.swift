import GRDB
import LeaseModel

/// Builds the condition of a query for leases.
struct LeaseQuery {
    private(set) var conditions: [String] = []
    private(set) var arguments = StatementArguments()
    private let states: PastStates?

    /// The source of the rows, under the name `lease`.
    var source: String { "\(states.map { "(\($0.select))" } ?? "lease") AS lease" }

    /// Builds the condition. A plus sign before a start keeps SQLite from the index of starts: most leases start before
    /// any moment that is asked for, and few end after it.
    ///
    /// - Parameters:
    ///   - filter: what must hold.
    ///   - states: the states to search; `nil` for the present ones. Past reservations are stored as JSON, which no
    ///     condition reaches: ``LeaseFilter/admitsReservations(of:allocated:)`` filters them.
    init(_ filter: LeaseFilter, in states: PastStates? = nil) {
        self.states = states
        if let scopes = filter.scopes {
            conditions.append(AudienceBook.condition("lease.audience_id", includes: scopes))
        }
        if let moment = filter.heldAt {
            add(
                """
                +lease.start_at <= ? AND lease.end_at > ?
                AND (lease.gone IS NULL OR lease.gone = 'out_of_scope' OR lease.gone_before > ?)
                """, moment.secondsSince1970, moment.secondsSince1970, moment.secondsSince1970)
        } else if !filter.includesRemoved {
            add("lease.gone IS NULL")
        }
        addAny("lease.status", of: filter.statuses.map(\.rawValue))
        if let pattern = filter.nameGlob { add("lease.name GLOB ?", NamePattern(pattern).glob) }
        if let project = filter.project { addProject(project) }
        if let user = filter.user { addUser(user) }
        if filter.isMine { add("lease.user_id IN (SELECT user_id FROM cloud)") }
        if let moment = filter.activeAt {
            add("+lease.start_at <= ? AND lease.end_at > ?", moment.secondsSince1970, moment.secondsSince1970)
        }
        if let from = filter.from { add("lease.end_at > ?", from.secondsSince1970) }
        if let to = filter.to { add("+lease.start_at < ?", to.secondsSince1970) }
        if let now = filter.liveAt {
            add(
                "lease.end_at > ? AND lease.gone IS NULL AND lease.status <> 'TERMINATED'", now.secondsSince1970)
        }
        if let text = filter.text { addText(text) }
        if states == nil { addReservations(filter) }
    }

    var condition: String { conditions.isEmpty ? "1" : conditions.joined(separator: " AND ") }

    mutating func add(_ condition: String, _ values: (any DatabaseValueConvertible)?...) {
        conditions.append("(\(condition))")
        arguments += StatementArguments(values)
    }

    private mutating func addAny(_ column: String, of values: [String]) {
        guard !values.isEmpty else { return }
        conditions.append("\(column) IN (\(values.map { _ in "?" }.joined(separator: ",")))")
        arguments += StatementArguments(values.sorted())
    }

    private mutating func addProject(_ project: String) { addPerson(project, kind: "project", "lease.project_id") }

    private mutating func addUser(_ user: String) { addPerson(user, kind: "user", "lease.user_id") }

    /// Matches an id, or the name of a user or project at the lease's site. The first condition is one that an index of ids
    /// answers.
    private mutating func addPerson(_ person: String, kind: String, _ column: String) {
        let named = "FROM person WHERE person.kind = '\(kind)' AND person.name = ?"
        add(
            """
            \(column) IN (SELECT ? UNION ALL SELECT person.id \(named))
            AND (\(column) = ? OR (lease.site_id, \(column)) IN (SELECT person.site_id, person.id \(named)))
            """, person, person, person, person)
    }

    /// Matches a part of a name or id. The pattern of LIKE needs its own characters escaped.
    private mutating func addText(_ text: String) {
        let escaped = text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
        let pattern = "%\(escaped)%"
        func people(_ kind: String, _ column: String) -> String {
            """
            (lease.site_id, \(column)) IN (
                SELECT person.site_id, person.id FROM person WHERE person.kind = '\(kind)' AND person.name LIKE ? ESCAPE '\\')
            """
        }
        add(
            """
            lease.name LIKE ? ESCAPE '\\' OR lease.id LIKE ? ESCAPE '\\' OR \(people("user", "lease.user_id"))
            OR \(people("project", "lease.project_id"))
            """, pattern, pattern, pattern, pattern)
    }

    /// The filter's conditions on a single reservation, with their arguments.
    static func reservations(_ filter: LeaseFilter) -> (condition: String, arguments: StatementArguments) {
        var query = LeaseQuery(LeaseFilter())
        query.conditions = []
        query.addAny("reservation.resource_type", of: filter.resourceTypes.map(\.rawValue))
        if let type = filter.nodeType { query.add("reservation.node_type = ?", type) }
        return (query.condition, query.arguments)
    }

    private mutating func addReservations(_ filter: LeaseFilter) {
        if !filter.resourceTypes.isEmpty {
            let types = filter.resourceTypes.map(\.rawValue).sorted()
            conditions.append(
                """
                EXISTS (SELECT 1 FROM reservation WHERE reservation.lease_key = lease.lease_key
                    AND resource_type IN (\(types.map { _ in "?" }.joined(separator: ","))))
                """)
            arguments += StatementArguments(types)
        }
        if let type = filter.nodeType {
            // A type of node is a small part of all, which one pass over an index finds.
            add("lease.lease_key IN (SELECT reservation.lease_key FROM reservation WHERE node_type = ?)", type)
        }
        if let resource = filter.resource {
            // Any scope may have been told: administrators may ask for more than members.
            add(
                """
                lease.lease_key IN (
                    SELECT reservation.lease_key
                    FROM (SELECT scope_id, kind, id FROM resource WHERE name = ?
                        UNION SELECT scope_id, kind.value, ? FROM scope, json_each(?) AS kind) AS wanted
                    CROSS JOIN allocation USING (scope_id, kind)
                    JOIN reservation ON reservation.id = allocation.reservation_id
                    WHERE allocation.resource_id = wanted.id)
                """, resource, resource, JSONValue.array(ResourceKind.allCases.map { .string($0.rawValue) }).text())
        }
    }
}
