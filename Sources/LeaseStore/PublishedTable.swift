/// A table that is published: where its rows come from, and how they are found again.
///
/// ``all`` is the only list of what is published. It drives the first copy, the copies of what changed, and the removal
/// of a site. PostgreSQL's side of it is in LeasePublish, whose `postgres_v1.sql` makes the tables.
package struct PublishedTable: Sendable {
    package struct Column: Sendable {
        package let name: String
        /// SQLite's expression for it.
        let value: String
    }

    /// The columns of the key by which changes are recorded.
    package struct Key: Sendable {
        package let name: String
        /// Whether it is a number of a row, which differs between the two databases.
        let isNumber: Bool
    }

    /// The name, in both databases.
    package let name: String
    /// The name under which its changes are recorded: a part of a lease changes with its lease.
    package let changes: String
    package let columns: [Column]
    package let key: [Key]
    /// The number by which its rows belong to a collector and, with ``sites``, to a site.
    package let owner: String
    /// PostgreSQL's query for the owners of a site's rows; the site's number takes the place of `$1`.
    package let sites: String

    /// - Parameters:
    ///   - name: the name.
    ///   - changes: the name under which changes are recorded; its own by default.
    ///   - numbers: the columns with numbers of rows.
    ///   - columns: the other columns.
    ///   - computed: columns that SQLite computes.
    ///   - key: the columns of the key.
    ///   - sites: PostgreSQL's query for the owners of a site's rows.
    private init(
        _ name: String, changes: String? = nil, numbers: String, columns: String, computed: [Column] = [], key: String,
        sites: String
    ) {
        let numbers = numbers.split(whereSeparator: \.isWhitespace).map(String.init)
        self.name = name
        self.changes = changes ?? name
        self.columns =
            numbers.map { Column(name: $0, value: "\(name).\($0) + \(Self.offset)") }
            + columns.split(whereSeparator: \.isWhitespace).map { Column(name: String($0), value: "\(name).\($0)") }
            + computed
        self.key = key.split(whereSeparator: \.isWhitespace).map {
            Key(name: String($0), isNumber: numbers.contains(String($0)))
        }
        owner = numbers[0]
        self.sites = sites
    }

    private static let ofSite = "SELECT $1"
    private static let ofScope = "SELECT scope_id FROM scope WHERE site_id = $1"
    private static let ofLease = "SELECT lease_key FROM lease WHERE site_id = $1"
    /// Takes the place of what is added to each number.
    private static let offset = "{offset}"

    /// The tables. Those that others need to find the rows of a site come last.
    package static let all: [PublishedTable] = [
        PublishedTable(
            "person", numbers: "site_id", columns: "kind id name heard_at", key: "site_id kind id", sites: ofSite),
        PublishedTable(
            "imported_listing", numbers: "scope_id", columns: "listed_at", key: "scope_id listed_at", sites: ofScope),
        PublishedTable(
            "sync_run", numbers: "run_id scope_id",
            columns: """
                kind cloud started_at finished_at outcome message bytes listed new changed ended vanished
                """, key: "run_id",
            sites: "SELECT run_id FROM sync_run JOIN scope USING (scope_id) WHERE site_id = $1"),
        PublishedTable(
            "resource_list", numbers: "scope_id", columns: "kind outcome listed_at", key: "scope_id kind",
            sites: ofScope),
        PublishedTable(
            "resource", numbers: "scope_id", columns: "kind id name fields first_seen_at gone_before last_seen_at",
            key: "scope_id kind id", sites: ofScope),
        PublishedTable(
            "allocation", numbers: "scope_id",
            columns: """
                kind resource_id reservation_id lease_id project_id start_at end_at first_seen_at gone_before last_seen_at
                """, key: "scope_id kind resource_id reservation_id", sites: ofScope),
        PublishedTable(
            "reservation", changes: "lease", numbers: "lease_key",
            columns: """
                id resource_id resource_type status missing_resources resources_changed created_at updated_at node_type
                fields min_count max_count amount
                """,
            computed: [Column(name: "resource_properties", value: "reservation.fields ->> 'resource_properties'")],
            key: "lease_key", sites: ofLease),
        PublishedTable(
            "event", changes: "lease", numbers: "lease_key",
            columns: "id event_type time_at status created_at updated_at", key: "lease_key", sites: ofLease),
        PublishedTable(
            "lease_history", changes: "lease", numbers: "lease_key history_id",
            columns: """
                observed_at last_seen_at observed_until name status start_at end_at gone gone_after gone_before
                gone_unconfirmed
                """, key: "lease_key", sites: ofLease),
        PublishedTable(
            "audience", numbers: "audience_id", columns: "",
            computed: [
                Column(
                    name: "scopes",
                    value: """
                        iif(\(offset) = 0, audience.scopes,
                            (SELECT json_group_array(member.value + \(offset)) FROM json_each(audience.scopes) AS member))
                        """),
                Column(name: "scope_id", value: "audience.scopes ->> 0 + \(offset)"),
            ], key: "audience_id",
            sites: "SELECT audience_id FROM lease WHERE site_id = $1"),
        PublishedTable(
            "lease", numbers: "lease_key site_id audience_id",
            columns: """
                id name user_id project_id start_at end_at status degraded created_at updated_at extra first_seen_at
                observed_at last_seen_at gone gone_after gone_before gone_unconfirmed
                """, key: "lease_key", sites: ofLease),
        PublishedTable(
            "scope", numbers: "scope_id site_id", columns: "project_id all_projects listed_at", key: "scope_id",
            sites: ofScope),
        PublishedTable("site", numbers: "site_id", columns: "name endpoint region", key: "site_id", sites: ofSite),
    ]

    // MARK: - Queries

    /// The query for all rows.
    func everything(offset: Int64) -> String { filled("SELECT \(values) FROM \(name)", offset) }

    /// The query for the rows that changed and are still there.
    func changed(after change: Int64, offset: Int64) -> String {
        let matches = key.enumerated().map { index, part in
            "\(name).\(part.name) = \(key.count == 1 ? "changed.key" : "changed.key ->> \(index)")"
        }
        return filled(
            """
            \(changedKeys(after: change))
            SELECT \(values) FROM changed CROSS JOIN \(name) ON \(matches.joined(separator: " AND "))
            """, offset)
    }

    /// The query for the keys of the rows that changed, whether or not they are still there.
    func keys(after change: Int64, offset: Int64) -> String {
        let parts = key.enumerated().map { index, part in
            (key.count == 1 ? "changed.key" : "changed.key ->> \(index)") + (part.isNumber ? " + \(Self.offset)" : "")
        }
        return filled(
            "\(changedKeys(after: change)) SELECT \(parts.joined(separator: ", ")) FROM changed", offset)
    }

    private var values: String { columns.map { "\($0.value)" }.joined(separator: ", ") }

    private func changedKeys(after change: Int64) -> String {
        """
        WITH changed AS MATERIALIZED (
            SELECT DISTINCT key FROM publication_change WHERE change_id > \(change) AND table_name = '\(changes)')
        """
    }

    private func filled(_ sql: String, _ offset: Int64) -> String {
        sql.replacing(Self.offset, with: String(offset))
    }
}
