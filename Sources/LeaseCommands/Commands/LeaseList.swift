package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold list`
package struct LeaseList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List leases, from the local database.",
        discussion: .paragraphs(
            """
            Shows running, coming and queued leases, your own first. -a, --status and options that name a time include
            leases that have ended. --deleted includes those that their site no longer lists, and shows how they ended.

            --on lists what was held at a time, according to what is known now; leases that vanished around that time
            say 'maybe'. --as-known-at shows the list as it was known at a time. Together, they show what was known then
            about the other time.

            EXAMPLES
              leasehold list --mine --status active
              leasehold list -a --limit 20
              leasehold list --node-type gpu_rtx_6000 --active-at tomorrow
              leasehold list --name 'nightly-*' --sort -end_date -f json
              leasehold list -c name -c end_date -f csv --utc
              leasehold list --on 2026-03-01 --project physics
              leasehold list --as-known-at '2026-03-01 12:00' -f json
              leasehold list --on 2026-03-08 --as-known-at 2026-03-01
            """))

    @Flag(name: [.customShort("a"), .customLong("all")], help: "Include leases that have ended.")
    var includesEnded = false
    @Option(name: .customLong("limit"), help: ArgumentHelp("Show at most this number.", valueName: "number"))
    var limit: Int?
    @OptionGroup var match: LeaseMatchOptions
    @OptionGroup var filters: LeaseFilterOptions
    @OptionGroup var past: PastOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes a number of leases, 1 or more.") }
    }

    package func execute(_ console: inout Console) async throws {
        let (manager, scopes) = try await reading.open(&console)
        let now = console.now()
        let filter = try filters.filter(match, now: now, zone: reading.zone(console), scopes: scopes)
        let knownAt = try past.knownAt.map { try reading.pastMoment($0, option: "--as-known-at", console) }
        let heldAt = try past.heldAt.map { try TimeArgument(parsing: $0).moment(now: now, zone: reading.zone(console)) }
        if heldAt != nil || knownAt != nil {
            let showsEnding = filter.includesRemoved
            try reading.write(
                LeaseRow.columns(heldAt: heldAt, showsEnding: showsEnding),
                terminal: LeaseRow.terminalColumns(heldAt: heldAt, showsEnding: showsEnding), limit: limit, &console
            ) { write in
                try manager.forEachLease(on: heldAt, asKnownAt: knownAt, filter) {
                    try write(LeaseRow($0, now: heldAt ?? knownAt ?? now))
                }
            }
            try reading.remarkFreshness(manager, scopes: scopes, knownAt: knownAt, &console)
            return
        }
        let listing = LeaseListing(
            manager: manager, filter: filter,
            includesEnded: includesEnded || filter.asksForEnded, now: now)
        var count = ListedCount()
        let selection = try reading.selection(
            LeaseRow.columns(showsEnding: filter.includesRemoved),
            terminal: LeaseRow.terminalColumns(heldAt: nil, showsEnding: filter.includesRemoved), console)
        let isSorted = !reading.output.sort.isEmpty
        let isForPeople = reading.output.format.isForPeople && !isSorted
        try reading.write(selection, limit: limit, &console) { write in
            // People are told how many there are in all.
            try listing.forEach(
                order: isForPeople ? .relevance(at: now) : .ownFirst, parts: LeaseRow.parts(of: selection),
                atMost: isForPeople || isSorted ? nil : limit
            ) { row in
                count.note(row)
                try write(row)
            }
        }
        try remark(count, listing, &console)
        try reading.remarkFreshness(manager, scopes: scopes, &console)
    }

    /// Says which leases are not shown, and why.
    private func remark(_ count: ListedCount, _ listing: LeaseListing, _ console: inout Console) throws {
        guard !reading.output.isQuiet else { return }
        if count.rows == 0, let reason = try listing.emptiness() {
            console.remark(reason)
        }
        guard reading.output.format == .table else { return }
        if let limit, count.rows > limit {
            console.remark("\(limit) of \(count.rows) shown (--limit).")
        }
        let ended = try listing.endedCount()
        if ended > 0 { console.remark("\(ended) ended lease\(ended == 1 ? "" : "s") not shown (-a).") }
        if reading.isPage(console) {
            if count.marked { console.remark("* changed here, not sent yet: leasehold queue") }
            if count.undecided { console.remark("! waits for your decision: leasehold queue") }
        } else if count.queued > 0 {
            console.remark("Writes are queued for \(count.queued) of these: see `leasehold queue list`.")
        }
    }
}

/// What was listed, for the remarks below the list.
private struct ListedCount {
    var rows = 0
    var queued = 0
    var marked = false
    var undecided = false

    mutating func note(_ row: LeaseRow) {
        rows += 1
        guard row.mirrored.isQueued else { return }
        queued += 1
        if row.mark == " *" { marked = true }
        if row.mark == " !" { undecided = true }
    }
}
