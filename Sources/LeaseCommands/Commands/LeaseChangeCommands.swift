package import ArgumentParser
import LeaseModel
import Leasehold
import Output

/// `leasehold extend`
package struct LeaseExtend: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "extend",
        abstract: "Move the end of a lease; offline it is queued.",
        discussion: """
            --by is counted from the end that is known here, and kept as the new end, so that it is never added twice. If
            somebody else has moved the end meanwhile, nothing is sent until you decide (leasehold queue resolve).

            EXAMPLES
              leasehold extend mylease --by 2d
              leasehold extend mylease --to '2026-12-24 18:00'
              leasehold extend mylease --by 7d --wait --timeout 2m
            """)

    @Argument(help: "The lease: its name, its id, the beginning of its id, or its local id.")
    var reference: String
    @Option(name: .customLong("by"), help: ArgumentHelp("So much later.", valueName: "duration"))
    var by: String?
    @Option(
        name: .customLong("to"), parsing: .unconditional, help: ArgumentHelp("The new end.", valueName: "time"))
    var to: String?
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup var writing: WritingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { writing.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        let end = try writing.moment(to, console)
        let seconds = try by.map { try DurationArgument(parsing: $0).seconds }
        guard (end == nil) != (seconds == nil) else {
            throw CommandError.usage("Give --by DURATION or --to TIME.")
        }
        let zone = writing.reading.zone(console)
        let isForced = writing.isForced
        let reference = reference
        try await writing.change(.extend, reference, waiting, &console) { target in
            guard let newEnd = end ?? seconds.flatMap({ target.endsAt?.adding(seconds: $0) }) else {
                throw CommandError.usage("The end of '\(reference)' is not known here: use --to.")
            }
            if !isForced, let present = target.endsAt?.truncatedToMinute, newEnd.truncatedToMinute < present {
                let text = TimeText(zone: zone)
                throw CommandError.usage(
                    """
                    '\(target.name)' ends at \(text.full(present)), later than that: an extension never shortens a lease. \
                    To shorten it: leasehold update '\(reference)' --end TIME.
                    """)
            }
            return ["end_date": .string(newEnd.blazarRequest)]
        }
    }
}

/// `leasehold update`
package struct LeaseUpdate: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change a lease's name, start, end or reservations; offline it is queued.",
        discussion: """
            A reservation is changed by its id, or the beginning of it: --reservation id=…,min=2,max=2. What is not named
            stays as it is. Changes that wait are sent together, field by field.

            EXAMPLES
              leasehold update mylease --rename 'my lease, really'
              leasehold update mylease --start '2026-12-01 09:00' --end '2026-12-03 09:00'
              leasehold update mylease --reservation id=7b685470,max=3
            """)

    @Argument(help: "The lease: its name, its id, the beginning of its id, or its local id.")
    var reference: String
    @Option(name: .customLong("rename"), help: ArgumentHelp("The new name.", valueName: "name"))
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
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup var writing: WritingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { writing.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        var fields: JSONObject = [:]
        if let newName { fields["name"] = .string(newName) }
        if let start = try writing.moment(start, console) { fields["start_date"] = .string(start.blazarRequest) }
        if let end = try writing.moment(end, console) { fields["end_date"] = .string(end.blazarRequest) }
        fields = try ReservationArgument.add(reservations, to: fields, isForced: writing.isForced)
        guard !fields.isEmpty else {
            throw CommandError.usage("Say what to change: --rename, --start, --end or --reservation.")
        }
        let change = fields
        try await writing.change(.update, reference, waiting, &console) { _ in change }
    }
}

/// `leasehold delete`
package struct LeaseDelete: Subcommand {
    package static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a lease; offline it is queued. A queued creation is withdrawn.",
        discussion: """
            The lease's history stays here (leasehold history).

            EXAMPLES
              leasehold delete mylease
              leasehold delete local-7f3k2mq0xa
            """)

    @Argument(help: "The lease: its name, its id, the beginning of its id, or its local id.")
    var reference: String
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup var writing: WritingOptions

    package init() {}
    package var writesErrorsAsJSON: Bool { writing.reading.output.format == .json }

    package func execute(_ console: inout Console) async throws {
        try await writing.change(.delete, reference, waiting, &console) { _ in [:] }
    }
}

extension WritingOptions {
    /// Asks for a change or a deletion, waits for it if that was asked for, and writes what came of it.
    fileprivate func change(
        _ verb: Mutation.Verb, _ reference: String, _ waiting: WaitingOptions, _ console: inout Console,
        fields: (WriteTarget) throws -> JSONObject
    ) async throws {
        try waiting.check()
        let terms = WriteTerms(notAfter: try moment(notAfter, console))
        let manager = try manager(&console)
        let watch = WriteWatch(manager, console)
        let result = try await manager.change(
            verb, reference, clouds: reading.global.names(console), terms: terms, isOffline: isOffline,
            isForced: isForced, progress: watch.progress, fields: fields)
        try conclude(try await waiting.wait(for: result, manager, console, self), &console)
    }
}
