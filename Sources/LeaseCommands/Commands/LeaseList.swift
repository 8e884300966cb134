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
            --deleted adds those that it no longer lists.

            EXAMPLES
              leasehold list --mine --status active
              leasehold list --node-type gpu_rtx_6000 --active-at tomorrow
              leasehold list --name 'nightly-*' --sort -end_date -f json
              leasehold list -c name -c end_date -f csv --utc
            """)

    @OptionGroup var reading: ReadingOptions
    @OptionGroup var filters: LeaseFilterOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let now = console.now()
        let filter = try filters.filter(now: now, zone: reading.zone(console), scopes: scopes)
        var queued = 0
        try reading.write(LeaseRow.columns, &console) { write in
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
