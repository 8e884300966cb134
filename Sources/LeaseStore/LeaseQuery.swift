import GRDB
import LeaseModel

/// Builds the condition of a query for leases.
struct LeaseQuery {
    private(set) var conditions: [String] = []
    private(set) var arguments = StatementArguments()
    private let states: PastStates?

    /// Where rows come from; conditions speak of `lease` and `scope`.
    var source: String { "\(states.map { "(\($0.select))" } ?? "lease") AS lease \(Self.join)" }

    private static let join = "JOIN scope ON scope.scope_id = lease.scope_id"

    /// Builds the condition.
    ///
    /// - Parameters:
    ///   - filter: what must hold.
    ///   - states: the states that it must hold of; `nil` for those that hold now. What a lease reserved in a past state
    ///     stands in a document, where no condition sees it: ``LeaseFilter/admitsReservations(of:allocated:)`` does.
    ///   - sitesAreShared: whether two scopes may see the same lease; to look for that takes time.
    init(_ filter: LeaseFilter, in states: PastStates? = nil, sitesAreShared: Bool = true) {
        self.states = states
        addScopes(filter.scopes, sitesAreShared: sitesAreShared)
        if let moment = filter.heldAt {
            add(
                """
                lease.start_at <= ? AND lease.end_at > ?
                AND (lease.gone IS NULL OR lease.gone = 'out_of_scope' OR lease.gone_before > ?)
                """, moment.secondsSince1970, moment.secondsSince1970, moment.secondsSince1970)
        } else if !filter.includesDeparted {
            add("lease.gone IS NULL")
        }
        addAny("lease.status", of: filter.statuses.map(\.rawValue))
        if let pattern = filter.nameGlob { add("lease.name GLOB ?", pattern) }
        if let project = filter.project { addProject(project) }
        if let user = filter.user { addUser(user) }
        if filter.isMine { add("lease.user_id IN (SELECT user_id FROM cloud)") }
        if let moment = filter.activeAt {
            add("lease.start_at <= ? AND lease.end_at > ?", moment.secondsSince1970, moment.secondsSince1970)
        }
        if let from = filter.from { add("lease.end_at > ?", from.secondsSince1970) }
        if let to = filter.to { add("lease.start_at < ?", to.secondsSince1970) }
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

    /// A lease that several scopes of one site see is found once: as the scope has it that saw it last, and rather as
    /// one has it that still lists it. The view `v_lease` says the same.
    private mutating func addScopes(_ scopes: Set<Int64>?, sitesAreShared: Bool) {
        let list = scopes.map { $0.sorted().map(String.init).joined(separator: ",") }
        if let list { conditions.append("lease.scope_id IN (\(list))") }
        guard sitesAreShared, scopes?.count != 1 else { return }
        let others = states.map { "(\($0.select))" } ?? "lease"
        conditions.append(
            """
            NOT EXISTS (
                SELECT 1 FROM \(others) AS other JOIN scope AS better ON better.scope_id = other.scope_id
                WHERE other.id = lease.id AND other.scope_id <> lease.scope_id
                    \(list.map { "AND other.scope_id IN (\($0))" } ?? "")
                    AND better.auth_url = scope.auth_url AND better.region = scope.region
                    AND \(rank("other", "better")) < \(rank("lease", "scope")))
            """)
    }

    private func rank(_ lease: String, _ scope: String) -> String {
        let seen =
            states == nil
            ? """
            coalesce(\(lease).gone_before, \(lease).last_seen_at,
                max(\(lease).observed_at, coalesce(\(scope).listed_at, 0)))
            """ : "coalesce(\(lease).gone_before, \(lease).seen_at)"
        return "(\(lease).gone IS NOT NULL, -\(seen), \(scope).all_projects, \(scope).project_id)"
    }

    private mutating func addProject(_ project: String) {
        add(
            """
            lease.project_id = ? OR (lease.project_id = scope.project_id AND scope.project_name = ?)
            OR EXISTS (SELECT 1 FROM resource WHERE resource.scope_id = lease.scope_id AND kind = 'project'
                AND resource.id = lease.project_id AND resource.name = ?)
            """, project, project, project)
    }

    private mutating func addUser(_ user: String) {
        add(
            """
            lease.user_id = ? OR lease.user_id IN (SELECT user_id FROM cloud WHERE user_name = ?)
            OR EXISTS (SELECT 1 FROM resource WHERE resource.scope_id = lease.scope_id AND kind = 'user'
                AND resource.id = lease.user_id AND resource.name = ?)
            """, user, user, user)
    }

    /// The condition on a single reservation, with its arguments, that the filter's types amount to.
    static func reservations(_ filter: LeaseFilter) -> (condition: String, arguments: StatementArguments) {
        var query = LeaseQuery(LeaseFilter(), sitesAreShared: false)
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
            add(
                "EXISTS (SELECT 1 FROM reservation WHERE reservation.lease_key = lease.lease_key AND node_type = ?)",
                type)
        }
        if let resource = filter.resource {
            add(
                """
                EXISTS (
                    SELECT 1 FROM reservation JOIN allocation ON allocation.reservation_id = reservation.id
                    WHERE reservation.lease_key = lease.lease_key AND allocation.scope_id = lease.scope_id
                        AND (allocation.resource_id = ? OR EXISTS (
                            SELECT 1 FROM resource WHERE resource.scope_id = allocation.scope_id
                                AND resource.id = allocation.resource_id AND resource.name = ?)))
                """, resource, resource)
        }
    }
}
