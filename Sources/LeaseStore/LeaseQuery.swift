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

    /// Whether a condition speaks of `scope`.
    private(set) var needsScope = false

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

    /// A lease that several scopes of one site see is found once, as the one has it that counts. The view `v_lease` says
    /// the same.
    ///
    /// The scope counts that learned last that the lease is there, or that it is gone: see ``rank(_:_:)``. If it is gone,
    /// that one of those that know this counts which knows best when it went: see ``departureRank(_:_:)``.
    private mutating func addScopes(_ scopes: Set<Int64>?, sitesAreShared: Bool) {
        let list = scopes.map { $0.sorted().map(String.init).joined(separator: ",") }
        if let list { conditions.append("lease.scope_id IN (\(list))") }
        guard sitesAreShared, scopes?.count != 1 else { return }
        let states = states.map { "(\($0.select))" } ?? "lease"
        func rows(_ lease: String, _ place: String) -> String {
            """
            SELECT 1 FROM \(states) AS \(lease) JOIN scope AS \(place) ON \(place).scope_id = \(lease).scope_id
            WHERE \(lease).id = lease.id AND \(place).site_id = scope.site_id
                \(list.map { "AND \(lease).scope_id IN (\($0))" } ?? "")
            """
        }
        needsScope = true
        conditions.append(
            """
            NOT EXISTS (
                \(rows("other", "better")) AND other.scope_id <> lease.scope_id AND CASE
                    WHEN lease.gone IS NOT 'deleted' THEN \(rank("other", "better")) < \(rank("lease", "scope"))
                    WHEN other.gone IS 'deleted' THEN
                        \(departureRank("other", "better")) < \(departureRank("lease", "scope"))
                    ELSE NOT EXISTS (
                        \(rows("third", "best")) AND third.gone IS 'deleted'
                            AND \(rank("third", "best")) < \(rank("other", "better")))
                END)
            """)
    }

    /// What sorts the rows that scopes of one site have of a lease, the one that learned of it last first.
    ///
    /// A scope that has long not been read must not bring back what another knows to be deleted. A list that lacked the
    /// lease, which nobody asked for by itself, counts as of the moment at which it was read: it beats a sighting before
    /// and loses to one since. A scope that may not see the lease any more comes after all others: they may well see it.
    ///
    /// Within one second a deletion, which is for good, comes first, then a sighting, of two the one that Blazar stamped
    /// later, then a list that lacked the lease.
    private func rank(_ lease: String, _ scope: String) -> String {
        let seen =
            states == nil
            ? """
            coalesce(\(lease).gone_before, \(lease).last_seen_at,
                max(\(lease).observed_at, coalesce(\(scope).listed_at, 0)))
            """ : "coalesce(\(lease).gone_before, \(lease).seen_at)"
        return """
            (\(lease).gone IS 'out_of_scope', -\(seen), iif(\(lease).gone IS NULL, 1, 2 * \(lease).gone_unconfirmed),
                -coalesce(\(lease).updated_at, 0), \(scope).all_projects, \(scope).project_id)
            """
    }

    /// What sorts those rows that say that the lease is gone: the one first that the server told so, and that knows
    /// within the shortest time when.
    private func departureRank(_ lease: String, _ scope: String) -> String {
        """
        (\(lease).gone_unconfirmed, \(lease).gone_before - \(lease).gone_after, \(lease).gone_before,
            \(scope).all_projects, \(scope).project_id)
        """
    }

    private mutating func addProject(_ project: String) {
        needsScope = true
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
            // Any scope may have been told: a member may not ask for what an administrator may.
            add(
                """
                EXISTS (
                    SELECT 1 FROM reservation JOIN allocation ON allocation.reservation_id = reservation.id
                    WHERE reservation.lease_key = lease.lease_key
                        AND (allocation.resource_id = ? OR EXISTS (
                            SELECT 1 FROM resource WHERE resource.scope_id = allocation.scope_id
                                AND resource.id = allocation.resource_id AND resource.name = ?)))
                """, resource, resource)
        }
    }
}
