import LeaseModel
import LeaseText
import Leasehold
import Output

/// The sites: how fresh they are, since when their history is complete, and what their last syncs found.
enum SitesView {
    /// The number of syncs that are shown.
    private static let runCount = 12

    static func show(_ request: WebRequest) async throws -> WebPage {
        let rows = try SiteRow.all(request.manager, scopes: request.scopes, now: request.now)
        let progress = request.site.syncs.progress
        return WebPage(
            title: "Sites", template: "sites",
            data: [
                "sites": rows.map { site($0, request) }, "runs": try runs(request),
                "isSyncing": progress != nil,
                "progress": (progress ?? []).map { ["cloud": $0.cloud, "text": $0.text] as WebData },
                "failures": progress == nil ? request.site.syncs.failures : [],
                "json": request.link("/sites.json"), "csv": request.link("/sites.csv"),
            ],
            table: WebTable(SiteRow.details(rows), rows))
    }

    /// Begins a sync of one cloud, or of those that the page is for.
    static func sync(_ request: WebRequest) async throws -> WebPage {
        let clouds: Clouds
        if let cloud = request.form["cloud"] {
            clouds = .named([cloud])
        } else {
            clouds = request.clouds.contains("all") ? .all : request.clouds.isEmpty ? .standard : .named(request.clouds)
        }
        let hasBegun = request.site.syncs.begin(clouds)
        return .redirect(
            to: request.link("/sites"), notice: hasBegun ? "The sync has begun." : "A sync is running already.")
    }

    private static func site(_ row: SiteRow, _ request: WebRequest) -> WebData {
        let scope = row.scope
        let outcome = row.lastRun?.outcome?.rawValue
        let counts = row.counts.filter { $0.value > 0 }.sorted { $0.key.rawValue < $1.key.rawValue }
        return [
            "key": "\(scope.id)", "site": scope.site, "project": scope.projectName, "all": scope.seesAllProjects,
            "clouds": scope.clouds.joined(separator: ", "), "cloud": WebData.ifAny(scope.clouds.first),
            "region": WebData.ifAny(scope.region), "endpoint": scope.endpoint,
            "read": scope.listedAt.map { "\(TimeText.relative($0, to: request.now)) (\(request.time.moment($0)))" }
                ?? "never",
            "since": row.historySince.map { request.time.moment($0) } ?? "nothing is known yet",
            "outcome": WebData.ifAny(outcome), "style": StatusStyle.of(outcome == "complete" ? "ok" : outcome ?? ""),
            "message": WebData.ifAny(outcome == "complete" ? nil : row.lastRun?.message),
            "counts": counts.map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", "),
            "queued": WebData.ifAny(row.queued > 0 ? "\(row.queued)" : nil),
            "next": WebData.ifAny(row.next.map { "\($0.lease.name), \(request.time.moment($0.lease.endsAt))" }),
            "nextLink": row.next.map { request.link(lease: $0.lease.id) } ?? "",
            "leases": request.link("/leases", WebFields([("site", scope.site)])),
            "forbidden": WebData.ifAny(
                row.listings.filter { $0.outcome == .forbidden || $0.outcome == .failed }.map(\.kind.plural)
                    .joined(separator: ", ")),
            "login": WebData.ifAny(
                row.loginEnds.map(\.endsAt).min().map { "ends \(request.time.moment($0))" }),
        ]
    }

    /// The last syncs, the latest first.
    private static func runs(_ request: WebRequest) throws -> [WebData] {
        try request.manager.recentRuns(limit: runCount).map { run in
            let outcome = run.outcome?.rawValue
            return [
                "when": request.time.moment(run.startedAt, .seconds), "cloud": run.cloud,
                "outcome": outcome ?? "not finished",
                "style": StatusStyle.of(outcome == "complete" ? "ok" : outcome ?? "waiting"),
                "listed": run.counts.listed, "new": run.counts.new, "changed": run.counts.changed,
                "vanished": run.counts.vanished, "message": run.message ?? "",
            ]
        }
    }
}
