package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold status`
package struct SiteStatus: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show at a glance what is running, what ends next, and how fresh the data is.",
        usage: "leasehold status [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold status
              leasehold status --refresh --os-cloud all
            """))

    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let rows = try SiteRow.all(manager, scopes: scopes, now: console.now())
        try reading.write(rows, SiteRow.overview, &console)
        remarkLoginEnds(rows, &console)
        try reading.remarkFreshness(manager, scopes: scopes, &console)
    }
}

/// `leasehold sites`
package struct SiteList: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "sites",
        abstract: "List the synced sites, and the users and projects they were synced with.",
        usage: "leasehold sites [<options>]",
        discussion: .paragraphs(
            """
            EXAMPLES
              leasehold sites
              leasehold sites -f json
            """))

    @OptionGroup var reading: ReadingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let rows = try SiteRow.all(manager, scopes: scopes, now: console.now())
        try reading.write(rows, SiteRow.details(rows), &console)
        remarkLoginEnds(rows, &console)
        try reading.remarkFreshness(manager, scopes: scopes, &console)
    }
}

extension Subcommand {
    /// Says which logins will end soon, or have ended.
    fileprivate func remarkLoginEnds(_ rows: [SiteRow], _ console: inout Console) {
        let now = console.now()
        var told: Set<LoginEnd> = []
        for end in rows.flatMap(\.loginEnds) where now >= end.tellsFrom && told.insert(end).inserted {
            console.remark("\(end.cloud): \(end.sentence(now: now))")
        }
    }
}

extension SiteRow {
    /// A row for each scope.
    static func all(_ manager: LeaseManager, scopes: Set<Int64>?, now: Timestamp) throws -> [SiteRow] {
        let runs = try manager.lastRuns()
        let queue = try manager.queue(scopes: scopes).filter(\.state.isPending)
        let listings = try manager.resourceListings(scopes: scopes)
        let firstListings = try manager.firstListings()
        let ends = manager.loginEnds()
        return try manager.scopes().filter { scopes?.contains($0.id) ?? true }.map { scope in
            var counts: [LeaseStatus: Int] = [:]
            var filter = LeaseFilter()
            filter.scopes = [scope.id]
            for status in [LeaseStatus.active, .pending, .error, .terminated] {
                filter.statuses = [status]
                counts[status] = try manager.count(filter)
            }
            return SiteRow(
                scope: scope, lastRun: runs.last { scope.clouds.contains($0.cloud) }, counts: counts,
                next: try manager.nextToEnd(scope: scope.id, after: now),
                queued: queue.count { $0.scopeID == scope.id }, now: now,
                listings: listings.filter { $0.scopeID == scope.id }, historySince: firstListings[scope.id],
                loginEnds: ends.filter { scope.clouds.contains($0.cloud.description) })
        }
    }
}
