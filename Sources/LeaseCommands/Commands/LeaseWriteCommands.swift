package import ArgumentParser
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `leasehold extend`
package struct LeaseExtend: Subcommand, HasWritingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "extend",
        abstract: "Extend leases, or check whether that is possible.",
        usage: "leasehold extend <lease> ... [--by <duration>] [--check] [<options>]",
        discussion: .paragraphs(
            """
            --by, or '+2d', is added to the end that is known here. The result is stored as the new end, so that it is
            never added twice. If somebody else has moved the end meanwhile, nothing is sent until you decide (leasehold
            queue resolve). An extension never shortens a lease; to do that, use `leasehold update --end`. If the cloud
            cannot be reached, the change is queued.

            --longest takes the furthest end that the site's rules, the next holders of its resources and the balance
            allow, as far as they are known.

            --check says whether the extension is possible, and changes nothing: whether the window is open, how long the
            site's rules allow, until when the same resources are free and who has them next, the furthest end, and what
            it costs. It uses the mirror and the policy file, and sends no request. The exit status is 0 if nothing
            known stands in the way, and 77 otherwise.

            EXAMPLES
              leasehold extend mylease --by 2d
              leasehold extend mylease +2d
              leasehold extend mylease --by 7d --check
              leasehold extend mylease --longest
              leasehold extend mylease other --to '2026-12-24 18:00'
              leasehold extend mylease --by 7d --wait --timeout 2m
            """))

    @Argument(
        help: ArgumentHelp(
            "The leases: a name, an id, the beginning of an id, or a local id; '+2d' is like --by 2d.",
            valueName: "lease"), completion: .values(.leases))
    var references: [String]
    @Option(name: .customLong("by"), help: ArgumentHelp("How much later to end.", valueName: "duration"))
    var by: String?
    @Option(
        name: .customLong("to"), parsing: .unconditional, help: ArgumentHelp("The new end.", valueName: "time"))
    var to: String?
    @Flag(name: .customLong("longest"), help: "As far as is possible.")
    var isLongest = false
    @Flag(name: .customLong("check"), help: "Only say whether it is possible.")
    var isCheck = false
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup package var sending: SendingOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    /// Where the end is to be.
    private enum NewEnd {
        case at(Timestamp)
        case later(seconds: Int64)
        case furthest

        /// The end for a lease; `nil` for the furthest, or if the present end is not known.
        func moment(_ target: WriteTarget) throws -> Timestamp? {
            switch self {
            case .at(let moment): return moment
            case .furthest: return nil
            case .later(let seconds):
                guard let end = target.endsAt?.adding(seconds: seconds) else {
                    throw CommandError.usage("The end of '\(target.name)' is not known here: use --to.")
                }
                return end
            }
        }
    }

    package func execute(_ console: inout Console) async throws {
        let (references, newEnd) = try request(console)
        if isCheck { return try await check(references, newEnd, &console) }
        let text = TimeText(zone: writing.reading.zone(console), now: console.now())
        let isForced = writing.isForced
        let manager = isLongest ? try writing.reading.global.manager(console) : nil
        try await writing.change(.extend, references, waiting, &console) { target in
            var end = try newEnd.moment(target)
            if let manager { end = try Self.furthest(target, manager) }
            guard let end else {
                throw CommandError.usage("The end of '\(target.name)' is not known here: use --to.")
            }
            try Self.refuseShortening(target, to: end, isForced: isForced, text)
            return ["end_date": .string(end.blazarRequest)]
        }
    }

    private func request(_ console: Console) throws -> ([String], NewEnd) {
        let end = try writing.moment(to, console)
        var references = references
        var by = by
        if by == nil, end == nil, !isLongest, let last = references.last, last.hasPrefix("+"), references.count > 1 {
            by = String(last.dropFirst())
            references.removeLast()
        }
        let seconds = try by.map { try DurationArgument(parsing: $0).seconds }
        let ends = [end.map(NewEnd.at), seconds.map(NewEnd.later), isLongest ? .furthest : nil].compactMap(\.self)
        guard ends.count == 1 else { throw CommandError.usage("Give --by DURATION, --to TIME or --longest.") }
        return (references, ends[0])
    }

    private static func refuseShortening(
        _ target: WriteTarget, to newEnd: Timestamp, isForced: Bool, _ text: TimeText
    ) throws(CommandError) {
        guard !isForced, let present = target.endsAt?.truncatedToMinute, newEnd.truncatedToMinute < present else {
            return
        }
        throw .usage(
            """
            '\(target.name)' ends at \(text.zoned(present)), later than that: an extension never shortens a \
            lease. To shorten it: leasehold update \(ShellWord.quoted(target.name)) --end TIME.
            """)
    }

    /// The furthest end that is possible for a lease.
    private static func furthest(_ target: WriteTarget, _ manager: LeaseManager) throws -> Timestamp {
        let verdict = try manager.verdict(extending: target, to: nil)
        if let obstacle = verdict.obstacles.first {
            throw CommandError(
                code: obstacle.code,
                message: "'\(target.name)' cannot be extended. \(obstacle.message()) Nothing is queued. All about it: "
                    + "leasehold extend \(ShellWord.quoted(target.name)) --longest --check",
                status: .refused)
        }
        guard let end = verdict.newEnd else {
            throw CommandError.usage(
                "Nothing that is known limits how long '\(target.name)' can be: give --by or --to.")
        }
        return end
    }

    /// Says whether the extensions are possible.
    private func check(_ references: [String], _ newEnd: NewEnd, _ console: inout Console) async throws {
        let reading = writing.reading
        let (manager, _) = try await reading.open(&console)
        let text = TimeText(zone: reading.zone(console), now: console.now())
        let clouds = reading.global.names(console)
        var rows: [VerdictRow] = []
        for reference in references {
            let target = try manager.writeTarget(reference, clouds: clouds)
            let end = try newEnd.moment(target)
            if let end { try Self.refuseShortening(target, to: end, isForced: false, text) }
            rows.append(
                VerdictRow(
                    target: target, verdict: try manager.verdict(extending: target, to: end), now: console.now()))
        }
        if reading.isPage(console) {
            for row in rows { try reading.write(row.page(reading.style(console)), &console) }
        } else if rows.count == 1 {
            try reading.show(rows[0], VerdictRow.columns, &console)
        } else {
            try reading.write(rows, VerdictRow.columns, &console)
        }
        try reading.remarkFreshness(manager, scopes: Set(rows.map(\.target.scopeID)), &console)
        if rows.contains(where: { $0.verdict.answer == .no }) { throw ExitCode(ExitStatus.refused.rawValue) }
    }
}

/// `leasehold update`
package struct LeaseUpdate: Subcommand, HasWritingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change a lease's name, start, end or reservations, or queue the change.",
        discussion: .paragraphs(
            """
            Name a reservation by its id, or the beginning of it: --reservation id=…,min=2,max=2. Other fields stay as
            they are. Waiting changes are merged field by field and sent together.

            EXAMPLES
              leasehold update mylease --rename 'my lease, really'
              leasehold update mylease --start '2026-12-01 09:00' --end '2026-12-03 09:00'
              leasehold update mylease --reservation id=7b685470,max=3
              leasehold update mylease --reduce-by 2h
            """))

    @Argument(
        help: ArgumentHelp(
            "The lease: its name, its id, the beginning of its id, or its local id.", valueName: "lease"),
        completion: .values(.leases))
    var reference: String
    @Option(name: [.customLong("rename"), .customLong("name")], help: ArgumentHelp("The new name.", valueName: "name"))
    var newName: String?
    @Option(
        name: .customLong("start"), parsing: .unconditional, help: ArgumentHelp("The new start.", valueName: "time"))
    var start: String?
    @Option(name: .customLong("end"), parsing: .unconditional, help: ArgumentHelp("The new end.", valueName: "time"))
    var end: String?
    @Option(
        name: .customLong("reservation"), parsing: .singleValue,
        help: ArgumentHelp(
            "Fields of a reservation and their new values; repeat it for more.", valueName: "id=...,name=value,..."))
    var reservations: [String] = []
    @OptionGroup(title: "Options of the openstack command") var dates: OpenStackDates
    @OptionGroup(title: "Options of the openstack command") var moves: OpenStackMoves
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup package var sending: SendingOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        var fields: JSONObject = [:]
        if let newName { fields["name"] = .string(newName) }
        let newStart = try one(["--start", "--start-date"], [writing.moment(start, console), dates.start(console)])
        let newEnd = try one(["--end", "--end-date"], [writing.moment(end, console), dates.end(console)])
        if let newStart { fields["start_date"] = .string(newStart.blazarRequest) }
        if let newEnd { fields["end_date"] = .string(newEnd.blazarRequest) }
        fields = try ReservationArgument.add(reservations, to: fields, isForced: writing.isForced)
        let (startMove, endMove) = (try moves.startSeconds(), try moves.endSeconds())
        if newStart != nil, startMove != nil {
            throw CommandError.usage("Give one new start, not a date and a move.")
        }
        if newEnd != nil, endMove != nil { throw CommandError.usage("Give one new end, not a date and a move.") }
        guard !fields.isEmpty || startMove != nil || endMove != nil else {
            throw CommandError.usage("Give a change: --rename, --start, --end or --reservation.")
        }
        let change = fields
        try await writing.change(.update, [reference], waiting, &console) { target in
            var fields = change
            if let endMove {
                guard let end = target.endsAt else {
                    throw CommandError.usage("The end of '\(target.name)' is not known here: use --end.")
                }
                fields["end_date"] = .string(end.adding(seconds: endMove).blazarRequest)
            }
            if let startMove {
                guard case .mirrored(let lease) = target else {
                    throw CommandError.usage("'\(target.name)' is only queued: use --start.")
                }
                fields["start_date"] = .string(lease.lease.startsAt.adding(seconds: startMove).blazarRequest)
            }
            return fields
        }
    }

    private func one(_ options: [String], _ values: [Timestamp?]) throws(CommandError) -> Timestamp? {
        let given = values.compactMap(\.self)
        guard given.count < 2 else {
            throw .usage("Give only one of \(options.joined(separator: " and ")).")
        }
        return given.first
    }
}

/// `leasehold delete`
package struct LeaseDelete: Subcommand, HasWritingOptions {
    package static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete leases, or queue the deletion. A queued create is canceled.",
        usage: "leasehold delete <lease> ... [--name <glob>] [-y] [<options>]",
        discussion: .paragraphs(
            """
            On a terminal, if a lease is running or --name was given, the command lists the leases and asks for
            confirmation; -y skips the question. Elsewhere it does not ask, and --name needs -y. --name selects your own
            leases that are running or still to come. If any of the leases is not found, none is deleted.

            The history of a deleted lease is kept (leasehold history).

            EXAMPLES
              leasehold delete mylease
              leasehold delete first second third
              leasehold delete --name 'class-*' -y
              leasehold delete local-7f3k2mq0xa
            """))

    @Argument(
        help: ArgumentHelp(
            "The leases: a name, an id, the beginning of an id, or a local id.", valueName: "lease"),
        completion: .values(.leases))
    var references: [String] = []
    @Option(
        name: .customLong("name"), parsing: .singleValue,
        help: ArgumentHelp("Your leases whose names match, with *, ? and [...]; repeat it for more.", valueName: "glob")
    )
    var globs: [String] = []
    @Flag(name: [.customShort("y"), .customLong("yes")], help: "Do not ask.")
    var isSure = false
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup package var sending: SendingOptions
    @OptionGroup package var global: GlobalOptions
    @OptionGroup package var output: OutputOptions
    @OptionGroup package var refresh: RefreshOption

    package init() {}

    package func execute(_ console: inout Console) async throws {
        guard !references.isEmpty || !globs.isEmpty else {
            throw CommandError.usage("Name the leases to delete: names, ids, or --name GLOB.")
        }
        let manager = try writing.manager(&console)
        let clouds = writing.reading.global.names(console)
        var targets = try references.map { (reference: $0, target: try manager.writeTarget($0, clouds: clouds)) }
        for glob in globs {
            let found = try matching(glob, manager, console)
            guard !found.isEmpty else {
                throw LeaseholdError(code: .notFound, message: "None of your live leases is called '\(glob)'.")
            }
            for lease in found where !targets.contains(where: { $0.target.id == lease.id }) {
                targets.append((lease.id, try manager.writeTarget(lease.id, clouds: clouds)))
            }
        }
        try confirm(targets.map(\.target), &console)
        // The same lease may have been named twice.
        var seen: Set<String> = []
        let chosen = targets.filter { seen.insert($0.target.id).inserted }
        try await writing.change(.delete, chosen.map(\.reference), waiting, &console) { _ in [:] }
    }

    private func matching(_ glob: String, _ manager: LeaseManager, _ console: Console) throws -> [MirroredLease] {
        var filter = LeaseFilter()
        filter.nameGlob = glob
        filter.scopes = try writing.reading.global.scopes(manager, console)
        var found: [MirroredLease] = []
        let now = console.now()
        try manager.forEachLease(filter) { lease in
            if lease.isMine || lease.isDraft, LeaseRow(lease, now: now).isLive { found.append(lease) }
        }
        return found
    }

    /// Shows which leases would be deleted, and asks for confirmation.
    private func confirm(_ targets: [WriteTarget], _ console: inout Console) throws {
        guard !isSure else { return }
        guard let ask = console.ask else {
            guard globs.isEmpty else {
                let names = targets.map(\.name).joined(separator: ", ")
                throw CommandError.usage("--name matches \(targets.count): \(names). To delete them: -y.")
            }
            return
        }
        let running = targets.filter(\.isActive)
        guard !globs.isEmpty || !running.isEmpty else { return }
        let time = TimeText(zone: writing.reading.zone(console), now: console.now())
        for target in targets {
            let status = target.isActive ? "ACTIVE" : "not running"
            let end = target.endsAt.map { ", ends \(time.zoned($0))" } ?? ""
            console.remark("  \(target.name)  \(status)\(end)")
        }
        let what = targets.count == 1 ? "it" : "these \(targets.count)"
        guard ask("Delete \(what)?") else {
            throw CommandError(code: "cancelled", message: "Nothing was deleted.", status: .failure)
        }
    }
}

extension WriteTarget {
    /// The id of the lease, or of its queued create.
    fileprivate var id: String {
        switch self {
        case .mirrored(let lease): lease.id
        case .creation(let mutation, _): mutation.localID ?? "\(mutation.id)"
        }
    }

    fileprivate var isActive: Bool {
        if case .mirrored(let lease) = self { return lease.removal == nil && lease.lease.status == .active }
        return false
    }
}

extension WritingOptions {
    /// Requests a change or deletion of each lease, waits for it if requested, and writes the outcomes.
    fileprivate func change(
        _ verb: Mutation.Verb, _ references: [String], _ waiting: WaitingOptions, _ console: inout Console,
        fields: (WriteTarget) throws -> JSONObject
    ) async throws {
        try waiting.check()
        let terms = WriteTerms(notAfter: try moment(notAfter, console))
        let manager = try manager(&console)
        let watch = WriteWatch(manager, console, count: references.count)
        var outcomes: [Result<WriteResult, any Error>] = []
        for reference in references {
            do {
                let clouds = reading.global.names(console)
                let result = try await sending(to: clouds, console) {
                    try await manager.change(
                        verb, reference, clouds: clouds, terms: terms, isOffline: isOffline, isForced: isForced,
                        progress: watch.next(), fields: fields)
                }
                outcomes.append(.success(try await waiting.wait(for: result, manager, console, self)))
            } catch {
                outcomes.append(.failure(error))
            }
        }
        try conclude(outcomes, &console)
    }
}
