package import LeaseModel
package import Leasehold
package import Output

extension SiteRow {
    /// A row for each scope.
    package static func all(_ manager: LeaseManager, scopes: Set<Int64>?, now: Timestamp) throws -> [SiteRow] {
        let runs = try manager.lastRuns()
        let queue = try manager.queue(scopes: scopes).filter(\.state.isPending)
        let listings = try manager.resourceListings(scopes: scopes)
        let firstListings = try manager.firstListings()
        let ends = manager.loginEnds()
        let kept = try manager.keepRules(scopes: scopes, endedAfter: now).filter { $0.ending == nil }
        return try manager.scopes().filter { scopes?.contains($0.id) ?? true }.map { scope in
            var filter = LeaseFilter()
            filter.scopes = [scope.id]
            return SiteRow(
                scope: scope, lastRun: runs.last { scope.clouds.contains($0.cloud) },
                counts: try manager.counts(filter),
                next: try manager.nextToEnd(scope: scope.id, after: now),
                queued: queue.count { $0.scopeID == scope.id }, kept: kept.count { $0.scopeID == scope.id }, now: now,
                listings: listings.filter { $0.scopeID == scope.id }, historySince: firstListings[scope.id],
                loginEnds: ends.filter { scope.clouds.contains($0.cloud.description) })
        }
    }
}

/// A scope as a row of `sites` and `status`.
package struct SiteRow: Sendable {
    package let scope: Scope
    package let lastRun: SyncRun?
    package let counts: [LeaseStatus: Int]
    package let next: MirroredLease?
    /// The number of waiting writes.
    package let queued: Int
    /// The number of kept leases.
    package let kept: Int
    package let now: Timestamp
    package let listings: [ResourceListing]
    /// The time from which on the history is complete.
    package let historySince: Timestamp?
    /// When the logins of its clouds end, if that is known.
    package let loginEnds: [LoginEnd]

    /// The login that ends first.
    private var loginEnd: LoginEnd? { loginEnds.min { $0.endsAt < $1.endsAt } }

    private func count(_ status: LeaseStatus) -> Cell { .number(counts[status] ?? 0) }

    /// The columns of `status`.
    package static let overview: [Column<SiteRow>] = [
        Column("site") { .text($0.scope.site) },
        Column("project_name", title: "project", dropPriority: 6) { .text($0.scope.projectName) },
        Column("active") { $0.count(.active) },
        Column("pending") { $0.count(.pending) },
        Column("error", dropPriority: 4) { $0.count(.error) },
        Column("terminated", dropPriority: 2, heading: "ENDED") { $0.count(.terminated) },
        Column("queued") { .number($0.queued) },
        Column("kept", visibility: .structured) { .number($0.kept) },
        Column("next_end", dropPriority: 9) { .time($0.next?.lease.endsAt) },
        Column("next_lease", dropPriority: 8) { .text($0.next?.lease.name) },
        Column("remaining", dropPriority: 3, heading: "LEFT") { row in
            row.next.map { .duration(seconds: $0.lease.endsAt.seconds(since: row.now)) } ?? .missing
        },
        Column("synced_at", title: "synced", heading: "READ") { .time($0.scope.listedAt) },
        Column("last_outcome", title: "last try", dropPriority: 1) { .text($0.lastRun?.outcome?.rawValue) },
        Column("login_ends_at", title: "login ends", visibility: .structured) { .time($0.loginEnd?.endsAt) },
    ]
    /// The columns of `sites`. The column for logins is there only if the end of one is known.
    package static func details(_ rows: [SiteRow]) -> [Column<SiteRow>] {
        let visibility: Column<SiteRow>.Visibility = rows.contains { !$0.loginEnds.isEmpty } ? .always : .structured
        return details + [
            Column("login_ends_at", title: "login ends", visibility: visibility, dropPriority: 7) {
                .time($0.loginEnd?.endsAt)
            },
            Column("login_kind", visibility: .structured) { .text($0.loginEnd?.kind.rawValue) },
        ]
    }

    private static let details: [Column<SiteRow>] = [
        Column("site") { .text($0.scope.site) },
        Column("clouds") { .text($0.scope.clouds.joined(separator: ", ")) },
        Column("project_name", title: "project", dropPriority: 6) { .text($0.scope.projectName) },
        Column("all_projects", dropPriority: 2, role: .context) { .bool($0.scope.seesAllProjects) },
        Column("region", dropPriority: 3, role: .context) { .text($0.scope.region) },
        Column("auth_url", dropPriority: 4) { .text($0.scope.authURL) },
        Column("synced_at", title: "synced", heading: "READ") { .time($0.scope.listedAt) },
        Column("last_outcome", title: "last try", dropPriority: 1) { .text($0.lastRun?.outcome?.rawValue) },
        Column("history_since", title: "history since", dropPriority: 5) { .time($0.historySince) },
        Column("last_message", visibility: .structured) { .text($0.lastRun?.message) },
        Column("project_id", visibility: .structured) { .text($0.scope.projectID) },
        Column("server_clock_offset", visibility: .structured) { row in
            guard let run = row.lastRun, let server = run.serverDate, let end = run.finishedAt else { return .missing }
            return .number(Int(max(0, server.seconds(since: end)) + min(0, server.seconds(since: run.startedAt))))
        },
        Column("resources", visibility: .structured) { row in
            .json(.object(JSONObject(row.listings.map { ($0.kind.rawValue, .string($0.outcome.rawValue)) })))
        },
    ]
}
