package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold free`
package struct FreeList: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "free",
        abstract: "Count what is free, now, at a time, or all through a period.",
        usage: "leasehold free [--at <time> | --from <time> --to <time>] [<options>]",
        discussion: .paragraphs(
            """
            Without options: how many nodes, devices and floating IPs of each type are free now, when that changes, and
            to how many. With --from and --to: every count in that period, and from when to when it holds. The counts
            are exact as far as the last sync knows; queued writes count as executed. What cannot be reserved at all is
            not counted. Times in the past are refused: allocations are listed only until they end. For the past, see
            `leasehold report utilization`, or the calendar of `leasehold web`.

            EXAMPLES
              leasehold free
              leasehold free --at 'monday 9:00'
              leasehold free --from now --to friday --type node
              leasehold free --property gpu.gpu_count=4 --by site
              leasehold free --from 2026-12-01 --to 2026-12-24 -f csv > free.csv
            """))

    /// What the counts are divided by.
    enum Grouping: String, CaseIterable, ExpressibleByArgument {
        case nodeType = "node_type"
        case site
    }

    @Option(
        name: .customLong("at"), parsing: .unconditional,
        help: ArgumentHelp("What is free at this time. Default: now.", valueName: "time"))
    var at: String?
    @Option(
        name: .customLong("from"), parsing: .unconditional,
        help: ArgumentHelp("The start of a period. Default: now.", valueName: "time"))
    var from: String?
    @Option(
        name: .customLong("to"), parsing: .unconditional,
        help: ArgumentHelp("The end of a period.", valueName: "time"))
    var to: String?
    @Option(
        name: .customLong("by"),
        help: ArgumentHelp(
            "Count by node_type (of devices: the machine, of floating IPs: the network), or only by site.",
            valueName: "property"))
    var grouping = Grouping.nodeType
    @OptionGroup var wanted: WishOptions
    @OptionGroup var properties: PropertyOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func validate() throws {
        guard at == nil || from == nil && to == nil else {
            throw ValidationError("Give --at TIME, or a period with --from TIME and --to TIME.")
        }
        guard from == nil || to != nil else { throw ValidationError("--from needs --to.") }
    }

    package func execute(_ console: inout Console) async throws {
        func moment(_ text: String?, _ option: String) throws -> Timestamp? {
            try reading.comingMoment(text, option: option, console)?.truncatedToMinute
        }
        let start = try moment(at, "--at") ?? moment(from, "--from") ?? console.now().truncatedToMinute
        let end = try moment(to, "--to")
        if let end, end <= start { throw CommandError.usage("--to must be later than --from.") }
        let (manager, scopes) = try await reading.open(&console)
        func count(atMost limit: Int?) throws -> (groups: [FreeGroup], refusals: [LeaseholdError]) {
            let (keys, refusals) = try self.groups(manager, scopes, from: start, before: end, atMost: limit)
            return (keys.map { FreeGroup($0, from: start, to: end) }, refusals)
        }
        var (groups, refusals) = try count(atMost: end == nil ? Self.firstLook : nil)
        if !groups.allSatisfy(\.isCertain) { (groups, refusals) = try count(atMost: nil) }
        if !reading.output.isQuiet { for refusal in refusals { console.remark(refusal.message) } }
        guard groups.contains(where: { !$0.key.availability.resources.isEmpty }) else {
            throw LeaseholdError(code: .notFound, message: "Nothing that can be reserved matches.")
        }
        let answers = groups.map(\.key.availability)
        let listings = Dictionary(answers.map { ($0.scope.id, $0.listedAt) }) { first, second in
            [first, second].compactMap(\.self).min()
        }
        if let end, reading.isPage(console) {
            let page = FreePage(groups: groups, period: start..<end).page(reading.style(console))
            try reading.write(page, &console)
        } else if let end {
            try reading.write(groups.flatMap { $0.steps(until: end) }, FreeStepRow.columns, &console)
        } else {
            let rows = groups.compactMap(FreeNowRow.init)
            try reading.write(rows, FreeNowRow.columns, terminal: FreeNowRow.terminalColumns, &console)
        }
        try reading.remarkFreshness(
            manager, scopes: scopes, listings: listings.compactMapValues(\.self), &console)
    }

    /// How many periods of each resource are read at first: the count now and the next one seldom depend on more.
    static let firstLook = 2

    /// The resources that match, by type, site and kind; and why some sites do not say.
    private func groups(
        _ manager: LeaseManager, _ scopes: Set<Int64>?, from start: Timestamp, before end: Timestamp?,
        atMost limit: Int?
    ) throws -> ([FreeGroup.Key], [LeaseholdError]) {
        let wish = try wanted.wish(properties)
        // Without a type, everything that can be counted is shown.
        let isOpen = wanted.type == nil && wanted.network == nil
        let isOfHosts = wanted.nodeType != nil
        var found: [FreeGroup.Key] = []
        var refusals: [LeaseholdError] = []
        for type in isOpen && !isOfHosts ? [.host, .device, .floatingIP] : [wish.resourceType] {
            var wish = wish
            wish.resourceType = type
            let (sites, refused) = try manager.availability(
                of: wish, scopes: scopes, from: start, before: end, atMost: limit)
            if !isOpen || type == .host { refusals += refused }
            for site in sites where !isOpen || !site.resources.isEmpty {
                let networks = type == .floatingIP ? try manager.networkNames(scopes: [site.scope.id]) : [:]
                let kinds =
                    grouping == .site
                    ? [(nil, site)] : site.grouped { Self.kind(of: $0, networks) }.map { ($0.label, $0.availability) }
                found += kinds.map { FreeGroup.Key(type: type, kind: $0.0, availability: $0.1) }
            }
        }
        if found.isEmpty, let refusal = refusals.first(where: { $0.code == .refused }) ?? refusals.first {
            throw refusal
        }
        return (found, refusals)
    }

    /// The kind that a resource is counted under.
    private static func kind(of resource: CatalogResource, _ networks: [String: String]) -> String? {
        let names = resource.kind.groupKeys.lazy.compactMap { resource.fields[$0]?.plain }
        let name = names.first { !$0.isEmpty }
        return resource.kind == .reservableFloatingIP ? name.map { networks[$0] ?? $0 } : name
    }
}
