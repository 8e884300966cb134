package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold status`
package struct SiteStatus: Subcommand, HasReadingOptions {
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

    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let rows = try SiteRow.all(manager, scopes: scopes, now: console.now())
        try reading.write(rows, SiteRow.overview, &console)
        remarkLoginEnds(rows, &console)
        try remarkKept(manager, scopes: scopes, &console)
        try remarkWaiting(manager, scopes: scopes, &console)
        if output.format.isForPeople, !output.isQuiet {
            let time = TimeText(zone: reading.zone(console), now: console.now())
            for remark in try manager.reminderRemarks(now: console.now(), time: { time.moment($0) }) {
                console.remark(remark)
            }
        }
        try reading.remarkFreshness(manager, scopes: scopes, &console)
    }

    /// Says which leases are kept, and which could not be kept in the last week.
    private func remarkKept(_ manager: LeaseManager, scopes: Set<Int64>?, _ console: inout Console) throws {
        guard output.format.isForPeople, !output.isQuiet else { return }
        let (now, time) = (console.now(), reading.style(console).time)
        for rule in try manager.keepRules(scopes: scopes, endedAfter: now.adding(seconds: -7 * 86_400))
        where rule.ending == nil || rule.ending == .missed {
            console.remark(KeepText(rule: rule, now: now, time: time).sentence)
        }
    }

    /// Says which creations wait for room.
    private func remarkWaiting(_ manager: LeaseManager, scopes: Set<Int64>?, _ console: inout Console) throws {
        guard output.format.isForPeople, !output.isQuiet else { return }
        let time = reading.style(console).time
        for write in try manager.queue(scopes: scopes) where write.state == .waiting {
            guard let terms = write.waiting else { continue }
            console.remark(WaitingText(write, terms, time: time).sentence)
        }
    }
}

/// `leasehold sites`
package struct SiteList: Subcommand, HasReadingOptions {
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

    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

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
