package import ArgumentParser
import LeaseModel
import Leasehold

/// `leasehold create`
package struct LeaseCreate: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a lease; offline it is queued, and sent once when the cloud can be reached.",
        discussion: """
            The lease is queued first, and sent at once unless --offline is given. That the cloud cannot be reached is no
            error: the command says what is queued, and ends with 0. However often the connection breaks, one lease comes
            of it.

            EXAMPLES
              leasehold create mylease --duration 1d \\
                --reservation 'resource_type=node,min=2,resource_properties=["==","$node_type","compute_skylake"]'
              leasehold create myips --start '2026-12-01 09:00' --end '2026-12-02 09:00' \\
                --reservation resource_type=fip,network_id=…,amount=2
              leasehold create mylease --duration 2h --reservation resource_type=node --dry-run -f json
            """)

    @Argument(help: "The name, 80 characters at most.")
    var name: String

    @Option(
        name: .customLong("start"), parsing: .unconditional,
        help: ArgumentHelp("When it starts: 'now', '2026-12-01 09:00', '+2h', ISO 8601.", valueName: "time"))
    var start = "now"

    @Option(
        name: .customLong("end"), parsing: .unconditional, help: ArgumentHelp("When it ends.", valueName: "time"))
    var end: String?

    @Option(
        name: .customLong("duration"),
        help: ArgumentHelp("How long it lasts from its start, for example 90m, 2h, 1d12h.", valueName: "duration"))
    var duration: String?

    @Option(
        name: .customLong("before-end"), parsing: .unconditional,
        help: ArgumentHelp("When to announce the end.", valueName: "time"))
    var beforeEnd: String?

    @Option(
        name: .customLong("reservation"), parsing: .singleValue,
        help: ArgumentHelp(
            "What to reserve, as the openstack command takes it; repeat it for more.", valueName: "name=value,..."))
    var reservations: [String] = []

    @Option(
        name: .customLong("late-start"),
        help: ArgumentHelp(
            "If the start passes before it can be sent: start-now (keep the end; for --start now), shift (keep the "
                + "duration), or expire (for a fixed start).", valueName: "policy"), transform: LateStartPolicy.parse)
    var lateStart: LateStartPolicy?

    @Option(
        name: .customLong("retry-until"), parsing: .unconditional,
        help: ArgumentHelp("While too little is free, try again until this time.", valueName: "time"))
    var retryUntil: String?

    @Flag(
        name: .customLong("idempotent"),
        help: "Give the live lease of that name in the project, or the queued creation of one, if there is one.")
    var isIdempotent = false

    @Flag(name: .customLong("dry-run"), help: "Print the body of the request, and send and queue nothing.")
    var isDryRun = false

    @Flag(name: .customLong("wait"), help: "Wait until it is active.")
    var waits = false

    @Option(name: .customLong("timeout"), help: ArgumentHelp("How long to wait at most.", valueName: "duration"))
    var timeout = "10m"

    @OptionGroup var writing: WritingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { writing.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let draft = try draft(console)
        let seconds = try DurationArgument(parsing: timeout).seconds
        if isDryRun {
            try console.output.write(JSONValue.object(draft.body).text(.pretty) + "\n")
            return
        }
        let names = writing.reading.global.names(console)
        guard names.count <= 1, names.first != "all" else {
            throw CommandError.usage("A lease is created at one cloud: name one with --os-cloud.")
        }
        let manager = try writing.manager(console)
        let terms = WriteTerms(
            lateStart: lateStart, notAfter: try writing.moment(writing.notAfter, console),
            retryUntil: try writing.moment(retryUntil, console))
        var result = try await manager.create(
            draft, cloud: names.first, terms: terms, isIdempotent: isIdempotent, isOffline: writing.isOffline)
        if waits, !writing.isOffline, result.mutation.status == .success {
            let waited = try await manager.wait(
                for: result.mutation.leaseID ?? result.mutation.localID ?? name, status: .active,
                timeoutSeconds: seconds)
            result = WriteResult(
                mutation: waited.mutation ?? result.mutation, pause: nil, lease: waited.lease, notes: result.notes)
        }
        try writing.conclude(result, &console)
    }

    private func draft(_ console: Console) throws -> LeaseDraft {
        let now = console.now()
        let zone = writing.reading.zone(console)
        let startTime = try TimeArgument(parsing: start)
        let startsAt = try startTime.moment(now: now, zone: zone)
        let endsAt: Timestamp
        switch (end, duration) {
        case (let end?, nil): endsAt = try TimeArgument(parsing: end).moment(now: now, zone: zone)
        case (nil, let duration?): endsAt = startsAt.adding(seconds: try DurationArgument(parsing: duration).seconds)
        case (nil, nil): throw CommandError.usage("Say when it ends: --end TIME or --duration DURATION.")
        case (_?, _?): throw CommandError.usage("--end and --duration are two ways to say one thing: give one.")
        }
        guard !reservations.isEmpty else {
            throw CommandError.usage(
                "Say what to reserve, for example --reservation resource_type=node,min=1: an empty lease is of no use.")
        }
        return LeaseDraft(
            name: name, start: startTime.isNow ? .now : .at(startsAt), endsAt: endsAt,
            beforeEnd: try writing.moment(beforeEnd, console),
            reservations: try reservations.map { try ReservationArgument.parse($0) })
    }
}

extension LateStartPolicy {
    /// Reads a policy from the command line.
    static func parse(_ text: String) throws -> LateStartPolicy {
        guard let policy = LateStartPolicy(rawValue: text) else {
            throw ValidationError("'\(text)' is none of \(allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return policy
    }
}
