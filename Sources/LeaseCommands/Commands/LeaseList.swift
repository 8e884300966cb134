package import ArgumentParser
import LeaseModel
import Leasehold

/// `leasehold list`
package struct LeaseList: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List leases, from the local database.",
        discussion: """
            Shows what is queued (status QUEUED, with a local id) and every lease that a site still lists, ended ones too;
            --deleted adds those that it no longer lists, and how they ended.

            --on asks what was held at a time, as known now; those that vanished around it say 'maybe'. --as-known-at asks
            for the list as it was known at a time. Both together ask what was then believed about the other time.

            EXAMPLES
              leasehold list --mine --status active
              leasehold list --node-type gpu_rtx_6000 --active-at tomorrow
              leasehold list --name 'nightly-*' --sort -end_date -f json
              leasehold list -c name -c end_date -f csv --utc
              leasehold list --on 2026-03-01 --project physics
              leasehold list --as-known-at '2026-03-01 12:00' -f json
              leasehold list --on 2026-03-08 --as-known-at 2026-03-01
            """)

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var filters: LeaseFilterOptions
    @OptionGroup var past: PastOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let now = console.now()
        let filter = try filters.filter(now: now, zone: reading.zone(console), scopes: scopes)
        let knownAt = try past.knownAt.map { try reading.pastMoment($0, option: "--as-known-at", console) }
        let heldAt = try past.heldAt.map { try TimeArgument(parsing: $0).moment(now: now, zone: reading.zone(console)) }
        if heldAt != nil || knownAt != nil {
            let columns = LeaseRow.columns(heldAt: heldAt, showsEnding: filter.includesDeparted)
            try reading.write(columns, &console) { write in
                try manager.forEachLease(on: heldAt, asKnownAt: knownAt, filter) {
                    try write(LeaseRow($0, now: heldAt ?? knownAt ?? now))
                }
            }
            try reading.remarkFreshness(manager, scopes: scopes, knownAt: knownAt, &console)
            return
        }
        var queued = 0
        try reading.write(LeaseRow.columns(showsEnding: filter.includesDeparted), &console) { write in
            try manager.forEachLease(filter) {
                if $0.isQueued { queued += 1 }
                try write(LeaseRow($0, now: now))
            }
        }
        if queued > 0, reading.output.format == .table, !reading.output.isQuiet {
            console.remark("Writes are queued for \(queued) of these: see `leasehold queue list`.")
        }
        try reading.remarkFreshness(manager, scopes: scopes, &console)
    }
}
