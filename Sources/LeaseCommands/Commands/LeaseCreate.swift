package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold create`
package struct LeaseCreate: Subcommand, HasWritingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a lease. If the cloud cannot be reached, the create is queued and sent later, once.",
        usage: """
            leasehold create <name> [--duration <duration>] --node ... [<options>]
            leasehold create
            """,
        discussion: .paragraphs(
            """
            The lease is queued first, and sent at once unless --offline is given. An unreachable cloud is not an error:
            the command says what is queued, and its exit status is 0. However often the connection breaks, only one
            lease is created.

            On a terminal, `leasehold create` alone asks for the name, the resources and the times, and offers choices
            from the last sync. It shows the resulting command line and asks before it sends anything.

            Before that, the lease is checked against the data of the last sync and your policy file (docs/policy.md).
            What looks wrong is a warning; what Blazar is sure to refuse is an error.

            Without an end it lasts one day. --start and --end are in your time zone; --start-date and --end-date are in
            UTC, as in the openstack command.

            --from repeats a lease from the output of 'show -f json', 'show -f yaml' or the openstack command. It has a
            new start and the same length. Reservations given here replace those of the same type. The file may also
            hold several leases: a list of these, or a table in CSV whose columns have the names of options: name, start,
            end, duration, node, device, fip, network, flavor, reservation. Options given here apply to lines that leave
            the column empty, and {n} in a name is the number of the line.

            With --when-free it gets the earliest slot that the last sync shows, and waits for one if there is none
            (docs/keeper.md).

            Several leases are all checked before the first is queued. Then each is sent by itself, even if others are
            refused, unless --all-or-none is given.

            EXAMPLES
              leasehold create mylease --duration 1d --node 2,node_type=gpu_p100
              leasehold create mylease --duration 1d --fip 1 --wait \\
                --node 'amount=1,resource_properties=[">=","$gpu.gpu_count","4"]'
              leasehold create edge --duration 2h --device machine_type=raspberrypi4-64
              leasehold create vms --start '2026-12-01 09:00' --duration 1d \\
                --flavor name=m1.small,amount=2
              leasehold create net --duration 4h \\
                --network network_name=mynet,stitch_provider=fabric
              leasehold show mylease -f yaml > old.yaml
              leasehold create again --from old.yaml
              leasehold create 'class-{n}' --count 191 --duration 4h --node 1 --dry-run
              leasehold create --from class.csv --duration 4h --all-or-none
              leasehold create lab --start 'monday 9:00' --duration 3h --node 1 \\
                --every 1w --until 2027-02-01
              leasehold create next --when-free --duration 2h --node 1
              leasehold create soon --when-free --latest +2d --duration 4h \\
                --node 1,node_type=gpu_p100 --or node_type=compute_skylake
              leasehold create mylease --duration 2h --node amount=1 --dry-run
              leasehold create ip --duration 2h \\
                --reservation resource_type=fip,network_id=5468a84c,amount=2
            """))

    @Argument(
        help: ArgumentHelp(
            "The name, of at most 80 characters. Default with --from: the name in the file.", valueName: "name"))
    var positionalName: String?

    @Option(name: .customLong("name"), help: ArgumentHelp("The name, as an option.", valueName: "name"))
    var optionName: String?

    @Option(
        name: .customLong("start"), parsing: .unconditional,
        help: ArgumentHelp(
            "When it starts: '2026-12-01 09:00', 'tomorrow 9am', '+2h', ISO 8601. Default: now.",
            valueName: "time"))
    var start: String?

    @Option(
        name: .customLong("end"), parsing: .unconditional, help: ArgumentHelp("When it ends.", valueName: "time"))
    var end: String?

    @Option(
        name: .customLong("duration"),
        help: ArgumentHelp("How long it lasts from its start, for example 90m, 2h, 1d12h.", valueName: "duration"))
    var duration: String?

    @Option(
        name: [.customLong("before-end"), .customLong("before-end-date")], parsing: .unconditional,
        help: ArgumentHelp("When to announce the end.", valueName: "time"))
    var beforeEnd: String?

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp(
            "Repeat the lease or the leases in this file: JSON, YAML or CSV; '-' for standard input.", valueName: "file"
        ),
        completion: .file())
    var file: String?

    @OptionGroup(title: "When there is room") var whenFree: WhenFreeOptions
    @OptionGroup(title: "Several leases") var series: LeaseSeries
    @OptionGroup(title: "Options of the openstack command") var dates: OpenStackDates
    @OptionGroup(title: "What to reserve") var wanted: RequestOptions

    @Option(
        name: .customLong("late-start"),
        help: ArgumentHelp(
            "If the start passes before it can be sent: start-now (keep the end; for --start now), shift (keep the "
                + "duration), or expire (for a fixed start).", valueName: "policy"), transform: LateStartPolicy.parse)
    var lateStart: LateStartPolicy?

    @Option(
        name: .customLong("retry-until"), parsing: .unconditional,
        help: ArgumentHelp("If too few resources are free, try again until this time.", valueName: "time"))
    var retryUntil: String?

    @Option(
        name: .customLong("retry"),
        help: ArgumentHelp(
            "Retry this many times if it is refused or, with --wait, ends in ERROR: it is deleted first.",
            valueName: "times"))
    var retries = 0

    @Flag(
        name: .customLong("idempotent"),
        help: "If the project has a live or queued lease of this name, return it instead.")
    var isIdempotent = false

    @Flag(
        name: .customLong("dry-run"),
        help: "Show what would be requested, or with -f json the body of the request. Nothing is sent or queued.")
    var isDryRun = false

    @OptionGroup var waiting: WaitingOptions
    @OptionGroup package var sending: SendingOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}
    var name: String? { positionalName ?? optionName }

    package func validate() throws {
        guard retries >= 0 else { throw ValidationError("--retry takes a number of times, 0 or more.") }
        guard positionalName == nil || optionName == nil else {
            throw ValidationError("Give the name once, either by itself or with --name.")
        }
        guard whenFree.waits else { return }
        for (option, isGiven) in [
            ("--start", start != nil || dates.startDate != nil), ("--end", end != nil || dates.endDate != nil),
            ("--late-start", lateStart != nil), ("--retry-until", retryUntil != nil), ("--every", series.every != nil),
        ] where isGiven {
            throw ValidationError(
                "\(option) does not go with --when-free: give --duration, and --earliest and --latest if you like.")
        }
    }

    package func execute(_ console: inout Console) async throws {
        guard name != nil || file != nil else { return try await askAndCreate(&console) }
        let clouds = writing.reading.global.names(console)
        guard clouds.count <= 1, clouds.first != "all" else {
            throw CommandError.usage("A lease is created at one cloud: name one with --os-cloud.")
        }
        try waiting.check()
        let (drafts, remarks) = try drafts(console, cloud: clouds.first)
        if lasts == .aDay, !writing.reading.output.isQuiet, let first = drafts.first {
            let end = TimeText(zone: writing.reading.zone(console), now: console.now()).zoned(first.endsAt)
            console.remark("No end was given: it lasts one day, until \(end). Change this with --end or --duration.")
        }
        guard !isDryRun else { return try show(drafts, remarks, cloud: clouds.first, &console) }
        let terms = WriteTerms(
            lateStart: lateStart, notAfter: try writing.moment(writing.notAfter, console),
            retryUntil: try writing.moment(retryUntil, console))
        let waits = try whenFree.conditions(now: console.now(), zone: writing.reading.zone(console))
        let manager = try writing.manager(&console)
        try check(drafts, manager, cloud: clouds.first, console)
        let watch = WriteWatch(manager, console, count: drafts.count)
        var outcomes: [Result<WriteResult, any Error>] = []
        var summary: String?
        for draft in drafts {
            do {
                var result = try await create(draft, terms, waits, manager, watch, cloud: clouds.first, &console)
                result.warnings = remarks + result.warnings
                outcomes.append(.success(result))
            } catch {
                outcomes.append(.failure(error))
            }
            guard !series.isAllOrNone || outcomes.last?.isRefused != true else {
                outcomes = try await takeBack(outcomes, manager, clouds, console) + outcomes.suffix(1)
                summary = "One was refused, so none is left: no more were asked for."
                break
            }
        }
        try writing.conclude(outcomes, summary: summary, &console)
    }

    /// Checks several leases, so that none is queued if one of them cannot be.
    private func check(_ drafts: [LeaseDraft], _ manager: LeaseManager, cloud: String?, _ console: Console) throws {
        guard drafts.count > 1, !writing.isForced else { return }
        let scope = try? manager.scope(ofCloud: cloud)
        let problems = try drafts.compactMap { draft -> String? in
            var found = draft.problems(now: console.now()).map(\.description)
            if found.isEmpty, let scope {
                found = try manager.review(draft, scope: scope, lateStart: lateStart)
                    .filter { $0.severity == .refusal }.map(\.message)
            }
            return found.isEmpty ? nil : "\(draft.name): \(found.joined(separator: "; "))"
        }
        guard let first = problems.first else { return }
        var error = CommandError(
            code: "invalid",
            message: "\(problems.count) of \(drafts.count) leases cannot be created, so nothing is queued. \(first)",
            status: .data)
        error.hints = problems.dropFirst().prefix(20).map { "  \($0)" }
        throw error
    }

    /// Deletes the leases that were created, since one of them was refused.
    private func takeBack(
        _ outcomes: [Result<WriteResult, any Error>], _ manager: LeaseManager, _ clouds: [String], _ console: Console
    ) async throws -> [Result<WriteResult, any Error>] {
        var deletions: [Result<WriteResult, any Error>] = []
        for result in outcomes.compactMap({ try? $0.get() }) where result.mutation.status == .success && !result.isFound
        {
            guard let lease = result.mutation.leaseID ?? result.mutation.localID else { continue }
            do {
                deletions.append(
                    .success(
                        try await writing.sending(to: clouds, console) {
                            try await manager.change(
                                .delete, lease, clouds: clouds, isOffline: writing.isOffline, fields: { _ in [:] })
                        }))
            } catch {
                deletions.append(.failure(error))
            }
        }
        return deletions
    }

    // MARK: - The request

    private func create(
        _ draft: LeaseDraft, _ terms: WriteTerms, _ whenFree: WhenFree?, _ manager: LeaseManager, _ watch: WriteWatch,
        cloud: String?, _ console: inout Console
    ) async throws -> WriteResult {
        var attempts = 0
        while true {
            let result = try await writing.sending(to: cloud.map { [$0] } ?? [], console) {
                try await manager.create(
                    draft, cloud: cloud, terms: terms, isIdempotent: isIdempotent, isOffline: writing.isOffline,
                    isForced: writing.isForced, whenFree: whenFree, progress: watch.next())
            }
            do {
                guard result.mutation.status != .refused || attempts >= retries else {
                    throw LeaseholdError(code: .refused, message: result.mutation.message ?? "It was refused.")
                }
                return try await waiting.wait(for: result, manager, console, writing)
            } catch let error as LeaseholdError where error.code == .refused && attempts < retries {
                attempts += 1
                console.remark("Attempt \(attempts) of \(retries + 1) failed: \(error.message)")
                guard try await manager.clearTheWay(after: result, attempt: attempts) else { throw error }
            }
        }
    }

    private func show(
        _ drafts: [LeaseDraft], _ remarks: [DraftFinding], cloud: String?, _ console: inout Console
    ) throws {
        let output = writing.reading.output
        if drafts.count > 1, !output.format.isStructured {
            try writing.reading.write(drafts, Self.draftColumns(console.now()), &console)
            if output.format.isForPeople, !output.isQuiet { console.remark("\(drafts.count) leases; none was queued.") }
        } else if writing.reading.isPage(console) {
            try writing.reading.write(page(of: drafts[0], writing.reading.style(console)), &console)
        } else {
            let bodies = drafts.map { JSONValue.object($0.body) }
            try console.output.write((bodies.count == 1 ? bodies[0] : .array(bodies)).text(.pretty) + "\n")
        }
        writing.remark(remarks, &console)
        // A draft can be printed without a database, and without clouds.
        guard let manager = try? writing.reading.global.manager(console), let scope = try? manager.scope(ofCloud: cloud)
        else { return }
        for draft in drafts {
            writing.remark(try manager.review(draft, scope: scope, lateStart: lateStart), &console)
        }
    }

    private static func draftColumns(_ now: Timestamp) -> [Column<LeaseDraft>] {
        [
            Column("name") { .text($0.name) },
            Column("start_date", heading: "STARTS") { draft in
                if case .at(let start) = draft.start { return .time(start) }
                return .time(now)
            },
            Column("end_date", heading: "ENDS") { .time($0.endsAt) },
            Column("resources") {
                .text($0.reservations.map { ReservationText(requesting: $0).all }.joined(separator: "; "))
            },
        ]
    }

    /// What a person would ask for.
    private func page(of draft: LeaseDraft, _ style: OutputStyle) -> TextPage {
        var page = TextPage(style)
        let period =
            switch draft.start {
            case .now: "from now to \(style.time.zoned(draft.endsAt))"
            case .at(let start): style.time.period(from: start, to: draft.endsAt)
            }
        page.line("Would create \(draft.name): \(period)")
        for fields in draft.reservations { page.line(ReservationText(requesting: fields).all, indent: 2) }
        page.line("Nothing was queued. The body of the request: -f json")
        return page
    }
}

extension LateStartPolicy {
    /// Parses a policy from the command line.
    static func parse(_ text: String) throws -> LateStartPolicy {
        guard let policy = LateStartPolicy(rawValue: text) else {
            throw ValidationError("'\(text)' is not one of \(allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return policy
    }
}

extension Result where Success == WriteResult {
    /// Whether nothing came of it.
    fileprivate var isRefused: Bool { (try? get())?.mutation.status != .success }
}

extension LeaseCreate {
    /// What determines the end.
    enum Ending { case given, aDay }

    var lasts: Ending {
        [end, dates.endDate, duration, file].allSatisfy { $0 == nil } ? .aDay : .given
    }

    /// The leases that are meant: those of the file, or one; each as often as it is to be made.
    func drafts(_ console: Console, cloud: String?) throws -> (drafts: [LeaseDraft], remarks: [DraftFinding]) {
        let text = try file.map { try console.text(ofFile: $0) }
        if let text, let file, let table = try LeaseTable(text, path: file) {
            return try drafts(console, table.lines) { line in
                do {
                    let command = applying(line)
                    try command.validate()
                    return try command.draft(repeating: nil, console, cloud: cloud)
                } catch {
                    let error = CommandError(error)
                    throw CommandError(code: "invalid", message: "\(line.place): \(error.message)", status: .data)
                }
            }
        }
        guard let text, let file else {
            return try drafts(console, [()]) { try draft(repeating: nil, console, cloud: cloud) }
        }
        return try drafts(console, LeaseFile.all(text, path: file)) {
            try draft(repeating: $0, console, cloud: cloud)
        }
    }

    /// The leases of a file; `{n}` in their names is their number there.
    private func drafts<Entry>(
        _ console: Console, _ entries: [Entry],
        draft: (Entry) throws -> (draft: LeaseDraft, remarks: [DraftFinding])
    ) throws -> (drafts: [LeaseDraft], remarks: [DraftFinding]) {
        guard entries.count < 2 || name?.contains("{n}") ?? true else {
            throw CommandError.usage(
                "The file has \(entries.count) leases: give no name, or one with {n}, which is the number of each.")
        }
        let first = try entries.map(draft)
        let numbered = series.isSeries ? first.map(\.draft) : LeaseSeries.numbered(first.map(\.draft))
        let zone = writing.reading.zone(console)
        let drafts = try numbered.flatMap { try series.drafts(from: $0, now: console.now(), zone: zone) }
        return (drafts, first.first { !$0.remarks.isEmpty }?.remarks ?? [])
    }

    func draft(
        repeating repeated: LeaseFile?, _ console: Console, cloud: String?
    ) throws -> (draft: LeaseDraft, remarks: [DraftFinding]) {
        let now = console.now()
        let zone = writing.reading.zone(console)
        guard let name = name ?? repeated?.name else {
            throw CommandError.usage("The lease in the file has no name: give one.")
        }
        guard start == nil || dates.startDate == nil else {
            throw CommandError.usage("Give either --start or --start-date, not both.")
        }
        guard [end, dates.endDate, duration].count(where: { $0 != nil }) < 2 else {
            throw CommandError.usage("Give only one of --end, --end-date and --duration.")
        }
        // A time that has passed is no condition.
        let earliest = try whenFree.earliestStart(now: now, zone: zone) == nil ? nil : whenFree.earliest
        let period = try PeriodArgument(
            start: dates.startDate ?? start ?? earliest, startZone: dates.startDate == nil ? zone : .utc, end: end,
            duration: duration, standardSeconds: repeated?.durationSeconds ?? 86_400, now: now, zone: zone)
        let endsAt = try dates.end(console) ?? period.endsAt
        func catalog(_ kind: ResourceKind) throws -> [CatalogResource] {
            try writing.reading.global.manager(console).catalog(kind, cloud: cloud)
        }
        let given = try wanted.requests(
            NameResolver(networks: { try catalog(.network) }, flavors: { try catalog(.flavor) }))
        let kept = try repeated?.requests(besides: Set(given.requests.map(\.resourceType))) ?? []
        let requests = kept + given.requests
        guard !requests.isEmpty else {
            throw CommandError.usage(
                "Nothing is reserved: add for example --node amount=1.")
        }
        let draft = LeaseDraft(
            name: name, start: period.start, endsAt: endsAt,
            beforeEnd: try writing.moment(beforeEnd, console), reservations: requests.map(\.json))
        return (draft, given.warnings.map { DraftFinding(.warning, field: "reservations", $0) })
    }
}
