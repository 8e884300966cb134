package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold create`
package struct LeaseCreate: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a lease. If the cloud cannot be reached, the create is queued and sent later, once.",
        usage: "leasehold create <name> [--duration <duration>] --node ... [<options>]",
        discussion: .paragraphs(
            """
            The lease is queued first, and sent at once unless --offline is given. An unreachable cloud is not an error:
            the command says what is queued, and its exit status is 0. However often the connection breaks, only one
            lease is created.

            Before that, the lease is checked against the data of the last sync and your policy file (docs/policy.md).
            What looks wrong is a warning; what Blazar is sure to refuse is an error.

            Without an end it lasts one day. --start and --end are in your time zone; --start-date and --end-date are in
            UTC, as in the openstack command.

            --from repeats a lease from the output of 'show -f json', 'show -f yaml' or the openstack command. It has a
            new start and the same length. Reservations given here replace those of the same type.

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
              leasehold create lab --start 'monday 9:00' --duration 3h --node 1 \\
                --every 1w --until 2027-02-01
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
        help: ArgumentHelp("Repeat the lease in this file, JSON or YAML; '-' for standard input.", valueName: "file"),
        completion: .file())
    var file: String?

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

    @Flag(name: .customLong("dry-run"), help: "Print the body of the request without sending or queueing it.")
    var isDryRun = false

    @OptionGroup var waiting: WaitingOptions
    @OptionGroup var writing: WritingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { writing.reading.output.format == .json }
    private var name: String? { positionalName ?? optionName }

    package func validate() throws {
        guard retries >= 0 else { throw ValidationError("--retry takes a number of times, 0 or more.") }
        guard name != nil || file != nil else { throw ValidationError("Give the lease a name.") }
        guard positionalName == nil || optionName == nil else {
            throw ValidationError("Give the name once, either by itself or with --name.")
        }
    }

    package func execute(_ console: inout Console) async throws {
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
        let manager = try writing.manager(&console)
        let watch = WriteWatch(manager, console)
        var outcomes: [Result<WriteResult, any Error>] = []
        for draft in drafts {
            do {
                var result = try await create(draft, terms, manager, watch, cloud: clouds.first, &console)
                result.warnings = remarks + result.warnings
                outcomes.append(.success(result))
            } catch {
                outcomes.append(.failure(error))
            }
        }
        try writing.conclude(outcomes, &console)
    }

    // MARK: - The request

    private func create(
        _ draft: LeaseDraft, _ terms: WriteTerms, _ manager: LeaseManager, _ watch: WriteWatch, cloud: String?,
        _ console: inout Console
    ) async throws -> WriteResult {
        var attempts = 0
        while true {
            let result = try await writing.sending(to: cloud.map { [$0] } ?? [], console) {
                try await manager.create(
                    draft, cloud: cloud, terms: terms, isIdempotent: isIdempotent, isOffline: writing.isOffline,
                    isForced: writing.isForced, progress: watch.next())
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
        if drafts.count == 1 {
            try console.output.write(JSONValue.object(drafts[0].body).text(.pretty) + "\n")
        } else if output.format.isForPeople {
            try writing.reading.write(drafts, Self.draftColumns(console.now()), &console)
        } else {
            try console.output.write(JSONValue.array(drafts.map { .object($0.body) }).text(.pretty) + "\n")
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
            Column("reservations") { .number($0.reservations.count) },
        ]
    }

    // MARK: - The draft

    /// What determines the end.
    private enum Ending { case given, aDay }

    private var lasts: Ending {
        [end, dates.endDate, duration, file].allSatisfy { $0 == nil } ? .aDay : .given
    }

    /// The drafts: of the file's leases, or of a single one, each repeated as requested.
    private func drafts(_ console: Console, cloud: String?) throws -> (drafts: [LeaseDraft], remarks: [DraftFinding]) {
        let repeated = try file.map { try LeaseFile.all(console.text(ofFile: $0), path: $0) } ?? []
        guard repeated.count < 2 || name == nil else {
            throw CommandError.usage("The file has \(repeated.count) leases with names: do not give another name.")
        }
        var drafts: [LeaseDraft] = []
        var remarks: [DraftFinding] = []
        for lease in repeated.isEmpty ? [nil] : repeated.map(Optional.some) {
            let (first, found) = try draft(repeating: lease, console, cloud: cloud)
            if remarks.isEmpty { remarks = found }
            drafts += try series.drafts(from: first, now: console.now(), zone: writing.reading.zone(console))
        }
        return (drafts, remarks)
    }

    private func draft(
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
        let startTime = try TimeArgument(parsing: dates.startDate ?? start ?? "now")
        let startsAt = try startTime.moment(now: now, zone: dates.startDate == nil ? zone : .utc)
        let endsAt: Timestamp
        if let given = try dates.end(console) {
            endsAt = given
        } else if let end {
            endsAt = try TimeArgument(parsing: end).moment(now: now, zone: zone)
        } else if let duration {
            endsAt = startsAt.adding(seconds: try DurationArgument(parsing: duration).seconds)
        } else {
            endsAt = startsAt.adding(seconds: repeated?.durationSeconds ?? 86_400)
        }
        func catalogue(_ kind: ResourceKind) throws -> [CatalogueResource] {
            try writing.reading.global.manager(console).catalogue(kind, cloud: cloud)
        }
        let given = try wanted.requests(
            NameResolver(networks: { try catalogue(.network) }, flavors: { try catalogue(.flavor) }))
        let kept = try repeated?.requests(besides: Set(given.requests.map(\.resourceType))) ?? []
        let requests = kept + given.requests
        guard !requests.isEmpty else {
            throw CommandError.usage(
                "Nothing is reserved: add for example --node amount=1.")
        }
        let draft = LeaseDraft(
            name: name, start: startTime.isNow ? .now : .at(startsAt), endsAt: endsAt,
            beforeEnd: try writing.moment(beforeEnd, console), reservations: requests.map(\.json))
        return (draft, given.warnings.map { DraftFinding(.warning, field: "reservations", $0) })
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
