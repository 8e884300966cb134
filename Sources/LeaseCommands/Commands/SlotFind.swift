package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold find-slot`
package struct SlotFind: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "find-slot",
        abstract: "Find when resources are free, and the command that reserves them.",
        usage: "leasehold find-slot --duration <duration> | --longest [<options>]",
        discussion: .paragraphs(
            """
            The answer comes from what the last sync read, at every site that lets you read who holds its resources.
            Queued writes count as executed. Sites that do not report who holds their resources are named.

            --longest finds the slot that begins at --after, or now, and lasts longest. --shorter adds what would fit if
            it were shorter. --same-window finds times at which every site has room, each for --count. Instances of a
            flavor are counted by the site where it does so; elsewhere only those count that fit on hosts that nobody
            uses.

            Exit status: 66 if there is no slot, 77 if no site reports who holds its resources, 69 if none has been
            asked.

            EXAMPLES
              leasehold find-slot --node-type gpu_rtx_6000 --count 2 --duration 1d
              leasehold find-slot --node-type compute_skylake --duration 7d \\
                --after tomorrow --limit 5
              leasehold find-slot --node-type gpu_a100 --longest
              leasehold find-slot --type device --property machine_name=raspberrypi4-64 \\
                --duration 4h --before 'friday 18:00' --shorter
              leasehold find-slot --type fip --network public --count 2 --duration 2d
              leasehold find-slot --flavor m1.small --count 10 --duration 1d
              leasehold find-slot --duration 1d --same-window --os-cloud chi_uc \\
                --os-cloud chi_tacc
              leasehold find-slot --duration 4h -f json \\
                --resource-properties '[">=", "$gpu.gpu_count", "4"]'
            """))

    @OptionGroup var wanted: WishOptions
    @OptionGroup var properties: PropertyOptions
    @Option(
        name: .customLong("flavor"),
        help: ArgumentHelp("Instances of this flavor, by name or id.", valueName: "flavor"))
    var flavor: String?
    @Option(name: .customLong("count"), help: ArgumentHelp("How many.", valueName: "number"))
    var count = 1
    @Option(name: .customLong("duration"), help: ArgumentHelp("For how long.", valueName: "duration"))
    var duration: String?
    @Flag(name: .customLong("longest"), help: "The longest slot that begins at --after, or now.")
    var isLongest = false
    @Flag(name: .customLong("shorter"), help: "Also what would fit if it were shorter.")
    var addsShorter = false
    @Flag(name: .customLong("same-window"), help: "Only times at which all sites have room.")
    var isCommon = false
    @Option(
        name: .customLong("after"), parsing: .unconditional,
        help: ArgumentHelp("The earliest start. Default: now.", valueName: "time"))
    var after: String?
    @Option(
        name: .customLong("before"), parsing: .unconditional,
        help: ArgumentHelp("The latest end.", valueName: "time"))
    var before: String?
    @Option(name: .customLong("limit"), help: ArgumentHelp("How many slots to find at each site.", valueName: "number"))
    var limit = 3
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func validate() throws {
        guard count > 0 else { throw ValidationError("--count takes a number of hosts, 1 or more.") }
        guard limit > 0 else { throw ValidationError("--limit takes a number of slots, 1 or more.") }
        guard (duration != nil) != isLongest else { throw ValidationError("Give --duration LENGTH or --longest.") }
        guard !(isLongest && (addsShorter || isCommon)), !(addsShorter && isCommon) else {
            throw ValidationError("Give only one of --longest, --shorter and --same-window.")
        }
    }

    /// The slots of the sites that answered.
    private struct Search {
        let wish: ResourceWish
        /// The duration in seconds; `nil` for the longest slot.
        let seconds: Int64?
        let after: Timestamp
        let before: Timestamp?
        let sites: [SiteAvailability]
        /// When the resources of each site are free.
        let calendars: [ResourceCalendar]
        let longest: [Int64: Int64]
    }

    package func execute(_ console: inout Console) async throws {
        let zone = reading.zone(console)
        let now = console.now()
        let wish = try wanted.wish(properties, flavor: flavor)
        let seconds = try duration.map { try DurationArgument(parsing: $0).seconds }
        guard seconds ?? 1 > 0 else { throw CommandError.usage("--duration must be longer than 0.") }
        let after = try reading.comingMoment(after, option: "--after", console) ?? now.truncatedToMinute
        let before = try reading.comingMoment(before, option: "--before", console)
        if let before, before <= after { throw CommandError.usage("--before must be later than --after.") }
        let (manager, scopes) = try await reading.open(&console)
        var longest: [Int64: Int64] = [:]
        func search(atMost limit: Int?) throws -> (Search, rows: [SlotRow], refusals: [LeaseholdError]) {
            let (sites, refusals) = try manager.availability(
                of: wish, scopes: scopes, from: after, before: before, atMost: limit)
            for site in sites where longest[site.scope.id] == nil {
                longest[site.scope.id] = (try? manager.rules(for: wish, scope: site.scope))?.maxDurationSeconds
            }
            let search = Search(
                wish: wish, seconds: seconds, after: after, before: before, sites: sites,
                calendars: sites.map { $0.calendar() }, longest: longest)
            return (search, try self.rows(search, now: now), refusals)
        }
        var (found, rows, refusals) = try search(atMost: Self.firstLook)
        if !isCertain(rows, found) { (found, rows, refusals) = try search(atMost: nil) }
        try conclude(rows, found, refusals, zone, &console)
        let listings = found.sites.map { ($0.scope.id, $0.listedAt) }
        try reading.remarkFreshness(
            manager, scopes: scopes, listings: Dictionary(listings) { $1 }.compactMapValues(\.self), &console)
    }

    /// How many periods of each resource are read at first: the first slots seldom depend on more.
    static let firstLook = 8

    private func rows(_ search: Search, now: Timestamp) throws -> [SlotRow] {
        func row(_ slot: FreeSlot, _ site: SiteAvailability, fits: Bool = true) -> SlotRow {
            SlotRow(
                slot: slot, site: site, wish: search.wish, count: count, duration: fits ? duration : nil, fits: fits,
                longest: search.longest[site.scope.id], now: now)
        }
        guard let seconds = search.seconds else {
            return zip(search.sites, search.calendars).compactMap { site, calendar in
                calendar.longestSlot(count: count, at: search.after, before: search.before).map { row($0, site) }
            }
        }
        if isCommon {
            guard search.sites.count > 1 else {
                throw CommandError.usage("--same-window needs two sites that report who holds their resources.")
            }
            return ResourceCalendar.commonSlots(
                in: search.calendars, count: count, durationSeconds: seconds, after: search.after,
                before: search.before, limit: limit
            ).flatMap { slots in zip(slots, search.sites).map { row($0, $1) } }
        }
        return zip(search.sites, search.calendars).flatMap { site, calendar in
            let slots = calendar.slots(
                count: count, durationSeconds: seconds, after: search.after, before: search.before, limit: limit)
            let shorter =
                !addsShorter
                ? []
                : calendar.shorterSlots(
                    count: count, durationSeconds: seconds, after: search.after, before: search.before, limit: limit)
            return slots.map { row($0, site) } + shorter.map { row($0, site, fits: false) }
        }
    }

    /// Whether nothing that was not read could change the slots.
    private func isCertain(_ rows: [SlotRow], _ search: Search) -> Bool {
        search.sites.allSatisfy { site in
            guard let end = site.unreadFrom else { return true }
            guard !addsShorter, !isCommon, end > search.after else { return false }
            let slots = rows.filter { $0.site.scope.id == site.scope.id }.map(\.slot)
            guard let seconds = search.seconds else { return slots.allSatisfy { $0.endsAt <= end } }
            // Until the last of the times at which a slot may begin, it is known how long it lasts.
            return slots.count == limit
                && slots.allSatisfy { $0.latestStart.map { $0.adding(seconds: seconds + 60) <= end } ?? false }
        }
    }

    private func conclude(
        _ rows: [SlotRow], _ search: Search, _ refusals: [LeaseholdError], _ zone: DisplayZone,
        _ console: inout Console
    ) throws {
        let matching = search.calendars.reduce(0) { $0 + $1.units }
        if let refusal = refusals.first(where: { $0.code == .refused }) ?? refusals.first, search.sites.isEmpty {
            throw refusal
        }
        if !reading.output.isQuiet { for refusal in refusals { console.remark(refusal.message) } }
        let sorted = rows.sorted { ($0.slot.startsAt, $0.site.scope.site) < ($1.slot.startsAt, $1.site.scope.site) }
        guard let first = sorted.first(where: \.fits) ?? sorted.first else {
            throw LeaseholdError(
                code: .notFound, message: nothing(search, matching, TimeText(zone: zone, now: console.now())))
        }
        let columns = SlotRow.columns(
            search.wish.resourceType, hasLength: isLongest || addsShorter, hasShorter: addsShorter)
        try reading.write(sorted, columns, &console)
        guard reading.output.format == .table, !reading.output.isQuiet else { return }
        if search.sites.contains(where: \.isLowerBound) {
            console.remark("Instances on hosts that others use too are not counted: there may be more room.")
        }
        let time = TimeText(zone: zone, now: console.now())
        for site in search.sites {
            guard let end = site.countedUntil else { continue }
            console.remark(
                "\(site.scope.site) counts free instances, until \(time.zoned(end)). Each stays on one host, so fewer may "
                    + "fit for a whole lease.")
        }
        if isLongest, first.slot.isOpenEnded {
            console.remark("Nothing that is known ends it: the site's own rules limit how long a lease may be.")
        }
        let taken = isCommon ? sorted.filter { $0.slot.startsAt == first.slot.startsAt } : [first]
        for row in taken { console.remark("Take it: \(row.command)") }
    }

    /// Why there is no slot.
    private func nothing(_ search: Search, _ matching: Int, _ time: TimeText) -> String {
        let type = search.wish.resourceType
        guard matching >= count else { return "You asked for \(type.counted(count)); \(matching) match." }
        let what =
            count == 1 ? "No \(type.noun) is free" : "No \(type.counted(count)) are free at the same time"
        let when = search.before.map { " before \(time.zoned($0))" } ?? ""
        if let duration { return "\(what) for \(duration)\(when); \(matching) match." }
        let first = search.calendars.flatMap {
            $0.slots(
                count: count, durationSeconds: 60, after: search.after, before: search.before, limit: 1)
        }.map(\.startsAt).min()
        let hint = first.map { " The first time is \(time.zoned($0)): --after \($0.iso8601)." } ?? ""
        return "\(what) at \(time.zoned(search.after))\(when); \(matching) match.\(hint)"
    }
}
