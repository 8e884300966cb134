package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold find-slot`
package struct SlotFind: Subcommand, HasReadingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "find-slot",
        abstract: "Find when hosts are free, and the command that reserves them.",
        usage: "leasehold find-slot --duration <duration> [<options>]",
        discussion: .paragraphs(
            """
            The answer comes from the hosts and allocations that the last sync read, at every site that lets you read
            them. Queued writes count as executed. Sites that do not report allocations are named; if none does, the
            exit status is 77, or 69 if none has been asked. If there is no slot at all, it is 66.

            EXAMPLES
              leasehold find-slot --node-type gpu_rtx_6000 --count 2 --duration 1d
              leasehold find-slot --node-type compute_skylake --duration 7d \\
                --after tomorrow --limit 5
              leasehold find-slot --duration 4h -f json \\
                --resource-properties '[">=", "$gpu.gpu_count", "4"]'
            """))

    @Option(
        name: .customLong("node-type"), help: ArgumentHelp("Hosts of this node type.", valueName: "type"),
        completion: .values(.nodeTypes))
    var nodeType: String?
    @Option(
        name: .customLong("resource-properties"),
        help: ArgumentHelp("Hosts that match this, in Blazar's syntax.", valueName: "expression"))
    var expression: String?
    @Option(name: .customLong("count"), help: ArgumentHelp("How many.", valueName: "number"))
    var count = 1
    @Option(name: .customLong("duration"), help: ArgumentHelp("For how long.", valueName: "duration"))
    var duration: String
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
    }

    package func execute(_ console: inout Console) async throws {
        let wish = try wish(console)
        let (manager, scopes) = try await reading.open(&console)
        let known = try manager.scopes().filter { scopes?.contains($0.id) ?? true }
        var rows: [SlotRow] = []
        var refusals: [(site: Int64, error: LeaseholdError)] = []
        var hosts = 0
        // One scope answers for its site: of those that are allowed to see who holds the hosts, the one that was read
        // last.
        var answered: Set<Int64> = []
        let byAge = known.sorted { ($0.listedAt?.secondsSince1970 ?? .min) > ($1.listedAt?.secondsSince1970 ?? .min) }
        for scope in byAge where !answered.contains(scope.siteID) {
            let found = Result { () throws(LeaseholdError) in
                try manager.findSlots(wish, scope: scope, limit: limit)
            }
            switch found {
            case .success(let answer):
                answered.insert(scope.siteID)
                hosts += answer.fittingHosts
                rows += answer.slots.map {
                    SlotRow(slot: $0, answer: answer, scope: scope, wish: wish, duration: duration, now: console.now())
                }
            case .failure(let error):
                guard error.code != .database else { throw error }
                refusals.append((scope.siteID, error))
            }
        }
        let unanswered = refusals.filter { !answered.contains($0.site) }.map(\.error)
        try conclude(rows, wish, unanswered, hosts: hosts, isAnySiteKnown: !known.isEmpty, &console)
        try reading.remarkFreshness(manager, scopes: scopes, &console)
    }

    private func conclude(
        _ rows: [SlotRow], _ wish: SlotWish, _ refusals: [LeaseholdError], hosts: Int, isAnySiteKnown: Bool,
        _ console: inout Console
    ) throws {
        guard isAnySiteKnown else {
            throw LeaseholdError(code: .notFound, message: "No site has been synced: run `leasehold sync` first.")
        }
        let answered = hosts > 0 || !rows.isEmpty
        if let refusal = refusals.first(where: { $0.code == .refused }) ?? refusals.first, !answered { throw refusal }
        if !reading.output.isQuiet { for refusal in refusals { console.remark(refusal.message) } }
        guard let first = rows.min(by: { $0.slot.startsAt < $1.slot.startsAt }) else {
            let when = wish.before.map { " before \($0)" } ?? ""
            throw LeaseholdError(
                code: .notFound,
                message: hosts < wish.count
                    ? "You asked for \(wish.count) hosts; \(hosts) match."
                    : "No \(wish.count) hosts are free at the same time for \(duration)\(when); \(hosts) match.")
        }
        try reading.write(rows.sorted { $0.slot.startsAt < $1.slot.startsAt }, SlotRow.columns, &console)
        if reading.output.format == .table, !reading.output.isQuiet { console.remark("Take it: \(first.command)") }
    }

    private func wish(_ console: Console) throws -> SlotWish {
        let zone = reading.zone(console)
        func moment(_ text: String?) throws -> Timestamp? {
            try text.map { try TimeArgument(parsing: $0).moment(now: console.now(), zone: zone) }
        }
        var conditions: [ResourceCondition] = []
        if let expression {
            do {
                conditions = try ResourceProperties(parsing: expression).withTextValues().properties.conditions
            } catch {
                throw CommandError.usage("--resource-properties: \(error).")
            }
        }
        if let nodeType { conditions.append(ResourceCondition("node_type", .equal, .string(nodeType))) }
        let seconds = try DurationArgument(parsing: duration).seconds
        guard seconds > 0 else { throw CommandError.usage("--duration must be longer than 0.") }
        return SlotWish(
            properties: ResourceProperties(conditions), count: count, durationSeconds: seconds,
            after: try moment(after), before: try moment(before))
    }
}
