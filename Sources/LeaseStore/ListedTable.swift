import GRDB

/// A table of what a site lists of a kind: resources or allocations. Both are kept in the same way.
///
/// A row records when it was first listed, when it was last listed, and when it was first missing (`gone_before`).
/// `gone_before` is always recomputed, never imported: it is the first complete list after the row was last seen, no
/// matter who read that list.
struct ListedTable {
    let name: String
    /// The columns that identify a listed item.
    let keys: [String]
    /// The columns that describe it. They are updated together: all of them come from one list.
    let values: [String]
    /// The suffix of the kind in the names of its lists.
    let suffix: String

    static let resources = ListedTable(name: "resource", keys: ["id"], values: ["name", "fields"], suffix: "")

    static let allocations = ListedTable(
        name: "allocation", keys: ["resource_id", "reservation_id"],
        values: ["lease_id", "lease_name", "project_id", "start_at", "end_at", "extra"], suffix: "/allocations")

    /// The name of the lists of a kind, in `resource_list` and `resource_listing`.
    func listName(_ kind: String) -> String { kind + suffix }

    /// What follows the name of lists that are complete only for the leases of the scope's own project. A snapshot for
    /// the members of a project has such lists of allocations. They tell what is gone, but not what is free.
    static let ownSuffix = "/own"

    /// The lease of an allocation if it is one of the scope's own project.
    static let ownLease = """
        SELECT 1 FROM lease JOIN scope ON scope.site_id = lease.site_id AND scope.project_id = lease.project_id
        WHERE scope.scope_id = allocation.scope_id AND lease.id = allocation.lease_id
        """

    /// When a row was last listed.
    var lastSeen: String {
        """
        coalesce(\(name).last_seen_at, (
            SELECT list.listed_at FROM resource_list AS list
            WHERE list.scope_id = \(name).scope_id AND list.kind = \(name).kind || '\(suffix)'), \(name).first_seen_at)
        """
    }

    /// When a row was last listed, according to the lists read by a moment (seconds since 1970).
    func lastSeen(until moment: Int64) -> String {
        """
        min(\(lastSeen), coalesce((
            SELECT max(listing.listed_at) FROM resource_listing AS listing
            WHERE listing.scope_id = \(name).scope_id AND listing.kind = \(name).kind || '\(suffix)'
                AND listing.listed_at <= \(moment)), \(moment)))
        """
    }

    /// The columns of a row as another database exports it: keys, values, when it was first listed, and when last.
    var exported: String { "\((keys + values).joined(separator: ", ")), first_seen_at, \(lastSeen)" }

    /// Writes a row of a list that has just been read, if it is new or has changed. The arguments are the scope, the
    /// kind, the keys, the values and the moment.
    var upsertListed: String {
        let updates = values.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        let isNew = values.map { "\($0) IS NOT excluded.\($0)" }.joined(separator: " OR ")
        return """
            \(insert(["first_seen_at"]))
            DO UPDATE SET \(updates), gone_before = NULL, last_seen_at = NULL
            WHERE \(isNew) OR gone_before IS NOT NULL OR last_seen_at IS NOT NULL
            """
    }

    /// Adds a row of another database; its values win if it was listed later than here. If both were listed in the same
    /// second, the greater values win, so that the result does not depend on the order of imports. The arguments are
    /// the scope, the kind and ``exported``.
    var upsertImported: String {
        // NULL compares with nothing, and a number is less than any text.
        func rank(_ table: String, seen: String) -> String {
            "(\(([seen] + values.map { "coalesce(\(table).\($0), 0)" }).joined(separator: ", ")))"
        }
        let isNewer = "\(rank("excluded", seen: "excluded.last_seen_at")) > \(rank(name, seen: lastSeen))"
        let updates = values.map { "\($0) = iif(\(isNewer), excluded.\($0), \(name).\($0))" }.joined(separator: ", ")
        return """
            \(insert(["first_seen_at", "last_seen_at"]))
            DO UPDATE SET \(updates), first_seen_at = min(\(name).first_seen_at, excluded.first_seen_at),
                last_seen_at = max(\(lastSeen), excluded.last_seen_at)
            WHERE \(isNewer) OR excluded.first_seen_at < \(name).first_seen_at
            """
    }

    /// Recomputes when the rows of a kind were first missing, after lists or rows have been imported. The arguments are
    /// the scope and the kind.
    var updateGone: String {
        func next(_ suffix: String) -> String {
            """
            (SELECT min(listing.listed_at) FROM resource_listing AS listing
             WHERE listing.scope_id = \(name).scope_id AND listing.kind = \(name).kind || '\(suffix)'
                AND listing.listed_at > \(lastSeen))
            """
        }
        var goneBefore = next(suffix)
        if name == "allocation" {
            let own = "CASE WHEN EXISTS (\(Self.ownLease)) THEN \(next(suffix + Self.ownSuffix)) END"
            goneBefore = "(SELECT min(moment) FROM (SELECT \(goneBefore) AS moment UNION ALL SELECT \(own)))"
        }
        return """
            UPDATE \(name) SET last_seen_at = \(lastSeen), gone_before = \(goneBefore)
            WHERE scope_id = ? AND kind = ? AND gone_before IS NOT \(goneBefore)
            """
    }

    private func insert(_ moments: [String]) -> String {
        let columns = ["scope_id", "kind"] + keys + values + moments
        return """
            INSERT INTO \(name) (\(columns.joined(separator: ", ")))
            VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
            ON CONFLICT (\((["scope_id", "kind"] + keys).joined(separator: ", ")))
            """
    }
}
